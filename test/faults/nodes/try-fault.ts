import { mkdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Cluster } from './cluster.js'
import type { Engine } from './engines.js'
import { type JudgeOptions, judge, type Verdict } from './judge.js'
import { Workload } from './workload.js'

export interface Trial extends JudgeOptions {
  readonly engine: Engine
  readonly servers?: 1 | 3
  readonly name: string
  /** Where the servers keep their data. */
  readonly place?: string
  /** What happens while everybody works. It may leave everything broken: all faults end after it. */
  readonly fault: (cluster: Cluster, workload: Workload) => Promise<void>
}

/** `SEED` repeats the wishes of the workers; what comes when is up to the machine. */
const SEED = Number(process.env.SEED ?? 1)

/** Lets swarms work on a cluster to which something happens, judges what they saw, and prints what was measured. */
export async function tryFault({ engine, servers = 1, name, place, fault, ...options }: Trial): Promise<Verdict> {
  await using cluster = await Cluster.start(engine, servers, place)
  await using workload = await Workload.start(cluster, SEED)
  await workload.goesOn()
  await fault(cluster, workload)
  await cluster.settle()
  await workload.goesOn()
  const attempts = await workload.finish()
  try {
    const verdict = await judge(cluster, attempts, options)
    console.log(`${engine.name} x ${servers}, ${name}: ${JSON.stringify(verdict)}`)
    return verdict
  } catch (error) {
    const kept = join(process.env.IFAB_FAULTS_KEEP ?? join(tmpdir(), 'ifab-faults-histories'), `${Date.now()}.jsonl`)
    await mkdir(join(kept, '..'), { recursive: true })
    await writeFile(kept, attempts.map((attempt) => `${JSON.stringify(attempt)}\n`).join(''))
    console.error(`${engine.name} x ${servers}, ${name}: the history is in ${kept}`)
    throw error
  }
}
