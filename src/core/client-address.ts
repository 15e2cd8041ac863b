import { isIP } from 'node:net'

/** What is known of a request besides its own words. */
export type Connection = {
  /** The address at the other end of the connection, as the socket has it. */
  readonly remoteAddress?: string | undefined
}

/**
 * Whom a request counts for: an IPv4 address, or the /64 of an IPv6 one, which is what one
 * subscriber has. Undefined when nobody can tell. Behind so many trusted proxies it is what the
 * outermost of them wrote down: the n-th of X-Forwarded-For from the right, for what stands left
 * of it can be made up.
 */
export function clientNetworkOf(
  request: Request,
  connection: Connection | undefined,
  trustedProxyHops: number,
): string | undefined {
  const forwarded = forwardedBy(request, trustedProxyHops)
  return networkOf(forwarded) ?? networkOf(connection?.remoteAddress)
}

/** The whole address, found likewise: for the audit log. */
export function clientAddressOf(
  request: Request,
  connection: Connection | undefined,
  trustedProxyHops: number,
): string | undefined {
  return toAddress(forwardedBy(request, trustedProxyHops)) ?? addressOf(connection)
}

/** That of the connection's other end, where nothing stands in between. */
export function addressOf(connection: Connection | undefined): string | undefined {
  return toAddress(connection?.remoteAddress)
}

/** An address and nothing else: the zone of an IPv6 one is any text. */
function toAddress(text: string | undefined): string | undefined {
  const address = withoutPort(text?.trim() ?? '').replace(/%.*/, '')
  return isIP(address) > 0 ? address.replace(/^::ffff:(?=[\d.]+$)/i, '') : undefined
}

function forwardedBy(request: Request, hops: number): string | undefined {
  const forwarded = hops > 0 ? request.headers.get('x-forwarded-for') : null
  return forwarded?.split(',').at(-hops)
}

function networkOf(text: string | undefined): string | undefined {
  const address = withoutPort(text?.trim() ?? '')
  const version = isIP(address)
  if (version === 0) return undefined
  return version === 4 ? address : networkOfIPv6(address)
}

/** Some proxies write the port as well: `203.0.113.7:1234`, `[2001:db8::1]:1234`. */
function withoutPort(text: string): string {
  const [, v4, v6] = /^(?:([\d.]+):\d+|\[([^\]]*)\](?::\d+)?)$/.exec(text) ?? []
  return v4 ?? v6 ?? text
}

function networkOfIPv6(address: string): string | undefined {
  // The zone (`fe80::1%eth0`) is this machine's own name for a wire; the rest a URL spells out.
  const { hostname = '' } = URL.parse(`http://[${address.replace(/%.*/, '')}]`) ?? {}
  const [head = '', tail] = hostname.slice(1, -1).split('::')
  const before = head.split(':').filter(Boolean)
  const behind = tail?.split(':').filter(Boolean) ?? []
  const zeros = new Array<string>(8 - before.length - behind.length).fill('0')
  const groups = [...before, ...zeros, ...behind]
  const isMapped = groups.slice(0, 6).join(':') === '0:0:0:0:0:ffff'
  return isMapped ? toIPv4(groups.slice(6)) : `${groups.slice(0, 4).join(':')}::/64`
}

/** A socket that takes both kinds gives an IPv4 address as `::ffff:203.0.113.7`. */
function toIPv4(groups: readonly string[]): string {
  const numbers = groups.map((group) => Number.parseInt(group, 16))
  return numbers.flatMap((number) => [number >> 8, number & 255]).join('.')
}
