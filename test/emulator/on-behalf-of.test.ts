import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  createApplication,
  createEmulator,
  createServicePrincipal,
  type Emulator,
  SEED,
} from '../../src/emulator/emulator.ts'
import {
  account,
  assertRefused,
  entrance,
  getCode,
  openBrowser,
  redeem,
  refresh,
  signIn,
} from './support.ts'

const API = `api://${SEED.clientId}`
const PAYROLL = 'api://payroll'

type Claims = Record<string, unknown>

/** An emulator with a second API, which Alice has let Entrance use. */
function withPayroll(options: Parameters<typeof createEmulator>[0] = {}): Emulator {
  const emulator = createEmulator(options)
  const { directory } = emulator
  const payroll = createApplication({
    tenantId: SEED.tenantId,
    displayName: 'Payroll',
    identifierUris: [PAYROLL],
    api: { requestedAccessTokenVersion: 2, oauth2PermissionScopes: [{ value: 'read' }] },
  })
  const principal = createServicePrincipal({ appId: payroll.appId, tenantId: SEED.tenantId })
  directory.applications.push(payroll)
  directory.servicePrincipals.push(principal)
  directory.oauth2PermissionGrants.push({
    id: 'payroll',
    clientId: directory.servicePrincipals[0]?.id ?? '',
    resourceId: principal.id,
    consentType: 'Principal',
    principalId: SEED.alice,
    scope: 'read',
  })
  return emulator
}

/** The token that Alice's client calls Entrance with. */
async function callerToken(emulator: Emulator): Promise<string> {
  const { body } = await redeem(emulator, { code: await getCode(emulator) })
  return String(body.access_token)
}

function exchange(
  emulator: Emulator,
  assertion: string,
  changes: Record<string, string | null> = {},
) {
  return redeem(emulator, {
    grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
    requested_token_use: 'on_behalf_of',
    redirect_uri: null,
    code_verifier: null,
    scope: `${PAYROLL}/read`,
    assertion,
    ...changes,
  })
}

test('an API exchanges the token it was called with for one of another API, of the same person', async () => {
  const emulator = withPayroll()
  const caller = await callerToken(emulator)
  const { status, body } = await exchange(emulator, caller)
  assert.equal(status, 200, String(body.error_description))
  assert.deepEqual(Object.keys(body), [
    'token_type',
    'scope',
    'expires_in',
    'ext_expires_in',
    'access_token',
  ])
  assert.equal(body.scope, `${PAYROLL}/read`)
  const claims = claimsOf(body.access_token)
  assert.equal(claims.oid, SEED.alice)
  assert.equal(claims.scp, 'read')
  assert.deepEqual([claims.azp, claims.azpacr], [SEED.clientId, '1'])
  assert.equal(claims.sid, claimsOf(caller).sid)
})

test('with offline_access there is a refresh token, with openid an id_token', async () => {
  const emulator = withPayroll()
  const scope = `${PAYROLL}/read openid profile offline_access`
  const { body } = await exchange(emulator, await callerToken(emulator), { scope })
  assert.ok(body.id_token)
  const next = await refresh(emulator, body.refresh_token, { scope })
  assert.equal(next.status, 200)
  assert.equal(claimsOf(next.body.access_token).scp, 'read')
})

test('.default stands for what the registration lists', async () => {
  const emulator = withPayroll()
  const payroll = emulator.directory.applications.find(
    ({ displayName }) => displayName === 'Payroll',
  )
  const [permission] = payroll?.api.oauth2PermissionScopes ?? []
  assert.ok(payroll && permission)
  entrance(emulator).requiredResourceAccess = [
    { resourceAppId: payroll.appId, resourceAccess: [{ id: permission.id, type: 'Scope' }] },
  ]
  const scope = `${PAYROLL}/.default`
  const { body } = await exchange(emulator, await callerToken(emulator), { scope })
  assert.equal(claimsOf(body.access_token).scp, 'read')
})

test('the token of a v1 API is exchanged too, by whichever name it has', async () => {
  const emulator = withPayroll()
  entrance(emulator).api.requestedAccessTokenVersion = 1
  const caller = await callerToken(emulator)
  assert.equal(claimsOf(caller).aud, API)
  assert.equal((await exchange(emulator, caller)).status, 200)
})

test('permission that nobody gave is AADSTS65001 with suberror consent_required', async () => {
  const emulator = withPayroll()
  const caller = await callerToken(emulator)
  emulator.directory.oauth2PermissionGrants = emulator.directory.oauth2PermissionGrants.filter(
    ({ id }) => id !== 'payroll',
  )
  const answer = await exchange(emulator, caller)
  assertRefused(answer, 65001, 'invalid_grant')
  assert.equal(answer.body.suberror, 'consent_required')
})

test('an assertion for another application is AADSTS500131, an altered one 50013, an old one 500133', async () => {
  let now = Date.UTC(2026, 5, 1)
  const emulator = withPayroll({ now: () => now })
  const caller = await callerToken(emulator)
  const downstream = await exchange(emulator, caller)
  const foreign = await exchange(emulator, String(downstream.body.access_token))
  assertRefused(foreign, 500131, 'invalid_grant')

  const [header, claims = '', signature] = caller.split('.')
  const altered = JSON.stringify({ ...claimsOf(caller), oid: account(emulator, 'Bob').id })
  const bobs = Buffer.from(altered).toString('base64url')
  const forged = await exchange(emulator, `${header}.${bobs}.${signature}`)
  assertRefused(forged, 50013, 'invalid_grant')
  const none = Buffer.from('{"alg":"none"}').toString('base64url')
  assertRefused(await exchange(emulator, `${none}.${claims}.`), 50013, 'invalid_grant')
  assertRefused(await exchange(emulator, 'garbage'), 50027, 'invalid_request')

  now += 90 * 60 * 1000
  assertRefused(await exchange(emulator, caller), 500133, 'invalid_grant')
})

test('a token whose claims a test has made up is judged, and breaks nothing', async () => {
  const emulator = withPayroll()
  for (const [claims, code] of [
    [{ aio: 'x' }, undefined],
    [{ aio: null }, undefined],
    [{ exp: 'x' }, 50027],
    [{ exp: -1e300 }, 50027],
    [{ iat: null }, 50027],
    [{ oid: null }, 50034],
    [{ aud: [] }, 500131],
  ] as const) {
    const { status, body } = await exchange(emulator, await emulator.issueToken({ claims }))
    const [found] = (body.error_codes as number[] | undefined) ?? []
    assert.deepEqual(
      [found, status],
      [code, code === undefined ? 200 : 400],
      JSON.stringify(claims),
    )
  }
})

test('Graph’s token is nobody else’s to exchange (AADSTS50013)', async () => {
  const emulator = withPayroll()
  const code = await getCode(emulator, { changes: { scope: 'User.Read openid' } })
  const { body } = await redeem(emulator, { code, scope: 'User.Read' })
  assertRefused(await exchange(emulator, String(body.access_token)), 50013, 'invalid_grant')
})

test('an application’s own token and an ID token stand for no person who could be acted for (AADSTS7000114)', async () => {
  const emulator = withPayroll()
  const app = await redeem(emulator, {
    grant_type: 'client_credentials',
    scope: `${API}/.default`,
  })
  assertRefused(await exchange(emulator, String(app.body.access_token)), 7000114, 'invalid_grant')
  const { body } = await redeem(emulator, { code: await getCode(emulator) })
  assertRefused(await exchange(emulator, String(body.id_token)), 7000114, 'invalid_grant')
})

test('a person who was shut out since is not acted for: AADSTS50057, 50173', async () => {
  const now = Date.UTC(2026, 5, 1)
  const emulator = withPayroll({ now: () => now })
  const caller = await callerToken(emulator)
  const alice = account(emulator, 'Alice')
  alice.accountEnabled = false
  assertRefused(await exchange(emulator, caller), 50057, 'invalid_grant')
  alice.accountEnabled = true
  alice.sessionsValidFrom = now + 1
  assertRefused(await exchange(emulator, caller), 50173, 'invalid_grant')
})

test('a policy on the other API is a claims challenge, which a new sign-in with these claims meets', async () => {
  let now = Date.UTC(2026, 5, 1)
  const emulator = withPayroll({ now: () => now })
  const browser = openBrowser(emulator)
  const first = await redeem(emulator, { code: await getCode(emulator, { browser }) })
  const payroll = emulator.directory.applications.find(
    ({ displayName }) => displayName === 'Payroll',
  )
  assert.ok(payroll)
  now += 60_000
  emulator.directory.conditionalAccessPolicies.push({
    id: 'f5a1c1de-0000-4000-8000-000000000001',
    displayName: 'Payroll needs a second factor',
    state: 'enabled',
    conditions: { applications: { includeApplications: [payroll.appId] } },
    modifiedDateTime: new Date(now).toISOString(),
  })
  now += 60_000
  // A new token does not make the sign-in any newer.
  const { body } = await refresh(emulator, first.body.refresh_token)
  const refused = await exchange(emulator, String(body.access_token))
  assertRefused(refused, 50076, 'interaction_required')
  assert.equal(refused.body.suberror, 'basic_action')
  const claims = String(refused.body.claims)
  assert.deepEqual(JSON.parse(claims), {
    access_token: {
      capolids: { essential: true, values: ['f5a1c1de-0000-4000-8000-000000000001'] },
    },
  })
  const location = await signIn(emulator, { browser, changes: { claims } })
  const fresh = await redeem(emulator, { code: location.searchParams.get('code') })
  assert.equal((await exchange(emulator, String(fresh.body.access_token))).status, 200)
})

test('an exchange needs its three parameters, one API, and a client that shows who it is', async () => {
  const emulator = withPayroll()
  const caller = await callerToken(emulator)
  for (const name of ['assertion', 'requested_token_use', 'scope']) {
    const answer = await exchange(emulator, caller, { [name]: null })
    assertRefused(answer, 900144, 'invalid_request')
    assert.match(String(answer.body.error_description), new RegExp(`'${name}'`))
  }
  const use = await exchange(emulator, caller, { requested_token_use: 'other' })
  assertRefused(use, 90023, 'invalid_request')
  const scope = `${PAYROLL}/read User.Read`
  assertRefused(await exchange(emulator, caller, { scope }), 28000, 'invalid_request')
  entrance(emulator).isFallbackPublicClient = true
  const hidden = await exchange(emulator, caller, { client_secret: null })
  assertRefused(hidden, 7000218, 'invalid_client')
})

function claimsOf(token: unknown): Claims {
  return JSON.parse(Buffer.from(String(token).split('.')[1] ?? '', 'base64url').toString())
}
