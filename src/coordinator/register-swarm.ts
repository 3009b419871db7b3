import { unknownCapabilities } from '../governor/capabilities/registry.js'
import { actorSwarm, swarmActor } from '../model/entry.js'
import { FabricError } from '../model/errors.js'
import { LIMITS } from '../model/limits.js'
import { ORCHESTRATOR, type SwarmRow } from '../model/swarm.js'
import type { RegisterSwarm } from './commands.js'
import type { CoordinatorDraft, EntryOf, SwarmRegistered } from './entries.js'
import { tokenDraft } from './issue-token.js'
import { requireSwarm } from './lookup.js'
import { requireAdministrator } from './require-person.js'
import type { FabricState } from './state.js'
import type { Decide, DecisionContext, Evolve } from './transition.js'

/** Registers a swarm, or changes what it can do. Registering the same again changes nothing. */
export const registerSwarm: Decide<'register_swarm'> = (state, command, context) => {
  const { swarm } = command
  const { actor } = context
  if (swarm === ORCHESTRATOR) {
    throw new FabricError('CONFLICT', `The name ${ORCHESTRATOR} is reserved for its inbox. Choose another.`, { swarm })
  }
  const known = state.swarms.get(swarm)
  if (known?.state !== 'active' && state.activeSwarms >= LIMITS.swarms) {
    throw new FabricError('RATE_LIMITED', `The fabric has its limit of ${LIMITS.swarms} swarms. Retire some first.`)
  }
  if (actorSwarm(actor) !== undefined) requireOwnProfile(known, command, actor)
  else if (known?.state === 'retired') requireAdministrator(actor, 'bring back a swarm that was retired')
  else if (TRUST.some((field) => command[field] !== undefined))
    requireAdministrator(actor, 'say what a swarm may spend')
  requireKnownCapabilities(state, command)
  const profile = profileOf(known, command)
  const unchanged = known?.state === 'active' && PROFILE.every((field) => sameJson(known[field], profile[field]))
  const entries: CoordinatorDraft[] = unchanged ? [] : [{ type: 'swarm_registered', subject: swarm, data: profile }]
  const token = neededToken(state, command, context)
  if (token !== undefined) entries.push(token)
  return {
    entries,
    reply: (after) => {
      const issued = token === undefined ? undefined : after.tokens.get(token.subject)
      return { ...requireSwarm(after, swarm), ...(issued && { issued }) }
    },
  }
}

/** Registering again locks nobody out, and hands out no second key: it issues a token where there is none that is good. */
function neededToken(state: FabricState, { swarm, issue }: RegisterSwarm, context: DecisionContext) {
  if (issue === undefined || state.tokens.live(swarmActor(swarm), context.now).length > 0) return undefined
  requireAdministrator(context.actor, 'issue tokens')
  return tokenDraft(state, { role: 'swarm', name: swarm }, issue, context)
}

const PROFILE = [
  'capabilities',
  'tier',
  'capacity',
  'metadata',
  'costPerHourNanos',
  'reputation',
  'budgetNanos',
] as const satisfies (keyof SwarmRow & keyof RegisterSwarm)[]

/** What an administrator says about a swarm; the swarm itself can only repeat it. */
const TRUST = ['costPerHourNanos', 'reputation', 'budgetNanos'] as const

/** What is not said about its trust stays as it is: a script that registers a swarm at each start lifts no limit. */
function profileOf(
  known: SwarmRow | undefined,
  { type: _, swarm: __, issue: ___, ...said }: RegisterSwarm,
): SwarmRegistered {
  const trust = TRUST.map((field) => [field, said[field] ?? known?.[field]] as const)
  return { ...said, ...Object.fromEntries(trust.filter(([, value]) => value !== undefined)) }
}

function requireOwnProfile(known: SwarmRow | undefined, command: RegisterSwarm, actor: string): void {
  const swarm = actorSwarm(actor)
  if (known?.state !== 'active' || swarm !== command.swarm) {
    throw new FabricError('FORBIDDEN', `${swarm} cannot register ${command.swarm}. An administrator has to.`, { swarm })
  }
  const changed = (field: keyof RegisterSwarm & keyof SwarmRow) => known[field] !== command[field]
  // A tier that it leaves out is taken for any, so leaving it out is a change too.
  const raised = changed('tier') ? 'tier' : TRUST.find((field) => command[field] !== undefined && changed(field))
  if (raised === undefined) return
  throw new FabricError('FORBIDDEN', `${swarm} cannot set its own ${raised}. An administrator has to.`, {
    swarm,
    field: raised,
  })
}

function requireKnownCapabilities({ governor }: FabricState, { capabilities }: RegisterSwarm): void {
  if (!governor.policy.knownCapabilitiesOnly) return
  const unknown = unknownCapabilities(capabilities, governor.policy)
  if (unknown.length === 0) return
  throw new FabricError(
    'POLICY_VIOLATION',
    `No registry names ${unknown.join(', ')}. See \`ifab governor capabilities\`, or add them to capability_registry.`,
    { capabilities: unknown },
  )
}

function sameJson(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

export const swarmRegistered: Evolve<EntryOf<'swarm_registered'>> = (state, { subject, at, data }) => {
  const { registeredAt = at, granted, measuredReputation } = state.swarms.get(subject) ?? {}
  state.putSwarm({
    id: subject,
    state: 'active',
    ...data,
    ...(granted && { granted }),
    ...(measuredReputation !== undefined && { measuredReputation }),
    registeredAt,
  })
}
