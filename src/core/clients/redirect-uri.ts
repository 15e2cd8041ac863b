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
  /**
   * Where there is an allow list, what may be used at all: see {@link matchesRule}. Absent means
   * that there is no list; an empty one lets nobody through.
   */
  readonly allowed?: readonly string[] | undefined
  /** Those of clients that the operator named: see {@link policyFor}. */
  readonly configured?: readonly string[]
}

/**
 * The policy for a client by how it came to be known. One that the operator named needs no second
 * permission, and gives none to anybody else: its kind has a list of its own.
 */
export function policyFor({ source }: { source: string }, policy: RedirectPolicy): RedirectPolicy {
  if (source !== 'configured') return policy
  const { configured = [] } = policy
  return { ...policy, allowed: configured, privateUseRedirectUris: new Set(configured) }
}

/** The rule of an allow list that stands for every loopback URI. */
export const ANY_LOOPBACK = 'loopback'

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
 * Why a redirect URI must not be registered by anybody (RFC 6749 §3.1.2, RFC 9700 §4.1), or not
 * here; undefined when it may.
 */
export function findRedirectUriFault(uri: string, policy: RedirectPolicy): string | undefined {
  return findUriFault(uri, policy) ?? findListFault(uri, policy)
}

function findUriFault(uri: string, policy: RedirectPolicy): string | undefined {
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

function findListFault(uri: string, policy: RedirectPolicy): string | undefined {
  const { allowed } = policy
  if (!allowed || allowed.some((rule) => matchesRule(uri, rule))) return undefined
  return `is not on this server's list of redirect URIs${nearestTo(uri, allowed)}; its operator can add '${uri.slice(0, 200)}' to registration.allow (ENTRANCE_REDIRECT_URIS)`
}

/** Why a redirect URI with a scheme of its own may be registered and yet not used. */
export function schemeFault(uri: string, { privateUseRedirectUris }: RedirectPolicy): string {
  const nearest = nearestTo(uri, [...privateUseRedirectUris].filter(isPrivateUse))
  return `has a scheme that this server does not send codes to${nearest}; its operator can allow it: add '${uri.slice(0, 200)}' to privateUseRedirectUris (serve: to ENTRANCE_REDIRECT_URIS)`
}

/** What has most of the URI's beginning in common with it, as a hint. */
function nearestTo(uri: string, allowed: readonly string[]): string {
  const inCommon = (other: string) => {
    let at = 0
    while (at < other.length && other[at] === uri[at]) at++
    return at
  }
  const [nearest] = allowed.toSorted((a, b) => inCommon(b) - inCommon(a))
  return nearest === undefined ? '' : ` (the nearest that is allowed: ${nearest})`
}

function isPrivateUse(uri: string): boolean {
  return uri !== ANY_LOOPBACK && !/^https?:/i.test(uri)
}

/**
 * Whether a URI is what a rule of an allow list stands for: the same string, or the same loopback
 * URI at another port; with `/*` at its end, one more segment of plain characters, so that
 * no slash, query, fragment or percent sign is crossed; or `loopback`, every loopback URI.
 */
export function matchesRule(uri: string, rule: string): boolean {
  if (rule === ANY_LOOPBACK) return isLoopbackUri(uri)
  if (!rule.endsWith('/*')) return uri === rule || isSameLoopback(rule, uri)
  const start = rule.slice(0, -1)
  return uri.startsWith(start) && LAST_SEGMENT.test(uri.slice(start.length))
}

/** RFC 3986 §2.3: unreserved characters, and no dot segment. */
const LAST_SEGMENT = /^(?!\.{1,2}$)[\w.~-]+$/

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
  return !isPrivateUse(uri) || policy.privateUseRedirectUris.has(uri)
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
