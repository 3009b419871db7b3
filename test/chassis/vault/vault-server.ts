import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface VaultRequest {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
}

const TOKEN = 'hvs.of-the-test'

/** Speaks what of the API of a KV engine, version 2, reading a secret takes: mounts, namespaces, tokens, versions, seals. */
export class VaultServer {
  readonly token = TOKEN
  readonly requests: VaultRequest[] = []
  /** `<namespace>/<mount>/<path>` -> fields; null for a secret whose newest version is deleted. */
  readonly secrets = new Map<string, Readonly<Record<string, unknown>> | null>()
  sealed = false
  /** Answers instead. */
  answer: ((response: ServerResponse) => void) | undefined
  readonly #server = createServer(({ method = '', url = '', headers }, response) => {
    this.requests.push({ method, path: url, headers })
    if (this.answer === undefined) this.#serve(url, headers, response)
    else this.answer(response)
  })

  static async open(): Promise<VaultServer> {
    const server = new VaultServer()
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve))
    return server
  }

  get address(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #serve(url: string, headers: IncomingHttpHeaders, response: ServerResponse): void {
    const [status, body] = this.#find(url, headers)
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }

  #find(url: string, headers: IncomingHttpHeaders): readonly [status: number, body: unknown] {
    if (this.sealed) return [503, { errors: ['Vault is sealed'] }]
    if (headers['x-vault-token'] !== TOKEN) return [403, { errors: ['permission denied'] }]
    const [, mount, path] = /^\/v1\/(.+?)\/data\/(.+)$/.exec(url) ?? []
    const data = this.secrets.get(`${headers['x-vault-namespace'] ?? ''}/${mount}/${path}`)
    if (data === undefined) return [404, { errors: [] }]
    const metadata = { version: 3, destroyed: false, deletion_time: data === null ? '2026-01-01T00:00:00Z' : '' }
    return [data === null ? 404 : 200, { request_id: 'of-the-test', data: { data, metadata } }]
  }
}
