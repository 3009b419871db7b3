import { BlockList, isIPv4, isIPv6 } from 'node:net'

/**
 * `private`: of an inside network or this machine, which an operator may except by name. `reserved`: of no host that a
 * request could be meant for, or a metadata service, whatever an operator excepts.
 */
export type AddressKind = 'public' | 'private' | 'reserved'

type Subnet = readonly [address: string, prefixBits: number]

/** RFC 1918, loopback, and addresses shared by the customers of a carrier (RFC 6598). */
const PRIVATE_V4: readonly Subnet[] = [
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
]

/** The rest of the IANA IPv4 Special-Purpose Address Registry, multicast, and two metadata services of clouds. */
const RESERVED_V4: readonly Subnet[] = [
  ['0.0.0.0', 8],
  ['169.254.0.0', 16],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
  ['100.100.100.200', 32],
  ['168.63.129.16', 32],
]

const PRIVATE_V6: readonly Subnet[] = [
  ['::1', 128],
  ['fc00::', 7],
]

/** Metadata services among the private ones. */
const RESERVED_V6: readonly Subnet[] = [
  ['fd00:ec2::254', 128],
  ['fd20:ce::254', 128],
]

/** RFC 4291: all there is to be reached is in here, but for what the next list takes out. */
const GLOBAL_V6: readonly Subnet[] = [['2000::', 3]]

/** IETF protocols with Teredo and benchmarking, documentation, and 6to4, which hides any IPv4 address. */
const SPECIAL_V6: readonly Subnet[] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
]

const privateV4 = listOf(PRIVATE_V4, 'ipv4')
const reservedV4 = listOf(RESERVED_V4, 'ipv4')
const privateV6 = listOf(PRIVATE_V6, 'ipv6')
const reservedV6 = listOf(RESERVED_V6, 'ipv6')
const globalV6 = listOf(GLOBAL_V6, 'ipv6')
const specialV6 = listOf(SPECIAL_V6, 'ipv6')

/** Mapped (RFC 4291) and translated (RFC 6052) addresses, as `URL` spells them: the last 32 bits are an IPv4 address. */
const EMBEDDED_V4 = /^\[(?:::ffff|64:ff9b:):([0-9a-f]{1,4}):([0-9a-f]{1,4})\]$/

/** What an address as a resolver gives it is. Whatever is not known to be public is not. */
export function addressKind(address: string): AddressKind {
  if (isIPv4(address)) return kindOfV4(address)
  // A zone (`fe80::1%eth0`) names a network card of this machine.
  return isIPv6(address) && !address.includes('%') ? kindOfV6(address) : 'reserved'
}

function kindOfV4(address: string): AddressKind {
  if (reservedV4.check(address, 'ipv4')) return 'reserved'
  return privateV4.check(address, 'ipv4') ? 'private' : 'public'
}

function kindOfV6(address: string): AddressKind {
  const [, high, low] = EMBEDDED_V4.exec(new URL(`http://[${address}]`).hostname) ?? []
  if (high !== undefined && low !== undefined) {
    return kindOfV4(dotted(Number.parseInt(high, 16), Number.parseInt(low, 16))) === 'public' ? 'public' : 'reserved'
  }
  if (reservedV6.check(address, 'ipv6')) return 'reserved'
  if (privateV6.check(address, 'ipv6')) return 'private'
  return globalV6.check(address, 'ipv6') && !specialV6.check(address, 'ipv6') ? 'public' : 'reserved'
}

/** `high` and `low` have 16 bits each. */
function dotted(high: number, low: number): string {
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.')
}

function listOf(subnets: readonly Subnet[], family: 'ipv4' | 'ipv6'): BlockList {
  const list = new BlockList()
  for (const [address, prefixBits] of subnets) list.addSubnet(address, prefixBits, family)
  return list
}
