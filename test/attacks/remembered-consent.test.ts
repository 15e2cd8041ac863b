import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { SEED } from '../../src/emulator/emulator.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import type { Store } from '../../src/stores/store.ts'
import { type Browser, createBrowser, type Page } from '../support/browser.ts'
import {
  type Authorization,
  codeOf,
  createOAuthClient,
  json,
  type OAuthClient,
  REDIRECT_URI,
  type TokenResponse,
} from '../support/oauth-client.ts'
import { type RunningEntrance, startEntrance } from '../support/start.ts'
import { assertRefused, basic, startReplicas } from './support.ts'

const HTTPS = 'https://app.example.com/callback'

let store: Store
let server: RunningEntrance
let client: OAuthClient
before(async () => {
  store = memoryStore()
  server = await startEntrance({ entrance: { consent: 'remember', store } })
  client = createOAuthClient(server.url)
})
after(() => server.stop())

suite('a consent that is remembered', () => {
  test('is not asked for again, and Entra is told who is expected', async () => {
    const { browser, client_id } = await allowOnce()
    const authorization = client.authorization(client_id)
    const entra = await browser.open(authorization.url, { until: server.emulator.origin })
    const { searchParams } = entra.url
    assert.equal(searchParams.get('login_hint'), 'alice@entrance.example')
    // A public client: Entra's page takes the place of ours.
    assert.equal(searchParams.get('prompt'), 'select_account')
    const until = authorization.redirect_uri
    const code = codeOf(await browser.signIn(entra.url, { until }))
    assert.equal((await client.exchange(authorization, code)).status, 200)
  })

  test('holds at another port of loopback, where a program listens the next time', async () => {
    const { browser, client_id } = await allowOnce()
    const redirect_uri = REDIRECT_URI.replace('49152', '50001')
    const { url } = client.authorization(client_id, { redirect_uri })
    assert.ok(isAtEntra(await open(browser, url)))
  })

  test('is asked for each time where nothing is said of remembering', async () => {
    await using other = await startEntrance()
    const { browser, client_id } = await allowOnce({ of: other })
    const { url } = createOAuthClient(other.url).authorization(client_id)
    const page = await browser.open(url, { until: other.emulator.origin })
    assert.equal(page.url.pathname, '/consent')
  })

  test('is known to every replica, and ends with a no on any of them', async () => {
    await using replicas = await startReplicas({ consent: 'remember' })
    const { browser, client_id } = await allowOnce({ of: replicas.server })
    const cookie = cookiesOf(browser)
    const { url } = createOAuthClient(replicas.server.url).authorization(client_id)
    const ask = async (turn: number) => {
      const entrance = replicas.entrances[turn % 2]
      const first = await entrance?.fetch(new Request(url))
      const location = first?.headers.get('location') ?? ''
      const headers = { cookie, 'sec-fetch-site': 'none' }
      return entrance?.fetch(new Request(location, { headers }))
    }
    assert.equal((await ask(0))?.status, 302)
    assert.equal((await ask(1))?.status, 302)
    await deny(browser, url)
    assert.equal((await ask(0))?.status, 200)
    assert.equal((await ask(1))?.status, 200)
  })
})

suite('a remembered consent is of no use', () => {
  for (const site of ['cross-site', 'same-site', undefined, '', 'None', 'same-origin, none']) {
    test(`to a link from elsewhere (Sec-Fetch-Site: ${site}; GHSA-6x8h-498w-gv8c)`, async () => {
      const { browser, client_id } = await allowOnce()
      const { url } = client.authorization(client_id)
      const answer = await visitConsent(url, cookiesOf(browser), site)
      assert.equal(answer.status, 200)
      assert.match(await answer.text(), /Application Access Request/)
    })
  }

  test('to a link of our own error page, to which another site can lead', async () => {
    const { browser, client_id } = await allowOnce()
    const page = await browser.open(`${await consentAddress(client_id)}&ask=1`)
    assert.equal(page.status, 200)
    const cookie = cookiesOf(browser).replace(/entrance=[\w-]+/, `entrance=${'A'.repeat(43)}`)
    const [form] = page.forms
    const fields = { ...Object.fromEntries(form?.fields ?? []), action: 'allow' }
    const body = new URLSearchParams(fields)
    const headers = { cookie, origin: server.url, accept: 'text/html' }
    const refused = await fetch(`${server.url}/consent`, { method: 'POST', body, headers })
    assert.equal(refused.status, 403)
    const [, href = ''] = /href="(\/consent[^"]+)"/.exec(await refused.text()) ?? []
    const again = await fetch(`${server.url}${href.replaceAll('&amp;', '&')}`, {
      headers: { cookie: cookiesOf(browser), 'sec-fetch-site': 'same-origin' },
      redirect: 'manual',
    })
    assert.equal(again.status, 200, 'the page is shown')
  })

  test('to HEAD, and to a prefetch: nothing is started before somebody looks', async () => {
    const { browser, client_id } = await allowOnce()
    const address = await consentAddress(client_id)
    const headers = { cookie: cookiesOf(browser), 'sec-fetch-site': 'none' }
    const head = await fetch(address, { method: 'HEAD', headers, redirect: 'manual' })
    assert.equal(head.status, 200)
    for (const purpose of ['prefetch', 'prefetch;prerender', 'prefetch;anonymous-client-ip']) {
      const early = { ...headers, 'sec-purpose': purpose }
      const answer = await fetch(address, { headers: early, redirect: 'manual' })
      assert.equal(answer.status, 503)
      assert.deepEqual(answer.headers.getSetCookie(), [])
    }
  })

  test('to another client, whatever it calls itself', async () => {
    const { browser } = await allowOnce()
    const other = await register({ redirect_uris: [REDIRECT_URI, 'http://localhost/x'] })
    assert.ok(isAsked(await open(browser, client.authorization(other).url)))
  })

  test('at another redirect URI of the same client', async () => {
    const redirect_uris = [REDIRECT_URI, HTTPS, `${HTTPS}2`]
    const { browser, client_id } = await allowOnce({ metadata: { redirect_uris } })
    for (const redirect_uri of [HTTPS, `${HTTPS}2`]) {
      const { url } = client.authorization(client_id, { redirect_uri })
      assert.ok(isAsked(await open(browser, url)), redirect_uri)
    }
  })

  test('in a browser that names nobody, or somebody else', async () => {
    const { client_id } = await allowOnce()
    const { url } = client.authorization(client_id)
    assert.ok(isAsked(await open(createBrowser(), url)))
    const bob = await allowOnce({ account: 'Bob', client_id: await register({ client_name: 'x' }) })
    assert.ok(isAsked(await open(bob.browser, url)))
  })

  test('with a session that somebody made up, or changed', async () => {
    const { browser, client_id } = await allowOnce()
    const { url } = client.authorization(client_id)
    const cookie = cookiesOf(browser)
    const [, session = ''] = /entrance-session=([^;]+)/.exec(cookie) ?? []
    assert.equal((await visitConsent(url, cookie, 'none')).status, 302)
    const other = session.at(-1) === 'A' ? 'B' : 'A'
    for (const forged of ['', 'x', session.slice(0, -1), `${session.slice(0, -1)}${other}`]) {
      const answer = await visitConsent(url, cookie.replace(session, forged), 'none')
      assert.equal(answer.status, 200, forged)
    }
  })
})

suite('a Deny after an Allow (fastmcp W12)', () => {
  test('holds: the next sign-in is asked about', async () => {
    const { browser, client_id } = await allowOnce()
    const { url } = client.authorization(client_id)
    assert.ok(isAtEntra(await open(browser, url)))
    await deny(browser, url)
    assert.ok(isAsked(await open(browser, url)))
  })

  test('holds against a sign-in that was allowed before, and ends after it', async () => {
    const { browser, client_id } = await allowOnce()
    const { url, redirect_uri: until } = client.authorization(client_id)
    const asked = await browser.open(`${await consentAddress(client_id)}&ask=1`)
    const entra = await browser.press(asked, 'Allow Access', { until: server.emulator.origin })
    await deny(browser, url)
    assert.ok(codeOf(await browser.signIn(entra.url, { until })), 'it was allowed, that once')
    assert.ok(isAsked(await open(browser, url)), 'and no more than that')
  })

  test('holds against a sign-in that went on unasked: it is asked about before there is a code', async () => {
    const { browser, client_id } = await allowOnce()
    const { url, redirect_uri: until } = client.authorization(client_id)
    const entra = await open(browser, url)
    await deny(browser, url)
    const page = await browser.press(await browser.open(entra.url), /^Alice/, { until })
    assert.ok(isAsked(page))
    assert.match(page.text, /You chose alice@entrance\.example/)
  })
})

test('a Deny after an Allow takes back what the same page gave, though it is in use already', async () => {
  for (const consent of ['always', 'remember'] as const) {
    await using other = await startEntrance({ entrance: { consent } })
    const own = createOAuthClient(other.url)
    const { client_id } = await json<{ client_id: string }>(await own.register())
    const browser = createBrowser()
    const kept = await redeem(own, browser, own.authorization(client_id))
    const authorization = own.authorization(client_id)
    const first = await fetch(authorization.url, { redirect: 'manual' })
    const page = await browser.open(`${first.headers.get('location')}&ask=1`)
    const entra = await browser.press(page, 'Allow Access', { until: other.emulator.origin })
    const given = await redeem(own, browser, authorization, entra.url)
    assert.equal((await own.refresh(client_id, given.refresh_token)).status, 200)
    // The page is still open in the other tab.
    const until = authorization.redirect_uri
    const denied = await browser.press(page, 'Deny', { until })
    assert.equal(denied.url.searchParams.get('error'), 'access_denied')
    const refused = await own.refresh(client_id, given.refresh_token)
    await assertRefused(refused, 400, 'invalid_grant', /has been revoked \(denied by the person\)/)
    assert.equal((await own.mcp(given.access_token, { method: 'ping' })).status, 401)
    assert.equal(other.logs.filter(({ event }) => event === 'grant.revoked').length, 1)
    // What another request gave is another matter: the person's own page ends that.
    assert.equal((await own.refresh(client_id, kept.refresh_token)).status, 200)
  }
})

test('a Deny that cannot be written down is no Deny yet: the person is told, and not the client', async () => {
  const failing = memoryStore()
  await using other = await startEntrance({ entrance: { consent: 'remember', store: failing } })
  const { browser, client_id } = await allowOnce({ of: other })
  const { url, redirect_uri: until } = createOAuthClient(other.url).authorization(client_id)
  const first = await fetch(url, { redirect: 'manual' })
  const page = await browser.open(`${first.headers.get('location')}&ask=1`)
  const { replace } = failing
  failing.replace = () => Promise.reject(new Error('away'))
  const refused = await browser.press(page, 'Deny', { until })
  assert.equal(refused.status, 503)
  failing.replace = replace
  const denied = await browser.press(page, 'Deny', { until })
  assert.equal(denied.url.searchParams.get('error'), 'access_denied')
})

suite('another account at Entra than the one that allowed the client (fastmcp W13)', () => {
  test('gets no code, and is asked', async () => {
    const { browser, client_id } = await allowOnce()
    await consentAtEntra('Bob')
    const authorization = client.authorization(client_id)
    const records = await countRecords()
    const page = await chooseBob(browser, authorization)
    assert.ok(isAsked(page))
    assert.match(page.text, /You chose bob@entrance\.example at Microsoft Entra ID/)
    assert.equal(page.trail.filter((url) => url.href.startsWith(REDIRECT_URI)).length, 0)
    assert.deepEqual(await countRecords(), records, 'nothing is stored')
    // Nobody was asked: the browser is not Bob's yet, either.
    assert.match((await browser.open(`${server.url}/auth/apps`)).text, /Signed in as Alice/)

    const entra = await browser.press(page, 'Allow Access', { until: server.emulator.origin })
    assert.equal(entra.url.searchParams.get('login_hint'), 'bob@entrance.example')
    const done = await browser.open(entra.url, { until: REDIRECT_URI })
    const tokens = await json<{ access_token: string }>(
      await client.exchange(authorization, codeOf(done)),
    )
    const [, payload = ''] = tokens.access_token.split('.')
    assert.equal(JSON.parse(String(Buffer.from(payload, 'base64url'))).oid, SEED.bob)
  })

  test('is asked also where the page is loaded again: what is remembered is the yes of another', async () => {
    const { browser, client_id } = await allowOnce()
    await consentAtEntra('Bob')
    const { url } = await chooseBob(browser, client.authorization(client_id))
    const headers = { cookie: cookiesOf(browser), 'sec-fetch-site': 'none' }
    const again = await fetch(url, { headers, redirect: 'manual' })
    assert.equal(again.status, 200)
    assert.match(await again.text(), /You chose/)
  })

  test('can deny, and the client is told', async () => {
    const { browser, client_id } = await allowOnce()
    await consentAtEntra('Bob')
    const page = await chooseBob(browser, client.authorization(client_id))
    const denied = await browser.press(page, 'Deny', { until: REDIRECT_URI })
    assert.equal(denied.url.searchParams.get('error'), 'access_denied')
  })

  test('cannot be let in by the answer that was thrown away', async () => {
    const { browser, client_id } = await allowOnce()
    await consentAtEntra('Bob')
    const before = cookiesOf(browser)
    const page = await chooseBob(browser, client.authorization(client_id))
    const callback = page.trail.find(({ pathname }) => pathname === '/auth/callback') as URL
    const again = await fetch(callback, { headers: { cookie: before }, redirect: 'manual' })
    assert.equal(again.status, 403)
  })
})

suite('a client that', () => {
  test('authenticates with a secret goes through in silence: a server in the middle has no use for the code', async () => {
    const redirect_uris = [HTTPS]
    const metadata = { redirect_uris, token_endpoint_auth_method: 'client_secret_basic' }
    const { browser, client_id } = await allowOnce({ metadata, redirect_uri: HTTPS })
    const page = await open(browser, client.authorization(client_id, { redirect_uri: HTTPS }).url)
    assert.ok(isAtEntra(page))
    assert.equal(page.url.searchParams.has('prompt'), false)
    assert.equal(page.url.searchParams.get('login_hint'), 'alice@entrance.example')
    assert.ok(codeOf(await browser.open(page.url, { until: HTTPS })))
  })

  test('has no secret is never silent, even where Entra would ask nothing', async () => {
    await using other = await startEntrance({
      entrance: { consent: 'remember', entra: { prompt: '' } },
    })
    const { browser, client_id } = await allowOnce({ of: other })
    const { url } = createOAuthClient(other.url).authorization(client_id)
    const page = await browser.open(url, { until: other.emulator.origin })
    assert.equal(page.url.searchParams.get('prompt'), 'select_account')
  })
})

test('a yes is written down once, when somebody gives it, and nowhere but where it is remembered', async () => {
  for (const [consent, count] of [
    ['always', 0],
    ['remember', 1],
  ] as const) {
    const own = memoryStore()
    await using other = await startEntrance({ entrance: { consent, store: own } })
    const { browser, client_id } = await allowOnce({ of: other })
    const written = await consentsIn(own)
    assert.equal(written.length, count, consent)
    // The second time nobody is asked, where it is remembered: that is no new yes.
    const { url, redirect_uri: until } = createOAuthClient(other.url).authorization(client_id)
    assert.ok(codeOf(await browser.signIn(url, { until })))
    assert.deepEqual(await consentsIn(own), written, consent)
  }
})

/** Signs in and redeems the code; throws where that does not succeed. */
async function redeem(
  own: OAuthClient,
  browser: Browser,
  authorization: Authorization,
  from = authorization.url,
): Promise<TokenResponse> {
  const page = await browser.signIn(from, { until: authorization.redirect_uri })
  return json<TokenResponse>(await own.exchange(authorization, codeOf(page)))
}

type Allowing = {
  account?: string
  client_id?: string
  metadata?: Record<string, unknown>
  redirect_uri?: string
  of?: RunningEntrance
}

/** A browser in which a person has signed in and allowed a client. */
async function allowOnce(options: Allowing = {}): Promise<{ browser: Browser; client_id: string }> {
  const { account, of = server, redirect_uri = REDIRECT_URI } = options
  const own = createOAuthClient(of.url)
  const metadata = options.metadata ?? { client_name: `Client ${Math.random()}` }
  const registered = options.client_id
    ? { client_id: options.client_id, client_secret: undefined }
    : await json<{ client_id: string; client_secret?: string }>(await own.register(metadata))
  const { client_id, client_secret } = registered
  const browser = createBrowser()
  const authorization = own.authorization(client_id, { redirect_uri })
  const page = await browser.signIn(authorization.url, {
    until: redirect_uri,
    ...(account && { account }),
  })
  const { code_verifier } = authorization
  const form = { grant_type: 'authorization_code', code: codeOf(page), code_verifier }
  const answer = client_secret
    ? await own.token(form, basic(client_id, client_secret))
    : await own.token({ ...form, client_id })
  assert.equal(answer.status, 200)
  return { browser, client_id }
}

async function register(metadata: Record<string, unknown>): Promise<string> {
  return (await json<{ client_id: string }>(await client.register(metadata))).client_id
}

function open(browser: Browser, url: URL): Promise<Page> {
  return browser.open(url, { until: server.emulator.origin })
}

function isAtEntra({ url }: Page): boolean {
  return url.origin === server.emulator.origin
}

function isAsked({ url, status, text }: Page): boolean {
  return url.pathname === '/consent' && status === 200 && /Application Access Request/.test(text)
}

async function deny(browser: Browser, url: URL): Promise<void> {
  const first = await fetch(url, { redirect: 'manual' })
  const page = await browser.open(`${first.headers.get('location')}&ask=1`)
  const until = REDIRECT_URI
  const { url: denied } = await browser.press(page, 'Deny', { until })
  assert.equal(denied.searchParams.get('error'), 'access_denied')
}

/** Goes on unasked, and chooses the other account at Entra. */
async function chooseBob(browser: Browser, { url, redirect_uri }: Authorization): Promise<Page> {
  const picker = await browser.open((await open(browser, url)).url)
  return browser.press(picker, /^Bob/, { until: redirect_uri })
}

/** So that Entra has nothing to ask of the account any more. */
async function consentAtEntra(account: string): Promise<void> {
  await allowOnce({ account })
}

async function consentAddress(client_id: string): Promise<string> {
  const first = await fetch(client.authorization(client_id).url, { redirect: 'manual' })
  return first.headers.get('location') ?? ''
}

async function visitConsent(url: URL, cookie: string, site: string | undefined): Promise<Response> {
  const first = await fetch(url, { redirect: 'manual' })
  const headers = { cookie, ...(site !== undefined && { 'sec-fetch-site': site }) }
  return fetch(first.headers.get('location') ?? '', { headers, redirect: 'manual' })
}

function cookiesOf(browser: Browser): string {
  const ours = browser.cookies.all().filter(({ name }) => name.startsWith('entrance'))
  return ours.map(({ name, value }) => `${name}=${value}`).join('; ')
}

async function consentsIn(own: Store) {
  const records = await own.list({ person: `${SEED.tenantId}/${SEED.alice}` })
  return records.filter(({ key }) => key.startsWith('consent:'))
}

async function countRecords(): Promise<number[]> {
  const people = [SEED.alice, SEED.bob].map((oid) => `${SEED.tenantId}/${oid}`)
  return Promise.all(people.map(async (person) => (await store.list({ person })).length))
}
