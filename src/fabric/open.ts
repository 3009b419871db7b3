import { uuidv7 } from 'uuidv7'
import { completePolicy, type Policy } from '../coordinator/policy.js'
import type { GovernorPolicy } from '../governor/policy/policy.js'
import type { Journal } from '../journal/journal.js'
import { FABRIC_ACTOR } from '../model/entry.js'
import { type IdSource, requireId } from '../model/ids.js'
import { Engine } from './engine.js'
import { EngineFabric } from './engine-fabric.js'
import type { Fabric } from './fabric.js'
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

/** Opens the journal, recovers the state, and runs the fabric until it is closed. */
export async function openFabric(options: FabricOptions): Promise<Fabric> {
  const policy = completePolicy(options.policy ?? {})
  const timing = options.timing ?? systemTiming
  const report = options.report ?? ((error) => console.error(error))
  const engine = await Engine.open({
    journal: options.journal,
    policy,
    timing,
    ids: options.ids ?? { next: uuidv7 },
    name: requireId(options.name ?? 'fabric', 'name'),
    version: options.version ?? '0',
    snapshotEvery: options.snapshotEvery ?? DEFAULT_SNAPSHOT_EVERY,
    report,
    ...(options.witness && { witness: options.witness }),
  })
  if (options.governor !== undefined) await applyAtStart(engine, options.governor)
  const fabric = new EngineFabric(engine, options.journal, policy, timing)
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
