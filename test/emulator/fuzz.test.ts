import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createEmulator, SEED, startEmulator } from '../../src/emulator/emulator.ts'
import { authorizeUrl, CALLBACK, openBrowser } from './support.ts'

const BELOW_TENANT = [
  'v2.0/.well-known/openid-configuration',
  '.well-known/openid-configuration',
  'discovery/v2.0/keys',
  'discovery/keys',
  'oauth2/v2.0/authorize',
  'oauth2/v2.0/token',
  'oauth2/v2.0/devicecode',
  'oauth2/v2.0/logout',
  'oauth2/authorize',
  'oauth2/token',
  'adminconsent',
  'v2.0/adminconsent',
  'login',
  'mfa',
  'consent',
]
const PATHS = [
  ...BELOW_TENANT.map((path) => `${SEED.tenantId}/${path}`),
  ...['', 'error', 'common/discovery/instance', 'metadata/identity/oauth2/token', 'msi/token'],
  ...['devicelogin', 'devicelogin/signed-in', `_directory/users/${SEED.alice}`, '_directory/'],
  ...['%00/oauth2/v2.0/token', '%ff/oauth2/v2.0/authorize', '__proto__/oauth2/v2.0/authorize'],
]

const GRANTS = [
  'authorization_code',
  'refresh_token',
  'client_credentials',
  'password',
  'device_code',
  'urn:ietf:params:oauth:grant-type:jwt-bearer',
]
const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const VALUES = [
  '',
  '\u0000',
  '\ud800',
  '%',
  '__proto__',
  'x'.repeat(20_000),
  '{"access_token":{"acrs":{"values":5,"essential":1}},"id_token":null}',
  `${part(null)}.${part(null)}.x`,
  `${part({ alg: 'RS256', x5t: 5, x5c: [{}] })}.${part({ iss: 5, aud: {}, sub: [], exp: 'x' })}.AA`,
  `${part({ alg: 'RS256' })}.${part({ iss: 'http://[', sub: 's', aud: 'api://AzureADTokenExchange' })}.AA`,
  `${part({ alg: 'dir', enc: 'A256GCM' })}..AA.BB.CC`,
]
const REQUEST: Readonly<Record<string, string>> = {
  client_id: SEED.clientId,
  client_secret: SEED.clientSecret,
  response_type: 'code',
  response_mode: 'query',
  redirect_uri: CALLBACK,
  scope: `api://${SEED.clientId}/${SEED.scope} openid offline_access`,
  state: 's',
  nonce: 'n',
  prompt: 'login',
  login_hint: 'alice@entrance.example',
  domain_hint: 'organizations',
  claims: '{}',
  code_challenge: 'x'.repeat(43),
  code_challenge_method: 'S256',
  code: '1.Ax',
  refresh_token: '1.Ax',
  device_code: 'x',
  assertion: 'a.b.c',
  requested_token_use: 'on_behalf_of',
  client_assertion: '',
  client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
  account: SEED.alice,
  flow: 'x',
  otc: 'x',
  decision: 'accept',
  logout_hint: 'x',
  post_logout_redirect_uri: CALLBACK,
  resource: `api://${SEED.clientId}`,
  appid: SEED.clientId,
  action: 'disable',
  notice: 'x',
}

test('whatever a request says, no endpoint fails', async () => {
  const failures: unknown[] = []
  const log = ({ event, message }: { event: string; message: string }) => {
    if (event === 'emulator.failed') failures.push(message)
  }
  const emulator = createEmulator({ log })
  const send = async (path: string, params: object, headers: Record<string, string> = {}) => {
    const query = new URLSearchParams({ ...params })
    const url = `${emulator.origin}/${path}`
    const form = { method: 'POST', headers, body: query }
    for (const request of [new Request(`${url}?${query}`, { headers }), new Request(url, form)]) {
      const { status } = await emulator.fetch(request)
      if (status >= 500) failures.push([status, request.method, path, JSON.stringify(params)])
    }
  }
  for (const path of PATHS) {
    for (const name of Object.keys(REQUEST)) {
      for (const value of VALUES) await send(path, { ...REQUEST, [name]: value })
    }
  }
  for (const grant_type of GRANTS) {
    for (const name of Object.keys(REQUEST)) {
      for (const value of VALUES) {
        const request = { ...REQUEST, grant_type, [name]: value }
        await send(`${SEED.tenantId}/oauth2/v2.0/token`, request)
      }
    }
  }
  for (const authorization of ['Basic', 'Basic %', 'Basic ZQ==', 'Basic JTp6', 'Bearer x.y.z']) {
    for (const path of PATHS) await send(path, REQUEST, { authorization })
  }
  assert.deepEqual(failures, [])
})

test('whatever a form of a sign-in says, no page fails', async () => {
  const emulator = createEmulator()
  emulator.directory.conditionalAccessPolicies.push({
    id: crypto.randomUUID(),
    displayName: 'A second factor',
    state: 'enabled',
    conditions: { applications: { includeApplications: ['All'] } },
    modifiedDateTime: new Date(0).toISOString(),
  })
  const browser = openBrowser(emulator)
  const picker = await browser.get(authorizeUrl(emulator))
  const mfa = await browser.submit(picker, { account: SEED.alice })
  const consent = await browser.submit(mfa, { decision: 'approve' })
  const names = ['account', 'username', 'password', 'decision', 'for_all', 'client-request-id']
  for (const page of [picker, mfa, consent]) {
    for (const name of [...names, 'flow', 'new_username']) {
      for (const value of VALUES) {
        const { status } = await browser.submit(page, { account: SEED.bob, [name]: value })
        assert.ok(status < 500, `${name}=${value.slice(0, 50)}`)
      }
    }
  }
})

test('whatever a program sends to the control API, it is told what is wrong', async (t) => {
  const emulator = await startEmulator({ port: 0, control: true })
  t.after(() => emulator.close())
  const headers = { 'content-type': 'application/json' }
  const values: unknown[] = [null, 0, 1e308, '', '\u0000', [], [null], [{}], {}, { constructor: 1 }]
  const bodies = values.flatMap((value) => [
    { users: [{ userPrincipalName: 'bob@entrance.example', sessionsValidFrom: value }] },
    { applications: [{ appId: SEED.clientId, api: value, web: value }] },
    { tenants: value, conditionalAccessPolicies: value },
    { advance: value },
    { user: value, scopes: value, claims: value },
    { match: value, action: value },
    { action: { status: 503, body: value, delay: value } },
  ])
  const texts = [...bodies.map((body) => JSON.stringify(body)), '', '{', '"x"', '['.repeat(100_000)]
  for (const [method, path] of [
    ['PATCH', 'directory'],
    ['POST', 'clock'],
    ['POST', 'token'],
    ['POST', 'faults'],
  ] as const) {
    for (const body of texts) {
      const url = `${emulator.origin}/_emulator/${path}`
      const { status } = await emulator.fetch(new Request(url, { method, headers, body }))
      assert.ok(status < 500, `${method} ${path} ${body.slice(0, 200)}`)
    }
    emulator.faults.clear()
  }
})
