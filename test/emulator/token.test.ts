import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createEmulator, SEED } from '../../src/emulator/emulator.ts'
import { assertRefused, entrance, fullScope, getCode, redeem, refresh } from './support.ts'

const API = `api://${SEED.clientId}`

test('a code gives the tokens in Entra’s shape and order', async () => {
  const emulator = createEmulator()
  const { status, headers, body } = await redeem(emulator, { code: await getCode(emulator) })
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
  assert.equal(body.token_type, 'Bearer')
  assert.equal(body.scope, `${API}/mcp-access`)
  assert.match(String(body.refresh_token), /^1\.A[\w.-]{997,}$/)
  const expiresIn = Number(body.expires_in)
  assert.ok(expiresIn >= 3600 && expiresIn < 5400)
  assert.equal(headers.get('cache-control'), 'no-store, no-cache')
  assert.equal(headers.get('content-type'), 'application/json; charset=utf-8')
})

test('without openid there is no id_token, without offline_access no refresh token', async () => {
  const emulator = createEmulator()
  const scope = `${API}/mcp-access`
  const code = await getCode(emulator, { changes: { scope } })
  const { body } = await redeem(emulator, { code, scope })
  assert.equal(body.id_token, undefined)
  assert.equal(body.refresh_token, undefined)
})

test('the secret may come by Basic, form-encoded, and may hold any character', async () => {
  const emulator = createEmulator()
  const [credential] = entrance(emulator).passwordCredentials
  assert.ok(credential)
  credential.secretText = 'a~+b%2B/ c:ü'
  const { clientId, clientSecret } = emulator.application
  const encoded = new URLSearchParams({ '': clientSecret }).toString().slice(1)
  const authorization = `Basic ${btoa(`${clientId}:${encoded}`)}`
  const byBasic = await redeem(
    emulator,
    { code: await getCode(emulator), client_id: null, client_secret: null },
    { headers: { authorization } },
  )
  assert.equal(byBasic.status, 200)
  const byPost = await redeem(emulator, { code: await getCode(emulator) })
  assert.equal(byPost.status, 200)
})

test('one of several APIs of the sign-in gets the token, Graph’s is a v1 token with a nonce', async () => {
  const emulator = createEmulator()
  const scope = `${API}/mcp-access User.Read openid profile offline_access`
  const code = await getCode(emulator, { changes: { scope } })
  const own = await redeem(emulator, { code, scope: `${API}/mcp-access` })
  assert.equal(own.body.scope, `${API}/mcp-access`)
  const graph = await refresh(emulator, own.body.refresh_token, { scope: 'User.Read' })
  assert.equal(graph.body.scope, 'User.Read openid profile')
  const [header, claims] = String(graph.body.access_token).split('.').slice(0, 2).map(decode)
  assert.ok(header?.nonce)
  assert.equal(claims?.aud, '00000003-0000-0000-c000-000000000000')
  assert.equal(claims?.ver, '1.0')
})

test('of several APIs in a refresh the first one named gets the token', async () => {
  const emulator = createEmulator()
  const scope = `${API}/mcp-access User.Read openid offline_access`
  const code = await getCode(emulator, { changes: { scope } })
  const { body } = await redeem(emulator, { code, scope: `${API}/mcp-access` })
  const answer = await refresh(emulator, body.refresh_token, { scope })
  assert.equal(answer.body.scope, `${API}/mcp-access`)
})

test('a sign-in without an API gives a token for Graph', async () => {
  const emulator = createEmulator()
  const scope = 'openid profile'
  const code = await getCode(emulator, { changes: { scope } })
  const { body } = await redeem(emulator, { code, scope })
  assert.equal(body.scope, 'openid profile')
  assert.ok(body.id_token)
})

test('the old refresh token stays valid beside the new one, and scope may be left out', async () => {
  const emulator = createEmulator()
  const first = await redeem(emulator, { code: await getCode(emulator) })
  const second = await refresh(emulator, first.body.refresh_token, { scope: null })
  assert.equal(second.status, 200)
  assert.equal(second.body.scope, `${API}/mcp-access`)
  assert.notEqual(second.body.refresh_token, first.body.refresh_token)
  assert.equal((await refresh(emulator, first.body.refresh_token)).status, 200)
  assert.equal((await refresh(emulator, second.body.refresh_token)).status, 200)
})

test('a public client redeems with PKCE alone', async () => {
  const emulator = createEmulator()
  const application = entrance(emulator)
  application.publicClient = application.web
  application.web = { ...application.web, redirectUris: [] }
  const code = await getCode(emulator)
  const { status, body } = await redeem(emulator, { code, client_secret: null })
  assert.equal(status, 200)
  assert.equal(decode(String(body.access_token).split('.')[1] as string).azpacr, '0')
})

test('a page redeems cross-origin where its address is registered for single-page apps', async () => {
  const emulator = createEmulator()
  const application = entrance(emulator)
  application.spa = application.web
  application.web = { ...application.web, redirectUris: [] }
  const code = await getCode(emulator)
  const headers = { origin: 'http://localhost:8000' }
  const answer = await redeem(emulator, { code, client_secret: null }, { headers })
  assert.equal(answer.status, 200)
  assert.equal(answer.headers.get('access-control-allow-origin'), 'http://localhost:8000')
})

test('a page reads the errors of a single-page app, and no other answer', async () => {
  const emulator = createEmulator()
  const origin = 'http://localhost:8000'
  const headers = { origin }
  const web = await redeem(emulator, { code: await getCode(emulator) }, { headers })
  assertRefused(web, 9002326, 'invalid_request')
  assert.equal(web.headers.get('access-control-allow-origin'), null)

  const application = entrance(emulator)
  application.spa = application.web
  application.web = { ...application.web, redirectUris: [] }
  const code = await getCode(emulator)
  const { body } = await redeem(emulator, { code, client_secret: null }, { headers })
  emulator.clock.advance(24 * 60 * 60)
  const form = { client_id: application.appId, grant_type: 'refresh_token' }
  const late = await post('token', { ...form, refresh_token: String(body.refresh_token) })
  assert.match(await late.text(), /AADSTS700084/)
  assert.equal(late.headers.get('access-control-allow-origin'), origin)

  for (const answer of [
    await post('token', { ...form, refresh_token: '1.Anonsense' }),
    await post('devicecode', { client_id: application.appId, scope: 'openid' }),
  ]) {
    assert.equal(answer.headers.get('access-control-allow-origin'), null)
  }

  function post(endpoint: string, fields: Record<string, string>) {
    const url = `${emulator.origin}/${emulator.tenantId}/oauth2/v2.0/${endpoint}`
    const body = new URLSearchParams(fields)
    return emulator.fetch(new Request(url, { method: 'POST', headers, body }))
  }
})

test('an identical resource is accepted, unknown fields are ignored', async () => {
  const emulator = createEmulator()
  const code = await getCode(emulator)
  const { status } = await redeem(emulator, {
    code,
    resource: API,
    'x-client-SKU': 'x',
    claims: '{}',
  })
  assert.equal(status, 200)
})

test('the record of requests shows every parameter, the secret’s name included', async () => {
  const emulator = createEmulator()
  await redeem(emulator, { code: await getCode(emulator) })
  const endpoints = emulator.seen.map(({ endpoint, status }) => `${endpoint} ${status}`)
  assert.deepEqual(endpoints, ['authorize 200', 'login 200', 'consent 302', 'token 200'])
  const last = emulator.seen.at(-1)
  assert.equal(last?.params.get('scope'), fullScope(emulator))
  assert.ok(emulator.seen.every(({ params }) => !params.has('resource')))
})

test('the record of requests is bounded', async () => {
  const emulator = createEmulator()
  const url = `${emulator.origin}/error?code=`
  for (let i = 0; i < 600; i++) await emulator.fetch(new Request(url + i))
  assert.equal(emulator.seen.length, 500)
  assert.equal(emulator.seen.at(-1)?.params.get('code'), '599')
})

function decode(part: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(part, 'base64url').toString())
}

test('a token for Graph lasts a day where the client goes by continuous access evaluation', async () => {
  const emulator = createEmulator()
  const scope = 'User.Read openid offline_access'
  const first = await redeem(emulator, {
    code: await getCode(emulator, { changes: { scope } }),
    scope,
  })
  assert.equal(first.body.refresh_in, undefined)
  const claims = JSON.stringify({ access_token: { xms_cc: { values: ['cp1'] } } })
  const { body } = await refresh(emulator, first.body.refresh_token, { scope, claims })
  const expiresIn = Number(body.expires_in)
  assert.ok(expiresIn >= 72_000 && expiresIn < 100_800)
  assert.equal(body.refresh_in, Math.floor(expiresIn / 2))
})

test('Graph’s scopes are named as they were asked for, OpenID Connect’s without Graph before them', async () => {
  const emulator = createEmulator()
  const scope = 'https://graph.microsoft.com/User.Read openid profile'
  const code = await getCode(emulator, { changes: { scope } })
  const { body } = await redeem(emulator, { code, scope })
  assert.equal(body.scope, 'https://graph.microsoft.com/User.Read openid profile')
})

test('a single-page app is told when its chain of refresh tokens ends', async () => {
  let now = Date.UTC(2026, 5, 1)
  const emulator = createEmulator({ now: () => now })
  const application = entrance(emulator)
  application.spa.redirectUris = application.web.redirectUris
  application.web.redirectUris = []
  const options = { headers: { origin: 'http://localhost:8000' } }
  const page = { client_secret: null }
  const code = await getCode(emulator)
  const { body } = await redeem(emulator, { code, ...page }, options)
  assert.equal(body.refresh_token_expires_in, 86_400)
  now += 60 * 60 * 1000
  const next = await refresh(emulator, body.refresh_token, page, options)
  assert.equal(next.body.refresh_token_expires_in, 82_800)
})
