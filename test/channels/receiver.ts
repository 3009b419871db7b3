import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Received {
  readonly method: string | undefined
  readonly path: string | undefined
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

type Scripted =
  | { readonly status: number; readonly headers?: Record<string, string> }
  | 'silence'
  | 'hang up'
  | 'endless'

/** An HTTP server that answers from a script, and 204 when that is over. */
export class Receiver {
  readonly requests: Received[] = []
  script: Scripted[] = []
  /** Requests whose connection was lost before an answer was complete. */
  cut = 0
  readonly #server = createServer(async (request, response) => {
    response.once('close', () => {
      if (!response.writableFinished) this.cut += 1
    })
    let body = ''
    for await (const chunk of request) body += chunk
    this.requests.push({ method: request.method, path: request.url, headers: request.headers, body })
    answer(this.script.shift() ?? { status: 204 }, response)
  })

  static async open(): Promise<Receiver> {
    const receiver = new Receiver()
    await new Promise<void>((resolve) => receiver.#server.listen(0, '127.0.0.1', resolve))
    return receiver
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

function answer(scripted: Scripted, response: ServerResponse): void {
  if (scripted === 'silence') return
  if (scripted === 'hang up') return void response.destroy()
  if (scripted !== 'endless') return void response.writeHead(scripted.status, scripted.headers ?? {}).end()
  response.writeHead(200)
  const fill = () => {
    while (!response.destroyed && response.write('x'.repeat(16_384)));
  }
  response.on('drain', fill)
  fill()
}
