import { aadsts } from '../aadsts-error.ts'
import type { Call } from '../call.ts'
import { required } from '../params.ts'
import { answerRequest } from '../sign-in/answer-request.ts'
import type { AuthorizationRequest } from '../sign-in/authorization-request.ts'
import { type Flow, openFlow, resumeCall } from '../sign-in/flow.ts'
import { continueSignIn } from '../sign-in/sign-in.ts'

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
  if (decision === 'accept') return continueSignIn(call, { request, session, hasAccepted: true })
  if (decision === 'cancel') throw aadsts(65004)
  if (decision === 'return') throw aadsts(90094)
  throw aadsts(90023, { name: 'decision', value: decision })
}
