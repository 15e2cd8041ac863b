import type { Call } from '../call.ts'
import { answerRequest } from '../sign-in/answer-request.ts'
import { startSignIn } from '../sign-in/start.ts'

/** GET or POST /{tenant}/oauth2/v2.0/authorize: a sign-in begins. */
export function authorize(call: Call): Promise<Response> {
  // A POST carries the request in its body, and the forms that follow carry it on from there.
  const params = call.request.method === 'POST' ? call.form : call.query
  return answerRequest({ ...call, query: params }, startSignIn)
}
