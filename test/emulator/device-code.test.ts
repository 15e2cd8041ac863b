import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createEmulator, type Emulator, SEED } from '../../src/emulator/emulator.ts'
import {
  account,
  assertErrorPage,
  assertRefused,
  entrance,
  heading,
  openBrowser,
  redeem,
  refresh,
  type TokenAnswer,
} from './support.ts'

const SCOPE = `api://${SEED.clientId}/mcp-access openid offline_access`

/** An emulator whose application is a public client too. */
function publicClient(now?: () => number): Emulator {
  const emulator = createEmulator(now && { now })
  entrance(emulator).isFallbackPublicClient = true
  return emulator
}

async function startDevice(emulator: Emulator, changes: Record<string, string> = {}) {
  const url = `${emulator.origin}/${emulator.tenantId}/oauth2/v2.0/devicecode`
  const body = new URLSearchParams({ client_id: SEED.clientId, scope: SCOPE, ...changes })
  const response = await emulator.fetch(new Request(url, { method: 'POST', body }))
  const json = (await response.json()) as Record<string, unknown>
  return { status: response.status, headers: response.headers, body: json }
}

function poll(emulator: Emulator, device: TokenAnswer, changes = {}, tenant = emulator.tenantId) {
  const fixed = { client_secret: null, redirect_uri: null, code_verifier: null, scope: null }
  const grant_type = 'urn:ietf:params:oauth:grant-type:device_code'
  const device_code = String(device.body.device_code)
  return redeem(emulator, { ...fixed, grant_type, device_code, ...changes }, { tenant })
}

/** Enters a code and signs in, up to the question whether this application is meant. */
async function enterCode(emulator: Emulator, otc: string, browser = openBrowser(emulator)) {
  const form = await browser.get(`${emulator.origin}/devicelogin`)
  const entered = await browser.submit(form, { otc })
  if (!entered.location) return { browser, page: entered }
  const picker = await browser.get(entered.location.href)
  if (!heading(picker)?.startsWith('Pick')) return { browser, page: picker }
  const chosen = await browser.submit(picker, { account: account(emulator, 'Alice').id })
  const last = chosen.location ? chosen : await browser.submit(chosen, { decision: 'accept' })
  assert.ok(last.location)
  return { browser, page: await browser.get(last.location.href) }
}

test('a device code has Entra’s fields, and its message says what to do', async () => {
  const emulator = publicClient()
  const { status, headers, body } = await startDevice(emulator)
  assert.equal(status, 200)
  assert.deepEqual(Object.keys(body), [
    'user_code',
    'device_code',
    'verification_uri',
    'expires_in',
    'interval',
    'message',
  ])
  assert.match(String(body.user_code), /^[A-Z2-9]{9}$/)
  assert.equal(body.verification_uri, `${emulator.origin}/devicelogin`)
  assert.deepEqual([body.expires_in, body.interval], [900, 5])
  const { user_code: code, verification_uri: uri } = body
  assert.equal(
    body.message,
    `To sign in, use a web browser to open the page ${uri} and enter the code ${code} to authenticate.`,
  )
  assert.equal(headers.get('cache-control'), 'no-store, no-cache')
})

test('a device waits until the person has signed in, consented and confirmed the application', async () => {
  const emulator = publicClient()
  const device = await startDevice(emulator)
  assertRefused(await poll(emulator, device), 70016, 'authorization_pending')
  // People type what they read: small letters, and gaps.
  const typed = String(device.body.user_code).toLowerCase().replace(/^.{4}/, '$& ')
  const { browser, page } = await enterCode(emulator, typed)
  assert.equal(heading(page), 'Are you trying to sign in to Entrance?')
  assertRefused(await poll(emulator, device), 70016, 'authorization_pending')
  const done = await browser.submit(page, { decision: 'continue' })
  assert.match(done.text, /You have signed in to the Entrance application on your device/)
  const { status, body } = await poll(emulator, device)
  assert.equal(status, 200)
  assert.deepEqual(Object.keys(body), [
    'token_type',
    'scope',
    'expires_in',
    'ext_expires_in',
    'access_token',
    'refresh_token',
    'id_token',
  ])
  const claims = JSON.parse(atob(String(body.access_token).split('.')[1] ?? ''))
  assert.equal(claims.oid, SEED.alice)
  assert.equal(claims.azpacr, '0')
  assertRefused(await poll(emulator, device), 54005, 'invalid_grant')
  const next = await refresh(emulator, body.refresh_token, { client_secret: null, scope: SCOPE })
  assert.equal(next.status, 200)
})

test('a device is told when the person says no, to the consent or to the application', async () => {
  const emulator = publicClient()
  const first = await startDevice(emulator)
  const { browser, page } = await enterCode(emulator, String(first.body.user_code))
  const declined = await browser.submit(page, { decision: 'cancel' })
  assert.equal(heading(declined), 'You did not sign in')
  assertRefused(await poll(emulator, first), 65004, 'authorization_declined')

  emulator.directory.oauth2PermissionGrants.length = 0
  const second = await startDevice(emulator)
  const other = openBrowser(emulator)
  const form = await other.get(`${emulator.origin}/devicelogin`)
  const entered = await other.submit(form, { otc: String(second.body.user_code) })
  const picker = await other.get(entered.location?.href ?? '')
  const consent = await other.submit(picker, { account: SEED.alice })
  const cancelled = await other.submit(consent, { decision: 'cancel' })
  const end = await other.get(cancelled.location?.href ?? '')
  assert.equal(heading(end), 'You did not sign in')
  assertRefused(await poll(emulator, second), 65004, 'authorization_declined')
})

test('a code that is wrong, used or too old is not accepted on the page', async () => {
  let now = Date.now()
  const emulator = publicClient(() => now)
  const wrong = await enterCode(emulator, 'BBBBBBBBB')
  assert.match(wrong.page.text, /That code didn't work/)
  const device = await startDevice(emulator)
  const { browser, page } = await enterCode(emulator, String(device.body.user_code))
  await browser.submit(page, { decision: 'continue' })
  const again = await enterCode(emulator, String(device.body.user_code), browser)
  assert.match(again.page.text, /That code didn't work/)
  assertErrorPage(await browser.submit(page, { decision: 'continue' }), 70018)

  const late = await startDevice(emulator)
  now += 15 * 60 * 1000
  const old = await enterCode(emulator, String(late.body.user_code))
  assert.match(old.page.text, /That code didn't work/)
  assertRefused(await poll(emulator, late), 70020, 'expired_token')
})

test('another browser cannot go on with a device’s sign-in', async () => {
  const emulator = publicClient()
  const device = await startDevice(emulator)
  const { page } = await enterCode(emulator, String(device.body.user_code))
  const stranger = openBrowser(emulator)
  await stranger.get(`${emulator.origin}/devicelogin`)
  assertErrorPage(await stranger.submit(page, { decision: 'continue' }), 165000)
  assertRefused(await poll(emulator, device), 70016, 'authorization_pending')
})

test('a device code is its client’s and its tenant’s only, and an unknown one is said to be unknown', async () => {
  const emulator = publicClient()
  const device = await startDevice(emulator)
  const garbage = await poll(emulator, device, { device_code: 'garbage' })
  assertRefused(garbage, 70018, 'bad_verification_code')
  entrance(emulator).signInAudience = 'AzureADMultipleOrgs'
  const elsewhere = await poll(emulator, device, {}, 'organizations')
  assertRefused(elsewhere, 700005, 'invalid_grant')
})

test('an application that allows no public client flows has to show a secret', async () => {
  const emulator = createEmulator()
  const device = await startDevice(emulator)
  assertRefused(await poll(emulator, device), 7000218, 'invalid_client')
  const { clientSecret } = emulator.application
  const pending = await poll(emulator, device, { client_secret: clientSecret })
  assertRefused(pending, 70016, 'authorization_pending')
})

test('the pages of a device’s sign-in run no script, and show a name as a name', async () => {
  const emulator = publicClient()
  entrance(emulator).displayName = '<script>alert(1)</script>'
  const device = await startDevice(emulator)
  const wrong = await enterCode(emulator, 'BBBBBBBBB')
  const { browser, page } = await enterCode(emulator, String(device.body.user_code))
  const done = await browser.submit(page, { decision: 'continue' })
  const other = await startDevice(emulator)
  const again = await enterCode(emulator, String(other.body.user_code), browser)
  const declined = await browser.submit(again.page, { decision: 'cancel' })
  for (const { headers, text } of [wrong.page, page, done, declined]) {
    assert.match(headers.get('content-security-policy') ?? '', /^default-src 'none'; /)
    assert.equal(headers.get('x-frame-options'), 'DENY')
    assert.ok(!text.includes('<script'))
  }
})

test('what is wrong with a request for a device code is said to the device', async () => {
  const emulator = publicClient()
  assertRefused(await startDevice(emulator, { scope: '' }), 900144, 'invalid_request')
  assertRefused(
    await startDevice(emulator, { scope: 'api://unknown/x' }),
    500011,
    'invalid_resource',
  )
  const unknown = { client_id: '11111111-2222-4333-8444-555555555555' }
  assertRefused(await startDevice(emulator, unknown), 700016, 'unauthorized_client')
})
