import { uuidv7 } from 'uuidv7'
import { completePolicy, type Policy } from '../coordinator/policy.js'
import type { GovernorPolicy } from '../governor/policy/policy.js'
import type { Journal } from '../journal/journal.js'
import { FABRIC_ACTOR } from '../model/entry.js'
import { type IdSource, requireId } from '../model/ids.js'
import { Blobs } from './blobs.js'
import { Engine, type EngineOptions } from './engine.js'
import { EngineFabric } from './engine-fabric.js'
import type { Fabric } from './fabric.js'
import { EngineWitness } from './fabric-witness.js'
import { policyDigestOf } from './policy-digest.js'
import { systemTiming, type Timing } from './timing.js'
import type { WitnessSettings } from './witnessing.js'

export interface FabricOptions {
  readonly journal: Journal
  /** Name of a fabric that does not exist yet; an existing one keeps its own. */
  readonly name?: string
  readonly policy?: Partial<Policy>
  readonly timing?: Timing
  readonly ids?: IdSource
  /** Policy of the governor, put in force when another one is. Without it that of the log stays. */
  readonly governor?: GovernorPolicy
  /** Version of the program, written into the log at each start. */
  readonly version?: string
  /** Entries between two snapshots. */
  readonly snapshotEvery?: number
  /** Told about faults that no caller is waiting for. Default: standard error. */
  readonly report?: (error: unknown) => void
  /** Makes the log one that can be proved. Without it there are no checkpoints, proofs, queries and blobs. */
  readonly witness?: WitnessSettings
}

const DEFAULT_SNAPSHOT_EVERY = 100_000

/** What an engine is opened with, where it was left out too. */
export function completeOptions(options: FabricOptions): EngineOptions {
  return {
    journal: options.journal,
    policy: completePolicy(options.policy ?? {}),
    timing: options.timing ?? systemTiming,
    ids: options.ids ?? { next: uuidv7 },
    name: requireId(options.name ?? 'fabric', 'name'),
    version: options.version ?? '0',
    snapshotEvery: options.snapshotEvery ?? DEFAULT_SNAPSHOT_EVERY,
    report: options.report ?? ((error) => console.error(error)),
    ...(options.witness && { witness: options.witness }),
  }
}

/** Opens the journal, recovers the state, and runs the fabric until it is closed. */
export async function openFabric(options: FabricOptions): Promise<Fabric> {
  const completed = completeOptions(options)
  const { policy, timing, report } = completed
  const engine = await Engine.open(completed)
  if (options.governor !== undefined) await applyAtStart(engine, options.governor)
  const { witnessing } = engine
  const witness = witnessing && new EngineWitness(engine, witnessing)
  const blobs = witnessing && new Blobs(engine, witnessing)
  const fabric = new EngineFabric({ engine, journal: options.journal, policy, timing, witness, blobs })
  await fabric.sweepBlobs().catch(report)
  return fabric
}

/** Before anybody is served. A fabric that cannot write it does not start. */
async function applyAtStart(engine: Engine, policy: GovernorPolicy): Promise<void> {
  try {
    await engine.submit({ type: 'apply_policy', policy, digest: policyDigestOf(policy) }, { actor: FABRIC_ACTOR })
  } catch (error) {
    await engine.close()
    throw error
  }
}
