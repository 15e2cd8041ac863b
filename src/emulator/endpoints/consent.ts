import { aadsts } from '../aadsts-error.ts'
import type { Admission } from '../admission.ts'
import type { Call } from '../call.ts'
import { optional, required } from '../params.ts'
import { answerRequest } from '../sign-in/answer-request.ts'
import type { AuthorizationRequest } from '../sign-in/authorization-request.ts'
import type { Session } from '../sign-in/browser.ts'
import { type Flow, openFlow, resumeCall } from '../sign-in/flow.ts'
import { redirectToClient } from '../sign-in/redirect-response.ts'
import { showApprovalRequested } from '../sign-in/show.ts'
import { admit, continueSignIn } from '../sign-in/sign-in.ts'

/** POST /{tenant}/consent: the person accepted, or did not. */
export async function consent(call: Call): Promise<Response> {
  const flow = await openFlow(call)
  return answerRequest(resumeCall(call, flow), (resumed, request) => decide(resumed, request, flow))
}

async function decide(call: Call, request: AuthorizationRequest, flow: Flow): Promise<Response> {
  const { session } = flow
  // Sealed before anybody signed in, or the person has signed out since.
  const isSignedIn = call.browser.sessions.some(({ userId }) => userId === session?.userId)
  if (!session || !isSignedIn) throw aadsts(165000)
  const decision = required(call.form, 'decision')
  if (decision === 'accept') {
    const isForAll = optional(call.form, 'for_all') !== undefined
    const accepted = isForAll ? 'AllPrincipals' : 'Principal'
    return continueSignIn(call, { request, session, accepted })
  }
  if (decision === 'cancel') return giveUp(request, 65004)
  const admission = admit(call, request, session)
  if (decision === 'request') return askAdministrator(call, admission, session)
  if (decision !== 'return') throw aadsts(90023, { name: 'decision', value: decision })
  return giveUp(request, admission.tenant.allowConsentRequests ? 90095 : 90094)
}

/** The request for approval goes to the administrators: here, into the log. */
function askAdministrator(
  call: Call,
  { client, user, tenant }: Admission,
  session: Session,
): Promise<Response> {
  if (!tenant.allowConsentRequests) throw aadsts(90094)
  call.sts.log({
    event: 'emulator.consent.requested',
    message: `${user.displayName} asks an administrator to approve ${client.displayName}.`,
    user: user.userPrincipalName,
    client: client.appId,
  })
  return showApprovalRequested(call, { client, user, tenant }, session)
}

/** The person goes back to the application without what it asked for. */
function giveUp(request: AuthorizationRequest, code: number): Response {
  if (!request.adminConsent) throw aadsts(code)
  return redirectToClient(request, { error: 'access_denied', error_subcode: 'cancel' })
}
