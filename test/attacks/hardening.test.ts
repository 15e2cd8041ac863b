import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, suite, test } from 'node:test'
import { toNodeHandler } from '../../src/adapters/node.ts'
import { type AuthInfo, createEntrance, type ProtectedHandler } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { createBrowser } from '../support/browser.ts'
import { codeOf, createOAuthClient, json, signIn } from '../support/oauth-client.ts'
import { type RunningEntrance, startEntrance } from '../support/start.ts'

const SECRET = 'a-master-key-of-these-tests-and-of-nothing-else'
const answers: AuthInfo[] = []
const handler: ProtectedHandler = (_request, { authInfo }) => {
  answers.push(authInfo)
  return new Response('in')
}
let server: RunningEntrance

before(async () => {
  server = await startEntrance({ handler })
})
after(() => server.stop())

suite('one cookie asks Entra one thing', () => {
  test('a callback repeated with made-up codes reaches Entra once', async () => {
    const client = createOAuthClient(server.url)
    const { client_id } = await json<{ client_id: string }>(await client.register())
    const browser = createBrowser()
    const page = await browser.open(client.authorization(client_id).url)
    const entra = await browser.press(page, 'Allow Access')
    const state = entra.trail.map((url) => url.searchParams.get('state')).find(Boolean) ?? ''
    const callback = new URL(`${server.url}/auth/callback`)
    const cookie = browser.cookies.header(callback, { method: 'GET', isCrossSite: false }) ?? ''
    const before = redemptions()
    for (let i = 0; i < 20; i++) {
      callback.search = String(new URLSearchParams({ state, code: `made-up-${i}` }))
      const answer = await fetch(callback, { headers: { cookie }, redirect: 'manual' })
      assert.equal(answer.status, i === 0 ? 400 : 403)
      assert.match(answer.headers.get('set-cookie') ?? '', /Max-Age=0/)
    }
    assert.equal(redemptions() - before, 1)
  })

  function redemptions(): number {
    return server.emulator.seen.filter(({ endpoint }) => endpoint === 'token').length
  }
})

suite('the user that a handler is given', () => {
  test('cannot be changed for the next request of the same token', async () => {
    const { client, tokens } = await signIn(server.url, { account: 'Bob' })
    for (let i = 0; i < 2; i++) await client.mcp(tokens.access_token, { method: 'ping' })
    const { user, scopes } = answers.at(-2) as AuthInfo
    assert.throws(() => (user.roles as string[]).push('Admin'), TypeError)
    assert.throws(() => Object.assign(user, { oid: 'somebody-else' }), TypeError)
    scopes.push('admin')
    assert.deepEqual(answers.at(-1)?.scopes, ['mcp-access'])
  })
})

suite('revocation', () => {
  test('outlasts a token that was issued under a longer life than today', async (t) => {
    const store = memoryStore()
    const shared = { secret: SECRET, store, url: server.url }
    const { tenantId, application, origin: authority } = server.emulator
    const options = { ...shared, entra: { tenantId, ...application, authority } }
    await using long = await startEntrance({
      handler,
      emulator: server.emulator,
      entrance: { secret: SECRET, store, accessTokenTtl: 86_400 },
    })
    const { client_id, tokens } = await signIn(long.url)
    const short = createEntrance({ ...options, url: long.url, accessTokenTtl: 3600 })
    await short.ready()
    const revoke = new Request(`${long.url}/revoke`, {
      method: 'POST',
      body: new URLSearchParams({ client_id, token: tokens.refresh_token }),
    })
    assert.equal((await short.fetch(revoke)).status, 200)
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 3_700_000 })
    const later = createEntrance({ ...options, url: long.url })
    await later.ready()
    const verdict = later.authenticate({
      authorization: `Bearer ${tokens.access_token}`,
      host: new URL(long.url).host,
    })
    assert.equal(verdict.isAllowed, false)
    assert.match(JSON.stringify(verdict), /has been revoked/)
  })
})

suite('a clock that is set back', () => {
  test('does not make word from the store newer than it is', async (t) => {
    await using own = await startEntrance({ handler, entrance: { secret: SECRET } })
    const { tokens } = await signIn(own.url)
    const { tenantId, application, origin: authority } = own.emulator
    const entra = { tenantId, ...application, authority }
    const store = memoryStore()
    const options = { url: own.url, secret: SECRET, store, entra }
    const gate = createEntrance({ ...options, storeSilenceTtl: 5 })
    t.after(() => gate.close())
    const headers = {
      authorization: `Bearer ${tokens.access_token}`,
      host: new URL(own.url).host,
    }
    await gate.ready()
    assert.equal(gate.authenticate(headers).isAllowed, true)

    const heardAt = performance.now()
    store.revocations = () => Promise.reject(new Error('away'))
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() - 1000 })
    t.mock.method(performance, 'now', () => heardAt + 6000)
    const verdict = gate.authenticate(headers)
    assert.equal(!verdict.isAllowed && verdict.refusal.status, 503)
  })
})

suite('a server whose store was written under another key', () => {
  test('answers nothing but its health, and says why in the log, once', async () => {
    const { tenantId, application, origin: authority } = server.emulator
    const store = memoryStore()
    const options = { url: server.url, store, entra: { tenantId, ...application, authority } }
    await createEntrance({ ...options, secret: SECRET }).ready()
    const lines: string[] = []
    const other = createEntrance({
      ...options,
      secret: SECRET.toUpperCase(),
      log: ({ event, message }) => lines.push(`${event} ${message}`),
    })
    const guarded = other.protect(handler)
    for (const path of ['/register', '/authorize', '/token', '/mcp', '/register']) {
      const answer = await guarded(new Request(`${server.url}${path}`, { method: 'POST' }))
      assert.ok(answer.status === 503 || path === '/mcp', `${path} ${answer.status}`)
    }
    assert.equal((await guarded(new Request(`${server.url}/health`))).status, 200)
    assert.equal(lines.length, 1)
    assert.match(lines[0] ?? '', /^start\.refused secret: does not fit the store memory/)
  })

  test('and the gate alone starts by itself', async () => {
    const { client, tokens } = await signIn(server.url)
    assert.equal((await client.mcp(tokens.access_token, { method: 'ping' })).status, 200)
    const { tenantId, application, origin: authority } = server.emulator
    const entra = { tenantId, ...application, authority }
    const store = memoryStore()
    const gate = createEntrance({ url: server.url, secret: SECRET, store, entra })
    const headers = { authorization: 'Bearer x.y.z', host: new URL(server.url).host }
    gate.authenticate(headers)
    await gate.ready()
    const verdict = gate.authenticate(headers)
    assert.equal(!verdict.isAllowed && verdict.refusal.status, 401)
    await gate.close()
  })
})

suite('a handler that throws', () => {
  for (const thrown of [{ code: 42 }, null, undefined, 'text', new Error('an error')]) {
    test(`${String(thrown)} is answered with 500, and the process goes on`, async () => {
      const warned = new Promise((resolve) => process.once('warning', resolve))
      const listener = createServer(
        toNodeHandler(() => {
          throw thrown
        }),
      )
      await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
      const { port } = listener.address() as AddressInfo
      assert.equal((await fetch(`http://127.0.0.1:${port}/`)).status, 500)
      await warned
      listener.close()
    })
  }
})

suite('metadata of Entra', () => {
  test('that sends codes and secrets to another host is not taken', async () => {
    const evil: typeof fetch = async (input, init) => {
      const response = await fetch(input, init)
      if (!String(input).includes('openid-configuration')) return response
      const document = (await response.json()) as Record<string, unknown>
      return Response.json({ ...document, token_endpoint: 'http://evil.example/token' })
    }
    await using tampered = await startEntrance({ handler, entrance: { fetch: evil } })
    const client = createOAuthClient(tampered.url)
    const { client_id } = await json<{ client_id: string }>(await client.register())
    const browser = createBrowser()
    const page = await browser.open(client.authorization(client_id).url)
    const answer = await browser.press(page, 'Allow Access')
    assert.equal(answer.status, 500)
    assert.match(answer.text, /metadata is not that of the tenant/)
    assert.throws(() => codeOf(answer))
  })
})
