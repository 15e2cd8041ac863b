import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { suite, test } from 'node:test'
import { entrance } from './command.ts'
import { type FakeServer, type Route, startFakeServer } from './fake-server.ts'
import { createPerson, expired, type Person } from './person.ts'

const SECRET = 'a-secret-that-nobody-else-knows'
const DOCUMENT = 'https://app.example.com/client.json'

/** Nobody to ask: the answer comes at once. */
const signInAtOnce: Route = (request) => {
  const { searchParams } = new URL(request.url)
  const back = new URL(searchParams.get('redirect_uri') ?? '')
  back.searchParams.set('code', 'a-code')
  back.searchParams.set('state', searchParams.get('state') ?? '')
  return Response.redirect(back.href)
}

/** What came to the token endpoint: each request's Authorization header and body. */
type Asked = { readonly authorization: string | null; readonly body: URLSearchParams }

/** A server that signs everybody in, and what its token endpoint was asked. */
async function startServer(
  metadata: Record<string, unknown> = {},
  routes: Record<string, Route> = {},
): Promise<FakeServer & { readonly asked: readonly Asked[] }> {
  const asked: Asked[] = []
  const token: Route = async (request) => {
    const body = new URLSearchParams(await request.text())
    asked.push({ authorization: request.headers.get('authorization'), body })
    return Response.json({ access_token: 'good', token_type: 'Bearer', refresh_token: 'r' })
  }
  const own = { 'GET /authorize': signInAtOnce, 'POST /token': token, ...routes }
  return Object.assign(await startFakeServer(own, metadata), { asked })
}

function loginAs(alice: Person, server: FakeServer, options: string[], secret?: string) {
  const env = { ...alice.desktop.env, ...(secret && { ENTRANCE_CLIENT_SECRET: secret }) }
  return entrance(['client', 'login', `${server.url}/mcp`, ...options], { env })
}

function isRegistering(server: FakeServer): boolean {
  return server.requests.includes('POST /register')
}

suite('a client that the operator registered', () => {
  test('signs in by its id and registers nothing', async () => {
    await using server = await startServer()
    await using alice = await createPerson(server)
    const { code, stderr } = await loginAs(alice, server, ['--client-id', 'mine'])
    assert.equal(code, 0, stderr)
    assert.equal(isRegistering(server), false)
    assert.equal(server.asked[0]?.body.get('client_id'), 'mine')
    assert.deepEqual(alice.kept()?.registration, { client_id: 'mine', source: 'pre-registered' })
  })

  for (const [method, expected] of [
    ['client_secret_basic', `Basic ${btoa(`mine:${SECRET}`)}`],
    ['client_secret_post', null],
  ] as const) {
    test(`authenticates with its secret by ${method}`, async () => {
      await using server = await startServer({ token_endpoint_auth_methods_supported: [method] })
      await using alice = await createPerson(server)
      const { code, stdout, stderr } = await loginAs(alice, server, ['--client-id', 'mine'], SECRET)
      assert.equal(code, 0, stderr)
      assert.equal(server.asked[0]?.authorization, expected)
      assert.equal(server.asked[0]?.body.get('client_secret'), expected ? null : SECRET)
      assert.ok(!`${stdout}${stderr}`.includes(SECRET))
    })
  }

  test('stays the one to sign in as, with its secret', async () => {
    await using server = await startServer({
      token_endpoint_auth_methods_supported: ['client_secret_post'],
    })
    await using alice = await createPerson(server)
    await loginAs(alice, server, ['--client-id', 'mine'], SECRET)
    const { code, stderr } = await loginAs(alice, server, [])
    assert.equal(code, 0, stderr)
    assert.equal(server.asked[1]?.body.get('client_secret'), SECRET)
    assert.equal(isRegistering(server), false)
  })

  test('is not replaced by a registration where the server does not know it', async () => {
    const refusal: Route = () => new Response('unknown client', { status: 400 })
    await using server = await startServer({}, { 'GET /authorize': refusal })
    await using alice = await createPerson(server)
    const { code, stderr } = await loginAs(alice, server, ['--client-id', 'mine'])
    assert.equal(code, 1)
    assert.match(stderr, /^Error: The authorization server does not take the client mine\.$/m)
    assert.match(stderr, /http:\/\/127\.0\.0\.1\/callback with any port/)
    assert.equal(isRegistering(server), false)
  })

  test('is told that its secret is wrong, without the secret', async () => {
    const refusal: Route = () => Response.json({ error: 'invalid_client' }, { status: 401 })
    await using server = await startServer({}, { 'POST /token': refusal })
    await using alice = await createPerson(server)
    const { code, stderr } = await loginAs(alice, server, ['--client-id', 'mine'], SECRET)
    assert.equal(code, 1)
    assert.match(stderr, /its secret \(ENTRANCE_CLIENT_SECRET\)/)
    assert.ok(!stderr.includes(SECRET))
    assert.equal(isRegistering(server), false)
  })

  test('is kept when the server refuses to renew its tokens', async () => {
    let refuses = false
    await using server = await startServer(
      {},
      {
        'POST /token': () =>
          refuses
            ? Response.json({ error: 'invalid_client' }, { status: 401 })
            : Response.json({ access_token: 'a', token_type: 'Bearer', refresh_token: 'r' }),
      },
    )
    await using alice = await createPerson(server)
    await loginAs(alice, server, ['--client-id', 'mine'])
    alice.keep(expired)
    refuses = true
    assert.match((await alice.run('tools')).stderr, /no longer knows this client/)
    assert.equal(alice.kept()?.registration.client_id, 'mine')
    assert.equal(alice.kept()?.tokens, undefined)
  })

  suite('attack: a server that comes to name another authorization server', () => {
    test('does not get the secret that is kept', async () => {
      await using servers = await startMovingServer()
      const { server, other, move } = servers
      await using alice = await createPerson(server)
      await loginAs(alice, server, ['--client-id', 'mine'], SECRET)
      move()
      const { code, stderr } = await loginAs(alice, server, [])
      assert.equal(code, 0, stderr)
      assert.equal(other.asked[0]?.body.get('client_id'), 'c')
      assert.equal(other.asked[0]?.body.get('client_secret'), null)
    })

    test('does not get the secret that is given again, until the person signs out', async () => {
      await using servers = await startMovingServer()
      const { server, other, move } = servers
      await using alice = await createPerson(server)
      await loginAs(alice, server, ['--client-id', 'mine'], SECRET)
      move()
      const { code, stderr } = await loginAs(alice, server, ['--client-id', 'mine'], SECRET)
      assert.equal(code, 1)
      assert.match(stderr, /registered at http:\/\/localhost:\d+, but \S+ now names http:\S+/)
      assert.match(stderr, /client logout http:\S+\/mcp/)
      assert.equal(other.asked.length, 0)
      assert.equal((await alice.run('logout')).code, 0)
      const again = await loginAs(alice, server, ['--client-id', 'mine'], SECRET)
      assert.equal(again.code, 0, again.stderr)
      assert.equal(other.asked[0]?.body.get('client_secret'), SECRET)
    })
  })
})

/** An MCP server that names itself as its authorization server, and after `move` another. */
async function startMovingServer() {
  const post = { token_endpoint_auth_methods_supported: ['client_secret_post'] }
  const other = await startServer(post)
  let hasMoved = false
  const server = await startServer(post, {
    'GET /.well-known/oauth-protected-resource/mcp': (_, url) =>
      Response.json({
        resource: `${url}/mcp`,
        authorization_servers: [hasMoved ? other.url : url],
      }),
  })
  const move = () => {
    hasMoved = true
  }
  const close = async () => {
    await server[Symbol.asyncDispose]()
    await other[Symbol.asyncDispose]()
  }
  return { server, other, move, [Symbol.asyncDispose]: close }
}

suite('a client with a metadata document', () => {
  test('signs in by the document’s address where the server fetches those', async () => {
    await using server = await startServer({ client_id_metadata_document_supported: true })
    await using alice = await createPerson(server)
    const options = ['--client-metadata-url', DOCUMENT]
    const { code, stderr } = await loginAs(alice, server, options, SECRET)
    assert.equal(code, 0, stderr)
    assert.equal(server.asked[0]?.body.get('client_id'), DOCUMENT)
    // The variable belongs to --client-id: a document's client has no secret.
    assert.equal(server.asked[0]?.body.get('client_secret'), null)
    assert.equal(isRegistering(server), false)
  })

  test('is registered instead where the server does not, and says so', async () => {
    await using server = await startServer()
    await using alice = await createPerson(server)
    const { code, stderr } = await loginAs(alice, server, ['--client-metadata-url', DOCUMENT])
    assert.equal(code, 0, stderr)
    assert.match(stderr, /takes no client metadata documents: registering this client instead/)
    assert.equal(alice.kept()?.registration.client_id, 'c')
  })

  for (const address of [
    'http://app.example.com/client.json',
    'https://app.example.com',
    'https://app.example.com/client.json#part',
    'https://user@app.example.com/client.json',
    'https://app.example.com/../client.json',
    'https://APP.example.com/client.json',
    'client.json',
  ]) {
    test(`${address} is no address of one`, async () => {
      await using server = await startServer({ client_id_metadata_document_supported: true })
      await using alice = await createPerson(server)
      const { code, stderr } = await loginAs(alice, server, ['--client-metadata-url', address])
      assert.equal(code, 2)
      assert.match(stderr, /is not the address of a client metadata document/)
      assert.deepEqual(server.requests, [])
    })
  }
})

suite('the port that the browser comes back to', () => {
  test('is the one that is asked for', async () => {
    await using server = await startServer()
    await using alice = await createPerson(server)
    const port = await withPort(async (taken) => taken)
    const options = ['--client-id', 'mine', '--callback-port', String(port)]
    const { code, stderr } = await loginAs(alice, server, options)
    assert.equal(code, 0, stderr)
    assert.equal(server.asked[0]?.body.get('redirect_uri'), `http://127.0.0.1:${port}/callback`)
  })

  test('is not another when that one is taken', async () => {
    await using server = await startServer()
    await using alice = await createPerson(server)
    const { code, stderr } = await withPort((port) =>
      loginAs(alice, server, ['--client-id', 'mine', '--callback-port', String(port)]),
    )
    assert.equal(code, 1)
    assert.match(stderr, /^Error: Port \d+, where the browser is to come back to, is taken\.$/m)
    assert.match(stderr, /--callback-port PORT/)
  })

  test('makes a new registration where the kept one has another', async () => {
    await using server = await startServer()
    await using alice = await createPerson(server)
    await loginAs(alice, server, [])
    const port = await withPort(async (taken) => taken)
    const { code, stderr } = await loginAs(alice, server, ['--callback-port', String(port)])
    assert.equal(code, 0, stderr)
    assert.equal(server.requests.filter((line) => line === 'POST /register').length, 2)
    assert.equal(alice.kept()?.redirectUri, `http://127.0.0.1:${port}/callback`)
  })
})

test('two clients at once, or an id that is none, are wrong usage', async () => {
  await using server = await startServer()
  await using alice = await createPerson(server)
  const both = ['--client-id', 'mine', '--client-metadata-url', DOCUMENT]
  for (const options of [both, ['--client-id', 'with space'], ['--client-id', '']]) {
    const { code, stderr } = await loginAs(alice, server, options)
    assert.equal(code, 2, stderr)
  }
  assert.deepEqual(server.requests, [])
})

/** Runs `work` while a port is taken. */
async function withPort<T>(work: (port: number) => Promise<T>): Promise<T> {
  const taken = createServer()
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
  try {
    return await work((taken.address() as AddressInfo).port)
  } finally {
    await new Promise((resolve) => taken.close(resolve))
  }
}
