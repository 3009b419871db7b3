import type { FabricClient } from '../client/client.js'
import type { RequestRefused } from '../fabric/entries.js'
import type { ErrorCode } from '../model/errors.js'
import { formatTimestamp } from '../model/time.js'
import type { LoggedEntry } from '../witness/query/facts.js'
import { type Answer, answer } from './answer.js'
import { alignColumns } from './columns.js'
import type { CliCommand } from './command.js'
import { addLogOptions, entryOfEvent, findEntries, type LogOptions, moreLines } from './governor-log.js'
import { formatTime } from './text.js'

/** Refusals that say no to whoever asked properly; the log also has those of strangers and of stale claims. */
const VIOLATIONS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'POLICY_VIOLATION',
  'NOT_ELIGIBLE',
  'BUDGET_EXCEEDED',
  'BREAKER_OPEN',
  'FORBIDDEN',
])

export function addPolicyViolations(policy: CliCommand): void {
  const command = policy
    .command('violations')
    .description('list what was refused for rights, policy, budget or an open breaker, out of the log, oldest first')
  addLogOptions(command).example('ifab policy violations --swarm alice --since 2026-01-31').asks(violations)
}

async function violations(fabric: FabricClient, options: LogOptions): Promise<Answer> {
  const found = await findEntries(fabric, 'request_refused', options, (entry) => VIOLATIONS.has(refusalOf(entry).code))
  const rows = found.entries.map(entryOfEvent).map((entry) => {
    const { code, operation, task = '', swarm = '', count } = refusalOf(entry)
    const time = formatTime(formatTimestamp(entry.at))
    return [String(entry.index), time, code, entry.actor, operation, task, swarm, String(count)]
  })
  const none = 'Nothing was refused.'
  return answer(found, [...(rows.length === 0 ? [none] : alignColumns(TITLES, rows)), ...moreLines(found)])
}

const TITLES = ['INDEX', 'TIME', 'REFUSED', 'ACTOR', 'OPERATION', 'TASK', 'SWARM', 'TIMES']

function refusalOf({ data }: LoggedEntry): RequestRefused {
  return data as RequestRefused
}
