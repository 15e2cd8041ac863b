import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { createBrowser } from '../support/browser.ts'
import {
  codeOf,
  createOAuthClient,
  json,
  type OAuthClient,
  type Parameters,
  signIn,
  type TokenResponse,
} from '../support/oauth-client.ts'
import { type RunningEntrance, startEntrance } from '../support/start.ts'
import { assertRefused } from './support.ts'

let server: RunningEntrance
let client: OAuthClient
let client_id: string
before(async () => {
  server = await startEntrance()
  client = createOAuthClient(server.url)
  const registered = await client.register()
  client_id = (await json<{ client_id: string }>(registered)).client_id
})
after(() => server.stop())

/** None of them is this server's MCP endpoint, however near they come. */
const FOREIGN = (url: string): readonly string[] => [
  'https://other.example/mcp',
  `${url}/mcp2`,
  `${url}/mcp/other`,
  `${url}/MCP`,
  `${url}/`,
  url,
  `${url}/mcp#other`,
  `${url}@other.example/mcp`,
  url.replace('http:', 'https:').concat('/mcp'),
  url.replace('localhost', 'localhost.').concat('/mcp'),
  url.replace('localhost', 'user@localhost').concat('/mcp'),
  url.replace(/:\d+$/, ':1').concat('/mcp'),
  `${url}/mcp/../other`,
  `${url}/%6dcp2`,
  'mcp',
  '//other.example/mcp',
  'urn:mcp',
  'not a uri',
]

const TARGET = /^The resource '.*' is not served here; http:\/\/localhost:\d+\/mcp is\.$/

suite('a resource that is not this server (fastmcp W7, CVE-2025-69196)', () => {
  test('is refused at /authorize, and the client is told', async () => {
    for (const resource of FOREIGN(server.url)) {
      const answer = await authorize({ resource })
      assert.equal(answer.get('error'), 'invalid_target', resource)
      assert.match(answer.get('error_description') ?? '', TARGET)
      assert.equal(answer.get('iss'), server.url)
    }
  })

  test('is refused at /token for both grants, and uses nothing up', async () => {
    const pending = await authorized()
    for (const resource of FOREIGN(server.url)) {
      const refused = await client.exchange(pending.authorization, pending.code, { resource })
      await assertRefused(refused, 400, 'invalid_target', TARGET)
    }
    const tokens = await json<TokenResponse>(
      await client.exchange(pending.authorization, pending.code),
    )
    for (const resource of FOREIGN(server.url)) {
      const refused = await client.refresh(client_id, tokens.refresh_token, { resource })
      await assertRefused(refused, 400, 'invalid_target', TARGET)
    }
    assert.equal((await client.refresh(client_id, tokens.refresh_token)).status, 200)
  })

  test('beside our own is refused all the same', async () => {
    const { url, redirect_uri } = client.authorization(client_id)
    url.searchParams.append('resource', 'https://other.example/mcp')
    const answer = await fetch(url, { redirect: 'manual' })
    const location = answer.headers.get('location') ?? ''
    assert.ok(location.startsWith(`${redirect_uri}?error=invalid_target&`), location)
  })
})

suite("what the client sends for Entra's eyes (ts-peers row 7)", () => {
  test('never reaches Entra: scope, resource, prompt, hints and claims stay here', async () => {
    const overrides = {
      prompt: 'none',
      login_hint: 'victim@entrance.example',
      domain_hint: 'evil.example',
      claims: '{"access_token":{"xms_cc":{"values":["cp1"]}}}',
      response_mode: 'query',
      max_age: '0',
      acr_values: 'evil',
      id_token_hint: 'evil',
      ui_locales: 'evil',
      display: 'evil',
      nonce: 'the-clients-nonce',
    }
    const signedIn = await signIn(server.url, { overrides })
    await signedIn.client.refresh(signedIn.client_id, signedIn.tokens.refresh_token)
    const { clientId } = server.emulator.application
    const seen = server.emulator.seen.filter(({ endpoint }) => /^(authorize|token)$/.test(endpoint))
    for (const { endpoint, params } of seen) {
      const scope = `api://${clientId}/mcp-access openid profile email offline_access`
      assert.equal(params.get('scope'), scope)
      assert.equal(params.has('resource'), false)
      assert.equal(params.get('prompt'), endpoint === 'authorize' ? 'select_account' : null)
      for (const name of Object.keys(overrides).slice(1)) {
        assert.ok(
          params.get(name) !== overrides[name as keyof typeof overrides] ||
            name === 'response_mode',
          name,
        )
      }
      assert.ok(!String(params).includes(signedIn.client_id), 'client_id')
      assert.ok(!String(params).includes(signedIn.authorization.state), 'state')
      assert.ok(!String(params).includes(signedIn.authorization.code_verifier), 'verifier')
    }
  })

  const GREEDY = [
    'openid Mail.ReadWrite Files.ReadWrite.All',
    'https://graph.microsoft.com/Mail.ReadWrite',
    'https://graph.microsoft.com/.default',
    'mcp-access admin',
    'mcp-access\tadmin',
    'MCP-ACCESS',
    'mcp-accessapi://',
    '.default',
  ]

  test('no scope but ours is granted, at /authorize or at /token', async () => {
    const { tokens, ...signedIn } = await signIn(server.url)
    const calls = server.emulator.seen.length
    for (const scope of [...GREEDY, ...prefixed()]) {
      const answer = await authorize({ scope })
      assert.equal(answer.get('error'), 'invalid_scope', scope)
      assert.match(answer.get('error_description') ?? '', /ask for mcp-access, or leave scope out/)
      const refused = await client.refresh(signedIn.client_id, tokens.refresh_token, { scope })
      await assertRefused(refused, 400, 'invalid_scope', /ask for mcp-access, or leave scope out/)
    }
    assert.equal(server.emulator.seen.length, calls)
    const renewed = await client.refresh(signedIn.client_id, tokens.refresh_token)
    assert.equal((await json<TokenResponse>(renewed)).scope, 'mcp-access')
  })

  test('offline_access and openid ask for nothing and get nothing', async () => {
    const overrides = { scope: 'openid profile email offline_access mcp-access' }
    const { tokens } = await signIn(server.url, { overrides })
    assert.equal(tokens.scope, 'mcp-access')
    const [, payload = ''] = tokens.access_token.split('.')
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
    assert.equal(claims.scope, 'mcp-access')
  })
})

/** The prefix of the scope towards Entra, where it does not belong. */
function prefixed(): string[] {
  const uri = `api://${server.emulator.application.clientId}`
  return [`${uri}/admin`, `mcp-${uri}/access`, `${uri}/${uri}/mcp-access`, `${uri}/`]
}

/** What comes back to the client from an authorization request that is refused. */
async function authorize(overrides: Parameters): Promise<URLSearchParams> {
  const { url, redirect_uri } = client.authorization(client_id, overrides)
  const answer = await fetch(url, { redirect: 'manual' })
  assert.equal(answer.status, 302)
  const location = answer.headers.get('location') ?? ''
  assert.ok(location.startsWith(`${redirect_uri}?error=`), location)
  return new URL(location).searchParams
}

async function authorized() {
  const authorization = client.authorization(client_id)
  const until = authorization.redirect_uri
  const page = await createBrowser().signIn(authorization.url, { until })
  return { authorization, code: codeOf(page) }
}
