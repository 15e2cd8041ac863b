import { BlockList, isIPv4, isIPv6 } from 'node:net'

/** What is no single host of the public internet (IANA's special-purpose registry, RFC 6890). */
const NOT_PUBLIC_IPV4: readonly string[] = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16'],
  ...['172.16.0.0/12', '192.0.0.0/24', '192.0.2.0/24', '192.88.99.0/24', '192.168.0.0/16'],
  ...['198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4'],
  // Of the public range, but on every virtual machine of Azure it is the platform's own endpoint.
  '168.63.129.16/32',
]

/**
 * Of IPv6, global unicast is all that is public: mapped, compatible and NAT64 addresses, which have
 * an IPv4 address in them, and unique local, link-local and multicast ones are outside of it.
 */
const GLOBAL_UNICAST = '2000::/3'

/** The parts of it that are not: Teredo and the like, documentation, 6to4. */
const NOT_PUBLIC_IPV6: readonly string[] = [
  ...['2001::/23', '2001:db8::/32', '2002::/16', '3ffe::/16', '3fff::/20'],
]

const notPublicIPv4 = toBlockList(NOT_PUBLIC_IPV4, 'ipv4')
const globalUnicast = toBlockList([GLOBAL_UNICAST], 'ipv6')
const notPublicIPv6 = toBlockList(NOT_PUBLIC_IPV6, 'ipv6')

/** Whether an address, as DNS gave it, is that of a host on the public internet. */
export function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return !notPublicIPv4.check(address, 'ipv4')
  // A zone names an interface of this machine.
  if (!isIPv6(address) || address.includes('%')) return false
  if (!globalUnicast.check(address, 'ipv6') || notPublicIPv6.check(address, 'ipv6')) return false
  return !isIsatap(address)
}

/** RFC 5214 §6.1: under any prefix, the interface identifier `[02]00:5efe` and an IPv4 address. */
function isIsatap(address: string): boolean {
  const groups = toGroups(address)
  return (groups[4] === 0 || groups[4] === 0x200) && groups[5] === 0x5efe
}

function toGroups(address: string): number[] {
  // As a URL's host it is in the one form without an IPv4 part.
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = Array<string>(Math.max(8 - before.length - after.length, 0)).fill('0')
  return [...before, ...zeros, ...after].map((group) => Number.parseInt(group, 16))
}

/** Last labels of names that are not resolved on the public internet (RFC 6761, and custom). */
const LOCAL_DOMAINS: ReadonlySet<string> = new Set([
  ...['localhost', 'local', 'internal', 'intranet', 'lan', 'home', 'corp', 'private', 'arpa'],
  ...['test', 'invalid', 'example', 'onion', 'alt'],
])

/** Why a URL's host cannot be one of the public internet, by its name alone; else undefined. */
export function findHostFault(hostname: string): string | undefined {
  if (isIPv4(hostname) || hostname.startsWith('[')) {
    return 'has an IP address for its host; a name is expected'
  }
  if (hostname.endsWith('.')) return 'has a dot at the end of its host'
  const labels = hostname.split('.')
  const last = labels.at(-1) ?? ''
  if (labels.length < 2 || LOCAL_DOMAINS.has(last)) {
    return 'has a host that is not on the public internet'
  }
  return undefined
}

function toBlockList(subnets: readonly string[], type: 'ipv4' | 'ipv6'): BlockList {
  const list = new BlockList()
  for (const subnet of subnets) {
    const [network = '', bits] = subnet.split('/')
    list.addSubnet(network, Number(bits), type)
  }
  return list
}
