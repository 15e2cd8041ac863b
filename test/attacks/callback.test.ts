import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { type Browser, createBrowser, type Page } from '../support/browser.ts'
import {
  type Authorization,
  codeOf,
  createOAuthClient,
  json,
  type OAuthClient,
} from '../support/oauth-client.ts'
import { type RunningEntrance, startEntrance } from '../support/start.ts'
import { countEntraCalls } from './support.ts'

let server: RunningEntrance
let client: OAuthClient
before(async () => {
  server = await startEntrance()
  client = createOAuthClient(server.url)
})
after(() => server.stop())

const NOT_HERE = /This sign-in was not started in this browser, has been finished/

suite('an error of Entra at the callback', () => {
  test('with the state of somebody else reaches no client and ends nothing (fastmcp W28)', async () => {
    const { callback, browser, authorization } = await signedInAtEntra()
    const stranger = createBrowser()
    const page = await stranger.open(withError(callback, { error: 'access_denied' }))
    assert.equal(page.status, 403)
    assert.match(page.text, NOT_HERE)
    assert.equal(page.html.includes(authorization.redirect_uri), false)
    const until = authorization.redirect_uri
    assert.ok(codeOf(await browser.open(callback, { until })))
  })

  test('reaches the client, in the browser it belongs to, once (ts-peers row 17)', async () => {
    const { callback, browser, authorization } = await signedInAtEntra()
    const until = authorization.redirect_uri
    const denied = withError(callback, { error: 'access_denied' })
    const { url } = await browser.open(denied, { until })
    assert.ok(url.href.startsWith(until))
    assert.equal(url.searchParams.get('error'), 'access_denied')
    assert.equal(url.searchParams.get('state'), authorization.state)
    assert.equal(url.searchParams.get('iss'), server.url)
    assert.deepEqual(transactionsOf(browser), [])
    for (const again of [denied, callback]) {
      const page = await browser.open(again, { until })
      assert.equal(page.status, 403)
      assert.match(page.text, NOT_HERE)
    }
  })

  test('that the operator has to mend is shown with its number, and the client can be told', async () => {
    const { callback, browser, authorization } = await signedInAtEntra()
    const error_description =
      'AADSTS650053: The application asked for a scope that does not exist. Trace ID: 6b1e0c1c-93d5-4a37-a2a2-a9cf0d0a2c00 Correlation ID: 7b1e0c1c-93d5-4a37-a2a2-a9cf0d0a2c00'
    const page = await browser.open(
      withError(callback, { error: 'invalid_client', error_description }),
    )
    assert.equal(page.status, 400)
    assert.match(page.text, /AADSTS650053/)
    assert.match(page.text, /Trace ID 6b1e0c1c-93d5-4a37-a2a2-a9cf0d0a2c00/)
    const told = linkOf(page)
    assert.ok(told.href.startsWith(`${authorization.redirect_uri}?error=server_error&`))
    assert.deepEqual(transactionsOf(browser), [])
  })

  for (const error of ['server_error', 'temporarily_unavailable']) {
    test(`that passes is not to be tried with the same address: ${error}`, async () => {
      const { callback, browser } = await signedInAtEntra()
      const page = await browser.open(withError(callback, { error }))
      assert.equal(page.status, 400)
      assert.doesNotMatch(page.text, /Reload/)
      assert.equal(linkOf(page).searchParams.get('error'), 'temporarily_unavailable')
      assert.deepEqual(transactionsOf(browser), [])
    })
  }
})

suite('what stands in an error of Entra', () => {
  const NASTY = [
    '</p><script>alert(1)</script><img src=x onerror=alert(1)>',
    '\r\nSet-Cookie: stolen=1\r\n\r\n<html>',
    '\x1b[2J\x1b]0;owned\x07\x9b31m hidden',
    '"; filename="x',
    '\u202eevil\u2066\u200b',
    '%0d%0aSet-Cookie: x=1',
    `${'AADSTS'.repeat(500)}1`,
    ' '.repeat(12_000),
    `AADSTS50011: ${'x '.repeat(5000)}Trace ID: nothing`,
  ]

  for (const name of ['error', 'error_description', 'error_subcode', 'error_uri'] as const) {
    test(`can neither write markup, headers nor terminal codes: ${name}`, async () => {
      for (const text of NASTY) {
        const { callback, browser, authorization } = await signedInAtEntra()
        const logged = server.logs.length
        const asked = withError(callback, { error: 'invalid_scope', [name]: text })
        const page = await browser.open(asked, { until: authorization.redirect_uri })
        assert.ok([400, 413].includes(page.status) || page.status === 0, `status ${page.status}`)
        assert.doesNotMatch(page.html, /<script|<img/)
        assert.equal(page.headers.get('set-cookie')?.includes('stolen') ?? false, false)
        assert.ok(page.html.length < 32_000)
        const written = JSON.stringify(server.logs.slice(logged))
        assert.doesNotMatch(written, /\\u001b|\\u009b|\\r|\\n|\u202e|\u2066|\u009b/)
        assert.ok(written.length < 8000, `${written.length} characters of log`)
      }
    })
  }

  test('comes to the client as ASCII without line breaks', async () => {
    for (const error_description of NASTY) {
      const { callback, browser, authorization } = await signedInAtEntra()
      const until = authorization.redirect_uri
      const asked = withError(callback, { error: 'access_denied', error_description })
      const { url } = await browser.open(asked, { until })
      if (!url.href.startsWith(until)) continue
      const told = url.searchParams.get('error_description') ?? ''
      assert.match(told, /^[\x20-\x21\x23-\x5b\x5d-\x7e]{1,800}$/)
      assert.deepEqual([...url.searchParams.keys()].toSorted(), [
        ...['error', 'error_description', 'iss', 'state'],
      ])
    }
  })
})

suite('an answer of Entra that has been tampered with', () => {
  test('with another issuer is refused before the code goes anywhere (RFC 9207, mix-up)', async () => {
    for (const iss of ['https://evil.example', server.emulator.origin, server.url, 'x']) {
      const { callback, browser, authorization } = await signedInAtEntra()
      const calls = countEntraCalls(server.emulator, 'authorization_code')
      callback.searchParams.set('iss', iss)
      const page = await browser.open(callback, { until: authorization.redirect_uri })
      assert.equal(page.status, 400)
      assert.match(page.text, /answer cannot be accepted/)
      assert.equal(countEntraCalls(server.emulator, 'authorization_code'), calls)
    }
  })

  test('with a code that Entra never gave is refused, and is not a fault of the server', async () => {
    for (const code of [
      'x',
      'a'.repeat(8000),
      '\u{1f600}',
      '"><script>',
      '../token',
      '1.AAAA.BBBB',
    ]) {
      const { callback, browser, authorization } = await signedInAtEntra()
      callback.searchParams.set('code', code)
      const page = await browser.open(callback, { until: authorization.redirect_uri })
      assert.equal(page.status, 400)
      assert.match(page.text, /The sign-in could not be completed/)
      assert.deepEqual(transactionsOf(browser), [])
    }
  })

  test("with another sign-in's code is refused: the verifier does not fit", async () => {
    const [mine, theirs] = [await signedInAtEntra(), await signedInAtEntra()]
    mine.callback.searchParams.set('code', theirs.callback.searchParams.get('code') ?? '')
    const page = await mine.browser.open(mine.callback, { until: mine.authorization.redirect_uri })
    assert.equal(page.status, 400)
    assert.match(page.text, /AADSTS501481/)
    assert.equal(page.url.pathname, '/auth/callback')
  })

  test('with tokens, a JARM response or other strange parameters is read without them', async () => {
    const { callback, browser, authorization } = await signedInAtEntra()
    const strange = { id_token: 'x.y.z', access_token: 'x', token: 'x', response: 'x.y.z', hd: 'x' }
    for (const [name, value] of Object.entries(strange)) callback.searchParams.set(name, value)
    const until = authorization.redirect_uri
    assert.ok(codeOf(await browser.open(callback, { until })))
  })

  test('with a parameter twice is refused and uses nothing up', async () => {
    const { callback, browser, authorization } = await signedInAtEntra()
    const until = authorization.redirect_uri
    for (const name of ['code', 'state', 'session_state']) {
      const twice = new URL(callback)
      twice.searchParams.append(name, twice.searchParams.get(name) ?? '')
      if (name === 'session_state') twice.searchParams.append(name, 'x')
      const page = await browser.open(twice, { until })
      assert.equal(page.status, 400)
      assert.match(page.text, new RegExp(`The parameter '${name}' was sent more than once`))
    }
    assert.ok(codeOf(await browser.open(callback, { until })))
  })

  test('without a state, or without code and error, is refused and uses nothing up', async () => {
    const { callback, browser, authorization } = await signedInAtEntra()
    const until = authorization.redirect_uri
    for (const name of ['state', 'code']) {
      const without = new URL(callback)
      without.searchParams.delete(name)
      assert.equal((await browser.open(without, { until })).status, 400)
      without.searchParams.set(name, '')
      assert.equal((await browser.open(without, { until })).status, 400)
    }
    assert.ok(codeOf(await browser.open(callback, { until })))
  })
})

suite('a callback that is requested again', () => {
  test('by HEAD, OPTIONS or POST uses nothing up', async () => {
    const { callback, browser, authorization } = await signedInAtEntra()
    const { origin } = callback
    const cookie = browser.cookies.header(callback, { method: 'GET', isCrossSite: false }) ?? ''
    for (const method of ['HEAD', 'OPTIONS', 'POST', 'PUT', 'DELETE']) {
      const answer = await fetch(callback, {
        method,
        headers: { cookie, origin },
        redirect: 'manual',
      })
      assert.equal(answer.status, 405, method)
    }
    assert.ok(codeOf(await browser.open(callback, { until: authorization.redirect_uri })))
  })

  test('after it succeeded gives nothing, even with the cookie that was deleted', async () => {
    const { callback, browser, authorization } = await signedInAtEntra()
    const cookie = browser.cookies.header(callback, { method: 'GET', isCrossSite: false }) ?? ''
    const until = authorization.redirect_uri
    const code = codeOf(await browser.open(callback, { until }))
    const reloaded = await browser.open(callback, { until })
    assert.equal(reloaded.status, 403)
    const replayed = await fetch(callback, { headers: { cookie }, redirect: 'manual' })
    assert.equal(replayed.headers.get('location'), null)
    assert.equal(replayed.status, 403)
    assert.equal((await client.exchange(authorization, code)).status, 200)
  })
})

type Returning = { callback: URL; browser: Browser; authorization: Authorization }

/** A browser that Entra has just sent back, and has not gone there yet. */
async function signedInAtEntra(): Promise<Returning> {
  const { client_id } = await json<{ client_id: string }>(await client.register())
  const authorization = client.authorization(client_id)
  const browser = createBrowser()
  const until = `${server.url}/auth/callback`
  const { url } = await browser.signIn(authorization.url, { until })
  return { callback: new URL(url), browser, authorization }
}

function withError(callback: URL, error: Record<string, string>): URL {
  const url = new URL(callback)
  url.search = String(
    new URLSearchParams({ ...error, state: callback.searchParams.get('state') ?? '' }),
  )
  return url
}

function transactionsOf(browser: Browser): string[] {
  return browser.cookies
    .all()
    .map(({ name }) => name)
    .filter((name) => name.includes('-tx-'))
}

/** Where the page's button leads. */
function linkOf(page: Page): URL {
  const [, href = ''] = /<a class="button primary" href="([^"]*)"/.exec(page.html) ?? []
  return new URL(href.replaceAll('&amp;', '&'))
}
