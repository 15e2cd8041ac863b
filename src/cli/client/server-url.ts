import { LOOPBACK_HOSTS } from '../../core/site.ts'
import type { Environment } from '../env.ts'
import { UsageError } from '../exit-codes.ts'

/** The MCP server that a person named, checked; its `href` is what credentials are kept under. */
export function parseServerUrl(text: string): URL {
  const url = URL.parse(text)
  if (!url || !/^https?:\/\//i.test(text)) {
    throw new UsageError(
      `"${text}" is not the URL of an MCP server.`,
      'Write it whole, such as http://localhost:8000/mcp',
    )
  }
  if (url.username || url.password) {
    throw new UsageError('The URL must not contain a user name or password.')
  }
  if (text.includes('#')) throw new UsageError('The URL must not contain a fragment ("#…").')
  if (url.protocol === 'http:' && !staysHere(url)) {
    throw new UsageError(
      `Plain http would show your token to everybody on the way to ${url.host}.`,
      `Use https://${url.host}${url.pathname}; http is for this machine only, e.g. localhost.`,
    )
  }
  return url
}

/** The server that is meant where none is named. */
export function defaultServerUrl(env: Environment): string {
  return `${(env.ENTRANCE_URL || 'http://localhost:8000').replace(/\/+$/, '')}/mcp`
}

/** Whether the URL stays on this machine (RFC 6761 for `localhost`, RFC 1122 for 127/8). */
export function isLoopback(url: URL): boolean {
  const { hostname } = url
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname)
}

/**
 * Whether what goes there by plain http is read by nobody elsewhere. Narrower than loopback: to
 * 127.0.0.2 it would go through a proxy, of which only these names are excepted.
 */
export function staysHere(url: URL): boolean {
  return LOOPBACK_HOSTS.has(url.hostname)
}

/**
 * Whether the MCP server may send us, or the browser, to this address: https, or http on this
 * machine. A server elsewhere has no business with what listens on loopback here.
 */
export function isSecureFor(server: URL, address: URL): boolean {
  if (isLoopback(address) && !isLoopback(server)) return false
  return address.protocol === 'https:' || (address.protocol === 'http:' && staysHere(address))
}
