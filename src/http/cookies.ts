/** What a cookie of ours needs besides its value. */
export type CookieOptions = {
  /** Seconds; absent makes it last as long as the browser runs. */
  readonly maxAge?: number
  /** Whether the site is https. */
  readonly isSecure: boolean
}

/**
 * The name a cookie goes by. On https the `__Host-` prefix has the browser itself see to it that
 * no other host and no plain-http page has set it (RFC 6265bis §4.1.3.2).
 */
export function cookieName(name: string, isSecure: boolean): string {
  return isSecure ? `__Host-${name}` : name
}

/** Reads a request's cookies; of one sent twice the first counts. */
export function readCookies(request: Request): ReadonlyMap<string, string> {
  const cookies = new Map<string, string>()
  for (const pair of (request.headers.get('cookie') ?? '').split(';')) {
    const equals = pair.indexOf('=')
    const name = trimBlanks(pair.slice(0, Math.max(equals, 0)))
    if (name && !cookies.has(name)) cookies.set(name, trimBlanks(pair.slice(equals + 1)))
  }
  return cookies
}

/**
 * RFC 6265 §5.2 cuts space and tab. With any other blank in front of it a name is another name, to
 * which the browser has not applied the rules of `__Host-`.
 */
function trimBlanks(text: string): string {
  let start = 0
  let end = text.length
  // By hand: a pattern for blanks at the end takes the square of their number.
  while (start < end && isBlank(text[start])) start++
  while (end > start && isBlank(text[end - 1])) end--
  return text.slice(start, end)
}

function isBlank(character: string | undefined): boolean {
  return character === ' ' || character === '\t'
}

/** A Set-Cookie value: for the whole host, out of scripts' reach, not sent by cross-site forms. */
export function writeCookie(name: string, value: string, options: CookieOptions): string {
  const parts = [`${name}=${value}`, 'Path=/', 'HttpOnly', 'SameSite=Lax']
  if (options.isSecure) parts.push('Secure')
  if (options.maxAge !== undefined) parts.push(`Max-Age=${options.maxAge}`)
  return parts.join('; ')
}

/** A Set-Cookie value that deletes a cookie. */
export function deleteCookie(name: string, isSecure: boolean): string {
  return writeCookie(name, '', { maxAge: 0, isSecure })
}
