import type { Connection } from './connection.js'
import type { Interval, WatchResponse } from './protocol.js'

/** How often a silent watch is asked whether it still lives, and how long it may then be silent. */
const PROBE_MS = 1_000
const SILENCE_MS = 3_000

/**
 * Watches keys from a revision on, until the watch ends: because `signal` aborts, the member does not answer, or the revision
 * is compacted. It never throws. Whoever needs all that happened reads it anew and watches again from there.
 */
export async function watch(
  connection: Connection,
  interval: Interval & { readonly startRevision: number },
  onEvents: (events: WatchResponse['events']) => void,
  signal: AbortSignal,
): Promise<void> {
  const opened = await connection
    .stream('Watch.Watch', { until: performance.now() + SILENCE_MS })
    .catch(() => undefined)
  if (opened === undefined) return
  const { client, stream } = opened
  await new Promise<void>((resolve) => {
    let heardAt = performance.now()
    // A member that stops without a word is told from one that has no news only by asking it.
    const probe = setInterval(() => {
      if (performance.now() - heardAt > SILENCE_MS) fail()
      else stream.write({ progress: {} })
    }, PROBE_MS)
    const end = () => {
      clearInterval(probe)
      signal.removeEventListener('abort', end)
      stream.cancel()
      resolve()
    }
    const fail = () => {
      if (!signal.aborted) connection.leave(client)
      end()
    }
    stream.on('data', (response: WatchResponse) => {
      heardAt = performance.now()
      if (response.canceled) {
        // Without a reason it was the compaction, or a token that has expired.
        if (response.compactRevision === 0) connection.forgetToken()
        end()
      } else if (response.events.length > 0) onEvents(response.events)
    })
    stream.on('error', fail)
    stream.on('end', fail)
    signal.addEventListener('abort', end, { once: true })
    if (signal.aborted) end()
    else stream.write({ create: interval })
  })
}
