import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readEvents, type StreamEvent } from '../../src/client/event-stream.js'

async function read(chunks: readonly Uint8Array[]): Promise<{ events: StreamEvent[]; ids: string[] }> {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk)
      controller.close()
    },
  })
  const events: StreamEvent[] = []
  const ids: string[] = []
  const observer = { onId: (id: string) => void ids.push(id), onActivity: () => undefined }
  for await (const event of readEvents(body, observer, new AbortController().signal)) events.push(event)
  return { events, ids }
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

describe('an event stream', () => {
  test('gives events with their type, data and id', async () => {
    const { events } = await read([bytes('id: 1\ndata: a\n\nevent: dropped\ndata: b\n\n')])
    expect(events).toEqual([
      { type: 'message', data: 'a', id: '1' },
      { type: 'dropped', data: 'b', id: '1' },
    ])
  })

  test('counts ids without data, and passes over comments and unknown fields', async () => {
    const { events, ids } = await read([bytes(':\n\nretry: 5\nid: 7\n\n: hi\ndata\nfoo: bar\n\n')])
    expect(ids).toEqual(['7'])
    expect(events).toEqual([{ type: 'message', data: '', id: '7' }])
  })

  test('joins lines of data and drops what is cut short', async () => {
    const { events } = await read([bytes('data: a\ndata:b\n\ndata: lost\n')])
    expect(events).toEqual([{ type: 'message', data: 'a\nb', id: undefined }])
  })

  test('is refused when an event does not end', async () => {
    await expect(read([bytes(`data: ${'x'.repeat(1024 * 1024)}`)])).rejects.toThrow('does not end')
  })

  test('is the same however its bytes are cut and its lines end', async () => {
    const data = fc.stringMatching(/^[a-z\u00e9\u20ac\u{1f600} {}":]{0,12}$/u)
    await fc.assert(
      fc.asyncProperty(
        fc.array(data, { maxLength: 6 }),
        fc.constantFrom('\n', '\r\n', '\r'),
        fc.array(fc.nat({ max: 40 }), { maxLength: 12 }),
        async (lines, newline, cuts) => {
          const whole = bytes(
            lines.map((line, id) => [`id: ${id}`, 'event: news', `data: ${line}`, '', ''].join(newline)).join(''),
          )
          const chunks: Uint8Array[] = []
          let from = 0
          for (const cut of cuts) {
            chunks.push(whole.slice(from, from + cut))
            from += cut
          }
          // A carriage return at the very end may be half a line break, so more must follow for the last event.
          chunks.push(whole.slice(from), bytes(':\n'))
          const { events } = await read(chunks)
          expect(events).toEqual(lines.map((line, id) => ({ type: 'news', data: line, id: String(id) })))
        },
      ),
    )
  })
})
