import { redirect } from '../http/responses.ts'
import type { RedirectUri } from './clients/redirect-uri.ts'
import { OAuthError } from './errors.ts'
import { returnPage } from './pages/return-page.ts'

/** Where an answer to an authorization request goes. */
export type ClientAddress = {
  readonly redirectUri: RedirectUri
  readonly state: string | undefined
  /** The issuer the client came by (RFC 9207 §2). */
  readonly issuer: string
}

/** The authorization response with a code (RFC 6749 §4.1.2). */
export function redirectWithCode(
  address: ClientAddress,
  code: string,
  cookies: readonly string[],
): Response {
  return send(address, responseUrl(address, { code }), cookies)
}

/** The error response (RFC 6749 §4.1.2.1). After a form, 303 so that the form is not sent along. */
export function redirectWithError(
  address: ClientAddress,
  error: OAuthError,
  cookies: readonly string[] = [],
  status = 302,
): Response {
  return send(address, errorUrl(address, error), cookies, status)
}

/**
 * A private-use scheme opens a program, which a browser may refuse to a redirect that nobody has
 * clicked for: the tab then stays blank. A page sends the person there, and has a link besides.
 */
function send(
  { redirectUri }: ClientAddress,
  url: string,
  cookies: readonly string[],
  status = 302,
): Response {
  return /^https?:/i.test(redirectUri) ? redirect(url, cookies, status) : returnPage(url, cookies)
}

/** The same address as a link, for a page that explains first. */
export function errorUrl(address: ClientAddress, error: OAuthError): string {
  return responseUrl(address, { error: error.code, error_description: error.message })
}

/** Runs what comes after the redirect URI is known to be the client's own: errors go there. */
export async function redirectErrors(
  address: ClientAddress,
  run: () => Promise<Response> | Response,
): Promise<Response> {
  try {
    return await run()
  } catch (error) {
    if (error instanceof OAuthError) return redirectWithError(address, error)
    throw error
  }
}

/** Adds the parameters behind the registered URI, whose own bytes stay as they are. */
function responseUrl(address: ClientAddress, params: Readonly<Record<string, string>>): string {
  const { redirectUri, state, issuer } = address
  const pairs = Object.entries({ ...params, ...(state !== undefined && { state }), iss: issuer })
  const query = pairs.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&')
  const joint = !redirectUri.includes('?') ? '?' : redirectUri.endsWith('?') ? '' : '&'
  return `${redirectUri}${joint}${query}`
}
