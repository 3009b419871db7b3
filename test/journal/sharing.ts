import { expect } from 'vitest'
import type { Journal } from '../../src/journal/journal.js'

/** What a follower sees from `from` on, up to `size` entries. */
export async function collect(journal: Journal, from: number, size: number): Promise<string[]> {
  const seen: string[] = []
  for await (const chunk of journal.follow(from, new AbortController().signal)) {
    expect(chunk[0]?.index).toBe(from + seen.length)
    for (const { bytes } of chunk) seen.push(Buffer.from(bytes).toString())
    if (from + seen.length >= size) break
  }
  return seen
}

/** Appends so many entries in batches of one to three, as a writer that decides again whenever another was faster. */
export async function appendAll(journal: Journal, writerId: string, count: number): Promise<void> {
  for (let done = 0; done < count; ) {
    const { size } = await journal.head()
    const texts = Array.from({ length: Math.min(1 + (done % 3), count - done) }, (_, at) => `${writerId} ${done + at}`)
    const entries = texts.map((text) => Buffer.from(text))
    const written = await journal.append(size, { writerId, batchId: `${writerId} ${done} at ${size}`, entries }).then(
      () => true,
      (error) => {
        expect(error).toMatchObject({ code: 'FENCED' })
        return false
      },
    )
    if (written) done += texts.length
  }
}
