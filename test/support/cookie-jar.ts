/** The cookies of one browser profile. */
export type CookieJar = {
  /** Takes the `Set-Cookie` headers of a response, as a browser would: what it must refuse, it refuses. */
  store(url: URL, headers: Headers): void
  /** The `Cookie` header for a request; undefined when there is nothing to send. */
  header(url: URL, request: { method: string; isCrossSite: boolean }): string | undefined
  /** Every cookie it holds, for a test to look at. */
  all(): readonly Cookie[]
}

export type Cookie = {
  readonly name: string
  readonly value: string
  /** Cookies know hosts, not ports: two servers on one host share them. */
  readonly host: string
  readonly path: string
  readonly isSecure: boolean
  readonly isHttpOnly: boolean
  readonly sameSite: 'strict' | 'lax' | 'none'
  /** Milliseconds since the epoch. */
  readonly expires: number
}

const MAX_COOKIE = 4096

/** An empty jar, RFC 6265bis as far as host-only cookies go. */
export function createCookieJar(): CookieJar {
  const cookies = new Map<string, Cookie>()
  const keyOf = (cookie: Cookie) => `${cookie.host} ${cookie.path} ${cookie.name}`
  return {
    store(url, headers) {
      for (const line of headers.getSetCookie()) {
        const cookie = parseSetCookie(line, url)
        if (!cookie) continue
        if (cookie.expires > Date.now()) cookies.set(keyOf(cookie), cookie)
        else cookies.delete(keyOf(cookie))
      }
    },
    header(url, { method, isCrossSite }) {
      const sent = [...cookies.values()].filter(
        (cookie) => isForUrl(cookie, url) && (!isCrossSite || isSentCrossSite(cookie, method)),
      )
      // §5.8.3: longer paths first.
      sent.sort((a, b) => b.path.length - a.path.length)
      return sent.map(({ name, value }) => `${name}=${value}`).join('; ') || undefined
    },
    all: () => [...cookies.values()].filter(({ expires }) => expires > Date.now()),
  }
}

function parseSetCookie(line: string, url: URL): Cookie | undefined {
  const [pair = '', ...rest] = line.split(';').map((part) => part.trim())
  const equals = pair.indexOf('=')
  const attributes = new Map(rest.map(parseAttribute))
  const path = attributes.get('path')
  const cookie: Cookie = {
    name: pair.slice(0, Math.max(equals, 0)).trim(),
    value: pair.slice(equals + 1).trim(),
    host: url.hostname,
    path: path?.startsWith('/') ? path : defaultPath(url),
    isSecure: attributes.has('secure'),
    isHttpOnly: attributes.has('httponly'),
    sameSite: parseSameSite(attributes.get('samesite')),
    expires: parseExpires(attributes),
  }
  const isHostWide = !attributes.has('domain') || attributes.get('domain') === url.hostname
  return isHostWide && canBeSet(cookie, attributes, url) ? cookie : undefined
}

function parseAttribute(text: string): [name: string, value: string] {
  const equals = text.indexOf('=')
  if (equals < 0) return [text.toLowerCase(), '']
  return [text.slice(0, equals).trim().toLowerCase(), text.slice(equals + 1).trim()]
}

/** Browsers take a cookie without the attribute as Lax. */
function parseSameSite(value: string | undefined): Cookie['sameSite'] {
  const word = value?.toLowerCase()
  return word === 'strict' || word === 'none' ? word : 'lax'
}

function parseExpires(attributes: ReadonlyMap<string, string>): number {
  const maxAge = attributes.get('max-age')
  if (maxAge !== undefined) return Date.now() + Number(maxAge) * 1000
  const expires = attributes.get('expires')
  return expires === undefined ? Number.POSITIVE_INFINITY : Date.parse(expires)
}

function canBeSet(cookie: Cookie, attributes: ReadonlyMap<string, string>, url: URL): boolean {
  if (!cookie.name) return false
  // RFC 6265bis §5.7: a cookie that is too long is dropped.
  if (cookie.name.length + cookie.value.length > MAX_COOKIE) return false
  if (cookie.isSecure && !isTrustworthy(url)) return false
  if (cookie.sameSite === 'none' && !cookie.isSecure) return false
  if (cookie.name.startsWith('__Secure-')) return cookie.isSecure
  if (!cookie.name.startsWith('__Host-')) return true
  return cookie.isSecure && attributes.get('path') === '/' && !attributes.has('domain')
}

function isForUrl(cookie: Cookie, url: URL): boolean {
  const { pathname } = url
  const folder = cookie.path.endsWith('/') ? cookie.path : `${cookie.path}/`
  return (
    cookie.host === url.hostname &&
    (pathname === cookie.path || pathname.startsWith(folder)) &&
    (!cookie.isSecure || isTrustworthy(url)) &&
    cookie.expires > Date.now()
  )
}

/** Of top-level navigations, which are all that this browser makes. */
function isSentCrossSite(cookie: Cookie, method: string): boolean {
  return cookie.sameSite === 'none' || (cookie.sameSite === 'lax' && method === 'GET')
}

/** Chromium and Firefox take http on loopback as secure. */
function isTrustworthy(url: URL): boolean {
  return url.protocol === 'https:' || /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname)
}

function defaultPath(url: URL): string {
  return url.pathname.slice(0, Math.max(url.pathname.lastIndexOf('/'), 1)) || '/'
}
