import { LOOPBACK_HOSTS } from '../site.ts'

/**
 * A redirect URI that a request asked for and that is the client's own. Only
 * {@link matchRedirectUri} makes one, and redirecting takes nothing else: before that line there
 * is nowhere to send anything.
 */
export type RedirectUri = string & { readonly __redirectUri: true }

/** What decides which redirect URIs may be used, judged at each use. */
export type RedirectPolicy = {
  /** Our own origins: a code sent to one of our endpoints would be ours to leak. */
  readonly ownOrigins: ReadonlySet<string>
  readonly privateUseRedirectUris: ReadonlySet<string>
}

/** The longest redirect URI, in characters. */
export const REDIRECT_URI_MAX_LENGTH = 512

/** Schemes that run, read or launch something; no policy lets them through. */
const DANGEROUS_SCHEMES: ReadonlySet<string> = new Set([
  ...['about:', 'blob:', 'chrome:', 'data:', 'file:', 'filesystem:', 'ftp:', 'intent:', 'jar:'],
  ...['javascript:', 'mailto:', 'ms-msdt:', 'ms-officecmd:', 'resource:', 'search-ms:', 'search:'],
  ...['shell:', 'vbscript:', 'view-source:', 'ws:', 'wss:'],
])

/** Parameters of the response itself (RFC 6749 §4.1.2, RFC 9207): a URI must not bring its own. */
const RESPONSE_PARAMETERS = ['code', 'state', 'iss', 'error', 'error_description', 'error_uri']

/**
 * Why a redirect URI must not be registered by anybody (RFC 6749 §3.1.2, RFC 9700 §4.1);
 * undefined when it may.
 */
export function findRedirectUriFault(uri: string, policy: RedirectPolicy): string | undefined {
  if (uri.length > REDIRECT_URI_MAX_LENGTH) {
    return `is longer than ${REDIRECT_URI_MAX_LENGTH} characters`
  }
  // WHATWG parsing forgives blanks, tabs and backslashes; a strict comparer elsewhere does not.
  if (!/^[\x21\x23-\x3b\x3d\x3f-\x5b\x5d\x5f\x61-\x7a\x7e]+$/.test(uri)) {
    return 'has characters that a URI cannot have'
  }
  const url = URL.parse(uri)
  if (!url) return 'is not an absolute URI'
  if (DANGEROUS_SCHEMES.has(url.protocol))
    return `has the scheme ${url.protocol} which is never allowed`
  if (url.username || url.password || /^[^/?#]*\/\/[^/?#]*@/.test(uri))
    return 'has a user name in it'
  if (uri.includes('#')) return 'has a fragment'
  if (RESPONSE_PARAMETERS.some((name) => url.searchParams.has(name))) {
    return 'has a query parameter of the authorization response'
  }
  if (url.protocol === 'https:' || url.protocol === 'http:') return findWebFault(url, uri, policy)
  // RFC 8252 §7.1: a private-use scheme is a domain name backwards, or at least one's own word.
  return url.protocol.length > 2 ? undefined : 'has a drive letter instead of a scheme'
}

function findWebFault(url: URL, uri: string, policy: RedirectPolicy): string | undefined {
  if (!/^https?:\/\/[^/]/i.test(uri)) return 'has no host'
  if (/(^|\/)(\.|%2e){1,2}(\/|$)/i.test(uri.replace(/[?].*/, '')))
    return 'has dot segments in its path'
  // With the root's dot at its end a name still means the same host.
  const origin = url.origin.replace(/\.(?=:\d+$|$)/, '')
  if (policy.ownOrigins.has(origin)) return 'points at this server itself'
  if (url.protocol === 'http:' && !LOOPBACK_HOSTS.has(url.hostname)) {
    return 'uses http; https is expected, or http to a loopback address'
  }
  return undefined
}

/**
 * Finds a requested redirect URI among the registered ones: the same string, or the same loopback
 * URI at another port (RFC 8252 §7.3). Undefined when it is none of them.
 */
export function matchRedirectUri(
  requested: string,
  registered: readonly string[],
  policy: RedirectPolicy,
): RedirectUri | undefined {
  const isRegistered = registered.some((uri) => uri === requested || isSameLoopback(uri, requested))
  return isRegistered && isUsable(requested, policy) ? (requested as RedirectUri) : undefined
}

/** Whether the policy in force lets a code go there. */
export function isUsable(uri: string, policy: RedirectPolicy): boolean {
  if (findRedirectUriFault(uri, policy)) return false
  return /^https?:/i.test(uri) || policy.privateUseRedirectUris.has(uri)
}

/** Takes a URI that was matched before and has come back sealed by us; judges the policy again. */
export function recallRedirectUri(uri: string, policy: RedirectPolicy): RedirectUri | undefined {
  return isUsable(uri, policy) ? (uri as RedirectUri) : undefined
}

function isSameLoopback(registered: string, requested: string): boolean {
  const known = URL.parse(registered)
  const asked = URL.parse(requested)
  if (!known || !asked || known.protocol !== 'http:' || !LOOPBACK_HOSTS.has(known.hostname))
    return false
  return withoutPort(registered) === withoutPort(requested) && known.hostname === asked.hostname
}

/** Cuts the port out of the text itself, so that all the rest is still compared byte for byte. */
export function withoutPort(uri: string): string {
  return uri.replace(/^(http:\/\/(?:\[[^\]]*\]|[^/:?#]*))(?::\d*)?/i, '$1')
}

/** Whether a code sent there stays on the person's machine. */
export function isLoopbackUri(uri: string): boolean {
  const url = URL.parse(uri)
  return url?.protocol === 'http:' && LOOPBACK_HOSTS.has(url.hostname)
}
