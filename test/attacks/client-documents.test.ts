import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { after, afterEach, before, beforeEach, suite, test } from 'node:test'
import { parseClientDocument } from '../../src/core/clients/client-document.ts'
import { DOCUMENT_MAX_BYTES } from '../../src/core/clients/guarded-fetch.ts'
import { isPublicAddress } from '../../src/core/clients/public-host.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { createBrowser } from '../support/browser.ts'
import {
  clientDocument,
  SERVER_ADDRESS,
  startInternet,
  type TestInternet,
} from '../support/internet.ts'
import { codeOf, createOAuthClient, json, type TokenResponse } from '../support/oauth-client.ts'
import { type RunningEntrance, startEntrance } from '../support/start.ts'
import { assertRefused, basic, readError, stopClock } from './support.ts'

let internet: TestInternet
let server: RunningEntrance

/** A server that has fetched nothing yet, so that no test uses up the budget of another. */
beforeEach(async () => {
  internet = await startInternet()
  server = await startEntrance({ internet })
})
afterEach(async () => {
  await server.stop()
  await internet.close()
})

/** What was asked for but those documents by which the server finds out whether it gets out. */
const KNOWN_HOSTS: ReadonlySet<string> = new Set(['vscode.dev', 'claude.ai', 'chatgpt.com'])
const lookups = () => internet.lookups.filter((host) => !KNOWN_HOSTS.has(host))
const requests = () =>
  internet.requests.filter(({ url }) => !KNOWN_HOSTS.has(new URL(url).hostname))

/** Asks for a sign-in as a program does, without a browser. */
function ask(client_id: string, at = server.url): Promise<Response> {
  const { url } = createOAuthClient(at).authorization(client_id)
  return fetch(url, { redirect: 'manual' })
}

/** Holds that a client is refused with a reason: 400 at /authorize, `invalid_client` at /token. */
async function assertNoClient(client_id: string, reason: string | RegExp): Promise<void> {
  await assertRefused(await ask(client_id), 400, 'invalid_client', reason)
  const client = createOAuthClient(server.url)
  await assertRefused(await client.refresh(client_id, 'x'), 401, 'invalid_client', reason)
  await assertRefused(await client.revoke({ client_id, token: 'x' }), 401, 'invalid_client', reason)
}

async function assertTaken(client_id: string): Promise<void> {
  const answer = await ask(client_id)
  assert.equal(answer.status, 302, await answer.text())
}

suite('a client_id that names a host inside', () => {
  test('by an address literal, in any spelling, is never asked (ts-peers 10)', async () => {
    for (const host of [
      ...['127.0.0.1', '127.0.0.2', '0.0.0.1', '10.0.0.1', '100.64.0.1', '169.254.169.254'],
      ...['[::1]', '[::ffff:7f00:2]', '[64:ff9b::7f00:1]', '[fd00:ec2::254]', '8.8.8.8'],
      ...['127.1', '2130706433', '0x7f000001', '0177.0.0.1', '[::ffff:127.0.0.1]'],
    ]) {
      const id = `https://${host}/client`
      await assertRefused(await ask(id), 400, 'invalid_client', /IP address|normal form/)
    }
    assert.deepEqual(lookups(), [])
  })

  test('by a name of the network’s own is not even looked up (ts-peers 10)', async () => {
    for (const host of [
      ...['localhost', 'localhost.', 'a.localhost', 'metadata.google.internal', 'db', 'nas.local'],
    ]) {
      const reason = /not on the public internet|dot at the end/
      await assertRefused(await ask(`https://${host}/client`), 400, 'invalid_client', reason)
    }
    assert.deepEqual(lookups(), [])
  })

  test('at another port than 443 is not asked', async () => {
    const reason = /has a port; 443 is expected/
    for (const port of [22, 80, 6379, 8443]) {
      const id = `https://app.example.com:${port}/client`
      await assertRefused(await ask(id), 400, 'invalid_client', reason)
    }
    assert.deepEqual(lookups(), [])
  })

  test('by DNS is not connected to (fastmcp #4400, #4426)', async () => {
    const inside = [
      ...['127.0.0.2', '10.1.2.3', '172.16.0.1', '192.168.1.1', '100.100.100.200'],
      ...['169.254.169.254', '168.63.129.16', '0.0.0.0', '::1', '::', 'fd00:ec2::254', 'fe80::1'],
      // IPv4 inside of IPv6: mapped, NAT64, 6to4, Teredo, ISATAP, compatible.
      ...['::ffff:169.254.169.254', '64:ff9b::a9fe:a9fe', '64:ff9b:1::7f00:1'],
      ...['2002:a9fe:a9fe::1', '2001:0:7f00:1::', '2a00:1450::5efe:a9fe:a9fe', '::7f00:1'],
    ]
    for (const [n, address] of inside.entries()) {
      const host = `inside${n}.example.com`
      internet.dns.set(host, () => [address])
      internet.publish(`https://${host}/client`, clientDocument(`https://${host}/client`))
      const refused = await ask(`https://${host}/client`)
      await assertRefused(refused, 400, 'invalid_client', /its host has no public address/)
    }
    assert.equal(lookups().length, inside.length)
    assert.deepEqual(requests(), [])
  })

  test('by one of several answers of DNS is not connected to at all', async () => {
    const id = 'https://mixed.example.com/client'
    internet.publish(id, clientDocument(id))
    for (const addresses of [
      [SERVER_ADDRESS, '10.0.0.1'],
      ['10.0.0.1', SERVER_ADDRESS],
    ]) {
      internet.dns.set('mixed.example.com', () => addresses)
      await assertNoClient(id, /its host has no public address/)
    }
    assert.deepEqual(requests(), [])
  })

  test('by the second answer of DNS is connected to at the first (rebinding)', async () => {
    const inside: Socket[] = []
    const decoy = createServer((socket) => void inside.push(socket.destroy()))
    try {
      decoy.listen(internet.port, '127.0.0.2')
      await once(decoy, 'listening')
      const id = 'https://rebind.example.com/client'
      internet.publish(id, clientDocument(id))
      const answers = [[SERVER_ADDRESS]]
      internet.dns.set('rebind.example.com', () => answers.shift() ?? ['127.0.0.2'])
      await assertTaken(id)
      assert.deepEqual(lookups(), ['rebind.example.com'])
      assert.equal(internet.count('rebind.example.com'), 1)
      assert.equal(inside.length, 0)
    } finally {
      decoy.close()
    }
  })

  test('by a redirect is not followed there', async () => {
    const id = 'https://redirect.example.com/client'
    const target = 'https://target.example.com/client'
    internet.publish(target, clientDocument(id))
    for (const [status, location] of [
      ...[301, 302, 303, 307, 308].map((code) => [code, target] as const),
      [302, 'https://169.254.169.254/latest/meta-data'] as const,
    ]) {
      const at = `${id}/${status}/${location.length}`
      internet.answer(at, (_, response) => void response.writeHead(status, { location }).end())
      const refused = await ask(at)
      await assertRefused(refused, 400, 'invalid_client', /redirects \(status 30\d\)/)
    }
    assert.deepEqual(new Set(lookups()), new Set(['redirect.example.com']))
  })

  test('by its jwks_uri is not asked for keys', async () => {
    const id = 'https://keys.example.com/client'
    const inside = 'https://inside.example.com/keys'
    internet.dns.set('inside.example.com', () => ['169.254.169.254'])
    internet.publish(
      id,
      clientDocument(id, { token_endpoint_auth_method: 'private_key_jwt', jwks_uri: inside }),
    )
    await assertTaken(id)
    const assertion = ['{"alg":"ES256"}', `{"sub":"${id}"}`, 'x'].map((part) =>
      Buffer.from(part).toString('base64url'),
    )
    const refused = await createOAuthClient(server.url).token({
      grant_type: 'refresh_token',
      refresh_token: 'x',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: assertion.join('.'),
    })
    await assertRefused(refused, 401, 'invalid_client', /its host has no public address/)
    assert.equal(internet.count('inside.example.com'), 0)
  })

  test('learns no more of a name inside than of one that does not exist', async () => {
    internet.dns.set('inside.example.com', () => ['10.0.0.1'])
    internet.dns.set('nobody.example.com', () => [])
    const texts = []
    for (const name of ['inside', 'nobody']) {
      const { error_description } = await readError(await ask(`https://${name}.example.com/c`))
      texts.push(error_description.replace(name, ''))
    }
    assert.equal(texts[0], texts[1])
  })
})

suite('a host that means harm', () => {
  test('does not have this server knock at hundreds of others, which its DNS names', async () => {
    const wide = await startInternet({ isPublic: () => true })
    const url = new URL('https://wide.example.com/client')
    wide.publish(url.href, {})
    const others = Array.from({ length: 200 }, (_, n) => `127.0.0.${n + 2}`)
    wide.dns.set(url.hostname, () => [...others, SERVER_ADDRESS])
    const fetched = await wide.fetch(url)
    await wide.close()
    // The last of them is the one that would have answered.
    assert.equal(fetched.is, 'failed')
    assert.equal(wide.count(url.hostname), 0)
  })

  const id = 'https://evil.example.com/client'

  test('does not hold a request by sending a byte at a time', async () => {
    const slow = await startInternet({ timeout: 300 })
    const own = await startEntrance({ internet: slow })
    let timer: NodeJS.Timeout | undefined
    try {
      slow.answer(id, (_, response) => {
        response.writeHead(200, { 'content-type': 'application/json' })
        timer = setInterval(() => response.write(' '), 20)
      })
      const refused = await ask(id, own.url)
      await assertRefused(refused, 503, 'temporarily_unavailable', /its host took too long/)
      assert.equal(refused.headers.get('retry-after'), '30')
    } finally {
      clearInterval(timer)
      await own.stop()
      await slow.close()
    }
  })

  test('does not fill memory: by a length that it states, or by going on', async () => {
    let sent = 0
    internet.answer(`${id}/stated`, (_, response) => {
      const length = String(DOCUMENT_MAX_BYTES + 1)
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': length })
      response.write('{')
    })
    internet.answer(`${id}/endless`, (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      const chunk = Buffer.alloc(4096, 0x20)
      const write = () => {
        if (response.destroyed) return
        sent += chunk.byteLength
        response.write(chunk)
        setImmediate(write)
      }
      write()
    })
    for (const way of ['stated', 'endless']) {
      const refused = await ask(`${id}/${way}`)
      await assertRefused(refused, 400, 'invalid_client', /is larger than 16384 bytes/)
    }
    // What was on its way in buffers, and no more.
    assert.ok(sent < 8 * 1024 * 1024, `${sent} bytes`)
  })

  test('does not fill memory by its headers', async () => {
    internet.publish(id, clientDocument(id), { 'x-long': 'x'.repeat(9000) })
    await assertRefused(await ask(id), 503, 'temporarily_unavailable', /cannot be reached/)
  })

  test('does not send a page, a script, or a compressed document', async () => {
    for (const [n, type] of ['text/html', 'text/plain', 'application/javascript', ''].entries()) {
      internet.publish(`${id}/${n}`, clientDocument(`${id}/${n}`), { 'content-type': type })
      const reason = /its Content-Type is not application\/json/
      await assertRefused(await ask(`${id}/${n}`), 400, 'invalid_client', reason)
    }
    const gzip = { 'content-encoding': 'gzip' }
    internet.publish(`${id}/gzip`, clientDocument(`${id}/gzip`), gzip)
    await assertRefused(await ask(`${id}/gzip`), 400, 'invalid_client', /came compressed/)
  })

  test('does not put another host’s client on its page', async () => {
    const vscode = 'https://vscode.dev/oauth/client-metadata.json'
    internet.publish(id, clientDocument(vscode, { client_name: 'Visual Studio Code' }))
    await assertNoClient(id, /its client_id is not the address that it was fetched from/)
  })

  test('does not have codes sent to us, to a script, or anywhere by a pattern', async () => {
    for (const [n, uri] of [
      ...[`${server.url}/auth/callback`, 'javascript:alert(1)', 'http://evil.example.com/'],
      ...['https://*.example.com/', 'https://u@evil.example.com/', 'https://evil.example.com/#'],
    ].entries()) {
      const at = `${id}/${n}`
      internet.publish(at, clientDocument(at, { redirect_uris: [uri] }))
      const { url } = createOAuthClient(server.url).authorization(at, { redirect_uri: uri })
      const refused = await fetch(url, { redirect: 'manual' })
      assert.equal(refused.headers.get('location'), null, uri)
      await assertRefused(refused, 400, 'invalid_client', /redirect URI/)
    }
  })

  test('does not break the page with what it calls itself', async () => {
    const name = '<img src=x onerror=alert(1)>\u202e\u0000Visual Studio Code'
    internet.publish(id, clientDocument(id, { client_name: name }))
    const { url } = createOAuthClient(server.url).authorization(id)
    const page = await createBrowser().open(url)
    assert.equal(page.status, 200)
    assert.ok(!['<img', '\u202e', '\u0000'].some((bad) => page.html.includes(bad)))
    assert.match(
      page.text,
      /The application <img src=x onerror=alert\(1\)> Visual Studio Code wants/,
    )
  })
})

suite('a document client', () => {
  const id = 'https://app.example.com/client'
  let own: RunningEntrance
  let net: TestInternet
  before(async () => {
    net = await startInternet()
    own = await startEntrance({ internet: net })
    net.publish(id, clientDocument(id))
  })
  after(async () => {
    await own.stop()
    await net.close()
  })
  const token = (more: object, headers = {}) =>
    createOAuthClient(own.url).token(
      { grant_type: 'refresh_token', refresh_token: 'x', ...more },
      headers,
    )

  test('cannot authenticate by a secret, in the form or in the header', async () => {
    const reason = /This client is public/
    const form = await token({ client_id: id, client_secret: 'x' })
    await assertRefused(form, 401, 'invalid_client', reason)
    await assertRefused(await token({}, basic(id, 'x')), 401, 'invalid_client', reason)
  })

  test('is not another one by a spelling of its address', async () => {
    const client = createOAuthClient(own.url)
    const authorization = client.authorization(id)
    const until = authorization.redirect_uri
    const page = await createBrowser().signIn(authorization.url, { account: 'Alice', until })
    const before = net.count('app.example.com')
    for (const client_id of [
      ...['https://APP.example.com/client', 'https://app.example.com:443/client', `${id}#`],
      ...['https://app.example.com/./client', 'https://app.example.com/%63lient', `${id}?`],
    ]) {
      const refused = await client.exchange(authorization, codeOf(page), { client_id })
      assert.equal((await readError(refused)).error, 'invalid_client', client_id)
    }
    // Another address altogether is the one that is percent-encoded: that one was asked for.
    assert.equal(net.count('app.example.com'), before + 1)
    await json<TokenResponse>(await client.exchange(authorization, codeOf(page)))
  })

  test('is not sent to an address that its document does not list', async () => {
    for (const redirect_uri of [
      ...['https://evil.example.com/callback', 'http://localhost/callback', 'http://127.0.0.1/x'],
    ]) {
      const { url } = createOAuthClient(own.url).authorization(id, { redirect_uri })
      const refused = await fetch(url, { redirect: 'manual' })
      assert.equal(refused.headers.get('location'), null)
      await assertRefused(refused, 400, 'invalid_request', /is not one this client registered/)
    }
  })

  test('whose document is refused reads why on the page, and gets no other advice', async () => {
    const { url } = createOAuthClient(own.url).authorization('https://none.example.com/client')
    const page = await createBrowser().open(url)
    assert.equal(page.status, 400)
    assert.match(page.text, /This application cannot be recognised/)
    assert.match(page.text, /'https:\/\/none\.example\.com\/client' cannot be used: its host says/)
    assert.doesNotMatch(page.text, /mcp-remote/)
  })
})

test('a document is not kept with what nobody asked for: 46 MB of memory came of 4 MB of it', () => {
  const id = 'https://app.example.com/client'
  const junk = Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [`x${n}`, {}]))
  const key = { kty: 'EC', crv: 'P-256', x: 'x', y: 'y' }
  const signing = {
    token_endpoint_auth_method: 'private_key_jwt',
    jwks: { keys: [{ ...key, ...junk }] },
  }
  const policy = { ownOrigins: new Set<string>(), privateUseRedirectUris: new Set<string>() }
  const kept = parseClientDocument(id, clientDocument(id, { ...signing, ...junk }), policy)
  assert.deepEqual(kept.jwks, { keys: [key] })
  assert.ok(JSON.stringify(kept).length < 300)
})

suite('a storm of client_ids that nobody has', () => {
  const id = 'https://live.example.com/client'

  async function signInLive() {
    internet.publish(id, clientDocument(id), { 'cache-control': 'max-age=300' })
    const client = createOAuthClient(server.url)
    const authorization = client.authorization(id)
    const until = authorization.redirect_uri
    const page = await createBrowser().signIn(authorization.url, { account: 'Alice', until })
    const tokens = await json<TokenResponse>(await client.exchange(authorization, codeOf(page)))
    return { client, tokens }
  }

  test('is 503 with Retry-After beyond the budget, and asks no host for it (W27)', async () => {
    const host = 'https://storm.example.com'
    for (let n = 0; n < 30; n++) assert.equal((await ask(`${host}/${n}`)).status, 400)
    const refused = await ask(`${host}/30`)
    await assertRefused(refused, 503, 'temporarily_unavailable', /fetches as many as it may/)
    assert.match(refused.headers.get('retry-after') ?? '', /^[1-9]\d?$/)
    assert.equal(internet.count('storm.example.com'), 30)
    // Another host has its own.
    assert.equal((await ask('https://calm.example.com/0')).status, 400)
  })

  test('is 503 beyond what all hosts together have', async () => {
    for (let n = 0; n < 120; n++) await ask(`https://storm${n}.example.com/client`)
    const refused = await ask('https://another.example.com/client')
    await assertRefused(refused, 503, 'temporarily_unavailable', /fetches as many as it may/)
    assert.equal(internet.count('another.example.com'), 0)
  })

  test('asks a host no more than once for one that fails', async () => {
    const gone = 'https://gone.example.com/client'
    await Promise.all(Array.from({ length: 50 }, () => ask(gone)))
    await ask(gone)
    assert.equal(internet.count('gone.example.com'), 1)
  })

  test('ends no sign-in of a client that people use', async () => {
    using clock = stopClock()
    const { client, tokens } = await signInLive()
    // Its document has to be looked at again, and nothing is left to do so with.
    clock.forward(300)
    for (let n = 0; n < 120; n++) await ask(`https://storm${n}.example.com/client`)
    const renewed = await client.refresh(id, tokens.refresh_token)
    assert.equal(renewed.status, 200, await renewed.text())
    assert.equal(internet.count('live.example.com'), 1)
  })

  test('leaves nothing in the store', async () => {
    const store = memoryStore()
    const created: string[] = []
    const watched = {
      ...store,
      create: async (record: Parameters<typeof store.create>[0]) => {
        created.push(record.key)
        return store.create(record)
      },
    }
    const own = await startEntrance({ internet, entrance: { store: watched } })
    try {
      for (let n = 0; n < 10; n++) {
        const one = `https://s${n}.example.com/client`
        internet.publish(one, clientDocument(one))
        assert.equal((await ask(one, own.url)).status, 302)
      }
      assert.deepEqual(created, ['keyring'])
    } finally {
      await own.stop()
    }
  })
})

test('the guard of these tests differs from the real one by the one address of the test’s server', () => {
  assert.equal(isPublicAddress(SERVER_ADDRESS), false)
  assert.equal(isPublicAddress('127.0.0.2'), false)
})
