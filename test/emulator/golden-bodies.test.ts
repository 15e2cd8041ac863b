import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createEmulator, type Emulator, SEED } from '../../src/emulator/emulator.ts'
import { getCode, redeem, refresh, type TokenAnswer } from './support.ts'

const NOW = Date.UTC(2026, 7, 13, 21, 24, 29)
const TIMESTAMP = '2026-08-13 21:24:29Z'
const CORRELATION = '5e9242dd-3d62-4e28-8154-c74c5074b7ed'
const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const POLICY = 'f5a1c1de-0000-4000-8000-000000000001'
const APP = SEED.clientId

type Golden = {
  readonly status: number
  readonly error: string
  readonly text: string
  readonly hasUri: boolean
  readonly more?: Record<string, string>
}

/** Compares a whole answer: every member, in Entra's order, and the headers. */
function assertBody(emulator: Emulator, answer: TokenAnswer, golden: Golden): void {
  const { status, error, text, hasUri, more = {} } = golden
  const trace = String(answer.body.trace_id)
  assert.match(trace, GUID)
  const code = Number(/^AADSTS(\d+): /.exec(text)?.[1])
  const expected = {
    error,
    error_description: `${text} Trace ID: ${trace} Correlation ID: ${CORRELATION} Timestamp: ${TIMESTAMP}`,
    error_codes: [code],
    timestamp: TIMESTAMP,
    trace_id: trace,
    correlation_id: CORRELATION,
    ...(hasUri && { error_uri: `${emulator.origin}/error?code=${code}` }),
    ...more,
  }
  assert.deepEqual(answer.body, expected)
  assert.deepEqual(Object.keys(answer.body), Object.keys(expected))
  assert.equal(answer.status, status)
  assert.equal(answer.headers.get('x-ms-request-id'), trace)
  assert.equal(answer.headers.get('content-type'), 'application/json; charset=utf-8')
  assert.equal(answer.headers.get('cache-control'), 'no-store, no-cache')
  assert.equal(answer.headers.get('pragma'), 'no-cache')
  assert.equal(answer.headers.get('expires'), '-1')
}

const APPLICATION = {
  grant_type: 'client_credentials',
  scope: `api://${APP}/.default`,
  redirect_uri: null,
  code_verifier: null,
}

const MISTAKES: readonly [string, Record<string, string | null>, Golden][] = [
  [
    'a wrong secret',
    { ...APPLICATION, client_secret: 'wrong' },
    {
      status: 401,
      error: 'invalid_client',
      text: `AADSTS7000215: Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '${APP}'.`,
      hasUri: true,
    },
  ],
  [
    'an unknown API',
    { ...APPLICATION, scope: 'api://not-a-registered-resource/.default' },
    {
      status: 400,
      error: 'invalid_resource',
      text: 'AADSTS500011: The resource principal named api://not-a-registered-resource was not found in the tenant named Entrance Example. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You might have sent your authentication request to the wrong tenant.',
      hasUri: true,
    },
  ],
  [
    'an all-zero client id',
    { ...APPLICATION, client_id: '00000000-0000-0000-0000-000000000000' },
    {
      status: 400,
      error: 'unauthorized_client',
      text: 'AADSTS700038: 00000000-0000-0000-0000-000000000000 is not a valid application identifier.',
      hasUri: false,
    },
  ],
  [
    'an unknown grant',
    { grant_type: 'no_such_grant' },
    {
      status: 400,
      error: 'unsupported_grant_type',
      text: "AADSTS70003: The app requested an unsupported grant type 'no_such_grant'.",
      hasUri: false,
    },
  ],
  [
    'a refresh token that cannot be read',
    { grant_type: 'refresh_token', refresh_token: 'garbage' },
    {
      status: 400,
      error: 'invalid_grant',
      text: 'AADSTS9002313: Invalid request. Request is malformed or invalid.',
      hasUri: true,
      more: { suberror: 'bad_token' },
    },
  ],
]

for (const [mistake, changes, golden] of MISTAKES) {
  test(`${mistake} has the body recorded from Entra, member by member`, async () => {
    const emulator = createEmulator({ now: () => NOW })
    const answer = await redeem(emulator, { ...changes, 'client-request-id': CORRELATION })
    assertBody(emulator, answer, golden)
  })
}

test('permission that was taken back has suberror consent_required', async () => {
  const emulator = createEmulator({ now: () => NOW })
  const { body } = await redeem(emulator, { code: await getCode(emulator) })
  emulator.directory.oauth2PermissionGrants.length = 0
  const id = { 'client-request-id': CORRELATION }
  assertBody(emulator, await refresh(emulator, body.refresh_token, id), {
    status: 400,
    error: 'invalid_grant',
    text: `AADSTS65001: The user or administrator has not consented to use the application with ID '${APP}' named 'Entrance'. Send an interactive authorization request for this user and resource.`,
    hasUri: false,
    more: { suberror: 'consent_required' },
  })
})

test('a policy has suberror basic_action, and claims as a text', async () => {
  const emulator = createEmulator({ now: () => NOW })
  const { body } = await redeem(emulator, { code: await getCode(emulator) })
  emulator.directory.conditionalAccessPolicies.push({
    id: POLICY,
    displayName: 'A second factor',
    state: 'enabled',
    conditions: { applications: { includeApplications: [APP] } },
    modifiedDateTime: new Date(NOW + 1000).toISOString(),
  })
  const id = { 'client-request-id': CORRELATION }
  assertBody(emulator, await refresh(emulator, body.refresh_token, id), {
    status: 400,
    error: 'interaction_required',
    text: `AADSTS50076: Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor authentication to access '${APP}'.`,
    hasUri: true,
    more: {
      suberror: 'basic_action',
      claims: `{"access_token":{"capolids":{"essential":true,"values":["${POLICY}"]}}}`,
    },
  })
})

test('Entra’s cookies and its server’s name are on every answer, success and refusal', async () => {
  const emulator = createEmulator()
  for (const client_secret of [SEED.clientSecret, 'wrong']) {
    const { headers } = await redeem(emulator, { ...APPLICATION, client_secret })
    const names = headers.getSetCookie().map((line) => line.split('=')[0])
    assert.deepEqual(names, ['fpc', 'x-ms-gateway-slice', 'stsservicecookie'])
    assert.ok(headers.get('x-ms-ests-server'))
  }
})
