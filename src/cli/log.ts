import type { FabricClient } from '../client/client.js'
import { type Answer, answer } from './answer.js'
import { alignColumns } from './columns.js'
import type { CliCommand } from './command.js'
import { wholeNumber } from './option-values.js'
import { formatTime } from './text.js'

const DEFAULT_LIMIT = 20

export function addLogCommand(program: CliCommand): void {
  program
    .command('log')
    .description('show entries of the log, the last ones unless told otherwise')
    .option('--limit <number>', `entries at once (default: ${DEFAULT_LIMIT})`, wholeNumber)
    .option('--cursor <number>', 'index of the first entry', wholeNumber)
    .example('ifab log --limit 50')
    .asks(showLog)
}

async function showLog(
  fabric: FabricClient,
  { limit = DEFAULT_LIMIT, cursor }: { limit?: number; cursor?: number },
): Promise<Answer> {
  const from = cursor ?? Math.max(0, (await fabric.fabric.status()).entries - limit)
  const page = await fabric.log.read({ from, limit })
  const rows = page.entries.map((entry, offset) => [
    String(from + offset),
    formatTime(String(entry.time)),
    shortType(String(entry.type)),
    String(entry.subject),
    String(entry.actor),
  ])
  const more = page.next < page.size ? ['', `More: --cursor ${page.next}`] : []
  const lines = rows.length === 0 ? ['No entries there.'] : alignColumns(TITLES, rows)
  return answer(page, [...lines, ...more])
}

const TITLES = ['INDEX', 'TIME', 'TYPE', 'SUBJECT', 'ACTOR']

/** `infrafabric.coordinator.task_claimed.v1` reads as `task_claimed`. */
function shortType(type: string): string {
  return type.replace(/^infrafabric\.\w+\./, '').replace(/\.v\d+$/, '')
}
