import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { createBrowser } from '../support/browser.ts'
import {
  type Authorization,
  createOAuthClient,
  json,
  type OAuthClient,
  REDIRECT_URI,
} from '../support/oauth-client.ts'
import { type RunningEntrance, startEntrance } from '../support/start.ts'
import {
  type Answering,
  answerConsent,
  locationOf,
  showConsent,
  withCookies,
} from './consent-form.ts'
import { stopClock } from './support.ts'

let server: RunningEntrance
let client: OAuthClient
/** What the attacker registered: the code would go to a place of theirs. */
let evil: string
before(async () => {
  server = await startEntrance()
  client = createOAuthClient(server.url)
  evil = await register('Helpful tool', 'https://evil.example/cb')
})
after(() => server.stop())

const NOT_HERE = /This sign-in was not started in this browser/

suite('a consent that the attacker gave (CVE-2026-27124, ts-peers row 1)', () => {
  test('does not count in the browser of the victim who is sent to Entra', async () => {
    const shown = await showConsent(authorizationOf(evil).url)
    const allowed = await answerConsent(shown)
    const entra = locationOf(allowed)
    assert.equal(entra.origin, server.emulator.origin)
    // The victim follows the attacker's link and signs in.
    const page = await createBrowser().signIn(entra, { until: 'https://evil.example/' })
    assert.equal(page.url.pathname, '/auth/callback')
    assert.equal(page.status, 403)
    assert.match(page.text, NOT_HERE)
    assertNothingToClient(page.html)
  })

  test('does not count in the browser of a victim who has a sign-in of their own under way', async () => {
    const attacker = await answerConsent(await showConsent(authorizationOf(evil).url))
    const browser = createBrowser()
    const own = await register('My editor')
    const consent = await browser.open(authorizationOf(own, REDIRECT_URI).url)
    await browser.press(consent, 'Allow Access')
    const page = await browser.signIn(locationOf(attacker), { until: 'https://evil.example/' })
    assert.equal(page.status, 403)
    assert.match(page.text, NOT_HERE)
  })

  test('does not count for another state than its own, whose cookie is in the browser', async () => {
    const shown = await showConsent(authorizationOf(evil).url)
    const first = await answerConsent(shown)
    const second = await answerConsent(shown)
    const states = [first, second].map((answer) => locationOf(answer).searchParams.get('state'))
    assert.notEqual(states[0], states[1])
    // The cookie of the one under the name of the other.
    const [one = '', two = ''] = [first, second].map((answer) =>
      withCookies('', answer).replace(shown.cookie, ''),
    )
    const swapped = `${two.split('=')[0]}=${one.split('=')[1]}`
    const answer = await visitCallback({ code: 'x', state: states[1] ?? '' }, swapped)
    assert.equal(answer.status, 403)
    assert.match(await answer.text(), NOT_HERE)
  })
})

suite('a callback before anybody has allowed anything (ts-peers row 2)', () => {
  test('is refused: what is known before Allow is no state', async () => {
    const shown = await showConsent(authorizationOf(evil).url)
    const { request = '', form_token = '' } = shown.fields
    const [, transaction = ''] = /Transaction[\s\S]*?<dd>([^<]*)/.exec(shown.html) ?? []
    for (const state of [request, form_token, request.slice(0, 43), transaction || 'x', '']) {
      const answer = await visitCallback({ code: 'x', state }, shown.cookie)
      assert.ok([400, 403].includes(answer.status), `status ${answer.status}`)
      assert.equal(answer.headers.get('location'), null)
    }
  })

  test('and the consent page shows no state, nonce or challenge of Entra (spec PX-6)', async () => {
    const shown = await showConsent(authorizationOf(evil).url)
    const allowed = await answerConsent(shown)
    const { searchParams } = locationOf(allowed)
    for (const name of ['state', 'nonce', 'code_challenge']) {
      const value = searchParams.get(name)
      assert.ok(value && value.length >= 43, name)
      assert.ok(!shown.html.includes(value) && !shown.cookie.includes(value), name)
    }
    // Each Allow has its own, unlike the client's.
    const again = locationOf(await answerConsent(shown)).searchParams
    for (const name of ['state', 'nonce', 'code_challenge']) {
      assert.notEqual(again.get(name), searchParams.get(name))
    }
    assert.deepEqual(
      shown.response.headers.getSetCookie().filter((line) => line.includes('-tx-')),
      [],
      'no transaction before Allow',
    )
  })
})

suite('an answer to the consent page', () => {
  const FORGED: readonly (readonly [string, () => Answering])[] = [
    ['from a browser without the cookie', () => ({ cookie: '' })],
    ['from another browser', () => ({ cookie: `entrance=${'A'.repeat(43)}` })],
    ['without the token', () => ({ fields: { form_token: undefined } })],
    ['with an empty token', () => ({ fields: { form_token: '' } })],
    ['with a made-up token', () => ({ fields: { form_token: 'A'.repeat(43) } })],
    ['from another origin', () => ({ headers: { origin: 'https://evil.example' } })],
    ['from another port of this host', () => ({ headers: { origin: 'http://localhost:1' } })],
    ['from another name of this host', () => ({ headers: { origin: alias() } })],
    ['from a page without an origin', () => ({ headers: { origin: 'null' } })],
    ['from a sibling site', () => ({ headers: { 'sec-fetch-site': 'same-site' } })],
    ['from another site', () => ({ headers: { 'sec-fetch-site': 'cross-site' } })],
  ]
  for (const action of ['allow', 'deny']) {
    for (const [name, forge] of FORGED) {
      test(`${name} does not count: ${action} (login CSRF)`, async () => {
        const shown = await showConsent(authorizationOf(evil).url)
        const refused = await answerConsent(shown, { action, ...forge() })
        assert.equal(refused.status, 403)
        assert.equal(refused.headers.get('location'), null)
        assert.deepEqual(refused.headers.getSetCookie(), [])
        // It was not used up: the person themselves can still answer.
        assert.equal((await answerConsent(shown, { action })).status, 303)
      })
    }
  }

  test('that is Deny holds when Allow was pressed before: the sign-in at Entra is over', async () => {
    const shown = await showConsent(authorizationOf(evil).url)
    const other = await showConsent(authorizationOf(evil).url, shown.cookie)
    const allowed = await answerConsent(shown)
    const kept = await answerConsent(other, { cookie: withCookies(shown.cookie, allowed) })
    const cookie = withCookies(withCookies(shown.cookie, allowed), kept)
    const denied = await answerConsent(shown, { action: 'deny', cookie })
    const left = withCookies(cookie, denied)
    const [ofDenied, ofOther] = [allowed, kept].map((answer) => nameOf(answer))
    assert.ok(!left.includes(ofDenied as string), 'the transaction of the denied request')
    assert.ok(left.includes(ofOther as string), "another request's transaction is another matter")
    const callback = new URL(`${server.url}/auth/callback`)
    callback.searchParams.set('state', locationOf(allowed).searchParams.get('state') ?? '')
    callback.searchParams.set('code', 'code')
    const answer = await fetch(callback, { headers: { cookie: left }, redirect: 'manual' })
    assert.equal(answer.status, 403)
    assert.match(await answer.text(), NOT_HERE)
  })

  test('with the token of another request of the same browser does not count', async () => {
    const mine = await showConsent(authorizationOf(await register('My editor'), REDIRECT_URI).url)
    const theirs = await showConsent(authorizationOf(evil).url, mine.cookie)
    const { form_token = '' } = mine.fields
    const refused = await answerConsent(theirs, { fields: { form_token } })
    assert.equal(refused.status, 403)
  })

  test('with a cookie that another port of localhost has tossed in does not count from there', async () => {
    // The attacker is shown the page, and sets that cookie in the victim's browser (cookies know no ports).
    const shown = await showConsent(authorizationOf(evil).url)
    const tossed = { headers: { origin: 'http://localhost:3000', 'sec-fetch-site': 'same-site' } }
    assert.equal((await answerConsent(shown, tossed)).status, 403)
  })

  test('that is neither allow nor deny is refused', async () => {
    const shown = await showConsent(authorizationOf(evil).url)
    for (const action of ['', 'ALLOW', 'approve', 'true', 'allow ']) {
      const refused = await answerConsent(shown, { action })
      assert.equal(refused.status, 400, action)
      assert.equal(refused.headers.get('location'), null)
    }
    const query = new URL(shown.form.action)
    query.search = String(new URLSearchParams({ ...shown.fields, action: 'allow' }))
    const read = await fetch(query, { headers: { cookie: shown.cookie }, redirect: 'manual' })
    assert.equal(read.status, 200, 'a GET shows, and does nothing else')
  })

  test('with a request that has been changed in one character is refused', async () => {
    const shown = await showConsent(authorizationOf(evil).url)
    const { request = '' } = shown.fields
    for (const at of [0, 4, 9, 10, 30, request.length >> 1, request.length - 1]) {
      const other = request[at] === 'A' ? 'B' : 'A'
      const changed = `${request.slice(0, at)}${other}${request.slice(at + 1)}`
      const refused = await answerConsent(shown, { fields: { request: changed } })
      assert.equal(refused.status, 400, `at ${at}`)
      assert.match(await refused.text(), /was not started here, or its address has been changed/)
    }
  })

  test('with a request that is spelt with other characters is refused: there is one spelling', async () => {
    const shown = await showConsent(authorizationOf(evil).url)
    const { request = '' } = shown.fields
    for (const stray of ['"><script>alert(1)</script>', '&x=1', '#', ' ', '%', '=']) {
      const refused = await answerConsent(shown, { fields: { request: `${request}${stray}` } })
      assert.equal(refused.status, 400, stray)
      const page = new URL(shown.form.action)
      page.searchParams.set('request', `${request}${stray}`)
      assert.equal((await fetch(page)).status, 400, stray)
    }
  })
})

suite('a transaction that is old', () => {
  test('ends ten minutes after it began, however often it is looked at (fastmcp W29)', async () => {
    using clock = stopClock()
    const { url } = authorizationOf(evil)
    const location = locationOf(await fetch(url, { redirect: 'manual' }))
    for (let minute = 1; minute <= 9; minute++) {
      clock.forward(60)
      assert.equal((await fetch(location)).status, 200)
    }
    clock.forward(61)
    const late = await fetch(location, { headers: { accept: 'text/html' } })
    assert.equal(late.status, 400)
    assert.match(await late.text(), /This sign-in has taken too long/)
  })

  test('ends ten minutes after Allow at the callback, whatever the browser keeps', async () => {
    using clock = stopClock()
    const shown = await showConsent(authorizationOf(evil).url)
    const allowed = await answerConsent(shown)
    const state = locationOf(allowed).searchParams.get('state') ?? ''
    clock.forward(601)
    const late = await visitCallback({ code: 'x', state }, withCookies(shown.cookie, allowed))
    assert.equal(late.status, 403)
    assert.match(await late.text(), /or took longer than ten minutes/)
  })
})

suite('the consent page', () => {
  test('cannot be framed, and tells nobody its address (spec PX-3)', async () => {
    const { response } = await showConsent(authorizationOf(evil).url)
    const { headers } = response
    assert.match(headers.get('content-security-policy') ?? '', /frame-ancestors 'none'/)
    assert.match(headers.get('content-security-policy') ?? '', /^default-src 'none'/)
    assert.equal(headers.get('x-frame-options'), 'DENY')
    assert.equal(headers.get('cache-control'), 'no-store')
    assert.equal(headers.get('referrer-policy'), 'same-origin')
  })
})

async function register(client_name: string, redirect = REDIRECT_URI): Promise<string> {
  const answer = await client.register({ client_name, redirect_uris: [redirect] })
  return (await json<{ client_id: string }>(answer)).client_id
}

function authorizationOf(
  client_id: string,
  redirect_uri = 'https://evil.example/cb',
): Authorization {
  return client.authorization(client_id, { redirect_uri })
}

function alias(): string {
  return server.url.replace('localhost', '127.0.0.1')
}

function visitCallback(query: Record<string, string>, cookie: string): Promise<Response> {
  const url = `${server.url}/auth/callback?${new URLSearchParams(query)}`
  return fetch(url, { headers: { cookie, accept: 'text/html' }, redirect: 'manual' })
}

function assertNothingToClient(html: string): void {
  assert.ok(!html.includes('evil.example'), 'nothing leads to the attacker')
}

/** The name of the transaction's cookie that an Allow set. */
function nameOf(allowed: Response): string {
  const names = allowed.headers.getSetCookie().map((line) => line.split('=')[0] as string)
  const name = names.find((one) => one.includes('-tx-'))
  assert.ok(name)
  return name
}
