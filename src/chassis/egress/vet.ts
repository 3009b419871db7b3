import { isIPv4, isIPv6 } from 'node:net'
import { networkInterfaces } from 'node:os'
import { LIMITS } from '../../model/limits.js'
import { type AddressKind, addressKind } from './address.js'
import { EgressRefusal } from './refusal.js'
import type { Resolve } from './resolve.js'
import { isAddress, type Target } from './target.js'

export interface Vetting {
  readonly resolve: Resolve
  /** Resolves the hosts in `privateHosts`. */
  readonly resolvePrivate: Resolve
  /** `host:port` of services inside that requests may go to nevertheless. */
  readonly privateHosts: ReadonlySet<string>
  /** Addresses of this machine. */
  readonly ownAddresses: () => readonly string[]
}

/**
 * The addresses that a request may be sent to, and no other: who connects must take them, and not ask for the name again.
 * All that the name leads to are looked at, so that a name with one good address does not open the way to another.
 * Throws ADDRESS_REFUSED and UNREACHABLE.
 */
export async function vetAddresses(target: Target, vetting: Vetting, signal: AbortSignal): Promise<readonly string[]> {
  const { host, port } = target
  if (isAddress(host)) throw refused('The host of the URL is an address. Use the name of the host.')
  const excepted = isExcepted(target, vetting)
  const addresses = await (excepted ? vetting.resolvePrivate : vetting.resolve)(host, signal).catch(() => {
    throw new EgressRefusal('UNREACHABLE', `The name ${host} is not found.`)
  })
  const own = new Set(vetting.ownAddresses())
  const kindOf = (address: string): AddressKind => {
    const kind = addressKind(address)
    // A firewall that keeps others away from this machine lets itself in.
    return kind === 'public' && own.has(address) ? 'private' : kind
  }
  const good = (kind: AddressKind) => kind === 'public' || (excepted && kind === 'private')
  if (addresses.length === 0 || !addresses.every((address) => good(kindOf(address)))) {
    throw refused(`${host}:${port} is not a public host. The operator can except it by name.`)
  }
  // Some of each family: there are machines that reach only one.
  return [isIPv4, isIPv6].flatMap((isOf) => addresses.filter(isOf).slice(0, LIMITS.egressAddressesPerFamily))
}

/** Whether the operator said that requests may go there although it is inside. */
function isExcepted({ host, port }: Target, { privateHosts }: Pick<Vetting, 'privateHosts'>): boolean {
  return privateHosts.has(`${host}:${port}`)
}

export function machineAddresses(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((cards) => (cards ?? []).map(({ address }) => address))
}

function refused(message: string): EgressRefusal {
  return new EgressRefusal('ADDRESS_REFUSED', message)
}
