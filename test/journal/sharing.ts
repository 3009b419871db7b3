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

/** Appends one entry after the other, as a writer that decides again whenever another was faster. */
export async function appendAll(journal: Journal, writerId: string, count: number): Promise<void> {
  for (let entry = 0; entry < count; ) {
    const { size } = await journal.head()
    const one = { writerId, batchId: `${writerId} ${entry} at ${size}`, entries: [Buffer.from(`${writerId} ${entry}`)] }
    const written = await journal.append(size, one).then(
      () => true,
      (error) => {
        expect(error).toMatchObject({ code: 'FENCED' })
        return false
      },
    )
    if (written) entry += 1
  }
}
