import { aadsts, toTimestamp } from '../aadsts-error.ts'
import type { Call } from '../call.ts'
import { required } from '../params.ts'
import { homeAccountOf } from '../people.ts'
import { resourcesOf } from '../sign-in/scopes.ts'
import { authenticate } from '../tokens/client-authentication.ts'
import { findAdmission } from '../tokens/refresh-token.ts'
import { verifyUserAssertion } from '../tokens/user-assertion.ts'
import { issue, parseScope } from './grant.ts'

/**
 * `jwt-bearer` (RFC 7523) as Entra has it: an API exchanges the token that it was called with for
 * one of another API, on behalf of the same person.
 */
export async function onBehalfOfGrant(call: Call): Promise<Response> {
  const { client, authentication } = await authenticate(call, 'confidential')
  const use = required(call.form, 'requested_token_use')
  if (use !== 'on_behalf_of') throw aadsts(90023, { name: 'requested_token_use', value: use })
  const text = required(call.form, 'assertion')
  const scope = required(call.form, 'scope')
  const assertion = await verifyUserAssertion(call, client, text)
  const admission = findAdmission(call, assertion, client)
  const { sessionsValidFrom } = homeAccountOf(call.sts.directory, admission.user) ?? admission.user
  if (sessionsValidFrom > assertion.issuedAt) {
    const validFrom = toTimestamp(sessionsValidFrom)
    throw aadsts(50173, { issued: toTimestamp(assertion.issuedAt), validFrom })
  }
  const scopes = parseScope(call, admission, scope)
  const resources = resourcesOf(scopes.permissions)
  if (resources.length > 1) throw aadsts(28000, { scope })
  const { authTime, mfaTime, sid } = assertion
  const from = { platform: 'web', scope, authTime, mfaTime, sid } as const
  return issue(call, { admission, authentication, from, scopes })
}
