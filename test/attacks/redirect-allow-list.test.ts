import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, suite, test } from 'node:test'
import { createEntrance, type Entrance, type EntranceOptions } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { createBrowser } from '../support/browser.ts'
import { codeOf, createOAuthClient, json, signIn } from '../support/oauth-client.ts'
import { type RunningEntrance, startEntrance } from '../support/start.ts'
import { assertTakenNoFurther, showConsent } from './consent-form.ts'
import { assertRefused, formRequest, get, readError, refreshOf } from './support.ts'

const EVIL = 'https://evil.example/cb'
const LISTED = 'https://app.example/cb'

let listed: RunningEntrance
before(async () => {
  listed = await startEntrance({ entrance: { registration: { allow: [LISTED, 'chatgpt'] } } })
})
after(() => listed.stop())

suite('an allow list of redirect URIs', () => {
  test('is not bypassed by falling back to what the client registered (fastmcp #3066)', async () => {
    const client = createOAuthClient(listed.url)
    const refused = await client.register({ redirect_uris: [EVIL] })
    await assertRefused(refused, 400, 'invalid_redirect_uri', /not on this server's list/)
    // Registered together with a good one, and then asked for.
    const both = await json<{ client_id: string; redirect_uris: string[] }>(
      await client.register({ redirect_uris: [EVIL, LISTED] }),
    )
    assert.deepEqual(both.redirect_uris, [LISTED])
    const { url } = client.authorization(both.client_id, { redirect_uri: EVIL })
    const answer = await fetch(url, { redirect: 'manual' })
    assert.equal(answer.headers.get('location'), null)
    await assertRefused(answer, 400, 'invalid_request', /not on this server's list/)
  })

  test('is not the same as none when it is empty (fastmcp #3098)', () => {
    for (const registration of [{ allow: [] }, { mode: 'allowlist' as const }]) {
      assert.throws(() => own({ registration }), /registration\.allow: is empty/)
    }
    const ignored = { mode: 'open' as const, allow: [LISTED] }
    assert.throws(() => own({ registration: ignored }), /mean nothing while the mode is open/)
  })

  test('is not baked in when a client registers (fastmcp #3772)', async () => {
    const secret = randomBytes(32).toString('base64url')
    const store = memoryStore()
    await using open = await startEntrance({
      emulator: listed.emulator,
      entrance: { secret, store },
    })
    const before = await signIn(open.url, {
      metadata: { redirect_uris: [EVIL] },
      overrides: { redirect_uri: EVIL },
    })
    await using later = own({ url: open.url, secret, store, registration: { allow: [LISTED] } })

    // At /authorize, on the consent page, at Allow, at the callback, and when tokens are renewed.
    const authorization = before.client.authorization(before.client_id, { redirect_uri: EVIL })
    const begun = await later.fetch(new Request(authorization.url))
    const { error_description } = await readError(begun)
    assert.equal(begun.status, 400)
    assert.match(error_description, /^The redirect_uri 'https:\/\/evil\.example\/cb' is not on/)
    assert.match(error_description, /nearest that is allowed: https:\/\/app\.example\/cb/)
    assert.match(error_description, /add 'https:\/\/evil\.example\/cb' to registration\.allow/)

    const shown = await showConsent(authorization.url)
    await assertTakenNoFurther(later, shown, open.url)

    const refresh = formRequest(`${open.url}/token`, refreshOf(before, before.tokens))
    const renewed = await later.fetch(refresh)
    await assertRefused(renewed, 401, 'invalid_client', /^None of the redirect URIs of this client/)
  })

  test('is not crossed by what stands in the place of its wildcard (ts-peers row 9)', async () => {
    const client = createOAuthClient(listed.url)
    const start = 'https://chatgpt.com/connector/oauth/'
    const tails = [
      ...[
        '',
        'a/b',
        'a/../b',
        '..',
        '%2e%2e',
        'a%2fb',
        'a?b',
        '?b',
        'a@evil.example',
        'a#b',
        'a;b',
      ],
      ...['*', '%2e%2e%2fsteal', 'a\\b'],
    ]
    for (const tail of tails) {
      const refused = await client.register({ redirect_uris: [`${start}${tail}`] })
      await assertRefused(
        refused,
        400,
        'invalid_redirect_uri',
        /^No redirect URI can be registered/,
      )
    }
    const good = await client.register({ redirect_uris: [`${start}aBc-123`] })
    const { client_id } = await json<{ client_id: string }>(good)
    // What is registered is one address, and not the pattern that let it through.
    const { url } = client.authorization(client_id, { redirect_uri: `${start}other` })
    const answer = await fetch(url, { redirect: 'manual' })
    await assertRefused(answer, 400, 'invalid_request', /is not one this client registered/)
  })

  test('has no wildcard in a host (ts-peers row 9)', () => {
    for (const entry of ['https://*.example.com/*', 'https://*/cb', 'https://app.example:*/cb']) {
      const start = () => own({ registration: { allow: [entry] } })
      assert.throws(start, /has a wildcard in its host/)
    }
  })

  test('does not let a scheme of its own through that it does not name', async () => {
    await using entrance = own({
      registration: { allow: ['vscode'] },
      privateUseRedirectUris: ['cursor://anysphere.cursor-mcp/oauth/callback'],
    })
    const uris = ['cursor://anysphere.cursor-mcp/oauth/callback', 'http://127.0.0.1/']
    const body = JSON.stringify({ redirect_uris: uris, token_endpoint_auth_method: 'none' })
    const headers = { 'content-type': 'application/json' }
    const request = new Request(`${listed.url}/register`, { method: 'POST', headers, body })
    const { redirect_uris } = await json<{ redirect_uris: string[] }>(await entrance.fetch(request))
    assert.deepEqual(redirect_uris, ['http://127.0.0.1/'])
  })

  test('is not widened for strangers by what a configured client may use', async () => {
    const uris = ['http://127.0.0.1/reports', 'my-app://callback', 'https://reports.example/cb']
    const named = { client_id: 'reports', redirect_uris: uris, client_secret: 'x'.repeat(40) }
    await using server = await startEntrance({
      emulator: listed.emulator,
      entrance: { registration: { allow: ['claude'], adopt: true }, clients: [named] },
    })
    const client = createOAuthClient(server.url)
    for (const redirect_uri of ['http://127.0.0.1:5000/reports', ...uris]) {
      const refused = await client.register({ redirect_uris: [redirect_uri] })
      await assertRefused(refused, 400, 'invalid_redirect_uri', /not on this server's list/)
      const adopting = await get(client.authorization('stranger', { redirect_uri }).url)
      assert.equal(adopting.status, 400, redirect_uri)
      const own = client.authorization('reports', { redirect_uri })
      assert.equal((await get(own.url)).status, 302, redirect_uri)
    }
    // Where there is no list, a scheme of its own is still that one client's.
    await using open = await startEntrance({
      emulator: listed.emulator,
      entrance: { clients: [named] },
    })
    const other = createOAuthClient(open.url)
    const [, redirect_uri = ''] = uris
    const { client_id } = await json<{ client_id: string }>(
      await other.register({ redirect_uris: [redirect_uri, 'http://127.0.0.1/cb'] }),
    )
    const { url } = other.authorization(client_id, { redirect_uri })
    const answer = await fetch(url, { redirect: 'manual' })
    await assertRefused(answer, 400, 'invalid_request', /has a scheme that this server does not/)
  })

  test('holds for what was signed in at another redirect URI of the same client', async () => {
    const secret = randomBytes(32).toString('base64url')
    const store = memoryStore()
    await using open = await startEntrance({
      emulator: listed.emulator,
      entrance: { secret, store },
    })
    const before = await signIn(open.url, {
      metadata: { redirect_uris: [EVIL, LISTED] },
      overrides: { redirect_uri: EVIL },
    })
    await using later = own({ url: open.url, secret, store, registration: { allow: [LISTED] } })
    const refresh = () => formRequest(`${open.url}/token`, refreshOf(before, before.tokens))
    const refused = await later.fetch(refresh())
    await assertRefused(refused, 400, 'invalid_grant', /redirect URI .* may not be used here/)
    // Nothing is used up: a list that was narrowed by mistake costs nobody a sign-in.
    assert.equal((await open.entrance.fetch(refresh())).status, 200)
  })

  test('lets through a scheme of its own that a preset names, to the end', async () => {
    await using server = await startEntrance({
      emulator: listed.emulator,
      entrance: { registration: { allow: ['cursor'] }, privateUseRedirectUris: [] },
    })
    const cursor = [
      'cursor://anysphere.cursor-mcp/oauth/callback',
      'https://www.cursor.com/agents/mcp/oauth/callback',
      'http://localhost:8787/callback',
    ]
    const client = createOAuthClient(server.url)
    const answer = await client.register({ redirect_uris: cursor, application_type: 'native' })
    const registered = await json<{ client_id: string; redirect_uris: string[] }>(answer)
    assert.deepEqual(registered.redirect_uris, cursor)
    const [redirect_uri = ''] = cursor
    const authorization = client.authorization(registered.client_id, { redirect_uri })
    const page = await createBrowser().signIn(authorization.url, { until: redirect_uri })
    assert.equal((await client.exchange(authorization, codeOf(page))).status, 200)
  })
})

suite('a scheme of its own that nobody allowed', () => {
  test('is named with the nearest that is allowed and the line to add', async () => {
    await using server = await startEntrance({ emulator: listed.emulator })
    const client = createOAuthClient(server.url)
    const redirect_uri = 'cursor://evil/callback'
    const { client_id } = await json<{ client_id: string }>(
      await client.register({ redirect_uris: [redirect_uri, 'http://localhost/cb'] }),
    )
    const { url } = client.authorization(client_id, { redirect_uri })
    const { error_description } = await readError(await fetch(url, { redirect: 'manual' }))
    assert.match(error_description, /^The redirect_uri 'cursor:\/\/evil\/callback' has a scheme/)
    assert.match(error_description, /allowed: cursor:\/\/anysphere\.cursor-mcp\/oauth\/callback\)/)
    assert.match(error_description, /add 'cursor:\/\/evil\/callback' to privateUseRedirectUris/)
    // A person is not told to try again what cannot succeed.
    const { text } = await createBrowser().open(url)
    assert.match(text, /Tell the makers of the application, or whoever runs this server/)
    assert.doesNotMatch(text, /start the sign-in again/)
  })
})

/** Another server in this process, with nobody listening. */
function own(options: Partial<EntranceOptions>): Entrance & AsyncDisposable {
  const { tenantId, application, origin: authority } = listed.emulator
  const entrance = createEntrance({
    url: listed.url,
    secret: randomBytes(32).toString('base64url'),
    store: memoryStore(),
    entra: { tenantId, ...application, authority },
    ...options,
  })
  return { ...entrance, [Symbol.asyncDispose]: () => entrance.close() }
}
