import { type AadstsError, describeError, errorUri, newTrace } from '../aadsts-error.ts'
import type { Call } from '../call.ts'
import { formPostPage } from '../pages/form-post-page.ts'
import { pageResponse } from '../pages/layout.ts'
import type { Target } from './authorization-request.ts'

const NO_STORE = { 'cache-control': 'no-store, no-cache', pragma: 'no-cache' }

/** Sends the browser to the client, with what the client is to know. */
export function redirectToClient(
  target: Target,
  params: Readonly<Record<string, string>>,
): Response {
  const answer = new URLSearchParams(params)
  if (target.state !== undefined) answer.append('state', target.state)
  const { uri } = target.redirect
  if (target.responseMode === 'form_post') return pageResponse(formPostPage(uri, answer))
  // An address without a path gets one.
  const address = /^https?:\/\/[^/?#]+$/.test(uri) ? `${uri}/` : uri
  const separator = target.responseMode === 'fragment' ? '#' : address.includes('?') ? '&' : '?'
  const location = `${address}${separator}${answer}`
  return new Response(null, { status: 302, headers: { location, ...NO_STORE } })
}

/** Tells the client what went wrong (RFC 6749 §4.1.2.1). */
export function redirectError(call: Call, target: Target, error: AadstsError): Response {
  const trace = newTrace(call.correlationId, call.sts.now())
  const uri = errorUri(error, call.sts.origin)
  call.sts.log({
    event: 'emulator.refused',
    level: 'warn',
    message: `The emulator refused a sign-in of ${target.client.displayName}: ${error.message}`,
    code: error.code,
  })
  return redirectToClient(target, {
    error: error.error,
    error_description: describeError(error, trace, call.sts.behaviour),
    ...(uri !== undefined && { error_uri: uri }),
    ...(error.claims !== undefined && { claims: error.claims }),
  })
}
