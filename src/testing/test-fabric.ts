import type { Policy } from '../coordinator/policy.js'
import type { Fabric } from '../fabric/fabric.js'
import { openFabric } from '../fabric/open.js'
import { DEFAULT_GOVERNOR_POLICY, type GovernorPolicy } from '../governor/policy/policy.js'
import type { Journal } from '../journal/journal.js'
import { MemoryJournal } from '../journal/memory/memory-journal.js'
import type { TrustPolicy } from '../witness/note/trust-policy.js'
import type { WitnessStorage } from '../witness/storage.js'
import { FakeTiming } from './fake-timing.js'
import { SequentialIds } from './sequential-ids.js'

export interface TestFabricOptions {
  /** Default: a new `MemoryJournal`. Pass the same one again to see a restart. */
  readonly journal?: Journal
  readonly timing?: FakeTiming
  readonly policy?: Partial<Policy>
  /** Changes to the built-in policy of the governor. */
  readonly governor?: Partial<GovernorPolicy>
  readonly name?: string
  readonly snapshotEvery?: number
  /** Keeps a witness there, for instance in `memoryStorage()`; without it checkpoints, proofs and queries are refused. */
  readonly witness?: WitnessStorage
  /** Outside witnesses that are to cosign checkpoints. */
  readonly trust?: TrustPolicy
}

export interface TestFabric {
  readonly fabric: Fabric
  readonly journal: Journal
  readonly timing: FakeTiming
  /** Lets time pass and waits until everything that was due on the way has happened. */
  readonly advance: (ms: number) => Promise<void>
  /** Faults that no caller was waiting for; a test that expects none asserts that this is empty. */
  readonly faults: readonly unknown[]
}

/** A whole fabric in memory, with a clock that the test moves. Close `fabric` at the end. */
export async function openTestFabric(options: TestFabricOptions = {}): Promise<TestFabric> {
  const { journal = new MemoryJournal(), timing = new FakeTiming(), policy = {}, name = 'test' } = options
  const faults: unknown[] = []
  const fabric = await openFabric({
    journal,
    timing,
    policy,
    name,
    version: 'test',
    ids: new SequentialIds(),
    ...(options.governor && { governor: { ...DEFAULT_GOVERNOR_POLICY, ...options.governor } }),
    ...(options.snapshotEvery !== undefined && { snapshotEvery: options.snapshotEvery }),
    ...witnessOf(options),
    report: (error) => faults.push(error),
  })
  return { fabric, journal, timing, faults, advance: (ms) => advance(fabric, timing, ms) }
}

function witnessOf({ witness: storage, trust }: TestFabricOptions) {
  if (storage === undefined) return {}
  return { witness: { open: async () => ({ storage }), ...(trust !== undefined && { policy: trust }) } }
}

async function advance(fabric: Fabric, timing: FakeTiming, ms: number): Promise<void> {
  const end = timing.elapsed() + ms
  const settled = () => fabric.read(() => undefined)
  for (let next = timing.untilNext; next !== undefined; next = timing.untilNext) {
    if (timing.elapsed() + next > end) break
    timing.advance(next)
    await settled()
  }
  timing.advance(end - timing.elapsed())
  await settled()
}
