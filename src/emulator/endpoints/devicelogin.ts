import { randomBytes } from 'node:crypto'
import { aadsts } from '../aadsts-error.ts'
import type { Call } from '../call.ts'
import type { DeviceAuthorization } from '../device-codes.ts'
import type { Application } from '../directory.ts'
import {
  deviceCodePage,
  deviceConfirmPage,
  deviceDeclinedPage,
  deviceSignedInPage,
} from '../pages/device-pages.ts'
import { pageResponse } from '../pages/layout.ts'
import { optional, required } from '../params.ts'
import { browserCookie } from '../sign-in/browser.ts'
import { deviceRedirectUri } from '../sign-in/redirect-uri.ts'
import { openCode } from '../tokens/authorization-code.ts'

/** Which device a browser signs in for; `code` once it has. */
type Entered = {
  readonly userCode: string
  readonly browserId: string
  readonly code?: string
}

/** GET or POST /devicelogin: the code that a device shows is entered, and the sign-in begins. */
export async function devicelogin(call: Call): Promise<Response> {
  if (call.request.method !== 'POST') return pageResponse(deviceCodePage(false))
  const device = call.sts.deviceCodes.findByUserCode(required(call.form, 'otc'))
  if (!device) return pageResponse(deviceCodePage(true))
  const browserId = call.browser.id ?? randomBytes(16).toString('base64url')
  const request = new URLSearchParams({
    client_id: device.clientId,
    response_type: 'code',
    redirect_uri: deviceRedirectUri(call.sts.origin),
    scope: device.scope,
    prompt: 'select_account',
    state: await seal(call, { userCode: device.userCode, browserId }),
  })
  const location = `${call.sts.origin}/${encodeURIComponent(device.segment)}/oauth2/v2.0/authorize?${request}`
  const headers = new Headers({ location, 'cache-control': 'no-store, no-cache' })
  if (call.browser.id === undefined)
    headers.append('set-cookie', browserCookie(call.sts, browserId))
  return new Response(null, { status: 302, headers })
}

/** GET /devicelogin/signed-in: the sign-in's end. POST: whether the person means this application. */
export async function deviceSignedIn(call: Call): Promise<Response> {
  if (call.request.method === 'POST') return decide(call)
  const signIn = await open(call, required(call.query, 'state'))
  const device = findDevice(call, signIn)
  const { displayName } = clientOf(call, device)
  const code = optional(call.query, 'code')
  if (code === undefined) {
    device.answer = { kind: 'declined' }
    return pageResponse(deviceDeclinedPage(displayName))
  }
  return pageResponse(deviceConfirmPage(await seal(call, { ...signIn, code }), displayName))
}

async function decide(call: Call): Promise<Response> {
  const signIn = await open(call, required(call.form, 'flow'))
  const device = findDevice(call, signIn)
  const { displayName } = clientOf(call, device)
  const decision = required(call.form, 'decision')
  if (decision === 'cancel') {
    device.answer = { kind: 'declined' }
    return pageResponse(deviceDeclinedPage(displayName))
  }
  if (decision !== 'continue') throw aadsts(90023, { name: 'decision', value: decision })
  const from = await openCode(call, signIn.code ?? '')
  if (!from || from.clientId !== device.clientId) throw aadsts(165000)
  if (call.sts.now() >= from.expiresAt) throw aadsts(70008)
  if (!call.sts.redeem(from.id, from.expiresAt)) throw aadsts(54005)
  device.answer = { kind: 'approved', from }
  return pageResponse(deviceSignedInPage(displayName))
}

function seal(call: Call, signIn: Entered): Promise<string> {
  return call.sts.sealer.seal('device', signIn)
}

/** Only the browser in which the code was entered goes on with it. */
async function open(call: Call, text: string): Promise<Entered> {
  const signIn = await call.sts.sealer.open<Entered>('device', text)
  if (!signIn || signIn.browserId !== call.browser.id) throw aadsts(165000)
  return signIn
}

function findDevice(call: Call, { userCode }: Entered): DeviceAuthorization {
  const device = call.sts.deviceCodes.findByUserCode(userCode)
  if (!device) throw aadsts(70018)
  return device
}

function clientOf(call: Call, { clientId }: DeviceAuthorization): Application {
  const client = call.sts.directory.applications.find(({ appId }) => appId === clientId)
  if (!client) throw aadsts(70018)
  return client
}
