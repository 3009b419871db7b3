import { lookup, Resolver } from 'node:dns/promises'
import { SECOND_MS } from '../../model/time.js'

/** Addresses of a host, of both families. Throws when there are none. */
export type Resolve = (host: string, signal: AbortSignal) => Promise<readonly string[]>

/**
 * Asks the name servers of the machine, or those given (`127.0.0.1:5353`). The system's own function would block a thread
 * of the pool that also writes the journal, for as long as the name server of a module's host likes.
 */
export function nameServerResolve(servers?: readonly string[]): Resolve {
  return async (host, signal) => {
    const resolver = new Resolver({ timeout: 2 * SECOND_MS, tries: 2 })
    if (servers !== undefined) resolver.setServers(servers)
    const cancel = () => resolver.cancel()
    signal.addEventListener('abort', cancel, { once: true })
    try {
      const answers = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)])
      const addresses = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []))
      if (addresses.length === 0) throw new Error('The name has no address.')
      return addresses
    } finally {
      signal.removeEventListener('abort', cancel)
    }
  }
}

/** As the system does, with its file of hosts: for hosts that the operator named. */
export const systemResolve: Resolve = async (host) => {
  const answers = await lookup(host, { all: true })
  return answers.map(({ address }) => address)
}
