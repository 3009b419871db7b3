import type { FabricClient } from '../client/client.js'
import { pause, retryDelayMs } from '../client/retry.js'
import { FabricError, isFabricError } from '../model/errors.js'
import { formatTimestamp } from '../model/time.js'
import { answer, visible } from './answer.js'
import type { Call } from './command.js'
import { type Overview, overviewLines, readOverview, summaryLine } from './status.js'
import { formatTime } from './text.js'

/** Changes that come in a burst are shown at once. */
const REDRAW_MS = 100
const CLEAR_SCREEN = '\u001b[H\u001b[2J'

interface Sight {
  readonly url: string
  readonly overview: Overview
}

/** Draws again when the log has grown, which the fabric pushes; nothing is asked for while nothing happens. */
export async function watchStatus(call: Call): Promise<undefined> {
  if (call.json) {
    throw new FabricError('INVALID_ARGUMENT', '--watch is for people. For programs, read GET /v1/events.')
  }
  const signal = call.terminal.interruption()
  let last: Sight | undefined
  let failures = 0
  while (!signal.aborted) {
    try {
      // A fabric that comes back may listen on another port.
      for await (const sight of sightsOf(await call.connect(), signal)) {
        draw(call, sight)
        last = sight
        failures = 0
      }
    } catch (error) {
      if (signal.aborted) return
      if (last === undefined || !isFabricError(error) || !error.retryable) throw error
      if (failures === 0) drawAway(call, last)
    }
    await pause(retryDelayMs(failures), signal)
    failures += 1
  }
}

/** What there is now and after each change. Throws when the fabric is gone, ends with the signal. */
async function* sightsOf(fabric: FabricClient, signal: AbortSignal): AsyncGenerator<Sight> {
  const { url } = fabric
  let overview = await readOverview(fabric)
  yield { url, overview }
  for await (const { index } of fabric.events({ from: overview.status.entries, signal, reconnect: false })) {
    if (index < overview.status.entries) continue
    await pause(REDRAW_MS, signal)
    if (signal.aborted) return
    overview = await readOverview(fabric)
    yield { url, overview }
  }
}

function draw(call: Call, { url, overview }: Sight): void {
  if (call.terminal.interactive) drawScreen(call, overviewLines(url, overview))
  else call.show(answer(undefined, summaryLine(overview)))
}

function drawAway(call: Call, { url, overview }: Sight): void {
  const condition = `not reachable since ${formatTime(formatTimestamp(Date.now()))}; trying again`
  if (call.terminal.interactive) drawScreen(call, overviewLines(url, overview, condition))
  else call.show(answer(undefined, condition))
}

/** Cut to the screen: what does not fit would push the first lines out of sight. */
function drawScreen({ terminal, show }: Call, lines: readonly string[]): void {
  const { rows, columns } = terminal.size() ?? { rows: Number.POSITIVE_INFINITY, columns: Number.POSITIVE_INFINITY }
  terminal.out(CLEAR_SCREEN)
  const fitting = lines.slice(0, Math.max(1, rows - 1)).map((line) => visible(line).slice(0, columns))
  show(answer(undefined, fitting))
}
