import { aadsts } from '../aadsts-error.ts'
import type { Call } from '../call.ts'
import type { DirectoryUser } from '../directory.ts'
import { findUser } from '../lookup.ts'
import { required } from '../params.ts'
import { answerRequest } from '../sign-in/answer-request.ts'
import type { AuthorizationRequest } from '../sign-in/authorization-request.ts'
import { type Flow, openFlow, resumeCall } from '../sign-in/flow.ts'
import { admit, continueSignIn } from '../sign-in/sign-in.ts'

/** POST /{tenant}/mfa: the person showed a second factor, registered one, or did not. */
export async function mfa(call: Call): Promise<Response> {
  const flow = await openFlow(call)
  return answerRequest(resumeCall(call, flow), (resumed, request) => decide(resumed, request, flow))
}

async function decide(call: Call, request: AuthorizationRequest, flow: Flow): Promise<Response> {
  const session = call.browser.sessions.find(({ userId }) => userId === flow.session?.userId)
  if (!session || !flow.isMfa) throw aadsts(165000)
  const decision = required(call.form, 'decision')
  if (decision === 'deny') throw aadsts(500121)
  const { user } = admit(call, request, session)
  if (decision === 'register') {
    registerFactor(call, user)
  } else if (decision !== 'approve') {
    throw aadsts(90023, { name: 'decision', value: decision })
  }
  // Whoever has no second factor yet cannot show it.
  if (decision !== 'register' && !user.isMfaRegistered) throw aadsts(165000)
  const mfaTime = Math.floor(call.sts.now() / 1000)
  return continueSignIn(call, { request, session: { ...session, mfaTime } })
}

function registerFactor({ sts }: Call, { id }: DirectoryUser): void {
  const user = findUser(sts.written, id)
  if (!user) throw aadsts(165000)
  user.isMfaRegistered = true
  sts.keep('users', user)
  sts.save()
}
