import type { FabricClient } from '../client/client.js'

/** The swarm that a command speaks for: the one that was named, else that of the token; undefined for people. */
export async function speakerOf(fabric: FabricClient, as: string | undefined): Promise<string | undefined> {
  return as ?? (await fabric.token.whoami()).swarm
}
