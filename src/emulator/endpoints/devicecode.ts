import { aadsts } from '../aadsts-error.ts'
import { findAuthority } from '../authority.ts'
import type { Call } from '../call.ts'
import { DEVICE_CODE_TTL } from '../device-codes.ts'
import { findClient } from '../lookup.ts'
import { required } from '../params.ts'
import { parseScopes } from '../sign-in/scopes.ts'
import { tokenResponse } from '../tokens/response.ts'

/** Seconds between two questions of a device. */
const INTERVAL = 5

/** POST /{tenant}/oauth2/v2.0/devicecode (RFC 8628 §3.1) */
export function devicecode(call: Call): Response {
  const { method } = call.request
  if (method !== 'POST') throw aadsts(900561, { method })
  const { directory, deviceCodes, origin } = call.sts
  const authority = findAuthority(call.sts, call.segment)
  const client = findClient(directory, authority, required(call.form, 'client_id'))
  const scope = required(call.form, 'scope')
  const tenant = authority.kind === 'tenant' ? authority.tenant : undefined
  // What is wrong with the scope is better said to the device than to the person.
  parseScopes({ directory, client, tenant }, scope)
  const { segment } = call
  const { userCode, deviceCode } = deviceCodes.add({
    clientId: client.appId,
    segment,
    authority: authority.name,
    scope,
  })
  const uri = `${origin}/devicelogin`
  return tokenResponse({
    user_code: userCode,
    device_code: deviceCode,
    verification_uri: uri,
    expires_in: DEVICE_CODE_TTL,
    interval: INTERVAL,
    message: `To sign in, use a web browser to open the page ${uri} and enter the code ${userCode} to authenticate.`,
  })
}
