import { type ConnectOptions, connect, type FabricClient } from './client.js'
import { type DiscoverOptions, discover } from './discover.js'
import { nodeTransport } from './node-transport.js'

export type ConnectLocalOptions = DiscoverOptions & Omit<ConnectOptions, 'url' | 'token'>

/** Node only: finds the fabric as `discover` does and talks to it over kept connections. */
export async function connectLocal({ url, token, data, ...options }: ConnectLocalOptions = {}): Promise<FabricClient> {
  const endpoint = await discover({ url, token, data })
  return connect({ transport: nodeTransport(), ...options, ...endpoint })
}
