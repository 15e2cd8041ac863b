import { findAuthority } from '../authority.ts'
import type { Call } from '../call.ts'
import { pageResponse } from '../pages/layout.ts'
import { signedOutPage } from '../pages/signed-out-page.ts'
import { optional } from '../params.ts'
import { noSessionCookie } from '../sign-in/browser.ts'
import { matchRedirectUri } from '../sign-in/redirect-uri.ts'

/** GET or POST /{tenant}/oauth2/v2.0/logout: signs everybody out of this browser. */
export function logout(call: Call): Response {
  findAuthority(call.sts.directory, call.segment)
  const params = call.request.method === 'POST' ? call.form : call.query
  const location = afterwards(call, params)
  const response = location
    ? new Response(null, { status: 302, headers: { location, 'cache-control': 'no-store' } })
    : pageResponse(signedOutPage())
  response.headers.append('set-cookie', noSessionCookie(call.sts))
  return response
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
