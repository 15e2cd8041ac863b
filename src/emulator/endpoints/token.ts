import { aadsts } from '../aadsts-error.ts'
import type { Call } from '../call.ts'
import { authorizationCodeGrant } from '../grants/authorization-code.ts'
import { clientCredentialsGrant } from '../grants/client-credentials.ts'
import { deviceCodeGrant } from '../grants/device-code.ts'
import { onBehalfOfGrant } from '../grants/on-behalf-of.ts'
import { passwordGrant } from '../grants/password.ts'
import { refreshTokenGrant } from '../grants/refresh-token.ts'
import { required } from '../params.ts'

const GRANTS: ReadonlyMap<string, (call: Call) => Promise<Response>> = new Map([
  ['authorization_code', authorizationCodeGrant],
  ['refresh_token', refreshTokenGrant],
  ['password', passwordGrant],
  ['client_credentials', clientCredentialsGrant],
  ['urn:ietf:params:oauth:grant-type:device_code', deviceCodeGrant],
  ['urn:ietf:params:oauth:grant-type:jwt-bearer', onBehalfOfGrant],
  // What the older name of the grant is at Entra.
  ['device_code', deviceCodeGrant],
])

/** POST /{tenant}/oauth2/v2.0/token */
export async function token(call: Call): Promise<Response> {
  const { method } = call.request
  if (method !== 'POST') throw aadsts(900561, { method })
  const name = required(call.form, 'grant_type')
  const grant = GRANTS.get(name)
  if (!grant) throw aadsts(70003, { grant: name })
  return grant(call)
}
