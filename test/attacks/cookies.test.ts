import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, suite, test } from 'node:test'
import { createEntrance, type Entrance } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { type Browser, createBrowser } from '../support/browser.ts'
import { parseForms } from '../support/forms.ts'
import { codeOf, createOAuthClient, json, type OAuthClient } from '../support/oauth-client.ts'
import { type RunningEntrance, startEntrance } from '../support/start.ts'
import { formRequest } from './support.ts'

let server: RunningEntrance
let client: OAuthClient
let client_id: string
before(async () => {
  server = await startEntrance()
  client = createOAuthClient(server.url)
  client_id = (await json<{ client_id: string }>(await client.register())).client_id
})
after(() => server.stop())

const LIMIT = 6 * 1024

suite('200 sign-ins that were allowed and abandoned (fastmcp W11, #3747)', () => {
  for (const [size, state] of [
    ['of usual size', 'x'.repeat(64)],
    ['as large as they can be', '"'.repeat(800)],
  ] as const) {
    test(`leave our cookies within 6 kB, and the newest sign-in works (${size})`, async () => {
      const browser = createBrowser()
      for (let i = 0; i < 200; i++) {
        await allow(browser, state)
        const { size: bytes, largest } = measure(browser)
        assert.ok(bytes <= LIMIT, `${bytes} bytes after ${i + 1}`)
        // A browser drops what is longer, in silence.
        assert.ok(largest <= 4096, `${largest} bytes in one`)
      }
      const authorization = client.authorization(client_id, { state })
      const until = authorization.redirect_uri
      const page = await browser.signIn(authorization.url, { until })
      assert.equal((await client.exchange(authorization, codeOf(page))).status, 200)
    })
  }

  test('let the ones that still have their cookie finish in any order', async () => {
    const browser = createBrowser()
    const begun = [await allow(browser), await allow(browser), await allow(browser)]
    for (const { entra, authorization } of [begun[1], begun[2], begun[0]].filter((b) => !!b)) {
      const until = authorization.redirect_uri
      assert.ok(codeOf(await browser.signIn(entra, { until })))
    }
    assert.deepEqual(namesOf(browser).toSorted(), ['entrance', 'entrance-session'])
  })
})

suite('a cookie of ours', () => {
  test('is out of reach of scripts and of other sites, on the whole host only', async () => {
    const browser = createBrowser()
    await allow(browser)
    const ours = browser.cookies.all().filter(({ name }) => name.startsWith('entrance'))
    assert.equal(ours.length, 2)
    for (const { isHttpOnly, sameSite, path, host } of ours) {
      assert.deepEqual([isHttpOnly, sameSite, path, host], [true, 'lax', '/', 'localhost'])
    }
  })

  test('carries nothing that can be read', async () => {
    const browser = createBrowser()
    const { authorization } = await allow(browser)
    for (const { name, value } of browser.cookies.all()) {
      if (!name.startsWith('entrance')) continue
      const texts = [
        value,
        ...value.split('.').map((part) => Buffer.from(part, 'base64url').toString()),
      ]
      for (const text of texts) {
        assert.ok(!text.includes(authorization.state))
        assert.ok(!text.includes('redirectUri') && !text.includes('nonce'))
      }
    }
  })
})

suite('on https', () => {
  let entrance: Entrance
  const url = 'https://expenses.example.com'
  before(() => {
    const { tenantId, application, origin: authority } = server.emulator
    const secret = randomBytes(32).toString('base64url')
    const entra = { tenantId, ...application, authority }
    entrance = createEntrance({ url, secret, store: memoryStore(), entra })
  })
  after(() => entrance.close())

  test('every cookie has the __Host- prefix and all it asks for (spec PX-4)', async () => {
    const { cookie, fields, setCookie } = await showConsent()
    const allowed = await post(cookie, fields)
    assert.equal(allowed.status, 303)
    for (const line of [setCookie, ...allowed.headers.getSetCookie()]) {
      assert.match(line, /^__Host-entrance/)
      assert.match(line, /; Path=\/; HttpOnly; SameSite=Lax; Secure(; Max-Age=600)?$/)
    }
  })

  test('a cookie without the prefix, which a sibling host can set, does not count', async () => {
    const { cookie, fields } = await showConsent()
    const bare = cookie.replace('__Host-', '')
    for (const tossed of [
      bare,
      `__host-${bare}`,
      `__Secure-${bare}`,
      `__Host-x=1; ${bare}`,
      `=${cookie}`,
    ]) {
      assert.equal((await post(tossed, fields)).status, 403, tossed)
    }
  })

  test('a name that only looks like the prefixed one once blanks are cut does not count', async () => {
    const { cookie, fields } = await showConsent()
    // A browser takes them as part of the name, so that the prefix binds nobody.
    for (const blank of ['\u00a0', '\u0085', '\u00a0\u00a0']) {
      assert.equal((await post(`x=1; ${blank}${cookie}`, fields)).status, 403)
      const [name, value] = cookie.split('=')
      assert.equal((await post(`x=1; ${name}${blank}=${value}`, fields)).status, 403)
    }
  })

  test('the first of two cookies of one name counts', async () => {
    const { cookie, fields } = await showConsent()
    const other = `__Host-entrance=${'A'.repeat(43)}`
    assert.equal((await post(`${other}; ${cookie}`, fields)).status, 403)
    assert.equal((await post(`${cookie}; ${other}`, fields)).status, 303)
  })

  async function showConsent() {
    const own = createOAuthClient(url)
    const body = JSON.stringify({ redirect_uris: ['http://localhost/cb'] })
    const headers = { 'content-type': 'application/json' }
    const registration = new Request(`${url}/register`, { method: 'POST', headers, body })
    const { client_id } = await json<{ client_id: string }>(await entrance.fetch(registration))
    const redirect_uri = 'http://localhost/cb'
    const asked = await entrance.fetch(
      new Request(own.authorization(client_id, { redirect_uri }).url),
    )
    const page = await entrance.fetch(new Request(asked.headers.get('location') ?? ''))
    const [form] = parseForms(await page.text(), new URL(`${url}/consent`))
    const [setCookie = ''] = page.headers.getSetCookie()
    const fields = { ...Object.fromEntries(form?.fields ?? []), action: 'allow' }
    return { cookie: setCookie.split(';')[0] ?? '', fields, setCookie }
  }

  function post(cookie: string, fields: Record<string, string>): Promise<Response> {
    return entrance.fetch(formRequest(`${url}/consent`, fields, { cookie, origin: url }))
  }
})

/** Allows the client, and goes no further than to Entra's door. */
async function allow(browser: Browser, state?: string) {
  const authorization = client.authorization(client_id, state === undefined ? {} : { state })
  const page = await browser.open(authorization.url)
  const until = server.emulator.origin
  const { url: entra } = await browser.press(page, 'Allow Access', { until })
  return { authorization, entra }
}

/** The size of our cookies as a request sends them, and of the largest as a browser counts it. */
function measure(browser: Browser): { size: number; largest: number } {
  const ours = browser.cookies.all().filter(({ name }) => name.startsWith('entrance'))
  const sizes = ours.map(({ name, value }) => name.length + value.length)
  return {
    size: ours.map(({ name, value }) => `${name}=${value}`).join('; ').length,
    largest: Math.max(...sizes),
  }
}

function namesOf(browser: Browser): string[] {
  return browser.cookies
    .all()
    .map(({ name }) => name)
    .filter((name) => name.startsWith('entrance'))
}
