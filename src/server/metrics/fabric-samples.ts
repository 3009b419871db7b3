import type { FabricState } from '../../coordinator/state.js'
import type { Fabric, FabricHealth, NodesStatus } from '../../fabric/fabric.js'
import type { Meter } from '../../fabric/meter.js'
import { ESCALATION_KINDS } from '../../model/escalation.js'
import { ORCHESTRATOR } from '../../model/swarm.js'
import { SECOND_MS } from '../../model/time.js'
import { isReady } from '../health.js'
import { addBudgets } from './budget-samples.js'
import type { Exposition } from './exposition.js'
import { addServiceLevels } from './service-level-samples.js'

const STATES = ['running', 'recovering', 'failed', 'closed'] as const

/** Adds what the fabric says of itself. While it recovers or has failed, what only its state knows is left out. */
export async function addFabric(page: Exposition, fabric: Fabric): Promise<void> {
  const health = fabric.health()
  addHealth(page, health)
  addCounts(page, fabric.meter)
  if (health.state !== 'running') return
  await fabric.read((state, now) => addState(page, state, now))
}

function addHealth(page: Exposition, health: FabricHealth): void {
  const { state, journal, witness, flushes, nodes } = health
  page.add('infrafabric_ready', isReady(health) ? 1 : 0)
  for (const one of STATES) page.add('infrafabric_state', one === state ? 1 : 0, { state: one })
  if (nodes !== undefined) addNode(page, nodes)
  page.add('infrafabric_commands_queued', health.queuedCommands)
  page.add('infrafabric_callers_waiting', health.waiting)
  page.add('infrafabric_followers', health.followers)
  page.add('infrafabric_journal_entries', journal.entries)
  page.add('infrafabric_journal_size_bytes', journal.bytes)
  page.add('infrafabric_journal_open', journal.state === 'open' ? 1 : 0)
  if (flushes !== undefined) page.addHistogram('infrafabric_journal_flush_duration_seconds', flushes)
  if (witness === undefined) return
  page.add('infrafabric_witness_size_entries', witness.size)
  page.add('infrafabric_witness_signed_entries', witness.signed)
}

function addNode(page: Exposition, { self, members, ageMs }: NodesStatus): void {
  const own = members.find(({ id }) => id === self)
  page.add('infrafabric_node_leads', own?.leads === true ? 1 : 0)
  page.add('infrafabric_node_lag_entries', own?.lag ?? 0)
  page.add('infrafabric_node_age_seconds', ageMs / SECOND_MS)
}

/** Commands that ask for work. */
const CLAIMING: ReadonlySet<string> = new Set(['claim_task', 'offer_next'])

function addCounts(page: Exposition, meter: Meter): void {
  const written = (type: string) => meter.entries.get(type) ?? 0
  page.add('infrafabric_commands_total', meter.commands)
  page.add('infrafabric_claims_granted_total', written('task_claimed'))
  page.add('infrafabric_claims_released_total', written('task_released'))
  page.add('infrafabric_tasks_completed_total', written('task_completed'))
  page.add('infrafabric_task_attempts_failed_total', written('task_attempt_failed'))
  page.add('infrafabric_recoveries_total', meter.recoveries)
  page.add('infrafabric_service_level_violations_total', written('service_level_violated'))
  for (const [end, count] of meter.runs) page.add('infrafabric_runs_total', count, { end })
  page.addHistogram('infrafabric_run_duration_seconds', meter.runSeconds)
  for (const [type, count] of meter.entries) page.add('infrafabric_entries_written_total', count, { type })
  addRefusals(page, meter)
  for (const { seconds, ...labels } of meter.operations.values()) {
    page.addHistogram('infrafabric_operation_duration_seconds', seconds, labels)
  }
  page.addHistogram('infrafabric_commit_duration_seconds', meter.commitSeconds)
  page.addHistogram('infrafabric_journal_append_duration_seconds', meter.appendSeconds)
  page.addHistogram('infrafabric_batch_commands', meter.batchCommands)
  page.addHistogram('infrafabric_batch_entries', meter.batchEntries)
  page.addHistogram('infrafabric_wait_wake_seconds', meter.wakeSeconds)
}

function addRefusals(page: Exposition, { refusals }: Meter): void {
  const claims = new Map<string, number>()
  for (const [command, codes] of refusals) {
    for (const [code, count] of codes) {
      page.add('infrafabric_commands_refused_total', count, { command, code })
      if (CLAIMING.has(command)) claims.set(code, (claims.get(code) ?? 0) + count)
    }
  }
  for (const [code, count] of claims) page.add('infrafabric_claims_refused_total', count, { code })
}

/** A swarm without a row has a closed breaker too, so those are not counted. Latched ones wait for a person. */
const NOT_CLOSED = ['open', 'half_open', 'latched'] as const

function addState(page: Exposition, state: FabricState, now: number): void {
  for (const [name, count] of Object.entries(state.counts)) page.add('infrafabric_tasks', count, { state: name })
  page.add('infrafabric_tasks_stuck', state.stuck)
  page.add('infrafabric_blockers_open', state.openBlockers)
  page.add('infrafabric_swarms', state.swarms.size)
  page.add('infrafabric_swarms_active', state.activeSwarms)
  addInboxes(page, state, now)
  const breakers = countBy(state.governor.breakers.values(), (row) => (row.latched ? 'latched' : row.state))
  for (const one of NOT_CLOSED) page.add('infrafabric_breakers', breakers.get(one) ?? 0, { state: one })
  const open = countBy(state.governor.escalations.values(), (row) => (row.state === 'open' ? row.kind : undefined))
  for (const kind of ESCALATION_KINDS) page.add('infrafabric_escalations_open', open.get(kind) ?? 0, { kind })
  addBudgets(page, state.governor, now)
  addServiceLevels(page, state)
}

/**
 * Messages are in order, and what the log knows to be read is gone: only cursors that moved lately need a look. Nobody
 * reads for a swarm that is retired.
 */
function addInboxes(page: Exposition, state: FabricState, now: number): void {
  const lag = { orchestrator: { unread: 0, oldest: now }, swarms: { unread: 0, oldest: now } }
  for (const { reader, messages } of state.inboxes.values()) {
    const upTo = state.reads.get(reader)
    const first = upTo === undefined ? 0 : firstAfter(messages, upTo)
    const message = messages[first]
    if (message === undefined || state.swarms.get(reader)?.state === 'retired') continue
    const sum = reader === ORCHESTRATOR ? lag.orchestrator : lag.swarms
    sum.unread += messages.length - first
    sum.oldest = Math.min(sum.oldest, message.at)
  }
  for (const [reader, { unread, oldest }] of Object.entries(lag)) {
    page.add('infrafabric_inbox_messages_unread', unread, { reader })
    page.add('infrafabric_inbox_oldest_unread_seconds', (now - oldest) / SECOND_MS, { reader })
  }
}

function firstAfter(messages: readonly { readonly index: number }[], index: number): number {
  const first = messages.findIndex((message) => message.index > index)
  return first < 0 ? messages.length : first
}

function countBy<Row>(rows: Iterable<Row>, keyOf: (row: Row) => string | undefined): Map<string, number> {
  const counts = new Map<string, number>()
  for (const row of rows) {
    const key = keyOf(row)
    if (key !== undefined) counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return counts
}
