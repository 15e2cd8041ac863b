import { findAuthority } from '../authority.ts'
import type { Call } from '../call.ts'
import { pageResponse } from '../pages/layout.ts'
import { signedOutPage } from '../pages/signed-out-page.ts'
import { optional } from '../params.ts'
import { sessionsCookie } from '../sign-in/browser.ts'
import { findHinted } from '../sign-in/login-hint.ts'
import { matchRedirectUri } from '../sign-in/redirect-uri.ts'

/**
 * GET or POST /{tenant}/oauth2/v2.0/logout: signs the person of `logout_hint` out of this browser,
 * or everybody where it names nobody.
 */
export async function logout(call: Call): Promise<Response> {
  findAuthority(call.sts, call.segment)
  const params = call.request.method === 'POST' ? call.form : call.query
  const location = afterwards(call, params)
  const response = location
    ? new Response(null, { status: 302, headers: { location, 'cache-control': 'no-store' } })
    : pageResponse(signedOutPage())
  response.headers.append('set-cookie', await cookieAfter(call, optional(params, 'logout_hint')))
  return response
}

function cookieAfter({ sts, browser }: Call, hint: string | undefined): Promise<string> {
  const hinted = hint === undefined ? undefined : findHinted(sts.directory, hint)
  const isOut = (userId: string) => !hinted || userId === hinted.id
  return sessionsCookie(
    sts,
    browser.sessions.filter(({ userId }) => !isOut(userId)),
  )
}

/** Only an address that some application has registered is gone to. */
function afterwards(call: Call, params: URLSearchParams): string | undefined {
  const uri = optional(params, 'post_logout_redirect_uri')
  if (uri === undefined) return undefined
  const isRegistered = call.sts.directory.applications.some((application) => {
    try {
      matchRedirectUri(application, uri)
      return true
    } catch {
      return false
    }
  })
  if (!isRegistered) return undefined
  const state = optional(params, 'state')
  if (state === undefined) return uri
  return `${uri}${uri.includes('?') ? '&' : '?'}${new URLSearchParams({ state })}`
}
