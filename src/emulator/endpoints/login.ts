import type { Call } from '../call.ts'
import type { DirectoryUser } from '../directory.ts'
import { findUser, findUserByName } from '../lookup.ts'
import { optional } from '../params.ts'
import { homeAccountOf } from '../people.ts'
import { answerRequest } from '../sign-in/answer-request.ts'
import type { AuthorizationRequest } from '../sign-in/authorization-request.ts'
import type { Session } from '../sign-in/browser.ts'
import { type Flow, openFlow, resumeCall } from '../sign-in/flow.ts'
import { showPassword, showSignUp, showUsername } from '../sign-in/show.ts'
import { continueSignIn } from '../sign-in/sign-in.ts'
import { signUp } from '../sign-in/sign-up.ts'

/** POST /{tenant}/login: an account was chosen, named, or its password entered. */
export async function login(call: Call): Promise<Response> {
  const flow = await openFlow(call)
  return answerRequest(resumeCall(call, flow), (resumed, request) =>
    chooseAccount(resumed, request, flow),
  )
}

async function chooseAccount(
  call: Call,
  request: AuthorizationRequest,
  flow: Flow,
): Promise<Response> {
  if (flow.isSignUp) return register(call, request)
  const account = optional(call.form, 'account')
  const username = optional(call.form, 'username')
  const { directory } = call.sts
  const named = username ? findUserByName(directory, username) : findUser(directory, account ?? '')
  // Nobody signs in with the account of a guest, but with the one at home.
  const user = named && homeAccountOf(directory, named)
  if (!user) return showUsername(call, request, username, flow)
  const mustSignInAnew = request.prompt === 'login' || flow.isStale
  const session = mustSignInAnew ? undefined : sessionOf(call, user)
  if (session) return continueSignIn(call, { request, session })
  if (user.password !== null) {
    const isAnswer = flow.userId === user.id && call.form.has('password')
    if (!isAnswer) return showPassword(call, user, false, flow)
    if (call.form.get('password') !== user.password) return showPassword(call, user, true, flow)
  }
  const fresh = newSession(call, user)
  return continueSignIn(call, { request, session: fresh })
}

async function register(call: Call, request: AuthorizationRequest): Promise<Response> {
  const user = signUp(call, request)
  if (!user) return showSignUp(call, request, call.form.get('new_username') ?? '')
  return continueSignIn(call, { request, session: newSession(call, user) })
}

function sessionOf(call: Call, user: DirectoryUser): Session | undefined {
  return call.browser.sessions.find(({ userId }) => userId === user.id)
}

function newSession(call: Call, user: DirectoryUser): Session {
  const authTime = Math.floor(call.sts.now() / 1000)
  return { userId: user.id, authTime, sid: crypto.randomUUID() }
}
