import type { CoordinatorCommand } from '../../src/coordinator/commands.js'
import type { FabricState } from '../../src/coordinator/state.js'
import type { Usage } from '../../src/model/budget.js'
import { APPROVE, DENY, type EscalationRow } from '../../src/model/escalation.js'
import { NANOS_PER_DOLLAR as DOLLAR } from '../../src/model/money.js'
import { MINUTE_MS } from '../../src/model/time.js'
import { POLICIES } from './policies.js'
import type { Random } from './random.js'

const DIGESTS = ['a', 'b', 'c'].map((letter) => letter.repeat(64))

/** An epoch that somebody may spend under. */
interface Epoch {
  readonly task: string
  readonly swarm: string
  readonly epoch: number
}

/** Most reports are small; some name what was named before, spend everything, or are no amount at all. */
export function usageOf(random: Random): Usage {
  const id = `u${random.below(12)}`
  const roll = random.below(20)
  if (roll < 8) return { id, costNanos: random.below(DOLLAR) }
  if (roll < 11) return { id, costNanos: random.pick([1, 2, 5, 8, 9, 10]) * DOLLAR }
  if (roll < 12) return { id, costNanos: random.pick([40, 200]) * DOLLAR }
  if (roll < 17) {
    const model = random.pick(['small', 'large', 'large', 'unpriced'])
    return { id, model, inputTokens: random.below(40_000), outputTokens: random.below(9_000), cachedTokens: 10 }
  }
  if (roll < 18) return { id, model: 'small', costNanos: 1 }
  return { id, costNanos: random.pick([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, Number.MAX_SAFE_INTEGER]) }
}

/** What is said to the governor; part of it is refused, stale or doubled on purpose. */
export function governorWord(
  random: Random,
  state: FabricState,
  swarm: string,
  { grants, capabilities, task }: { grants: readonly Epoch[]; capabilities: readonly string[]; task: string },
): CoordinatorCommand {
  const roll = random.below(40)
  if (roll < 10) return reportUsage(random, state, grants)
  if (roll < 16) return callWord(random, state, swarm)
  if (roll < 17) return breakerWord(random, state, swarm)
  if (roll < 19) return { type: 'grant_capabilities', swarm, capabilities: random.some(capabilities, 0.4) }
  if (roll < 21) return { type: 'apply_policy', ...random.pick(POLICIES) }
  if (roll < 24) return extendBudget(random, state)
  if (roll < 29) return ask(random, swarm, task)
  if (roll < 34) return answer(random, state)
  return takeApproval(random, state, swarm)
}

function reportUsage(random: Random, state: FabricState, grants: readonly Epoch[]): CoordinatorCommand {
  const helpers = [...state.blockers.values()]
    .slice(-20)
    .flatMap(({ task, helpers }) =>
      helpers.flatMap(({ swarm, epoch }) => (epoch === undefined ? [] : [{ task, swarm, epoch }])),
    )
  const claims = [...state.tasks.values()]
    .flatMap(({ id: task, claim }) => (claim === undefined ? [] : [{ task, swarm: claim.swarm, epoch: claim.epoch }]))
    .slice(-15)
  const known = [...helpers, ...claims, ...grants.slice(-8)]
  const { task, swarm, epoch } = known.length === 0 ? { task: 't1', swarm: 's1', epoch: 1 } : random.pick(known)
  const word = { task, epoch, ...(random.chance(0.5) && { swarm }) }
  return { type: 'report_usage', ...word, usage: usageOf(random) }
}

function callWord(random: Random, state: FabricState, anybody: string): CoordinatorCommand {
  const all = [...state.governor.breakers.values()]
  const onProbation = all.filter((one) => one.state === 'half_open')
  const rows = onProbation.length > 0 && random.chance(0.8) ? onProbation : all.slice(-6)
  const row = rows.length > 0 && random.chance(0.7) ? random.pick(rows) : state.governor.breaker(anybody)
  const { swarm, generation } = row
  if (random.chance(row.state === 'half_open' ? 0.6 : 0.2)) return { type: 'admit_call', swarm }
  const probe = row.probes.length > 0 ? { probe: random.pick(row.probes).id } : {}
  const stale = random.chance(0.2)
  return {
    type: 'report_call',
    swarm,
    succeeded: random.chance(0.4),
    generation: stale ? random.below(generation + 1) : generation,
    ...probe,
  }
}

function breakerWord(random: Random, state: FabricState, anybody: string): CoordinatorCommand {
  const open = [...state.governor.breakers.values()].filter((row) => row.state !== 'closed')
  if (open.length > 0 && random.chance(0.7)) {
    return { type: 'reset_breaker', swarm: random.pick(open).swarm, reason: 'looked at' }
  }
  const holders = [...state.tasks.values()].flatMap(({ claim }) => claim?.swarm ?? [])
  const swarm = holders.length > 0 ? random.pick(holders) : anybody
  return { type: 'trip_breaker', swarm, cause: 'administrator', reason: 'it runs wild' }
}

function extendBudget(random: Random, { governor, tasks }: FabricState): CoordinatorCommand {
  const accounts = [...governor.books.accounts.values()]
  const stopped = [...tasks.values()].filter(({ claim }) => claim?.stoppedAt !== undefined)
  const frozen = accounts.filter(({ frozenAt }) => frozenAt !== undefined)
  const named = [...frozen.map(({ id }) => id), ...stopped.map(({ id }) => `task:${id}/total`)]
  const any = accounts.length > 0 ? random.pick(accounts).id : 'fabric/total'
  const account = named.length > 0 && random.chance(0.8) ? random.pick(named) : any
  return { type: 'extend_budget', account, nanos: (1 + random.below(8)) * DOLLAR, reason: 'it is worth it' }
}

function ask(random: Random, swarm: string, task: string): CoordinatorCommand {
  const common = {
    ...(random.chance(0.8) && { swarm }),
    severity: random.pick(['info', 'warning', 'critical'] as const),
    question: 'May I?',
    context: { why: 'it matters' },
    options: random.chance(0.5) ? ['yes', 'no'] : [],
    ...(random.chance(0.5) && { task }),
    ...(random.chance(0.5) && { ttlMs: MINUTE_MS * (1 + random.below(60)) }),
  }
  return { type: 'ask_human', ...common, ...(random.chance(0.6) && { approvalOf: random.pick(DIGESTS) }) }
}

function answer(random: Random, state: FabricState): CoordinatorCommand {
  const approvals = random.chance(0.6)
  const row = anyEscalation(random, state, (one) => one.state === 'open' && (!approvals || one.kind === 'approval'))
  if (row === undefined) return { type: 'answer_escalation', escalation: 'escalation-0', answer: 'yes' }
  const approves = row.kind === 'approval' && random.chance(0.95)
  const option = approves ? random.pick([APPROVE, APPROVE, APPROVE, DENY]) : row.options[0]
  const said = { ...(option !== undefined && { option }), ...(random.chance(0.9) && { answer: 'so be it' }) }
  return { type: 'answer_escalation', escalation: row.id, ...said }
}

function takeApproval(random: Random, state: FabricState, anybody: string): CoordinatorCommand {
  const row = anyEscalation(random, state, (one) => one.state === 'answered' && one.kind === 'approval')
  const asker = row?.asker.startsWith('swarm:') ? { swarm: row.asker.slice('swarm:'.length) } : {}
  const by = random.chance(0.9) ? asker : { swarm: anybody }
  const digest = row?.digest !== undefined && random.chance(0.85) ? row.digest : random.pick(DIGESTS)
  return { type: 'take_approval', escalation: row?.id ?? 'escalation-0', ...by, digest }
}

/** Mostly one that suits, else any that is remembered. */
function anyEscalation(
  random: Random,
  { governor }: FabricState,
  suits: (row: EscalationRow) => boolean,
): EscalationRow | undefined {
  const open = [...governor.escalations.values()]
  const suitable = open.filter(suits)
  const known = suitable.length > 0 && random.chance(0.9) ? suitable : [...open, ...governor.endedEscalations.values()]
  return known.length === 0 ? undefined : random.pick(known)
}
