import { aadsts } from '../aadsts-error.ts'
import type { Call } from '../call.ts'
import { isStepUp } from '../conditional-access.ts'
import { candidateSessions } from '../sign-in/accounts.ts'
import { answerRequest } from '../sign-in/answer-request.ts'
import type { AuthorizationRequest } from '../sign-in/authorization-request.ts'
import { findHinted } from '../sign-in/login-hint.ts'
import { showAccounts, showPassword } from '../sign-in/show.ts'
import { continueSignIn } from '../sign-in/sign-in.ts'

/** GET or POST /{tenant}/oauth2/v2.0/authorize: a sign-in begins. */
export function authorize(call: Call): Promise<Response> {
  // A POST carries the request in its body, and the forms that follow carry it on from there.
  const params = call.request.method === 'POST' ? call.form : call.query
  return answerRequest({ ...call, query: params }, startSignIn)
}

async function startSignIn(call: Call, request: AuthorizationRequest): Promise<Response> {
  const candidates = candidateSessions(call, request)
  const session = candidates.length === 1 ? candidates[0] : undefined
  const isAsked = request.prompt === 'login' || request.prompt === 'select_account'
  const mayBeSilent = !isAsked && !isStepUp(call.sts.directory, request.claims)
  if (session && mayBeSilent) {
    return continueSignIn(call, { request, session, hasAccepted: false })
  }
  if (request.prompt === 'none') throw aadsts(50058)
  const hinted = request.loginHint && findHinted(call.sts.directory, request.loginHint)
  const isAskedToChoose = request.prompt === 'select_account'
  if (hinted && hinted.password !== null && !isAskedToChoose) {
    return showPassword(call, hinted, false)
  }
  return showAccounts(call, request)
}
