import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, suite, test } from 'node:test'
import { type ConfiguredClient, createEntrance } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { createBrowser } from '../support/browser.ts'
import {
  codeOf,
  createOAuthClient,
  json,
  type OAuthClient,
  signIn,
} from '../support/oauth-client.ts'
import { type RunningEntrance, startEntrance } from '../support/start.ts'
import { assertRefused, basic, formRequest, readError, refreshOf } from './support.ts'

const REDIRECT_URI = 'https://reports.example/cb'
const OLD = 'the former secret of the reports, long enough'
const NEW = 'the current secret of the reports, long enough'

const CLIENTS: readonly ConfiguredClient[] = [
  { client_id: 'reports', redirect_uris: [REDIRECT_URI], client_secret: [NEW, OLD] },
  {
    client_id: 'poster',
    redirect_uris: [REDIRECT_URI],
    client_secret: NEW,
    token_endpoint_auth_method: 'client_secret_post',
  },
  { client_id: 'gone', redirect_uris: [REDIRECT_URI], client_secret: NEW, disabled: true },
  {
    client_id: 'editor',
    redirect_uris: ['http://127.0.0.1/cb'],
    token_endpoint_auth_method: 'none',
  },
]

let server: RunningEntrance
let client: OAuthClient
before(async () => {
  server = await startEntrance({ entrance: { clients: CLIENTS, registration: { mode: 'off' } } })
  client = createOAuthClient(server.url)
})
after(() => server.stop())

const refresh = { grant_type: 'refresh_token', refresh_token: 'x' }
const WRONG = /^The client_secret is not the one in the configuration of this server\.$/

suite('a configured client', () => {
  test('gets no token with another secret than its own', async () => {
    const wrong = ['x', NEW.slice(1), `${NEW}x`, NEW.toUpperCase(), 'reports', `${NEW},${OLD}`]
    for (const secret of wrong) {
      const refused = await client.token(refresh, basic('reports', secret))
      await assertRefused(refused, 401, 'invalid_client', WRONG)
    }
    const without = await client.token({ ...refresh, client_id: 'reports' })
    await assertRefused(without, 401, 'invalid_client', /must authenticate with its client_secret/)
  })

  test('is known by either of two secrets while one is being changed', async () => {
    for (const secret of [NEW, OLD]) {
      const known = await client.token(refresh, basic('reports', secret))
      await assertRefused(known, 400, 'invalid_grant', /./)
    }
  })

  test('cannot send its secret the other way than its configuration names', async () => {
    const header = await client.token(refresh, basic('poster', NEW))
    await assertRefused(header, 401, 'invalid_client', /in the form \(client_secret_post\)/)
    const form = await client.token({ ...refresh, client_id: 'poster', client_secret: NEW })
    await assertRefused(form, 400, 'invalid_grant', /./)
  })

  test('that is switched off is let in nowhere, and told so', async () => {
    const text = 'The operator of this server has switched this client off.'
    const { url } = client.authorization('gone', { redirect_uri: REDIRECT_URI })
    const answer = await fetch(url, { redirect: 'manual' })
    await assertRefused(answer, 400, 'unauthorized_client', text)
    const token = await client.token(refresh, basic('gone', NEW))
    await assertRefused(token, 401, 'invalid_client', text)
  })

  test('is told of its own redirect URIs only, and strangers of none', async () => {
    const { url } = client.authorization('editor', { redirect_uri: 'https://evil.example/cb' })
    const answer = await fetch(url, { redirect: 'manual' })
    const own = /'https:\/\/evil\.example\/cb' is not one this client registered \(http:\/\/127/
    await assertRefused(answer.clone(), 400, 'invalid_request', own)
    assert.doesNotMatch(await answer.text(), /reports\.example/)

    await using listing = await startEntrance({
      emulator: server.emulator,
      entrance: { clients: CLIENTS, registration: { allow: ['vscode'] } },
    })
    const stranger = createOAuthClient(listing.url)
    const redirect_uris = ['https://reports.example/c']
    const refused = await stranger.register({ redirect_uris })
    const { error_description } = await readError(refused)
    assert.match(error_description, /the nearest that is allowed: https:\/\/vscode\.dev/)
    assert.doesNotMatch(error_description, /reports\.example\/cb/)
  })

  test('may have a scheme of its own', async () => {
    const redirect_uri = 'my-app://signed-in'
    const named = { client_id: 'app', redirect_uris: [redirect_uri], client_secret: NEW }
    await using other = await startEntrance({
      emulator: server.emulator,
      entrance: { clients: [named], registration: { allow: ['vscode'] } },
    })
    const { url } = createOAuthClient(other.url).authorization('app', { redirect_uri })
    const page = await createBrowser().signIn(url, { until: 'my-app:' })
    assert.ok(codeOf(page))
  })

  test('has its secret in no log line and no error', async () => {
    await client.token(refresh, basic('reports', `${OLD}!`))
    assert.doesNotMatch(JSON.stringify(server.logs), /secret of the reports/)
  })
})

suite('where nobody may register', () => {
  test('/register says so, and the metadata does not name it', async () => {
    const refused = await client.register()
    await assertRefused(refused, 403, 'access_denied', /^This server takes no registrations\./)
    const metadata = await json<object>(await client.authorizationServer())
    assert.equal('registration_endpoint' in metadata, false)
  })

  test('the metadata names no way to authenticate that nobody can have', async () => {
    await using off = await startEntrance({
      emulator: server.emulator,
      entrance: { clients: CLIENTS, registration: { mode: 'off' }, clientDocuments: 'fetch' },
    })
    const answer = await createOAuthClient(off.url).authorizationServer()
    assert.doesNotMatch(await answer.text(), /private_key_jwt|client_id_metadata_document/)
  })

  test('a stranger is not sent to register again', async () => {
    const { url } = client.authorization('nobody')
    const text = /^This server takes only clients that its operator has named/
    const answer = await fetch(url, { redirect: 'manual' })
    await assertRefused(answer.clone(), 400, 'unauthorized_client', text)
    const body = (await answer.json()) as object
    assert.equal('registration_endpoint' in body, false)
    const token = await client.token({ ...refresh, client_id: 'nobody' })
    assert.equal('registration_endpoint' in (await readError(token.clone())), false)
    await assertRefused(token, 401, 'invalid_client', text)
    const page = await fetch(url, { headers: { accept: 'text/html' } })
    const html = await page.text()
    assert.equal(page.status, 400)
    assert.match(html, /Ask the operator of this server/)
    assert.doesNotMatch(html, /registers anew/)
  })

  test('a client that registered before is no longer let in, and told why', async () => {
    const secret = randomBytes(32).toString('base64url')
    const { tenantId, application, origin: authority } = server.emulator
    await using open = await startEntrance({ emulator: server.emulator, entrance: { secret } })
    const before = await signIn(open.url)
    const off = createEntrance({
      url: open.url,
      secret,
      store: memoryStore(),
      entra: { tenantId, ...application, authority },
      registration: { mode: 'off' },
    })
    const text = /^This client registered by itself, and this server no longer takes such clients/
    const { url } = before.client.authorization(before.client_id)
    const answer = await off.fetch(new Request(url))
    assert.equal(answer.headers.get('location'), null)
    await assertRefused(answer, 400, 'unauthorized_client', text)
    const parameters = refreshOf(before, before.tokens)
    const renewed = await off.fetch(formRequest(`${open.url}/token`, parameters))
    await assertRefused(renewed, 401, 'invalid_client', text)
    await off.close()
  })

  test('a redirect URI of a configured client is good for it, to the end', async () => {
    for (const [client_id, redirect_uri, proof] of [
      ['reports', REDIRECT_URI, { headers: basic('reports', OLD) }],
      ['poster', REDIRECT_URI, { parameters: { client_id: 'poster', client_secret: NEW } }],
      ['editor', 'http://127.0.0.1:54321/cb', { parameters: { client_id: 'editor' } }],
    ] as const) {
      const authorization = client.authorization(client_id, { redirect_uri })
      const browser = createBrowser()
      const page = await browser.signIn(authorization.url, { until: redirect_uri })
      const code = codeOf(page)
      const { code_verifier } = authorization
      const { parameters = {}, headers = {} } = { parameters: {}, headers: {}, ...proof }
      const redemption = { grant_type: 'authorization_code', code, code_verifier, redirect_uri }
      const answer = await client.token({ ...redemption, ...parameters }, headers)
      const { access_token } = await json<{ access_token: string }>(answer)
      const response = await client.mcp(access_token, { method: 'ping' })
      assert.notEqual(response.status, 401)
      await response.body?.cancel()
    }
  })
})

suite('the Entra application', () => {
  test('is a client only where the configuration names it (fastmcp W16)', async () => {
    const { clientId } = server.emulator.application
    const redirect_uri = 'https://claude.ai/api/mcp/auth_callback'
    const { url } = client.authorization(clientId, { redirect_uri })
    const answer = await fetch(url, { redirect: 'manual' })
    await assertRefused(answer, 400, 'unauthorized_client', /only clients that its operator/)

    const named = { client_id: clientId, redirect_uris: [redirect_uri], client_secret: NEW }
    await using other = await startEntrance({
      emulator: server.emulator,
      entrance: { clients: [named] },
    })
    const own = createOAuthClient(other.url).authorization(clientId, { redirect_uri })
    const begun = await fetch(own.url, { redirect: 'manual' })
    assert.match(begun.headers.get('location') ?? '', /\/consent\?request=/)
    const elsewhere = createOAuthClient(other.url).authorization(clientId)
    const refused = await fetch(elsewhere.url, { redirect: 'manual' })
    await assertRefused(refused, 400, 'invalid_request', /is not one this client registered/)
    // The secret towards Entra is not the one towards us.
    const { clientSecret } = server.emulator.application
    const token = createOAuthClient(other.url).token(refresh, basic(clientId, clientSecret))
    await assertRefused(await token, 401, 'invalid_client', WRONG)
  })
})
