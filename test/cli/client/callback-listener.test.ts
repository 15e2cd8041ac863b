import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import { type TestContext, test } from 'node:test'
import {
  type AuthorizationResponse,
  parseAuthorizationResponse,
} from '../../../src/cli/client/authorization-response.ts'
import {
  type CallbackListener,
  listenForCallback,
} from '../../../src/cli/client/callback-listener.ts'

const EXPECTED = { state: 's3cret', issuer: 'https://as.example.com', sendsIssuer: false }

const parse = (params: URLSearchParams) => parseAuthorizationResponse(params, EXPECTED)

async function listen(t: TestContext, port = 0): Promise<CallbackListener> {
  const listener = await listenForCallback(port, parse)
  assert.ok(listener)
  t.after(() => listener.finish(SIGNED_IN))
  return listener
}

const SIGNED_IN = { kind: 'signed-in', server: 'https://mcp.example.com/mcp' } as const

/** Whether the promise has settled once everything that is due has run. */
async function isPending(promise: Promise<AuthorizationResponse>): Promise<boolean> {
  const pending = Symbol('pending')
  return (await Promise.race([promise, Promise.resolve(pending)])) === pending
}

test('the browser is answered once it is known how the sign-in went', async (t) => {
  const listener = await listen(t)
  assert.match(listener.redirectUri, /^http:\/\/127\.0\.0\.1:\d+\/callback$/)
  const answer = fetch(`${listener.redirectUri}?code=abc&state=s3cret`)
  assert.deepEqual(await listener.response, { kind: 'code', code: 'abc', iss: undefined })
  await listener.finish(SIGNED_IN)
  const response = await answer
  const text = await response.text()
  assert.equal(response.status, 200)
  assert.match(text, /<h1>Authentication successful<\/h1>/)
  assert.match(text, /Connected to <strong>https:\/\/mcp\.example\.com\/mcp<\/strong>/)
  assert.match(text, /You can close this tab/)
  assert.match(response.headers.get('content-security-policy') ?? '', /default-src 'none'/)
})

test('attack: a callback with a wrong state neither ends nor enters the sign-in', async (t) => {
  const listener = await listen(t)
  for (const query of ['code=evil&state=guess', 'code=evil', 'error=access_denied&state=', '']) {
    const response = await fetch(`${listener.redirectUri}?${query}`)
    assert.equal(response.status, 400)
    const text = await response.text()
    assert.match(text, /<h1>Authentication failed<\/h1>/)
    assert.doesNotMatch(text, /evil|Connected/)
  }
  assert.ok(await isPending(listener.response))
  const answer = fetch(`${listener.redirectUri}?code=good&state=s3cret`)
  assert.deepEqual(await listener.response, { kind: 'code', code: 'good', iss: undefined })
  await listener.finish(SIGNED_IN)
  assert.equal((await answer).status, 200)
})

test('the first valid answer counts; a reload is shown how it went', async (t) => {
  const listener = await listen(t)
  const first = fetch(`${listener.redirectUri}?code=one&state=s3cret`)
  await listener.response
  const second = fetch(`${listener.redirectUri}?code=two&state=s3cret`)
  // Both have arrived before the end is told.
  await fetch(new URL('/elsewhere', listener.redirectUri))
  await listener.finish(SIGNED_IN)
  assert.deepEqual(await listener.response, { kind: 'code', code: 'one', iss: undefined })
  for (const answer of [first, second]) {
    assert.match(await (await answer).text(), /Authentication successful/)
  }
})

test('attack: a reason with markup in it is shown as text', async (t) => {
  const listener = await listen(t)
  const answer = fetch(`${listener.redirectUri}?error=x&state=s3cret`)
  await listener.response
  await listener.finish({ kind: 'failed', reason: '<script>alert(1)</script>"\'&' })
  const response = await answer
  assert.equal(response.status, 400)
  const text = await response.text()
  assert.ok(text.includes('&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;'))
  assert.doesNotMatch(text, /<script/)
})

test('a denial has its own page', async (t) => {
  const listener = await listen(t)
  const answer = fetch(`${listener.redirectUri}?error=access_denied&state=s3cret`)
  await listener.response
  await listener.finish({ kind: 'denied' })
  const text = await (await answer).text()
  assert.match(text, /Authentication failed/)
  assert.match(text, /Access was denied/)
})

test('other paths and methods are not the callback', async (t) => {
  const listener = await listen(t)
  const url = `${listener.redirectUri}?code=abc&state=s3cret`
  assert.equal((await fetch(url, { method: 'POST' })).status, 404)
  assert.equal((await fetch(url, { method: 'HEAD' })).status, 404)
  assert.equal((await fetch(url.replace('/callback', '/callback/x'))).status, 404)
  assert.equal((await fetch(new URL('/favicon.ico', url))).status, 404)
  assert.ok(await isPending(listener.response))
  await listener.finish(SIGNED_IN)
})

test('a port that is taken is given up, and one that is free again is had again', async (t) => {
  const first = await listen(t)
  const port = Number(new URL(first.redirectUri).port)
  assert.equal(await listenForCallback(port, parse), undefined)
  await first.finish(SIGNED_IN)
  const again = await listen(t, port)
  assert.equal(again.redirectUri, first.redirectUri)
  await again.finish(SIGNED_IN)
})

test('it listens on this machine’s loopback only', async (t) => {
  const listener = await listen(t)
  const port = Number(new URL(listener.redirectUri).port)
  const outside = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
  for (const { address, family, internal } of outside) {
    if (internal || family !== 'IPv4') continue
    const [error] = await once(connect(port, address), 'error')
    assert.equal(error.code, 'ECONNREFUSED', address)
  }
  assert.equal((await fetch(`http://127.0.0.1:${port}/`)).status, 404)
  await listener.finish(SIGNED_IN)
})

test('a browser that keeps a connection open does not keep the command from ending', async (t) => {
  const listener = await listen(t)
  const socket = connect(Number(new URL(listener.redirectUri).port), '127.0.0.1')
  await once(socket, 'connect')
  const closed = once(socket, 'close')
  await listener.finish(SIGNED_IN)
  await closed
})
