import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  createApplication,
  createEmulator,
  createServicePrincipal,
  type Emulator,
  SEED,
} from '../../src/emulator/emulator.ts'
import { assertRefused, entrance, redeem } from './support.ts'

const API = `api://${SEED.clientId}`
const DEFAULT = `${API}/.default`

/** A token request of the application itself. */
function ask(emulator: Emulator, changes: Record<string, string | null> = {}, tenant?: string) {
  const fixed = { grant_type: 'client_credentials', redirect_uri: null, code_verifier: null }
  const options = tenant === undefined ? {} : { tenant }
  return redeem(emulator, { ...fixed, scope: DEFAULT, ...changes }, options)
}

function claimsOf(token: unknown): Record<string, unknown> {
  return JSON.parse(Buffer.from(String(token).split('.')[1] ?? '', 'base64url').toString())
}

function principalOf(emulator: Emulator, appId: string = SEED.clientId) {
  const found = emulator.directory.servicePrincipals.find((one) => one.appId === appId)
  assert.ok(found)
  return found
}

test('an application’s own token has the fields and claims recorded from Entra', async () => {
  const emulator = createEmulator()
  const { status, body } = await ask(emulator)
  assert.equal(status, 200)
  assert.deepEqual(Object.keys(body), [
    'token_type',
    'expires_in',
    'ext_expires_in',
    'access_token',
  ])
  const claims = claimsOf(body.access_token)
  assert.equal(
    Object.keys(claims).sort().join(' '),
    'aio aud azp azpacr exp iat iss nbf oid rh sub tid uti ver xms_ftd',
  )
  const { id } = principalOf(emulator)
  const { aud, azp, azpacr, iss, oid, sub, tid, ver } = claims
  assert.deepEqual(
    { aud, azp, azpacr, iss, oid, sub, tid, ver },
    {
      aud: SEED.clientId,
      azp: SEED.clientId,
      azpacr: '1',
      iss: `${emulator.origin}/${SEED.tenantId}/v2.0`,
      oid: id,
      sub: id,
      tid: SEED.tenantId,
      ver: '2.0',
    },
  )
})

test('an API with v1 tokens gets the application’s token in that version', async () => {
  const emulator = createEmulator()
  entrance(emulator).api.requestedAccessTokenVersion = null
  const { aud, iss, appid, appidacr, idp, ver } = claimsOf((await ask(emulator)).body.access_token)
  const issuer = `https://sts.windows.net/${SEED.tenantId}/`
  assert.deepEqual(
    { aud, iss, appid, appidacr, idp, ver },
    { aud: API, iss: issuer, appid: SEED.clientId, appidacr: '1', idp: issuer, ver: '1.0' },
  )
})

test('Graph’s tokens say that no person is behind them; other APIs have to ask for that', async () => {
  const emulator = createEmulator()
  const graph = await ask(emulator, { scope: 'https://graph.microsoft.com/.default' })
  const claims = claimsOf(graph.body.access_token)
  assert.equal(claims.idtyp, 'app')
  assert.equal(claims.aud, 'https://graph.microsoft.com')
  const idtyp = { name: 'idtyp', additionalProperties: [] }
  entrance(emulator).optionalClaims = { idToken: [], accessToken: [idtyp] }
  assert.equal(claimsOf((await ask(emulator)).body.access_token).idtyp, 'app')
})

test('roles are those that were given to the application and are meant for applications', async () => {
  const emulator = createEmulator()
  const principal = principalOf(emulator)
  const [approver, auditor] = entrance(emulator).appRoles
  assert.ok(approver && auditor)
  const give = (appRoleId: string) =>
    principal.appRoleAssignedTo.push({ principalId: principal.id, appRoleId })
  give(approver.id)
  assert.equal(claimsOf((await ask(emulator)).body.access_token).roles, undefined)
  give(auditor.id)
  auditor.allowedMemberTypes = ['Application']
  assert.deepEqual(claimsOf((await ask(emulator)).body.access_token).roles, ['Expenses.Auditor'])
})

test('an API that requires assignment keeps other applications out (501051)', async () => {
  const emulator = createEmulator()
  const principal = principalOf(emulator)
  principal.appRoleAssignmentRequired = true
  assertRefused(await ask(emulator), 501051, 'invalid_grant')
  const appRoleId = '00000000-0000-0000-0000-000000000000'
  principal.appRoleAssignedTo.push({ principalId: principal.id, appRoleId })
  assert.equal((await ask(emulator)).status, 200)
})

test('the scope is one API’s .default', async () => {
  const emulator = createEmulator()
  const cases = [
    [`${API}/mcp-access`, 1002012, 'invalid_scope'],
    [`${DEFAULT} openid`, 1002012, 'invalid_scope'],
    [`${DEFAULT} https://graph.microsoft.com/.default`, 70011, 'invalid_scope'],
    ['api://not-a-registered-resource/.default', 500011, 'invalid_resource'],
    ['', 900144, 'invalid_request'],
  ] as const
  for (const [scope, code, error] of cases) {
    assertRefused(await ask(emulator, { scope }), code, error)
  }
})

test('a resource that is not, byte for byte, the API’s is AADSTS9010010', async () => {
  const emulator = createEmulator()
  assert.equal((await ask(emulator, { resource: API })).status, 200)
  for (const resource of [`${API}/`, 'https://graph.microsoft.com']) {
    assertRefused(await ask(emulator, { resource }), 9010010, 'invalid_target')
  }
})

test('an API called with a slash at its end has that in its v1 token', async () => {
  const emulator = createEmulator()
  entrance(emulator).api.requestedAccessTokenVersion = 1
  const { body } = await ask(emulator, { scope: `${API}//.default` })
  assert.equal(claimsOf(body.access_token).aud, `${API}/`)
})

test('common and consumers have no applications of their own (9001023), organizations stands for home', async () => {
  const emulator = createEmulator()
  entrance(emulator).signInAudience = 'AzureADandPersonalMicrosoftAccount'
  for (const tenant of ['common', 'consumers']) {
    assertRefused(await ask(emulator, {}, tenant), 9001023, 'invalid_request')
  }
  const { body } = await ask(emulator, {}, 'organizations')
  assert.equal(claimsOf(body.access_token).tid, SEED.tenantId)
})

test('without credentials there is no token, not even for a client that may be public', async () => {
  const emulator = createEmulator()
  assertRefused(await ask(emulator, { client_secret: null }), 7000216, 'invalid_client')
  entrance(emulator).isFallbackPublicClient = true
  assertRefused(await ask(emulator, { client_secret: null }), 7000216, 'invalid_client')
  assert.equal((await ask(emulator)).status, 200)
})

test('a secret counts from its start to its end', async () => {
  const now = Date.UTC(2026, 5, 1)
  const emulator = createEmulator({ now: () => now })
  const [credential] = entrance(emulator).passwordCredentials
  assert.ok(credential)
  credential.startDateTime = new Date(now + 1).toISOString()
  assertRefused(await ask(emulator), 7000215, 'invalid_client')
  credential.startDateTime = new Date(now).toISOString()
  assert.equal((await ask(emulator)).status, 200)
  credential.endDateTime = new Date(now).toISOString()
  assertRefused(await ask(emulator), 7000222, 'invalid_client')
  const value = credential.keyId
  assertRefused(await ask(emulator, { client_secret: value }), 7000215, 'invalid_client')
})

test('an application has to stand in the tenant, and the API to be switched on there', async () => {
  const emulator = createEmulator()
  const { directory } = emulator
  const api = createApplication({
    tenantId: SEED.tenantId,
    displayName: 'Payroll',
    identifierUris: ['api://payroll'],
  })
  directory.applications.push(api)
  const scope = 'api://payroll/.default'
  assertRefused(await ask(emulator, { scope }), 500011, 'invalid_resource')
  const principal = createServicePrincipal({ appId: api.appId, tenantId: SEED.tenantId })
  directory.servicePrincipals.push(principal)
  assert.equal((await ask(emulator, { scope })).status, 200)
  principal.accountEnabled = false
  assertRefused(await ask(emulator, { scope }), 500014, 'invalid_resource')

  const elsewhere = { ...directory.tenants[0], id: '22222222-2222-4333-8444-555555555555' }
  directory.tenants.push({ ...elsewhere, domains: ['other.example'] } as never)
  entrance(emulator).signInAudience = 'AzureADMultipleOrgs'
  const graph = { scope: 'https://graph.microsoft.com/.default' }
  assertRefused(await ask(emulator, graph, elsewhere.id), 7000229, 'unauthorized_client')
})
