import { LIMITS } from '../../model/limits.js'

/** Starts reads 0 to `count` (exclusive) in order, some ahead of the one that is waited for; yields their results. */
export async function* readAhead<Result>(
  count: number,
  start: (position: number) => Promise<Result>,
): AsyncGenerator<Result, void> {
  const started: Promise<Result>[] = []
  let next = 0
  for (let position = 0; position < count; position += 1) {
    for (; next < count && next < position + LIMITS.logReads; next += 1) {
      const read = start(next)
      // Its failure is thrown when its turn comes; a reader that stops before never hears of it.
      read.catch(() => undefined)
      started.push(read)
    }
    const [first] = started.splice(0, 1)
    if (first !== undefined) yield await first
  }
}
