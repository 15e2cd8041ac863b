import { aadsts } from '../aadsts-error.ts'
import { findAuthority } from '../authority.ts'
import type { Call } from '../call.ts'
import type { DeviceAuthorization, DeviceSignIn } from '../device-codes.ts'
import { required } from '../params.ts'
import { resourcesOf } from '../sign-in/scopes.ts'
import { authenticate } from '../tokens/client-authentication.ts'
import { findAdmission } from '../tokens/refresh-token.ts'
import { issue, parseScope } from './grant.ts'

/** `device_code` (RFC 8628 §3.4): the device asks whether the person has signed in by now. */
export async function deviceCodeGrant(call: Call): Promise<Response> {
  const { client, authentication } = await authenticate(call, undefined)
  const device = call.sts.deviceCodes.findByDeviceCode(required(call.form, 'device_code'))
  if (!device) throw aadsts(70018)
  if (device.clientId !== client.appId) throw aadsts(70000)
  if (device.authority !== findAuthority(call.sts, call.segment).name) {
    throw aadsts(700005)
  }
  const from = redeemDevice(device, call.sts.now())
  const admission = findAdmission(call, from, client)
  const scopes = parseScope(call, admission, device.scope)
  // A device names its APIs once; the first one gets the token.
  const first = resourcesOf(scopes.permissions)[0]
  const permissions = scopes.permissions.filter(({ resource }) => resource === first)
  const platform = authentication === '0' ? 'publicClient' : 'web'
  return issue(call, {
    admission,
    authentication,
    from: { ...from, platform },
    scopes: { ...scopes, permissions },
  })
}

/** The sign-in of a device, once; before that, what keeps it waiting. */
function redeemDevice(device: DeviceAuthorization, now: number): DeviceSignIn {
  const { answer } = device
  if (answer.kind === 'declined') throw aadsts(65004, {}, { error: 'authorization_declined' })
  if (answer.kind === 'redeemed') throw aadsts(54005)
  if (now >= device.expiresAt) throw aadsts(70020)
  if (answer.kind !== 'approved') throw aadsts(70016)
  device.answer = { kind: 'redeemed' }
  return answer.from
}
