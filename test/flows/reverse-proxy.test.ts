import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { mock, suite, type TestContext, test } from 'node:test'
import { createBrowser } from '../support/browser.ts'
import { type Certificate, createCertificate, createLoopbackFetch } from '../support/certificate.ts'
import { json, REDIRECT_URI, signIn, type TokenResponse } from '../support/oauth-client.ts'
import { startEntrance } from '../support/start.ts'
import { addExpense, getExpenses } from './expenses.ts'

const HOST = 'expenses.test'

suite('behind a reverse proxy that ends TLS and writes another Host', () => {
  for (const prefix of ['', '/tools/expenses']) {
    test(`a whole sign-in works ${prefix ? `below ${prefix}` : 'at the root'}`, async (t) => {
      const { url, server } = await start(t, prefix)
      const signedIn = await signIn(url)
      const { client, client_id, authorization, browser } = signedIn
      await addExpense(client, signedIn.tokens.access_token, 'behind a proxy')
      const renewed = await client.refresh(client_id, signedIn.tokens.refresh_token)
      const { access_token } = await json<TokenResponse>(renewed)
      const [expense] = await getExpenses(client, access_token)
      assert.equal(expense?.description, 'behind a proxy')

      const [, payload = ''] = access_token.split('.')
      const claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
      assert.deepEqual([claims.iss, claims.aud], [url, `${url}/mcp`])
      for (const { name, isSecure } of browser.cookies.all()) {
        if (name.includes('entrance')) assert.ok(isSecure && name.startsWith('__Host-'), name)
      }
      const again = client.authorization(authorization.client_id)
      const page = await createBrowser().signIn(again.url, { until: again.redirect_uri })
      assert.equal(page.url.searchParams.get('iss'), url)
      assert.ok(page.trail.some(({ href }) => href.startsWith(`${url}/auth/callback?`)))
      assert.ok(page.trail.every(({ hostname }) => hostname !== 'backend.internal'))
      assert.deepEqual(
        server.logs.filter(({ level }) => level === 'error'),
        [],
      )
    })
  }

  test('the metadata has the public address and no other, wherever it is read', async (t) => {
    const prefix = '/tools/expenses'
    const { url, origin } = await start(t, prefix)
    for (const name of ['oauth-authorization-server', 'openid-configuration']) {
      for (const place of [
        `${origin}/.well-known/${name}${prefix}`,
        `${url}/.well-known/${name}`,
      ]) {
        const text = await (await fetch(place)).text()
        assert.equal(JSON.parse(text).issuer, url, place)
        assert.doesNotMatch(text, /backend|http:/)
      }
    }
    const challenge = await fetch(`${url}/mcp`, { method: 'POST' })
    assert.equal(challenge.status, 401)
    const place = `${origin}/.well-known/oauth-protected-resource${prefix}/mcp`
    const header = challenge.headers.get('www-authenticate') ?? ''
    assert.ok(header.includes(`resource_metadata="${place}"`), header)
    const document = await json<Record<string, unknown>>(await fetch(place))
    assert.deepEqual([document.resource, document.authorization_servers], [`${url}/mcp`, [url]])
  })

  test('clients are counted by the address that the proxy saw', async (t) => {
    const { url } = await start(t, '', { registrations: 10 })
    const register = (forged: string) =>
      fetch(`${url}/register`, {
        method: 'POST',
        body: JSON.stringify({ redirect_uris: [REDIRECT_URI] }),
        headers: { 'content-type': 'application/json', 'x-forwarded-for': forged },
      })
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, i) => register(`203.0.113.${i}`)),
    )
    const refused = answers.filter(({ status }) => status === 429)
    assert.ok(refused.length >= 15, `${refused.length} of 30`)
  })
})

/** A server at https://expenses.test, which exists in this test only. */
async function start(t: TestContext, prefix: string, limits: { registrations?: number } = {}) {
  const tls = await createCertificate([HOST])
  const overTls = createLoopbackFetch(tls)
  const plain = globalThis.fetch
  mock.method(globalThis, 'fetch', (...[input, init]: Parameters<typeof fetch>) => {
    const { href } = new URL(input instanceof Request ? input.url : input)
    return href.startsWith('https:') ? overTls(input, init) : plain(input, init)
  })
  t.after(() => mock.restoreAll())
  const proxy = await startProxy(tls)
  t.after(() => proxy.close())
  const origin = `https://${HOST}:${proxy.port}`
  const url = `${origin}${prefix}`
  const server = await startEntrance({ entrance: { url, trustedProxyHops: 1, limits } })
  t.after(() => server.stop())
  server.emulator.directory.applications[0]?.web.redirectUris.push(`${url}/auth/callback`)
  proxy.target = server.port
  return { url, origin, server }
}

/** What nginx does with `proxy_pass`: the path is kept, the Host is the one of the server behind. */
async function startProxy(tls: Certificate) {
  const server = createServer(tls, (incoming, outgoing) => {
    const { method, url: path, headers, socket } = incoming
    const forwardedFor = [headers['x-forwarded-for'], socket.remoteAddress].filter(Boolean)
    const onward = request({
      ...{ host: '127.0.0.1', port: proxy.target, method, path, agent: false },
      headers: {
        ...headers,
        host: 'backend.internal:8000',
        'x-forwarded-for': forwardedFor.join(', '),
        'x-forwarded-host': headers.host,
        'x-forwarded-proto': 'https',
      },
    })
    onward.on('response', (response) => {
      outgoing.writeHead(response.statusCode ?? 502, response.rawHeaders)
      response.pipe(outgoing)
    })
    incoming.pipe(onward)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = () => {
    server.close()
    server.closeAllConnections()
  }
  const proxy = { port: (server.address() as AddressInfo).port, target: 0, close }
  return proxy
}
