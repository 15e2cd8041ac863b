import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  createApplication,
  createEmulator,
  createServicePrincipal,
  type Emulator,
  SEED,
} from '../../src/emulator/emulator.ts'
import { account, assertRefused, entrance, fullScope, getCode, redeem, refresh } from './support.ts'

const API = `api://${SEED.clientId}`
const ELSE = '11111111-2222-4333-8444-555555555555'
const GUIDS = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/

test('a wrong secret has the body recorded from Entra', async () => {
  const emulator = createEmulator({ now: () => Date.UTC(2026, 7, 13, 21, 24, 29) })
  const id = '5e9242dd-3d62-4e28-8154-c74c5074b7ed'
  const changes = { code: 'x', client_secret: 'wrong', 'client-request-id': id }
  const { status, headers, body } = await redeem(emulator, changes)
  assert.equal(status, 401)
  const trace = String(body.trace_id)
  assert.match(trace, GUIDS)
  assert.deepEqual(body, {
    error: 'invalid_client',
    error_description: `AADSTS7000215: Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '${SEED.clientId}'. Trace ID: ${trace} Correlation ID: ${id} Timestamp: 2026-08-13 21:24:29Z`,
    error_codes: [7000215],
    timestamp: '2026-08-13 21:24:29Z',
    trace_id: trace,
    correlation_id: id,
    error_uri: `${emulator.origin}/error?code=7000215`,
  })
  assert.equal(headers.get('x-ms-request-id'), trace)
  assert.equal(headers.get('content-type'), 'application/json; charset=utf-8')
})

test('the other recorded bodies: unknown grant, all-zero client id, unknown API', async () => {
  const emulator = createEmulator()
  const grant = await redeem(emulator, { grant_type: 'no_such_grant' })
  assertRefused(grant, 70003, 'unsupported_grant_type')
  assert.match(
    String(grant.body.error_description),
    /^AADSTS70003: The app requested an unsupported grant type 'no_such_grant'\. Trace ID: /,
  )
  const zeros = '00000000-0000-0000-0000-000000000000'
  const zero = await redeem(emulator, { client_id: zeros, code: 'x' })
  assertRefused(zero, 700038, 'unauthorized_client')
  assert.match(
    String(zero.body.error_description),
    /^AADSTS700038: 0{8}-0000-0000-0000-0{12} is not a valid application identifier\. Trace ID: /,
  )
  for (const { body } of [grant, zero]) assert.ok(!('error_uri' in body))
  const code = await getCode(emulator)
  const api = await redeem(emulator, { code, scope: 'api://not-a-registered-resource/.default' })
  assertRefused(api, 500011, 'invalid_resource')
  assert.equal(api.body.error_uri, `${emulator.origin}/error?code=500011`)
  assert.match(
    String(api.body.error_description),
    /^AADSTS500011: The resource principal named api:\/\/not-a-registered-resource was not found in the tenant named Entrance Example\. /,
  )
})

test('GET is AADSTS900561, a body of another type has no grant_type (AADSTS900144)', async () => {
  const emulator = createEmulator()
  const url = `${emulator.origin}/${emulator.tenantId}/oauth2/v2.0/token`
  const get = await emulator.fetch(new Request(url))
  assert.deepEqual(((await get.json()) as Record<string, unknown>).error_codes, [900561])
  const headers = { 'content-type': 'application/json' }
  const body = '{"grant_type":"authorization_code"}'
  const json = await emulator.fetch(new Request(url, { method: 'POST', headers, body }))
  assert.equal(json.status, 400)
  const answer = (await json.json()) as Record<string, unknown>
  assert.deepEqual(answer.error_codes, [900144])
  assert.match(String(answer.error_description), /parameter: 'grant_type'/)
})

test('a body that is too long is refused without being read to its end', async () => {
  const emulator = createEmulator()
  const answer = await redeem(emulator, { code: 'x'.repeat(70_000) })
  assertRefused(answer, 90100, 'invalid_request')
})

test('tenant and client are checked: AADSTS90002, 700016, 7000112, 50194', async () => {
  const emulator = createEmulator()
  const code = await getCode(emulator)
  assertRefused(await redeem(emulator, { code }, { tenant: ELSE }), 90002, 'invalid_request')
  assertRefused(await redeem(emulator, { code, client_id: ELSE }), 700016, 'unauthorized_client')
  assertRefused(await redeem(emulator, { code }, { tenant: 'common' }), 50194, 'invalid_request')
  assertRefused(await redeem(emulator, { code, client_id: null }), 900144, 'invalid_request')
  for (const principal of emulator.directory.servicePrincipals) principal.accountEnabled = false
  assertRefused(await redeem(emulator, { code }), 7000112, 'unauthorized_client')
})

test('secrets: missing 7000218, the secret’s id 7000215, expired 7000222', async () => {
  const emulator = createEmulator()
  const code = await getCode(emulator)
  const [credential] = entrance(emulator).passwordCredentials
  assert.ok(credential)
  assertRefused(await redeem(emulator, { code, client_secret: null }), 7000218, 'invalid_client')
  const byId = await redeem(emulator, { code, client_secret: credential.keyId })
  assertRefused(byId, 7000215, 'invalid_client')
  assert.match(String(byId.body.error_description), /not the client secret ID/)
  credential.endDateTime = '2020-01-01T00:00:00Z'
  assertRefused(await redeem(emulator, { code }), 7000222, 'invalid_client')
  credential.endDateTime = '2999-01-01T00:00:00Z'
  assert.equal((await redeem(emulator, { code })).status, 200, 'none of that used the code up')
})

test('a good secret with a bad code is invalid_grant, AADSTS9002313', async () => {
  const emulator = createEmulator()
  assertRefused(await redeem(emulator, { code: 'invalid' }), 9002313, 'invalid_grant')
  assertRefused(await redeem(emulator, { code: null }), 900144, 'invalid_request')
})

test('an Origin header is AADSTS9002326, a public client with a secret AADSTS700025', async () => {
  const emulator = createEmulator()
  const headers = { origin: 'http://localhost:8000' }
  const code = await getCode(emulator)
  assertRefused(await redeem(emulator, { code }, { headers }), 9002326, 'invalid_request')
  moveRedirectUris(emulator, 'publicClient')
  const other = await getCode(emulator)
  assertRefused(await redeem(emulator, { code: other }), 700025, 'invalid_client')
})

test('a code of a single-page app is AADSTS9002327 without Origin, 9002326 with a secret', async () => {
  const emulator = createEmulator()
  moveRedirectUris(emulator, 'spa')
  const code = await getCode(emulator)
  assertRefused(await redeem(emulator, { code, client_secret: null }), 9002327, 'invalid_request')
  const headers = { origin: 'http://localhost:8000' }
  assertRefused(await redeem(emulator, { code }, { headers }), 9002326, 'invalid_request')
})

test('a code works once (AADSTS54005), and what it gave lives on', async () => {
  const emulator = createEmulator()
  const code = await getCode(emulator)
  const first = await redeem(emulator, { code })
  assertRefused(await redeem(emulator, { code }), 54005, 'invalid_grant')
  assert.equal((await refresh(emulator, first.body.refresh_token)).status, 200)
})

test('of two redemptions at once one wins', async () => {
  const emulator = createEmulator()
  const code = await getCode(emulator)
  const answers = await Promise.all([redeem(emulator, { code }), redeem(emulator, { code })])
  assert.deepEqual(answers.map(({ status }) => status).toSorted(), [200, 400])
})

test('a code lives ten minutes (AADSTS70008)', async () => {
  let now = Date.UTC(2026, 10, 22)
  const emulator = createEmulator({ now: () => now })
  const [early, late] = [await getCode(emulator), await getCode(emulator)]
  now += 10 * 60 * 1000 - 1
  assert.equal((await redeem(emulator, { code: early })).status, 200)
  now += 1
  assertRefused(await redeem(emulator, { code: late }), 70008, 'invalid_grant')
})

test('a code belongs to its redirect URI (500112), tenant (700005) and client (70000)', async () => {
  const emulator = createEmulator()
  const code = await getCode(emulator)
  const redirect_uri = 'http://localhost:8001/auth/callback'
  assertRefused(await redeem(emulator, { code, redirect_uri }), 500112, 'invalid_client')
  assertRefused(await redeem(emulator, { code, redirect_uri: null }), 900144, 'invalid_request')
  entrance(emulator).signInAudience = 'AzureADMultipleOrgs'
  assertRefused(await redeem(emulator, { code }, { tenant: 'common' }), 700005, 'invalid_grant')
  const { directory, tenantId } = emulator
  const { passwordCredentials } = entrance(emulator)
  const other = createApplication({ tenantId, displayName: 'Other', passwordCredentials })
  directory.applications.push(other)
  directory.servicePrincipals.push(createServicePrincipal({ appId: other.appId, tenantId }))
  assertRefused(await redeem(emulator, { code, client_id: other.appId }), 70000, 'invalid_grant')
  assert.equal((await redeem(emulator, { code }, { tenant: SEED.domain })).status, 200)
})

test('a missing or wrong verifier is AADSTS501481 and uses the code up', async () => {
  const emulator = createEmulator()
  for (const code_verifier of [null, 'w'.repeat(43)]) {
    const code = await getCode(emulator)
    assertRefused(await redeem(emulator, { code, code_verifier }), 501481, 'invalid_grant')
    assertRefused(await redeem(emulator, { code }), 54005, 'invalid_grant')
  }
})

test('scope at /token: several APIs 28000, none 28003, not consented 65001', async () => {
  const emulator = createEmulator()
  const ask = async (scope: string | null) =>
    redeem(emulator, { code: await getCode(emulator), scope })
  assertRefused(await ask(`${fullScope(emulator)} User.Read`), 28000, 'invalid_request')
  assertRefused(await ask(null), 28003, 'invalid_request')
  assertRefused(await ask('openid profile'), 28003, 'invalid_request')
  const refused = await ask('User.Read')
  assertRefused(refused, 65001, 'invalid_grant')
  assert.equal(refused.body.suberror, 'consent_required')
})

test('a resource that does not match is AADSTS9010010 at /token too', async () => {
  const emulator = createEmulator()
  const resource = 'http://localhost:8000/mcp'
  const code = await getCode(emulator)
  assertRefused(await redeem(emulator, { code, resource }), 9010010, 'invalid_target')
  const { body } = await redeem(emulator, { code: await getCode(emulator) })
  const answer = await refresh(emulator, body.refresh_token, { resource: `${API}/` })
  assertRefused(answer, 9010010, 'invalid_target')
})

test('an account disabled after the sign-in cannot redeem its code (AADSTS50057)', async () => {
  const emulator = createEmulator()
  const code = await getCode(emulator)
  account(emulator, 'Alice').accountEnabled = false
  assertRefused(await redeem(emulator, { code }), 50057, 'invalid_grant')
})

function moveRedirectUris(emulator: Emulator, platform: 'spa' | 'publicClient'): void {
  const application = entrance(emulator)
  application[platform] = application.web
  application.web = { ...application.web, redirectUris: [] }
}
