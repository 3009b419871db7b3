import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createLog } from '../../src/server/logging.js'
import type { RequestObserver } from '../../src/server/request-observer.js'
import { openTracing, type Tracing, type TracingOptions } from '../../src/server/tracing.js'
import { ExportWatch } from '../../src/server/tracing-export.js'
import { serveFabric, until } from '../support/served-fabric.js'

interface OtlpSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly kind: number
  readonly status: { readonly code?: number }
  readonly attributes: Readonly<Record<string, unknown>>
}

interface OtlpAttribute {
  readonly key: string
  readonly value: Readonly<Record<string, unknown>>
}

/** A small collector: it takes OTLP over HTTP and remembers the spans. */
class Collector {
  readonly spans: OtlpSpan[] = []
  readonly resources: Readonly<Record<string, unknown>>[] = []
  status = 200
  readonly #server: Server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part) => parts.push(part))
    request.on('end', () => {
      if (this.status === 200 && request.url === '/v1/traces') this.#take(JSON.parse(Buffer.concat(parts).toString()))
      response.writeHead(this.status, { 'content-type': 'application/json' }).end('{}')
    })
  })

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #take({ resourceSpans }: { resourceSpans: readonly Record<string, never>[] }): void {
    for (const { resource, scopeSpans } of resourceSpans as never[] as {
      resource: { attributes: OtlpAttribute[] }
      scopeSpans: { spans: (Omit<OtlpSpan, 'attributes'> & { attributes: OtlpAttribute[] })[] }[]
    }[]) {
      this.resources.push(flat(resource.attributes))
      for (const { spans } of scopeSpans) {
        for (const span of spans) this.spans.push({ ...span, attributes: flat(span.attributes) })
      }
    }
  }
}

function flat(attributes: readonly OtlpAttribute[]): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]))
}

let collector: Collector
let endpoint: string
let said: string
beforeEach(async () => {
  collector = new Collector()
  endpoint = await collector.start()
  said = ''
})
afterEach(() => collector.stop())

const log = createLog({
  write: (lines) => {
    said += lines
  },
})

async function open(env: TracingOptions['env'], load?: TracingOptions['load']): Promise<Tracing | undefined> {
  return openTracing({ env, log, version: '1.2.3', ...(load && { load }) })
}

async function opened(env: TracingOptions['env']): Promise<Tracing> {
  const tracing = await open(env)
  if (tracing === undefined) throw new Error('there are no traces')
  return tracing
}

let begun = 0
let ended = 0

/** Counts requests, so that a test can wait until the last one has ended. */
function watched({ observe }: Tracing): RequestObserver {
  begun = ended = 0
  return (...request) => {
    begun += 1
    const end = observe(...request)
    return (how) => {
      end(how)
      ended += 1
    }
  }
}

async function close(tracing: Tracing): Promise<void> {
  await until(() => begun === ended)
  await tracing.close()
}

const PARENT = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' }

describe('a trace', () => {
  test('has a span for each request, below that of its caller, which the log names too', async () => {
    const tracing = await opened({
      OTEL_EXPORTER_OTLP_ENDPOINT: `${endpoint}/`,
      OTEL_SERVICE_NAME: 'fabric-of-the-test',
    })
    await using served = await serveFabric({ observers: [watched(tracing)] })
    const traceparent = `00-${PARENT.traceId}-${PARENT.spanId}-01`
    const answer = await served.request('/v1/tasks', {
      method: 'POST',
      headers: { 'content-type': 'application/json', traceparent },
      body: '{"id":"T1","title":"x"}',
    })
    await served.request('/v1/tasks/T9')
    const { entries } = await served.client.log.read({ from: 0 })
    await close(tracing)
    const [created, missing] = collector.spans
    expect(collector.resources[0]).toMatchObject({ 'service.name': 'fabric-of-the-test', 'service.version': '1.2.3' })
    expect(created).toMatchObject({
      name: 'task.create',
      kind: 2,
      traceId: PARENT.traceId,
      parentSpanId: PARENT.spanId,
      status: { code: 0 },
      attributes: {
        'infrafabric.operation': 'task.create',
        'infrafabric.actor': 'admin',
        'http.request.method': 'POST',
        'http.route': '/v1/tasks',
        'http.response.status_code': 200,
      },
    })
    const own = `00-${PARENT.traceId}-${created?.spanId}-01`
    expect(answer.headers.get('traceparent')).toBe(own)
    expect(entries.at(-1)).toMatchObject({ subject: 'T1', traceparent: own })
    expect(missing).toMatchObject({
      name: 'task.show',
      attributes: { 'http.response.status_code': 404, 'error.type': 'NOT_FOUND' },
    })
    expect(missing?.parentSpanId ?? '').toBe('')
    expect(missing?.traceId).not.toBe(PARENT.traceId)
    expect(JSON.stringify(collector.spans)).not.toContain('token-of-the-tests')
  })

  test('marks a fault of the server, and no refusal', async () => {
    const tracing = await opened({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${endpoint}/v1/traces` })
    await using served = await serveFabric({ observers: [watched(tracing)] })
    served.fabric.status = () => Promise.reject(new TypeError('secret inside'))
    await served.request('/v1/status')
    await served.request('/v1/status', { headers: { authorization: 'Bearer wrong' } })
    await close(tracing)
    expect(collector.spans.map(({ status, attributes }) => [status.code, attributes['error.type']])).toEqual([
      [2, 'INTERNAL'],
      [0, 'UNAUTHENTICATED'],
    ])
    expect(JSON.stringify(collector.spans)).not.toContain('secret inside')
  })

  test('that its caller does not sample is not sent, and still travels on', async () => {
    const tracing = await opened({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint })
    await using served = await serveFabric({ observers: [watched(tracing)] })
    const headers = { traceparent: `00-${PARENT.traceId}-${PARENT.spanId}-00` }
    const answer = await served.request('/v1/status', { headers })
    await close(tracing)
    expect(answer.headers.get('traceparent')).toMatch(new RegExp(`^00-${PARENT.traceId}-[0-9a-f]{16}-00$`))
    expect(collector.spans).toEqual([])
  })
})

describe('a collector that refuses', () => {
  test('is said', async () => {
    collector.status = 400
    const tracing = await opened({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint })
    await using served = await serveFabric({ observers: [watched(tracing)] })
    await served.request('/v1/status')
    await close(tracing)
    expect(said.match(/traces cannot be sent/g)).toHaveLength(1)
  })

  test('is said once, and so is when it takes them again', () => {
    let code = 1
    const exporter = {
      export: (_spans: unknown, done: (result: { code: number }) => void) => done({ code }),
      shutdown: async () => undefined,
    }
    const watch = new ExportWatch(exporter, log)
    const codes: number[] = []
    const send = (next: number) => {
      code = next
      watch.export([{}, {}] as never[], (result) => codes.push(result.code))
    }
    for (const next of [0, 1, 1, 0, 0]) send(next)
    expect(codes).toEqual([0, 1, 1, 0, 0])
    expect(said.match(/traces.*/g)).toEqual([
      'traces cannot be sent and are lost until the collector answers',
      'traces are sent again lost=4',
    ])
  })
})

describe('traces', () => {
  test.each([
    [{}],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: '' }],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318', OTEL_SDK_DISABLED: 'true' }],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318', OTEL_TRACES_EXPORTER: 'none' }],
  ])('are not made where %j, and nothing is loaded', async (env) => {
    const load = () => Promise.reject(new Error('loaded'))
    expect(await open(env, load)).toBeUndefined()
  })

  test.each([
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'collector' }, 'is no URL'],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'file:///tmp/x' }, 'is no URL'],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://h:4317', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, 'over HTTP'],
  ])('are refused where %j', async (env, words) => {
    await expect(open(env)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(words) })
  })

  test('say which packages to install where these are missing', async () => {
    const missing = Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' })
    const load = (name: string) => (name.includes('otlp') ? Promise.reject(missing) : import(name))
    await expect(open({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }, load)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(/npm install .*@opentelemetry\/exporter-trace-otlp-http/),
    })
  })
})
