import type { FastifyReply, FastifyRequest } from 'fastify'
import { FabricError } from '../model/errors.js'
import { isTraceparent } from './caller.js'
import type { Log } from './logging.js'
import type { RequestEnd, RequestObserver } from './request-observer.js'
import { ExportWatch } from './tracing-export.js'

type Environment = Readonly<Record<string, string | undefined>>
type Api = typeof import('@opentelemetry/api')
type Tracer = import('@opentelemetry/api').Tracer

export interface TracingOptions {
  /** The variables of OpenTelemetry (`OTEL_...`). */
  readonly env: Environment
  readonly log: Log
  /** Of the program. */
  readonly version: string
  /** Loads a package by its name. Default: `import`. */
  readonly load?: (name: string) => Promise<unknown>
}

export interface Tracing {
  /** Makes a span of each request. */
  readonly observe: RequestObserver
  /** Sends what was gathered, as far as that goes in a few seconds. */
  close(): Promise<void>
}

const SDK = [
  '@opentelemetry/sdk-trace-base',
  '@opentelemetry/exporter-trace-otlp-http',
  '@opentelemetry/resources',
] as const
const CLOSE_PATIENCE_MS = 3_000

/**
 * Sends traces over OTLP/HTTP when the environment names where to (`OTEL_EXPORTER_OTLP_ENDPOINT`), else undefined. The SDK
 * is loaded only then. Throws INVALID_ARGUMENT when a package of it is missing, or when another protocol is asked for.
 */
export async function openTracing(options: TracingOptions): Promise<Tracing | undefined> {
  const { env, log, version } = options
  const url = tracesUrl(env)
  if (url === undefined) return undefined
  requireHttp(env)
  const { api, base, exporter, resources } = await loadSdk(options.load ?? ((name) => import(name)))
  const watch = new ExportWatch(new exporter.OTLPTraceExporter({ url }), log)
  const provider = new base.BasicTracerProvider({
    resource: resources.resourceFromAttributes({
      'service.name': env.OTEL_SERVICE_NAME || 'infrafabric',
      'service.version': version,
      ...attributesOf(env.OTEL_RESOURCE_ATTRIBUTES),
    }),
    spanProcessors: [new base.BatchSpanProcessor(watch)],
  })
  log.info('sending traces', { url })
  return {
    observe: traceRequests(api, provider.getTracer('infrafabric', version)),
    close: () => withinPatience(provider.shutdown(), log),
  }
}

function tracesUrl(env: Environment): string | undefined {
  if (env.OTEL_SDK_DISABLED?.toLowerCase() === 'true' || env.OTEL_TRACES_EXPORTER === 'none') return undefined
  const base = env.OTEL_EXPORTER_OTLP_ENDPOINT
  const url = env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT || (base && `${base.replace(/\/+$/, '')}/v1/traces`)
  if (url === undefined || url === '') return undefined
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return url
  const message = 'OTEL_EXPORTER_OTLP_ENDPOINT is no URL. Give it as http://127.0.0.1:4318, or unset it.'
  throw new FabricError('INVALID_ARGUMENT', message, { field: 'OTEL_EXPORTER_OTLP_ENDPOINT' })
}

function requireHttp(env: Environment): void {
  const field = 'OTEL_EXPORTER_OTLP_PROTOCOL'
  const protocol = env.OTEL_EXPORTER_OTLP_TRACES_PROTOCOL || env[field]
  if (protocol !== 'grpc') return
  const message = `${field} is grpc; traces are sent over HTTP. Name the HTTP port of the collector (4318), and unset it.`
  throw new FabricError('INVALID_ARGUMENT', message, { field })
}

/** `key=value,key=value`, percent-encoded, as OpenTelemetry defines the variable. */
function attributesOf(text = ''): Record<string, string> {
  const pairs = text.split(',').map((pair) => pair.split('=').map((part) => part.trim()))
  return Object.fromEntries(pairs.filter(([key, value]) => key && value).map(([key, value]) => [key, decode(value)]))
}

function decode(text = ''): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

async function loadSdk(load: (name: string) => Promise<unknown>) {
  try {
    const [api, base, exporter, resources] = await Promise.all(['@opentelemetry/api', ...SDK].map(load))
    return {
      api: api as Api,
      base: base as typeof import('@opentelemetry/sdk-trace-base'),
      exporter: exporter as typeof import('@opentelemetry/exporter-trace-otlp-http'),
      resources: resources as typeof import('@opentelemetry/resources'),
    }
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND')) throw error
    const message =
      'OTEL_EXPORTER_OTLP_ENDPOINT asks for traces, but the packages that send them are not installed. ' +
      `Run \`npm install ${SDK.join(' ')}\` beside infrafabric, or unset the variable.`
    throw new FabricError('INVALID_ARGUMENT', message, { packages: SDK }, { cause: error })
  }
}

const SERVER_ERROR = 500

/** A span from the headers to the end of the answer. Entries of the log that it causes carry it as their `traceparent`. */
function traceRequests({ trace, ROOT_CONTEXT, SpanKind, SpanStatusCode }: Api, tracer: Tracer): RequestObserver {
  return (request, operation, reply) => {
    const parent = parentOf(request)
    const context = parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent)
    const attributes = {
      'http.request.method': request.method,
      ...(request.routeOptions.url !== undefined && { 'http.route': request.routeOptions.url }),
      'infrafabric.operation': operation,
    }
    const span = tracer.startSpan(operation, { kind: SpanKind.SERVER, attributes }, context)
    carry(request, reply, span.spanContext())
    return ({ status, aborted, code }: RequestEnd) => {
      span.setAttribute('http.response.status_code', status)
      if (request.principal) span.setAttribute('infrafabric.actor', request.principal.actor)
      if (code !== undefined) span.setAttribute('error.type', code)
      if (aborted) span.setAttribute('infrafabric.aborted', true)
      if (status >= SERVER_ERROR) span.setStatus({ code: SpanStatusCode.ERROR })
      span.end()
    }
  }
}

interface SpanContext {
  readonly traceId: string
  readonly spanId: string
  readonly traceFlags: number
}

function parentOf({ headers: { traceparent } }: FastifyRequest) {
  if (!isTraceparent(traceparent)) return undefined
  const [, traceId = '', spanId = '', flags = '00'] = traceparent.split('-')
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true }
}

function carry(request: FastifyRequest, reply: FastifyReply, { traceId, spanId, traceFlags }: SpanContext): void {
  const traceparent = `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`
  request.headers.traceparent = traceparent
  reply.header('traceparent', traceparent)
}

/** A collector that does not answer must not keep a fabric from ending. */
async function withinPatience(shutdown: Promise<void>, log: Log): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const patience = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, CLOSE_PATIENCE_MS)
  })
  await Promise.race([shutdown.catch((error) => log.warn('the last traces were not sent', { error })), patience])
  clearTimeout(timer)
}
