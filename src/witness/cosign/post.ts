export interface HttpReply {
  readonly status: number
  readonly body: string
}

export interface PostRequest {
  readonly url: string
  readonly body: string
  readonly maxBytes: number
  readonly signal: AbortSignal
}

/** Sends a text and reads the answer, at most its first `maxBytes`. What keeps an answer away comes back as `reason`. */
export async function post({ url, body, maxBytes, signal }: PostRequest): Promise<HttpReply | { reason: string }> {
  try {
    // A redirect would send the checkpoint where nobody configured it to go.
    const response = await fetch(url, { method: 'POST', body, redirect: 'manual', signal })
    return { status: response.status, body: await readStart(response, maxBytes) }
  } catch (error) {
    return { reason: reasonOf(error) }
  }
}

async function readStart(response: Response, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk)
    bytes += chunk.length
    // Leaving the loop cancels the rest.
    if (bytes > maxBytes) break
  }
  return Buffer.concat(chunks).subarray(0, maxBytes).toString('utf8')
}

/** `fetch` hides what the network said behind "fetch failed". */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return 'it does not answer in time'
  if (error.name === 'AbortError') return 'the attempt was ended'
  const { cause } = error
  if (cause instanceof Error) return 'code' in cause ? String(cause.code) : cause.message
  return error.message
}
