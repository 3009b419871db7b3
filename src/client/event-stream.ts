/** One server-sent event (WHATWG HTML, section 9.2). `id` is the last one seen on the stream. */
export interface StreamEvent {
  readonly type: string
  readonly data: string
  readonly id: string | undefined
}

/** An unfinished event may not grow past this; an entry of the log has at most 65,535 bytes. */
const LONGEST_EVENT_CHARS = 1024 * 1024

export interface StreamObserver {
  /** Hears of every id, also those of events without data, which are not given out. */
  onId(id: string): void
  /** Hears of everything that arrives, also comments. */
  onActivity(): void
}

/** Splits a byte stream into events, until the signal aborts. */
export async function* readEvents(
  body: ReadableStream<Uint8Array>,
  observer: StreamObserver,
  signal: AbortSignal,
): AsyncGenerator<StreamEvent> {
  const decoder = new TextDecoder()
  const reader = body.getReader()
  // The fetch of Node 20 forgets its signal once garbage is collected, and would leave the reader waiting forever.
  const end = () => void reader.cancel().catch(() => undefined)
  signal.addEventListener('abort', end, { once: true })
  if (signal.aborted) end()
  let pending = ''
  let fields = noFields()
  let id: string | undefined
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      observer.onActivity()
      pending += decoder.decode(value, { stream: true })
      if (pending.length > LONGEST_EVENT_CHARS) throw new Error('an event of the stream does not end')
      // A CR at the end may be the first half of CRLF, so it waits for what follows.
      const lines = pending.split(/\r\n|\n|\r(?!$)/)
      pending = lines.pop() ?? ''
      for (const line of lines) {
        if (line !== '') {
          fields = withLine(fields, line)
          continue
        }
        if (fields.id !== undefined) {
          id = fields.id
          observer.onId(id)
        }
        if (fields.data !== undefined) yield { type: fields.type, data: fields.data, id }
        fields = noFields()
      }
    }
  } finally {
    signal.removeEventListener('abort', end)
    await reader.cancel().catch(() => undefined)
  }
}

interface Fields {
  readonly type: string
  readonly data: string | undefined
  readonly id: string | undefined
}

function noFields(): Fields {
  return { type: 'message', data: undefined, id: undefined }
}

function withLine(fields: Fields, line: string): Fields {
  const colon = line.indexOf(':')
  const name = colon < 0 ? line : line.slice(0, colon)
  const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1)
  if (name === 'data') return { ...fields, data: fields.data === undefined ? value : `${fields.data}\n${value}` }
  if (name === 'event') return { ...fields, type: value }
  if (name === 'id') return { ...fields, id: value }
  return fields
}
