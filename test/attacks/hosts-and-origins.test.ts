import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { after, before, suite, test } from 'node:test'
import { createEntrance, type Entrance, type ProtectedHandler } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { createBrowser } from '../support/browser.ts'
import { codeOf, createOAuthClient, json, type SignedIn, signIn } from '../support/oauth-client.ts'
import { type RunningEntrance, startEntrance } from '../support/start.ts'
import { answerConsent, showConsent } from './consent-form.ts'

let server: RunningEntrance
let signedIn: SignedIn
/** Requests that got through the gate. */
let passed = 0
const handler: ProtectedHandler = () => {
  passed++
  return Response.json({ passed })
}
const FRIEND = 'https://playground.example'
before(async () => {
  server = await startEntrance({ handler, entrance: { allowedOrigins: [FRIEND] } })
  signedIn = await signIn(server.url)
})
after(() => server.stop())

suite('a page that has bound its own name to this machine (DNS rebinding)', () => {
  const HOSTS = (port: number): readonly string[] => [
    'evil.example',
    `evil.example:${port}`,
    `localhost.evil.example:${port}`,
    `localhost.:${port}`,
    'localhost',
    `localhost:${port + 1}`,
    `localhost:0${port}`,
    `127.0.0.2:${port}`,
    `0.0.0.0:${port}`,
    `2130706433:${port}`,
    `[::ffff:127.0.0.1]:${port}`,
  ]

  test('gets 403 from /mcp for its Host, with and without a good token, and no tool hears of it', async () => {
    const before = passed
    for (const host of HOSTS(server.port)) {
      for (const authorization of [undefined, `Bearer ${signedIn.tokens.access_token}`]) {
        const answer = await send('POST', '/mcp', { host, ...(authorization && { authorization }) })
        assert.equal(answer.status, 403, host)
        const { error } = JSON.parse(answer.body) as { error: { code: number; message: string } }
        assert.equal(error.code, -32_000)
        assert.match(error.message, /^The Host header '.*' is not a name of this server/)
        assert.equal(answer.headers['www-authenticate'], undefined)
      }
    }
    assert.equal(passed, before)
  })

  test('cannot answer a consent page that it can read', async () => {
    const { url } = signedIn.client.authorization(signedIn.client_id)
    const shown = await showConsent(url)
    const host = `evil.example:${server.port}`
    const form = new URLSearchParams({ ...shown.fields, action: 'allow' })
    const headers = {
      host,
      origin: `http://${host}`,
      cookie: shown.cookie,
      'content-type': 'application/x-www-form-urlencoded',
    }
    const answer = await send('POST', '/consent', headers, String(form))
    assert.equal(answer.status, 403)
    assert.equal(answer.headers.location, undefined)
  })

  test('learns nothing but the configured names from metadata, and bends no redirect', async () => {
    const host = `evil.example:${server.port}`
    const { url } = signedIn.client.authorization(signedIn.client_id)
    const forwarded = {
      'x-forwarded-host': host,
      'x-forwarded-proto': 'https',
      forwarded: `host=${host}`,
    }
    const paths = [
      '/.well-known/oauth-authorization-server',
      '/.well-known/oauth-protected-resource/mcp',
      '/.well-known/openid-configuration',
      `${url.pathname}${url.search}`,
    ]
    for (const path of paths) {
      for (const headers of [{ host }, { host, ...forwarded }, forwarded]) {
        const answer = await send('GET', path, headers)
        assert.doesNotMatch(`${answer.body}${answer.headers.location}`, /evil/)
        assert.ok(`${answer.body}${answer.headers.location}`.includes(server.url))
      }
    }
  })
})

suite('a page of another origin', () => {
  const ORIGINS = (url: string): readonly string[] => [
    'https://evil.example',
    'null',
    'file://',
    '',
    `${url}.evil.example`,
    `${url}/`,
    url.replace('http:', 'https:'),
    url.replace('localhost', '127.0.0.1'),
    url.toUpperCase(),
    'http://localhost:1',
    'http://localhost',
    `${FRIEND}.evil.example`,
    FRIEND.replace('https', 'http'),
    `${FRIEND}:444`,
    `${FRIEND}, ${url}`,
    'chrome-extension://abcdef',
  ]

  test('gets 403 from /mcp, which it can read, and no tool hears of it (design 12)', async () => {
    const before = passed
    const authorization = `Bearer ${signedIn.tokens.access_token}`
    for (const origin of ORIGINS(server.url)) {
      for (const headers of [{ origin }, { origin, authorization }]) {
        const answer = await send('POST', '/mcp', headers)
        assert.equal(answer.status, 403, origin)
        assert.match(answer.body, /"code":-32000,"message":"Pages of the origin '/)
        assert.equal(answer.headers['access-control-allow-origin'], '*')
        assert.equal(answer.headers['access-control-allow-credentials'], undefined)
      }
    }
    assert.equal(passed, before)
  })

  test('that is allowed gets through, and nobody else can read the answer', async () => {
    const authorization = `Bearer ${signedIn.tokens.access_token}`
    for (const origin of [FRIEND, server.url]) {
      const answer = await send('POST', '/mcp', { origin, authorization })
      assert.equal(answer.status, 200)
      assert.equal(answer.headers['access-control-allow-origin'], origin)
      assert.match(answer.headers.vary ?? '', /Origin/)
    }
  })

  test('may ask what it may send, and reaches no tool by that', async () => {
    const before = passed
    for (const origin of ['https://evil.example', FRIEND]) {
      const headers = { origin, 'access-control-request-method': 'POST' }
      const answer = await send('OPTIONS', '/mcp', headers)
      assert.equal(answer.status, 204)
      assert.equal(answer.headers['access-control-allow-credentials'], undefined)
    }
    const plain = await send('OPTIONS', '/mcp', {})
    assert.equal(plain.status, 401)
    assert.equal(passed, before)
  })

  test('is never told that cookies may be sent along', async () => {
    const origin = 'https://evil.example'
    for (const path of ['/token', '/register', '/revoke', '/consent', '/authorize', '/health']) {
      for (const method of ['OPTIONS', 'POST', 'GET']) {
        const { headers } = await send(method, path, { origin })
        assert.equal(headers['access-control-allow-credentials'], undefined)
        const isPage = path === '/consent' || path === '/authorize'
        if (isPage) assert.equal(headers['access-control-allow-origin'], undefined, path)
      }
    }
  })
})

suite('checks come in an order that tells a stranger least (design 12)', () => {
  test('Host, then Origin, then token; and then only the method', async () => {
    const bad = { authorization: 'Bearer nonsense' }
    const host = 'evil.example'
    const origin = 'https://evil.example'
    assert.match((await send('POST', '/mcp', { host, origin, ...bad })).body, /Host header/)
    assert.match((await send('POST', '/mcp', { origin, ...bad })).body, /Pages of the origin/)
    for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'PROPFIND']) {
      const refused = await send(method, '/mcp', bad)
      assert.equal(refused.status, 401, method)
      assert.match(refused.headers['www-authenticate'] ?? '', /error="invalid_token"/)
      const asked = await send(method, '/mcp', {})
      assert.equal(asked.status, 401, method)
      assert.doesNotMatch(asked.headers['www-authenticate'] ?? '', /error=/)
    }
  })

  test('whatever path is not ours is guarded like /mcp', async () => {
    const before = passed
    for (const path of [
      '/',
      '/mcp/',
      '/MCP',
      '/mcp%2f',
      '//mcp',
      '/mcp/../x',
      '/.env',
      '/consent/',
      '/token/x',
      '/%74oken',
    ]) {
      const answer = await send('POST', path, {})
      assert.equal(answer.status, 401, path)
    }
    assert.equal(passed, before)
  })
})

suite('the names of one loopback deployment', () => {
  test('are one issuer each: the client is told the one that it came by (RFC 9207)', async () => {
    for (const name of ['localhost', '127.0.0.1', '[::1]']) {
      const url = `http://${name}:${server.port}`
      const client = createOAuthClient(url)
      const metadata = await json<{ issuer: string }>(await client.authorizationServer())
      assert.equal(metadata.issuer, url)
      const { client_id } = await json<{ client_id: string }>(await client.register())
      const authorization = client.authorization(client_id)
      const until = authorization.redirect_uri
      const page = await createBrowser().signIn(authorization.url, { until })
      assert.deepEqual(page.url.searchParams.getAll('iss'), [url])
      const answer = await client.exchange(authorization, codeOf(page))
      const { access_token } = await json<{ access_token: string }>(answer)
      assert.equal((await client.mcp(access_token, { method: 'ping' })).status, 200)
    }
  })

  test('do not include another server on this machine that has the same key', async () => {
    const { client, client_id } = signedIn
    const shown = await showConsent(client.authorization(client_id).url)
    const secret = 'the-same-master-key-on-two-servers-xxxxx'
    await using one = await startEntrance({ emulator: server.emulator, entrance: { secret } })
    await using two = own('http://localhost:1', secret)
    const registered = await createOAuthClient(one.url).register()
    const asked = createOAuthClient(one.url).authorization(
      (await json<{ client_id: string }>(registered)).client_id,
    )
    const theirs = await showConsent(asked.url)
    // What was asked of the one is no question to the other: it would show another server's name.
    const page = new URL('http://localhost:1/consent')
    page.searchParams.set('request', theirs.fields.request ?? '')
    const answer = await two.fetch(new Request(page))
    assert.equal(answer.status, 400)
    assert.match(await answer.text(), /was not started here/)
    assert.equal((await answerConsent(shown, { action: 'deny' })).status, 303)
  })
})

function own(
  url: string,
  secret: string = randomBytes(32).toString('hex'),
): Entrance & AsyncDisposable {
  const { tenantId, application, origin: authority } = server.emulator
  const entra = { tenantId, ...application, authority }
  const entrance = createEntrance({ url, secret, store: memoryStore(), entra })
  return { ...entrance, [Symbol.asyncDispose]: () => entrance.close() }
}

type Answer = { status: number; headers: IncomingHttpHeaders; body: string }

/** A request with the headers as given, Host included, which `fetch` does not let one choose. */
function send(
  method: string,
  path: string,
  headers: Record<string, string>,
  body?: string,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port: server.port, method, path }
    const given = { host: `localhost:${server.port}`, ...headers }
    const outgoing = httpRequest({ ...options, headers: given }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString()
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text })
      })
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}
