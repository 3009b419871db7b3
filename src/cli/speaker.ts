import type { FabricClient } from '../client/client.js'
import { FabricError } from '../model/errors.js'

/** The swarm that a command speaks for: the one that was named, else that of the token; undefined for people. */
export async function speakerOf(fabric: FabricClient, as: string | undefined): Promise<string | undefined> {
  return as ?? (await fabric.token.whoami()).swarm
}

/** The same for what only swarms do. Throws INVALID_ARGUMENT for people who name none. */
export async function requireSpeaker(fabric: FabricClient, as: string | undefined): Promise<string> {
  const swarm = await speakerOf(fabric, as)
  if (swarm !== undefined) return swarm
  const message = 'Say with --as for which swarm, or put the token of a swarm into IFAB_TOKEN.'
  throw new FabricError('INVALID_ARGUMENT', message, { field: 'as' })
}
