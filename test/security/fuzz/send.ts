import { Agent, request } from 'node:http'
import type { Draft } from './mutations.js'

export interface Answer {
  readonly status: number
  readonly type: string | undefined
  readonly text: string
}

/** Sends requests as they are: nothing mends a path or a header on the way. */
export class Wire implements Disposable {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 4 })
  readonly #url: string

  constructor(url: string) {
    this.#url = url
  }

  send(method: string, template: string, draft: Draft, token: string): Promise<Answer> {
    const filled = template.replace(/\{(\w+)\}/g, (_, name: string) => draft.path[name] ?? '')
    const path = draft.query === '' ? filled : `${filled}?${draft.query}`
    const { hostname, port } = new URL(this.#url)
    const headers = { ...draft.headers, authorization: `Bearer ${token}` }
    return new Promise((resolve, reject) => {
      const outgoing = request({ hostname, port, path, method, headers, agent: this.#agent }, (incoming) => {
        const chunks: Buffer[] = []
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
        incoming.once('end', () => {
          const type = incoming.headers['content-type']?.split(';')[0]
          resolve({ status: incoming.statusCode ?? 0, type, text: Buffer.concat(chunks).toString() })
        })
      })
      outgoing.once('error', reject)
      outgoing.end(draft.body)
    })
  }

  [Symbol.dispose]() {
    this.#agent.destroy()
  }
}
