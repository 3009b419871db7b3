import { ENTRY_KINDS } from './entry-kinds.js'
import type { EntryFilter } from './filter.js'
import { commonKey, postingKey } from './posting-key.js'
import { isAtLeast, type Severity } from './severity.js'

/** Keys of which an entry has at least one. */
export type Clause = readonly number[]

/**
 * What the index can say about a filter: entries that match have a key of every clause. Those that are likely to leave
 * least come first. Time and text are no keys.
 */
export function clausesOf(filter: EntryFilter): Clause[] {
  const { trace, escalation, task, swarm, operation, severity, component } = filter
  const clauses: Clause[] = []
  if (trace !== undefined) clauses.push([postingKey('trace', trace)])
  if (escalation !== undefined) clauses.push([postingKey('escalation', escalation)])
  if (task !== undefined) clauses.push([postingKey('task', task)])
  if (swarm !== undefined) clauses.push([postingKey('swarm', swarm)])
  if (operation !== undefined) clauses.push([commonKey('operation', operation)])
  else if (severity !== undefined && severity !== 'info') clauses.push(operationsFrom(severity))
  if (component !== undefined) clauses.push([commonKey('component', component)])
  return clauses
}

/** The names decide on the severity, so that a change of the table needs no new index. */
function operationsFrom(severity: Severity): Clause {
  return [...ENTRY_KINDS].flatMap(([name, kind]) =>
    isAtLeast(kind.severity, severity) ? [commonKey('operation', name)] : [],
  )
}

/** Entries that have a key of every clause, rising. A list that is empty spares the look-ups that would follow. */
export async function entriesOf(
  clauses: readonly Clause[],
  find: (keys: Clause) => Promise<readonly number[]>,
): Promise<readonly number[]> {
  let remaining: readonly number[] | undefined
  for (const clause of clauses) {
    if (remaining?.length === 0) break
    const found = await find(clause)
    remaining = remaining === undefined ? found : intersection(remaining, found)
  }
  return remaining ?? []
}

/** Of two rising lists. */
function intersection(a: readonly number[], b: readonly number[]): number[] {
  const shared: number[] = []
  let position = 0
  for (const index of a) {
    while (position < b.length && (b[position] ?? 0) < index) position += 1
    if (b[position] === index) shared.push(index)
  }
  return shared
}
