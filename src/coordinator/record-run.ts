import type { RunEnded } from '../chassis/entries.js'
import type { ServiceLevel } from '../chassis/service-level/compliance.js'
import {
  judgedAgain,
  type LevelChange,
  levelChanges,
  type ServiceLevelRow,
  withRestored,
  withRun,
  withViolation,
} from '../chassis/service-level/service-level.js'
import { ORCHESTRATOR } from '../model/swarm.js'
import type { RecordRun } from './chassis-commands.js'
import type { CoordinatorDraft, EntryOf } from './entries.js'
import { requireSwarm } from './lookup.js'
import { requireFabric } from './require-person.js'
import type { FabricState } from './state.js'
import type { Decide, Evolve } from './transition.js'

/** Writes down a run, and each promise that it makes broken or kept again. */
export const recordRun: Decide<'record_run'> = (state, { type: _, swarm, levels, ...facts }, { actor, now }) => {
  requireFabric(actor, 'record runs of modules')
  requireSwarm(state, swarm)
  const before = state.chassis.serviceLevel(swarm)
  const isNew = JSON.stringify(levels) !== JSON.stringify(before.levels)
  const data = { ...inWholeNumbers(facts), ...(isNew && { levels }) }
  const after = afterRun(before, data, now)
  return {
    entries: [
      { type: 'run_ended', subject: swarm, data },
      ...levelChanges(after).map((change) => draftOf(swarm, change)),
    ],
    reply: ({ chassis }) => chassis.serviceLevel(swarm),
  }
}

/** The log has no fractions of a millisecond, so that every reader of it counts the same. */
function inWholeNumbers<Facts extends Omit<RecordRun, 'type' | 'swarm' | 'levels'>>(facts: Facts): Facts {
  const { fuel, memoryBytes, wallMs, cpuMs, hostCalls } = facts
  const whole = Object.entries({ fuel, memoryBytes, wallMs, cpuMs, hostCalls }).map(([name, value]) => [
    name,
    Math.min(Math.max(Math.round(value), 0), Number.MAX_SAFE_INTEGER),
  ])
  return { ...facts, ...Object.fromEntries(whole) }
}

function afterRun(row: ServiceLevelRow, { end, wallMs, levels = row.levels }: RunEnded, at: number): ServiceLevelRow {
  return withRun(row, { at, end, wallMs }, levels)
}

function draftOf(swarm: string, { violated, level, target, actual }: LevelChange): CoordinatorDraft {
  if (violated && target !== undefined && actual !== undefined) {
    return { type: 'service_level_violated', subject: swarm, data: { level, target, actual } }
  }
  const measured = { ...(target !== undefined && { target }), ...(actual !== undefined && { actual }) }
  return { type: 'service_level_restored', subject: swarm, data: { level, ...measured } }
}

/** The entry of a day on which nothing ran: what is held against a swarm weighs less. */
export function agedReputation({ chassis }: FabricState, swarm: string, now: number): CoordinatorDraft {
  const row = chassis.serviceLevel(swarm)
  const { reputation } = judgedAgain(row, now)
  return { type: 'reputation_aged', subject: swarm, data: { reputation, before: row.reputation } }
}

export const runEnded: Evolve<EntryOf<'run_ended'>> = (state, { subject, at, data }) => {
  state.putServiceLevel(afterRun(state.chassis.serviceLevel(subject), data, at))
}

export const reputationAged: Evolve<EntryOf<'reputation_aged'>> = (state, { subject, at }) => {
  state.putServiceLevel(judgedAgain(state.chassis.serviceLevel(subject), at))
}

export const serviceLevelViolated: Evolve<EntryOf<'service_level_violated'>> = (state, entry) => {
  const { subject, at, data } = entry
  const { level, target, actual } = data
  state.putServiceLevel(withViolation(state.chassis.serviceLevel(subject), { ...data, at }))
  const text = `The module of ${subject} does not keep its ${NAMES[level]}: measured ${measure(level, actual)}, promised ${measure(level, target)}.`
  state.deliver(ORCHESTRATOR, entry, { kind: 'service_level_violated', text })
}

export const serviceLevelRestored: Evolve<EntryOf<'service_level_restored'>> = (state, entry) => {
  const { subject, at, data } = entry
  state.putServiceLevel(withRestored(state.chassis.serviceLevel(subject), data.level, at))
  const why = data.target === undefined ? 'does not promise a' : 'keeps its'
  const text = `The module of ${subject} ${why} ${NAMES[data.level]} ${data.target === undefined ? 'any more' : 'again'}.`
  state.deliver(ORCHESTRATOR, entry, { kind: 'service_level_restored', text })
}

const NAMES: Readonly<Record<ServiceLevel, string>> = {
  p99: 'p99 latency',
  success: 'success rate',
  availability: 'availability',
}

function measure(level: ServiceLevel, value: number): string {
  return level === 'p99' ? `${value} ms` : `${Math.round(value * 10_000) / 100} %`
}
