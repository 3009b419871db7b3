import { FabricError } from '../model/errors.js'
import { isLoopback } from '../model/loopback.js'

export const DEFAULT_LISTEN = '127.0.0.1:7420'

export interface ListenAddress {
  readonly host: string
  readonly port: number
}

/** Reads `HOST:PORT` (`[::1]:7420` for IPv6). Throws INVALID_ARGUMENT for anything that is not a loopback address. */
export function parseListen(text: string): ListenAddress {
  const match = /^(?:\[([0-9a-f:]+)\]|([a-z0-9.-]+)):(\d{1,5})$/i.exec(text)
  const host = (match?.[1] ?? match?.[2])?.toLowerCase()
  const port = Number(match?.[3])
  if (host === undefined || !(port <= 65_535)) {
    throw new FabricError('INVALID_ARGUMENT', `listen: use HOST:PORT, for example ${DEFAULT_LISTEN}.`, {
      field: 'listen',
    })
  }
  if (!isLoopback(host)) {
    throw new FabricError(
      'INVALID_ARGUMENT',
      `listen: ${host} is reachable from other machines, and every caller here is an administrator. ` +
        'Listen on 127.0.0.1 and forward the port, for example over SSH.',
      { field: 'listen' },
    )
  }
  return { host, port }
}
