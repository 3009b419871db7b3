import { readFileSync } from 'node:fs'
import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import { type AddressInfo, connect, type Socket } from 'node:net'
import type { CredentialEndpoint } from '../../../src/chassis/credential/credential.js'
import type { EgressAnswer, EgressContext, EgressUse } from '../../../src/chassis/egress/egress.js'
import { type EgressOptions, HttpEgress } from '../../../src/chassis/egress/http-egress.js'
import { FakeTiming } from '../../../src/testing/index.js'

const pem = (name: string) => readFileSync(new URL(`../../support/tls/${name}.pem`, import.meta.url), 'utf8')

/** The certificate of the server is good for these and for `*.swarms.test`. */
export const API = 'api.swarms.test'
export const OTHER = 'other.swarms.test'
export const SECRET = 'q7R/x+2=k"9&vT<z'
/** Public as far as anybody knows; the connection ends at the loopback server of the test. */
export const PUBLIC_ADDRESS = '93.184.216.34'

export interface Received {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

type Handler = (request: Received, response: ServerResponse) => void

/** A server on the internet as an egress sees it: every public address leads to it. */
export class Upstream {
  readonly requests: Received[] = []
  /** Addresses that were connected to, in order. */
  readonly connected: string[] = []
  readonly uses: EgressUse[] = []
  readonly faults: unknown[] = []
  readonly timing = new FakeTiming()
  /** What the names lead to; all others to one public address. A function answers anew each time. */
  readonly names = new Map<string, readonly string[] | (() => readonly string[])>()
  readonly secrets = new Map([['api-key', SECRET]])
  answer: Handler = (_, response) => response.end('ok')
  readonly #server = createServer({ cert: pem('certificate'), key: pem('key') }, async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const { method = '', url = '', headers } = request
    const received = { method, path: url, headers, body: Buffer.concat(chunks).toString() }
    this.requests.push(received)
    this.answer(received, response)
  })

  static async open(): Promise<Upstream> {
    const upstream = new Upstream()
    await new Promise<void>((resolve) => upstream.#server.listen(0, '127.0.0.1', resolve))
    return upstream
  }

  egress(options: Partial<EgressOptions> = {}): HttpEgress {
    return new HttpEgress({
      secrets: {
        secret: async (name) => {
          const secret = this.secrets.get(name)
          if (secret === undefined) throw new Error(`There is no ${name}.`)
          return secret
        },
      },
      timing: this.timing,
      report: (error) => this.faults.push(error),
      ca: pem('certificate'),
      ownAddresses: () => [],
      resolve: async (host) => {
        const addresses = this.names.get(host) ?? [PUBLIC_ADDRESS]
        return typeof addresses === 'function' ? addresses() : addresses
      },
      connect: (address) => this.connect(address),
      ...options,
    })
  }

  /** Wherever it was meant to go, the connection ends here. */
  connect(address: string): Socket {
    this.connected.push(address)
    return connect((this.#server.address() as AddressInfo).port, '127.0.0.1')
  }

  /** What a contract and a credential both allow. */
  context(...endpoints: readonly CredentialEndpoint[]): EgressContext {
    return {
      hosts: endpoints,
      rights: () => endpoints.map((endpoint, at) => ({ credential: `c-${at + 1}`, endpoint })),
      onUse: (use) => this.uses.push(use),
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

export function endpoint(changes: Partial<CredentialEndpoint> = {}): CredentialEndpoint {
  return { host: API, port: 443, scheme: 'https', methods: ['GET', 'POST'], paths: ['/'], ...changes }
}

export const WITH_SECRET = endpoint({ inject: { name: 'api-key', header: 'x-api-key' } })

export interface GuestRequest {
  readonly method?: string
  readonly url?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** As a module writes it; `body` is text. */
export function guestRequest({
  method = 'GET',
  url = `https://${API}/`,
  headers = {},
  body,
}: GuestRequest): Uint8Array {
  const encoded = body === undefined ? {} : { body: Buffer.from(body).toString('base64') }
  return Buffer.from(JSON.stringify({ method, url, headers, ...encoded }))
}

/** Status and text, or the code of the error. */
export function outcomeOf(answer: EgressAnswer): string {
  return 'error' in answer ? answer.error.code : `${answer.status} ${Buffer.from(answer.body).toString()}`
}

export const never = new AbortController().signal
