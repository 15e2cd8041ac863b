import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, suite, test } from 'node:test'
import type { ConfiguredClient, EntranceOptions } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import type { Store } from '../../src/stores/store.ts'
import { createBrowser } from '../support/browser.ts'
import {
  codeOf,
  createOAuthClient,
  json,
  type OAuthClient,
  type Parameters,
} from '../support/oauth-client.ts'
import { type RunningEntrance, startEntrance } from '../support/start.ts'
import { answerConsent, locationOf, openConsent, withCookies } from './consent-form.ts'
import { assertRefused, basic, formRequest, get, NAVIGATION, unheardServer } from './support.ts'

const DISABLED: ConfiguredClient = {
  client_id: 'switched-off',
  redirect_uris: ['http://127.0.0.1/callback'],
  token_endpoint_auth_method: 'none',
  disabled: true,
}

let server: RunningEntrance
let client: OAuthClient
let store: Store
/** The keys of records that were written. */
const written: string[] = []

before(async () => {
  store = watch(memoryStore())
  server = await startEntrance({
    entrance: { store, registration: { adopt: true }, clients: [DISABLED] },
  })
  client = createOAuthClient(server.url)
})
after(() => server.stop())

type Headers = Readonly<Record<string, string>>

/** What is sent when no person opens a page. */
const OTHERWISE: ReadonlyMap<string, Headers> = new Map([
  ['a program that looks before it opens a browser (spec-clients C3.8)', { accept: '*/*' }],
  ['a program that says nothing', {}],
  ['a script that asks for a page', { accept: NAVIGATION.accept, 'sec-fetch-mode': 'cors' }],
  ["another site's fetch", { ...NAVIGATION, 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }],
  [
    "another site's blind fetch",
    { ...NAVIGATION, 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'empty' },
  ],
  ["another site's image", { ...NAVIGATION, 'sec-fetch-dest': 'image' }],
  ["another site's iframe", { ...NAVIGATION, 'sec-fetch-dest': 'iframe' }],
  ["another site's frame", { ...NAVIGATION, 'sec-fetch-dest': 'frame' }],
  ['an embedded object', { ...NAVIGATION, 'sec-fetch-dest': 'object' }],
])

function ask(client_id: string, overrides: Parameters = {}, headers = NAVIGATION as Headers) {
  return get(client.authorization(client_id, overrides).url, headers)
}

/** Told so where no browser asks for a page, and sent nowhere. */
async function assertUnknown(answer: Response, what: string): Promise<void> {
  assert.equal(answer.status, 400, what)
  assert.equal(answer.headers.get('location'), null, what)
  const text = await answer.text()
  assert.match(text, /invalid_client|unauthorized_client|Client Not Registered/, what)
}

suite('an unknown client', () => {
  test('is asked about where a person opens the page', async () => {
    const answer = await ask('lost')
    assert.equal(locationOf(answer).pathname, '/consent')
    // A browser that does not send them, such as one on a plain address, is known by what it takes.
    const { accept } = NAVIGATION
    assert.equal(locationOf(await ask('lost', {}, { accept })).pathname, '/consent')
  })

  for (const [who, headers] of OTHERWISE) {
    test(`is unknown to ${who}`, async () => {
      await assertUnknown(await ask('lost', {}, headers), who)
    })
  }

  test('is unknown to HEAD and to a form', async () => {
    const { url } = client.authorization('lost')
    const head = await server.entrance.fetch(
      new Request(url, { method: 'HEAD', headers: NAVIGATION }),
    )
    assert.equal(head.status, 400)
    const parameters = Object.fromEntries(url.searchParams)
    const form = formRequest(`${server.url}/authorize`, parameters, NAVIGATION)
    await assertUnknown(await server.entrance.fetch(form), 'form')
  })

  test('is not adopted with a redirect URI that leaves the computer', async () => {
    for (const redirect_uri of [
      ...['https://evil.example/cb', 'https://localhost/cb', 'http://localhost.evil.example/cb'],
      ...['http://localhost@evil.example/cb', 'http://127.0.0.2/cb', 'http://0.0.0.0/cb'],
      ...['cursor://anysphere.cursor-mcp/oauth/callback', 'my-app://cb', 'javascript:alert(1)'],
      ...[`${server.url}/auth/callback`, `http://127.0.0.1:${server.port}/consent`],
      ...['http://localhost/cb#x', 'http://localhost/cb?code=x', 'http://localhost/../cb', ''],
      undefined,
    ]) {
      await assertUnknown(await ask('lost', { redirect_uri }), String(redirect_uri))
    }
  })

  test('is not adopted without PKCE, and nothing is told to its address', async () => {
    for (const overrides of [
      { code_challenge: undefined, code_challenge_method: undefined },
      { code_challenge: undefined },
      { code_challenge_method: undefined },
      { code_challenge_method: 'plain' },
      { code_challenge: 'short' },
    ]) {
      await assertUnknown(await ask('lost', overrides), JSON.stringify(overrides))
    }
  })

  test('is not adopted under an id that is a URL or was tampered with', async () => {
    const registered = await json<{ client_id: string }>(await client.register())
    const { client_id } = registered
    const last = client_id.endsWith('A') ? 'B' : 'A'
    for (const id of [
      ...['https://evil.example/metadata', 'http://localhost/x', 'HTTPS://evil.example/', 'urn:x'],
      ...[`${client_id.slice(0, -1)}${last}`, `${client_id}x`, client_id.replace(/^e1/, 'e1.')],
      ...['x'.repeat(1025), 'caf\u00e9', 'a\nb'],
    ]) {
      if (id.startsWith('e1..')) continue
      await assertUnknown(await ask(id), id)
    }
  })

  test('is not adopted where the operator switched it off', async () => {
    await assertUnknown(await ask(DISABLED.client_id), 'disabled')
    const token = { grant_type: 'refresh_token', refresh_token: 'x' }
    const refused = await client.token({ ...token, client_id: DISABLED.client_id })
    await assertRefused(refused, 401, 'invalid_client', /has switched this client off/)
  })

  test('is shown without a name, as what it is', async () => {
    const browser = createBrowser()
    const page = await browser.open(locationOf(await ask('Microsoft')))
    assert.match(page.text, /An unverified application that is not registered here/)
    assert.doesNotMatch(page.text, /The application Microsoft/)
  })

  test('leaves nothing behind before a person has signed in', async () => {
    const before = written.length
    for (let i = 0; i < 50; i++) await ask(`stranger-${i}`)
    const shown = await showConsentOf('stranger')
    await answerConsent(shown, { action: 'deny' })
    const allowed = await answerConsent(await showConsentOf('stranger'))
    assert.equal(locationOf(allowed).origin, server.emulator.origin)
    assert.deepEqual(written.slice(before), [])
    const token = { grant_type: 'refresh_token', refresh_token: 'x', client_id: 'stranger' }
    await assertRefused(await client.token(token), 401, 'invalid_client', /^No client with this/)
  })

  test('gets no code at an Entra answer that its person did not bring', async () => {
    const before = written.length
    const shown = await showConsentOf('stranger')
    const allowed = await answerConsent(shown)
    const state = locationOf(allowed).searchParams.get('state') ?? ''
    const cookie = withCookies(shown.cookie, allowed)
    const query = new URLSearchParams({ code: 'forged', state })
    const returned = await fetch(`${server.url}/auth/callback?${query}`, {
      redirect: 'manual',
      headers: { cookie },
    })
    assert.equal(returned.status, 400)
    assert.deepEqual(written.slice(before), [])
  })

  test('is one record, however often it comes and from whatever port', async () => {
    const before = written.length
    for (const port of [40_001, 40_002, 40_003]) {
      const redirect_uri = `http://127.0.0.1:${port}/callback`
      const { access_token } = await signInAs('comes-often', { redirect_uri })
      assert.ok(access_token)
    }
    const records = written.slice(before).filter((key) => key.startsWith('client:'))
    assert.deepEqual([records.length, new Set(records).size], [3, 1])
    // What it holds names nobody.
    const record = await store.get(records[0] as string)
    assert.doesNotMatch(JSON.stringify(record), /comes-often|127\.0\.0\.1/)
  })

  test('is asked about again, and never passes for one that is known', async () => {
    await signInAs('comes-again')
    const page = await createBrowser().open(locationOf(await ask('comes-again')))
    assert.match(page.text, /unverified application/)
    const elsewhere = await ask('comes-again', { redirect_uri: 'https://evil.example/cb' })
    assert.equal(elsewhere.status, 400)
    assert.equal(elsewhere.headers.get('location'), null)
  })
})

suite('adopting', () => {
  test('is off unless asked for', async () => {
    await using plain = await startEntrance({ emulator: server.emulator })
    const { url } = createOAuthClient(plain.url).authorization('lost')
    const answer = await fetch(url, { redirect: 'manual', headers: NAVIGATION })
    await assertUnknown(answer, 'off')
  })

  test('is refused at the start where others can reach the server', () => {
    const url = 'https://expenses.example.com'
    assert.throws(
      () => own({ url, registration: { adopt: true } }),
      /registration\.adopt: is for a server on loopback only/,
    )
  })

  test('does not get around an allow list', async () => {
    await using entrance = own({ registration: { adopt: true, allow: ['vscode'] } })
    const request = (redirect_uri: string) =>
      new Request(client.authorization('lost', { redirect_uri }).url, { headers: NAVIGATION })
    const allowed = await entrance.fetch(request('http://127.0.0.1:33418/'))
    assert.equal(locationOf(allowed).pathname, '/consent')
    await assertUnknown(await entrance.fetch(request('http://127.0.0.1:1/callback')), 'not listed')
  })

  test('gives nobody the sign-ins of a client that had a secret under the same id', async () => {
    const shared = { secret: randomBytes(32).toString('base64url'), store: memoryStore() }
    const password = 'the secret of the reports client ......'
    const redirect_uris = ['http://127.0.0.1/callback']
    const named = { client_id: 'reports', redirect_uris, client_secret: password }
    await using server = await startEntrance({ entrance: { ...shared, clients: [named] } })
    const there = createOAuthClient(server.url)
    const before = there.authorization('reports')
    const browser = createBrowser()
    const until = before.redirect_uri
    const code = codeOf(await browser.signIn(before.url, { until }))
    const { code_verifier } = before
    const { refresh_token } = await json<{ refresh_token: string }>(
      await there.token(
        { grant_type: 'authorization_code', code, code_verifier },
        basic('reports', password),
      ),
    )
    // The operator takes it out of the configuration, and somebody is let in by its id.
    const { tenantId, application, origin: authority } = server.emulator
    await using later = own({
      ...{ ...shared, url: server.url, entra: { tenantId, ...application, authority } },
      registration: { adopt: true },
    })
    const reach = (input: string | URL | Request, init?: RequestInit) =>
      String(input).startsWith(server.url)
        ? later.fetch(new Request(input, init))
        : fetch(input, init)
    const again = there.authorization('reports')
    const adopted = await createBrowser(reach as typeof fetch).signIn(again.url, { until })
    const redeem = { grant_type: 'authorization_code', code: codeOf(adopted), client_id: 'reports' }
    const form = { ...redeem, code_verifier: again.code_verifier }
    const given = await later.fetch(formRequest(`${server.url}/token`, form))
    assert.equal(given.status, 200)
    const refresh = { grant_type: 'refresh_token', refresh_token, client_id: 'reports' }
    const refused = await later.fetch(formRequest(`${server.url}/token`, refresh))
    await assertRefused(refused, 400, 'invalid_grant', /had to authenticate when it was given/)
  })

  test('ends for everybody when it is switched off, and under way, too', async () => {
    const secret = randomBytes(32).toString('base64url')
    const common = memoryStore()
    await using on = await startEntrance({
      emulator: server.emulator,
      entrance: { secret, store: common, registration: { adopt: true } },
    })
    await using off = own({ url: on.url, secret, store: common })
    const there = createOAuthClient(on.url)
    const authorization = there.authorization('lost')
    const until = authorization.redirect_uri
    const consentPage = locationOf(await get(authorization.url))
    const code = codeOf(await createBrowser().signIn(consentPage, { until }))
    const { refresh_token } = await json<{ refresh_token: string }>(
      await there.exchange(authorization, code),
    )
    const parameters = { grant_type: 'refresh_token', refresh_token, client_id: 'lost' }
    const refused = await off.fetch(formRequest(`${on.url}/token`, parameters))
    await assertRefused(refused, 401, 'invalid_client', /^No client with this client_id/)

    // A sign-in that was allowed before is told so at the callback, and gets no code.
    const browser = createBrowser()
    const begun = await get(there.authorization('under-way').url)
    const consent = await browser.open(locationOf(begun))
    const accounts = await browser.press(consent, 'Allow Access')
    const page = await browser.press(accounts, /^Alice/, { until: `${on.url}/auth/callback` })
    const cookie = browser.cookies.header(page.url, { method: 'GET', isCrossSite: false })
    const callback = new Request(page.url, { headers: { cookie: cookie ?? '' } })
    await assertRefused(await off.fetch(callback), 403, 'access_denied', /any more/)
  })
})

async function signInAs(client_id: string, overrides: Parameters = {}) {
  const authorization = client.authorization(client_id, overrides)
  const until = authorization.redirect_uri
  const consentPage = locationOf(await get(authorization.url))
  const code = codeOf(await createBrowser().signIn(consentPage, { until }))
  return json<{ access_token: string }>(await client.exchange(authorization, code))
}

/** The consent page that a browser is sent to. */
async function showConsentOf(client_id: string) {
  return openConsent(locationOf(await ask(client_id)))
}

/** Notes what is written, before it is. */
function watch(inner: Store): Store {
  return {
    ...inner,
    create: (record) => {
      written.push(record.key)
      return inner.create(record)
    },
    replace: (record, version) => {
      written.push(record.key)
      return inner.replace(record, version)
    },
  }
}

const own = (options: Partial<EntranceOptions>) => unheardServer(server, options)
