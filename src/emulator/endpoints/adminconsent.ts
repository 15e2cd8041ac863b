import type { Call } from '../call.ts'
import { required } from '../params.ts'
import { answerRequest } from '../sign-in/answer-request.ts'
import { startSignIn } from '../sign-in/start.ts'

/** GET /{tenant}/adminconsent: an administrator consents to what the registration lists. */
export function adminconsent(call: Call): Promise<Response> {
  const query = new URLSearchParams(call.query)
  query.delete('scope')
  return answerRequest({ ...call, query, purpose: 'adminconsent' }, startSignIn)
}

/** GET /{tenant}/v2.0/adminconsent: an administrator consents to what the request names. */
export function adminconsentV2(call: Call): Promise<Response> {
  required(call.query, 'scope')
  return answerRequest({ ...call, purpose: 'adminconsent' }, startSignIn)
}
