import { FabricError } from '../../model/errors.js'
import { LIMITS } from '../../model/limits.js'
import type { Jail } from '../jail/jail.js'
import { isAtLeast, JAIL_LEVELS, type JailLevel } from '../jail/levels.js'
import { type Probe, probeJails } from './probe-jails.js'

type Probing = (levels: readonly JailLevel[]) => Promise<Probe>

/**
 * The strongest jail that this machine has. A level that did not start may have failed for a moment only, for want of memory or
 * of processes, so after a while it is tried again: while a weaker jail is used, or before it is said that there is none.
 */
export class JailFinder {
  readonly #levels: readonly JailLevel[]
  readonly #probe: Probing
  readonly #now: () => number
  #known: Promise<Probe> | undefined
  #askedAt = 0

  constructor(levels: readonly JailLevel[], probe: Probing = probeJails, now = () => performance.now()) {
    this.#levels = levels
    this.#probe = probe
    this.#now = now
  }

  /** Throws POLICY_VIOLATION when the strongest is weaker than this, and UNAVAILABLE when none starts. */
  async find(minimum?: JailLevel): Promise<Jail> {
    this.#known ??= this.#ask(this.#levels)
    const known = await this.#known
    if (!this.#isDue(known)) return requireJail(known, minimum)
    const renewed = this.#renew(known)
    return requireJail(isEnough(known, minimum) ? known : await renewed, minimum)
  }

  #isDue({ failures }: Probe): boolean {
    return failures.size > 0 && this.#now() - this.#askedAt >= LIMITS.sandboxProbeMs
  }

  /** Only what is stronger than the known one can take its place. */
  async #renew(known: Probe): Promise<Probe> {
    const stronger = this.#levels.filter((level) => known.jail === undefined || !isAtLeast(known.jail.level, level))
    const probe = await this.#ask(stronger)
    const renewed = probe.jail === undefined ? { ...known, failures: probe.failures } : probe
    this.#known = Promise.resolve(renewed)
    return renewed
  }

  #ask(levels: readonly JailLevel[]): Promise<Probe> {
    this.#askedAt = this.#now()
    return this.#probe(levels)
  }
}

const finders = new Map<string, JailFinder>()

/** What is found out is known to all of this process. */
export function jailFinder(levels: readonly JailLevel[] = JAIL_LEVELS): JailFinder {
  const key = levels.join()
  const finder = finders.get(key) ?? new JailFinder(levels)
  finders.set(key, finder)
  return finder
}

function isEnough({ jail }: Probe, minimum: JailLevel | undefined): boolean {
  return jail !== undefined && (minimum === undefined || isAtLeast(jail.level, minimum))
}

function requireJail(probe: Probe, minimum: JailLevel | undefined): Jail {
  const { jail, failures } = probe
  if (jail !== undefined && isEnough(probe, minimum)) return jail
  const reasons = [...failures].map(([level, reason]) => `${level}: ${reason}`).join('; ')
  if (jail === undefined) {
    throw new FabricError('UNAVAILABLE', `No module can run here: no jail starts (${reasons}). ${INSTALL}`)
  }
  const message = `Modules must run in a jail of level ${minimum}, and this machine has ${jail.level} (${reasons}). ${INSTALL}`
  throw new FabricError('POLICY_VIOLATION', message, { required: minimum, reached: jail.level })
}

const INSTALL = 'Install bubblewrap and util-linux on Linux, and allow user namespaces.'
