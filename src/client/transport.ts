/** One HTTP exchange, however it is carried. The default is `fetch`; Node has a faster one in `node-transport.ts`. */
export type Transport = (request: TransportRequest) => Promise<TransportReply>

export interface TransportRequest {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  readonly signal: AbortSignal
}

export interface TransportReply {
  readonly status: number
  readonly text: string
  /** A header of the answer by its name in lower case, where the transport knows them. */
  readonly header?: (name: string) => string | null | undefined
}

export type Fetch = typeof globalThis.fetch

export function fetchTransport(fetch: Fetch): Transport {
  return async ({ method, url, headers, body, signal }) => {
    const reply = await fetch(url, { method, headers, signal, redirect: 'error', ...(body !== undefined && { body }) })
    return { status: reply.status, text: await reply.text(), header: (name) => reply.headers.get(name) }
  }
}
