import { admits } from '../governor/breaker/breaker.js'
import { openPart, taskAccount } from '../governor/budget/books.js'
import { requireReservation, reserveForHelp, shortageOfHelper } from '../governor/budget/reserve.js'
import { spent } from '../governor/budget/shortage.js'
import { type Candidate, planTeam, type Team } from '../governor/help/team.js'
import { qualify, reputationOf } from '../governor/match.js'
import { effectiveCapabilities } from '../governor/matching/effective.js'
import { compareScores, scoreOf } from '../governor/matching/score.js'
import type { BlockerRow } from '../model/blocker.js'
import { type Amount, NOTHING } from '../model/budget.js'
import { swarmActor } from '../model/entry.js'
import type { SwarmRow } from '../model/swarm.js'
import { helpersOnTask } from './assign-helpers.js'
import type { CoordinatorDraft, EntryOf, Hold } from './entries.js'
import { escalate } from './escalate.js'
import { blockerRow, taskRow } from './lookup.js'
import { helpLoad } from './offer-next.js'
import { policyDigest } from './policy-digest.js'
import type { FabricState } from './state.js'
import type { DecisionContext, Evolve } from './transition.js'

/**
 * Appends the entries that find help for a blocker: the smallest team that together can do what is needed, asked with
 * one shared hold; or a question to people, where there is no such team, no place or no budget. All helpers of a plan
 * are asked in one decision, so nobody is asked twice.
 */
export function planHelp(
  state: FabricState,
  blocker: BlockerRow,
  context: DecisionContext,
  entries: CoordinatorDraft[],
): void {
  const need = openNeed(state, blocker)
  if (need === undefined) return
  const places = state.governor.policy.maxSwarmsPerTask - 1 - helpersOnTask(state, blocker.task).size
  const team = findTeam(state, blocker, need, { places, now: context.now })
  if (team === undefined) {
    const why = places > 0 ? 'nobody who could is there' : 'as many swarms as may are on it already'
    giveUp(state, blocker, why, context, entries)
    return
  }
  const hold = reserveHelp(state, blocker, context.now)
  if (hold !== undefined && 'shortage' in hold) {
    giveUp(state, blocker, `the budget does not allow it: ${hold.shortage().message}`, context, entries)
    return
  }
  const data = {
    task: blocker.task,
    swarms: team.members.map(({ id }) => id),
    asks: Object.fromEntries(team.members.map(({ id, asks }) => [id, asks])),
    ...(hold !== undefined && { hold }),
    ...policyDigest(state, context),
  }
  entries.push({ type: 'help_requested', subject: blocker.id, data })
}

/** Appends the question to people about a blocker, unless they were asked and have not answered. */
export function askPeople(
  state: FabricState,
  blocker: BlockerRow,
  context: DecisionContext,
  entries: CoordinatorDraft[],
  why?: string,
): void {
  const { id, task, swarm, needs, requires, escalation } = blocker
  if (escalation !== undefined && state.governor.escalations.get(escalation)?.state === 'open') return
  const facts = {
    needs,
    ...(requires.length > 0 && { requires: requires.join(', ') }),
    ...(why !== undefined && { why }),
  }
  const question = `${swarm} is stuck on ${task}: ${needs}`
  const about = { kind: 'help', severity: 'warning', asker: swarmActor(swarm), task, swarm, blocker: id } as const
  escalate(state, { ...about, question, context: facts }, context, entries)
}

/** The hold of help with a blocker, unless it has one. Throws BUDGET_EXCEEDED. */
export function holdForHelp(
  state: FabricState,
  blocker: BlockerRow,
  { now }: DecisionContext,
): { readonly hold?: Hold } {
  const hold = reserveHelp(state, blocker, now)
  return hold === undefined ? {} : { hold: requireReservation(hold) }
}

function reserveHelp(state: FabricState, blocker: BlockerRow, now: number) {
  const { books } = state.governor
  const shared = sharedHold(state, blocker)
  const known = shared === undefined ? undefined : books.holds.get(shared)
  if (known !== undefined) {
    const { amount, task } = known
    const isSpent = amount.nanos > 0 && openPart(known).nanos === 0
    return isSpent ? { shortage: spent(task, books, taskAccount('help', task)) } : undefined
  }
  const result = reserveForHelp(books, state.governor, taskRow(state, blocker.task), now)
  return 'accounts' in result && result.accounts.length === 0 ? undefined : result
}

/** What helpers may spend together: all that would be held, or what is left of the hold that they share. */
export function shareOfHelp(state: FabricState, blocker: BlockerRow, now: number): Amount {
  const hold = sharedHold(state, blocker)
  const known = hold === undefined ? undefined : state.governor.books.holds.get(hold)
  if (known !== undefined) return openPart(known)
  const result = reserveForHelp(state.governor.books, state.governor, taskRow(state, blocker.task), now)
  return 'amount' in result ? result.amount : NOTHING
}

/** The live hold for help with a task: that of this blocker, or of another one of the same claim. */
export function sharedHold(state: FabricState, blocker: BlockerRow): string | undefined {
  const { holds } = state.governor.books
  const held = [blocker.hold, ...taskRow(state, blocker.task).openBlockers.map((id) => state.blockers.get(id)?.hold)]
  return held.find((hold) => hold !== undefined && holds.has(hold))
}

/**
 * What nobody was asked to do yet: what the blocker names, else what its task does. Undefined when helpers do all of it.
 */
export function openNeed(state: FabricState, blocker: BlockerRow): string[] | undefined {
  const need = blocker.requires.length > 0 ? blocker.requires : taskRow(state, blocker.task).requires
  const asked = blocker.helpers.filter((helper) => helper.state !== 'declined')
  const everything = asked.some(({ asks }) => asks === undefined || asks.length === 0)
  if (everything) return undefined
  const covered = new Set(asked.flatMap(({ asks = [] }) => asks))
  const open = [...new Set(need)].filter((capability) => !covered.has(capability))
  return open.length === 0 && asked.length > 0 ? undefined : open
}

/**
 * Of those who have time where that is enough, else of all who could; else with those who help with the task already, who
 * take no new place. Nobody whose own budget could not pay for all of it.
 */
function findTeam(
  state: FabricState,
  blocker: BlockerRow,
  need: readonly string[],
  { places, now }: { readonly places: number; readonly now: number },
): Team | undefined {
  const share = shareOfHelp(state, blocker, now)
  const able = [...state.swarms.values()].filter(
    (swarm) => mayHelp(state, blocker, swarm) && canPay(state, swarm, share, now),
  )
  const free = able.filter((swarm) => helpLoad(state, swarm.id) < swarm.capacity)
  const plan = (swarms: readonly SwarmRow[], part = need, maxHelpers = places) =>
    planTeam({ need: part, candidates: ranked(state, swarms, part), maxHelpers })
  const team = plan(free) ?? (free.length < able.length ? plan(able) : undefined)
  if (team !== undefined) return team
  const there = helpersOnTask(state, blocker.task)
  const helpers = able.filter(({ id }) => there.has(id))
  const theirs = new Set(ranked(state, helpers, need).flatMap(({ capabilities }) => capabilities))
  const covered = plan(
    helpers,
    need.filter((name) => theirs.has(name)),
    helpers.length,
  )
  const rest = need.filter((name) => !theirs.has(name))
  if (covered === undefined || rest.length === 0) return covered
  const others = theirs.size === 0 ? undefined : plan(able, rest)
  return others && { members: [...covered.members, ...others.members] }
}

function canPay({ governor }: FabricState, swarm: SwarmRow, share: Amount, now: number): boolean {
  return shortageOfHelper(governor.books, governor, swarm, share, now) === undefined
}

function mayHelp(state: FabricState, blocker: BlockerRow, swarm: SwarmRow): boolean {
  const { policy, breakers } = state.governor
  if (swarm.state !== 'active' || swarm.id === blocker.swarm) return false
  if (blocker.helpers.some((helper) => helper.swarm === swarm.id)) return false
  if (reputationOf(swarm) < policy.minReputation) return false
  // A trial call of a half-open breaker is for work of its own.
  return (breakers.get(swarm.id)?.state ?? 'closed') === 'closed' && admits(breakers.get(swarm.id), policy.breaker)
}

/** Best first, each with what of the need it qualifies for. */
function ranked(state: FabricState, swarms: readonly SwarmRow[], need: readonly string[]): Candidate[] {
  const { policy } = state.governor
  const scores = swarms.map((swarm) => scoreOf(swarm, 1, policy)).sort(compareScores)
  return scores.flatMap(({ id }) => {
    const swarm = state.swarms.get(id)
    if (swarm === undefined) return []
    const have = new Set(effectiveCapabilities(swarm, policy))
    const able = need.filter((name) => have.has(name) && qualify(swarm, { requires: [name] }, policy).qualified)
    return able.length > 0 || need.length === 0 ? [{ id, capabilities: able }] : []
  })
}

function giveUp(
  state: FabricState,
  blocker: BlockerRow,
  why: string,
  context: DecisionContext,
  entries: CoordinatorDraft[],
): void {
  const reason = `No help was found: ${why}`
  entries.push({ type: 'help_unavailable', subject: blocker.id, data: { task: blocker.task, reason } })
  askPeople(state, blocker, context, entries, reason)
}

export const helpUnavailable: Evolve<EntryOf<'help_unavailable'>> = (state, { subject }) => {
  const { replanAt: _, ...blocker } = blockerRow(state, subject)
  state.putBlocker(blocker)
}
