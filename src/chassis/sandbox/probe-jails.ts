import { candidatesOf } from '../jail/candidates.js'
import type { Jail } from '../jail/jail.js'
import { JAIL_LEVELS, type JailLevel } from '../jail/levels.js'
import { CHILD_PROGRAM } from '../jail/program.js'
import { SandboxChild } from './child.js'

/** What this machine has. */
export interface Probe {
  /** The strongest jail that starts; undefined when none does. */
  readonly jail?: Jail
  /** Why stronger ones do not, in words for people. */
  readonly failures: ReadonlyMap<JailLevel, string>
}

const PROBE_LIMIT_BYTES = 64 * 1024 * 1024

/** Tries levels from the strongest on, each by really starting a child in it. */
export async function probeJails(levels: readonly JailLevel[] = JAIL_LEVELS): Promise<Probe> {
  const failures = new Map<JailLevel, string>()
  for (const level of levels) {
    for (const make of candidatesOf(level)) {
      try {
        const jail = await make()
        const child = await SandboxChild.start(jail, CHILD_PROGRAM)
        await child.limit(PROBE_LIMIT_BYTES).finally(() => child.kill())
        return { jail, failures }
      } catch (error) {
        if (!failures.has(level)) failures.set(level, error instanceof Error ? error.message : String(error))
      }
    }
    if (!failures.has(level)) failures.set(level, 'this Node.js has no permission model')
  }
  return { failures }
}
