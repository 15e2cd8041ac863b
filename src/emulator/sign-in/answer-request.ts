import { AadstsError } from '../aadsts-error.ts'
import type { Call } from '../call.ts'
import { noteFailure } from '../sign-in-log.ts'
import { parseAdminConsentRequest } from './admin-consent.ts'
import {
  type AuthorizationRequest,
  parseAuthorizationRequest,
  parseTarget,
} from './authorization-request.ts'
import { redirectError } from './redirect-response.ts'

type Answer = (call: Call, request: AuthorizationRequest) => Promise<Response>

/** Reads the request of a call and lets `answer` go on with it; errors go where they belong. */
export async function answerRequest(call: Call, answer: Answer): Promise<Response> {
  try {
    return await answerTarget(call, answer)
  } catch (error) {
    if (error instanceof AadstsError) noteFailure(call, error)
    throw error
  }
}

async function answerTarget(call: Call, answer: Answer): Promise<Response> {
  const target = parseTarget(call.sts, call.segment, call.query)
  const parse =
    call.purpose === 'adminconsent' ? parseAdminConsentRequest : parseAuthorizationRequest
  try {
    return await answer(call, parse(call.sts, target, call.query))
  } catch (error) {
    if (error instanceof AadstsError && !error.isPageOnly) {
      noteFailure(call, error)
      return redirectError(call, target, error)
    }
    throw error
  }
}
