import { Agent as HttpAgent, request as sendHttp } from 'node:http'
import { Agent as HttpsAgent, request as sendHttps } from 'node:https'
import type { Transport, TransportReply, TransportRequest } from './transport.js'

/** Connections to one fabric; calls beyond them queue. */
const MAX_SOCKETS = 256

/** Kept connections of `node:http` and `node:https`, which cost a fraction of what `fetch` does. */
export function nodeTransport(maxSockets = MAX_SOCKETS): Transport & { close(): void } {
  const kept = { keepAlive: true, maxSockets, scheduling: 'lifo' } as const
  const agents = { http: new HttpAgent(kept), https: new HttpsAgent(kept) }
  const close = () => {
    agents.http.destroy()
    agents.https.destroy()
  }
  return Object.assign((request: TransportRequest) => exchange(agents, request), { close })
}

interface Agents {
  readonly http: HttpAgent
  readonly https: HttpsAgent
}

function exchange(agents: Agents, { method, url, headers, body, signal }: TransportRequest): Promise<TransportReply> {
  const [send, agent] = url.startsWith('https:') ? [sendHttps, agents.https] : [sendHttp, agents.http]
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }
    const outgoing = send(url, { agent, method, headers: { ...headers, ...length }, signal }, (incoming) => {
      let text = ''
      incoming.setEncoding('utf8')
      incoming.on('data', (chunk: string) => {
        text += chunk
      })
      const header = (name: string) => incoming.headers[name]?.toString()
      incoming.once('end', () => resolve({ status: incoming.statusCode ?? 0, text, header }))
      incoming.once('error', reject)
    })
    outgoing.once('error', reject)
    outgoing.end(body)
  })
}
