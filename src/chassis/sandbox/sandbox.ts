import { FabricError } from '../../model/errors.js'
import { LIMITS } from '../../model/limits.js'
import type { Jail } from '../jail/jail.js'
import type { JailLevel } from '../jail/levels.js'
import { CHILD_PROGRAM, type JailedProgram } from '../jail/program.js'
import { callModule, emptyReport, loadModule } from './call.js'
import { SandboxChild } from './child.js'
import { type JailFinder, jailFinder } from './find-jail.js'
import { Pool, type Tenant } from './pool.js'
import type { LoadedModule, RunReport, RunRequest } from './run.js'

export interface SandboxOptions {
  /** The weakest jail that is enough. Where the machine has none, nothing runs. */
  readonly minimumJail?: JailLevel
  /** Levels that are tried, the strongest first. */
  readonly levels?: readonly JailLevel[]
  /** Children that are started ahead of the calls that need them. Default 1. */
  readonly spares?: number
  /** Children at one time. */
  readonly children?: number
  /** Calls of one swarm at one time; more wait. */
  readonly childrenPerSwarm?: number
  /** How long a child waits for more work of its tenant. */
  readonly idleMs?: number
  /** Told which level calls have, before the first, and again where later ones have a stronger one. */
  readonly onLevel?: (level: JailLevel) => void
  /** What runs in the children. */
  readonly program?: JailedProgram
}

/** Calls modules that nobody trusts, each in a process of its tenant, in the strongest jail that this machine has. */
export class Sandbox {
  readonly #options: SandboxOptions
  readonly #finder: JailFinder
  #level: JailLevel | undefined
  readonly #pool: Pool

  constructor(options: SandboxOptions = {}) {
    const { spares = 1, children = LIMITS.sandboxChildren, idleMs = LIMITS.sandboxIdleMs } = options
    const { childrenPerSwarm = LIMITS.sandboxChildrenPerSwarm, program = CHILD_PROGRAM } = options
    this.#options = options
    this.#finder = jailFinder(options.levels)
    const start = async () => SandboxChild.start(await this.#jail(), program)
    this.#pool = new Pool({ spares, children, childrenPerSwarm, idleMs, start })
  }

  /** The level of jail that calls get. Throws POLICY_VIOLATION when it is not enough, UNAVAILABLE when there is none. */
  async level(): Promise<JailLevel> {
    return (await this.#jail()).level
  }

  /**
   * Calls the module once. Whatever it does is told by the report; this throws INVALID_ARGUMENT for too much input, RATE_LIMITED
   * when too many calls wait, POLICY_VIOLATION where the jail is not enough, and UNAVAILABLE where no process starts.
   */
  async run(request: RunRequest): Promise<RunReport> {
    requireFit(request.input)
    const { level } = await this.#jail()
    const { module, signal } = request
    const lease = signal?.aborted === true ? undefined : await this.#pool.acquire(tenantOf(request, level), signal)
    if (lease === undefined) return emptyReport(level, { end: 'cancelled', message: 'the caller ended it' })
    try {
      const failure = lease.isLoaded ? undefined : await loadModule(lease.child, module, signal)
      return failure === undefined ? await callModule(lease.child, request) : emptyReport(level, failure)
    } catch (fault) {
      lease.child.kill()
      throw fault
    } finally {
      this.#pool.release(lease)
    }
  }

  /** Ends all calls, as cancelled, and all children. */
  async close(): Promise<void> {
    await this.#pool.close()
  }

  async #jail(): Promise<Jail> {
    const jail = await this.#finder.find(this.#options.minimumJail)
    const isNew = jail.level !== this.#level
    this.#level = jail.level
    if (isNew) this.#options.onLevel?.(jail.level)
    return jail
  }
}

function requireFit({ length }: Uint8Array): void {
  if (length <= LIMITS.sandboxInputBytes) return
  const message = `The input has ${length} bytes, and a module takes at most ${LIMITS.sandboxInputBytes}. Send less.`
  throw new FabricError('INVALID_ARGUMENT', message, { found: length, limit: LIMITS.sandboxInputBytes })
}

/** A module with other limits was rewritten otherwise, so it is another one. */
function tenantOf({ swarm, module }: RunRequest, level: JailLevel): Tenant {
  const { digest, profile, limits } = module
  const known = moduleKeys.get(module) ?? JSON.stringify([digest, profile, limits])
  moduleKeys.set(module, known)
  return { swarm, key: `${swarm} ${known}`, level }
}

const moduleKeys = new WeakMap<LoadedModule, string>()
