import type { FabricOperations } from '../client/client.js'
import { pause } from '../client/retry.js'
import { asFabricError, FabricError, isFabricError } from '../model/errors.js'
import type { Repository } from './git/repository.js'
import { type Mark, type PassReport, runPass } from './pass.js'
import type { BridgeConfig } from './speakers/bridge-config.js'

export interface BridgeOptions {
  readonly repository: Repository
  readonly config: BridgeConfig
  /** Asked for before each pass: a fabric that comes back may have another address. */
  readonly connect: () => Promise<FabricOperations>
  readonly signal: AbortSignal
  readonly onPass: (report: PassReport) => void
  /** A pass that failed, and is tried again. */
  readonly onFault: (error: FabricError) => void
}

/** One pass. Throws FORBIDDEN unless the bridge may speak for swarms. */
export async function passOnce(
  { repository, config, connect }: Pick<BridgeOptions, 'repository' | 'config' | 'connect'>,
  last?: Mark,
): Promise<PassReport> {
  const fabric = await connect()
  if (last === undefined) await requireAdministrator(fabric)
  return runPass({ repository, fabric, config }, last)
}

/** Passes again and again until the signal aborts. Throws what the first pass throws. */
export async function runBridge(options: BridgeOptions): Promise<void> {
  const { config, signal, onPass, onFault } = options
  let last: Mark | undefined
  while (!signal.aborted) {
    try {
      const report = await passOnce(options, last)
      last = report.mark
      onPass(report)
    } catch (error) {
      if (signal.aborted) return
      if (last === undefined && !isFabricError(error, 'UNAVAILABLE')) throw error
      onFault(asFabricError(error))
    }
    await pause(config.everyMs, signal)
  }
}

async function requireAdministrator(fabric: FabricOperations): Promise<void> {
  const { actor, role } = await fabric.token.whoami()
  if (role === 'admin') return
  const message = `The bridge speaks for swarms, which only an administrator may; ${actor} has the role ${role}.`
  throw new FabricError('FORBIDDEN', `${message} Use an administrator's token.`, { role, least: 'admin' })
}
