import { aadsts } from '../aadsts-error.ts'
import type { Call } from '../call.ts'
import { candidateSessions } from './accounts.ts'
import type { AuthorizationRequest } from './authorization-request.ts'
import { findHinted } from './login-hint.ts'
import { showAccounts, showPassword, showSignUp } from './show.ts'
import { continueSignIn } from './sign-in.ts'

/** Starts a sign-in: with who is signed in already, or by asking. */
export async function startSignIn(call: Call, request: AuthorizationRequest): Promise<Response> {
  if (request.prompt === 'create') return showSignUp(call, request)
  const candidates = candidateSessions(call, request)
  const session = candidates.length === 1 ? candidates[0] : undefined
  const isAsked = request.prompt === 'login' || request.prompt === 'select_account'
  if (session && !isAsked) return continueSignIn(call, { request, session })
  if (request.prompt === 'none') throw aadsts(candidates.length > 1 ? 16000 : 50058)
  const hinted = request.loginHint && findHinted(call.sts.directory, request.loginHint)
  const isAskedToChoose = request.prompt === 'select_account'
  if (hinted && hinted.password !== null && !isAskedToChoose) {
    return showPassword(call, hinted, false)
  }
  return showAccounts(call, request)
}
