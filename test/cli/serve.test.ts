import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { createEmulator, SEED } from '../../src/emulator/emulator.ts'
import { graphAs } from '../emulator/graph/support.ts'
import { authorizeUrl, entrance } from '../emulator/support.ts'
import { addExpense } from '../flows/expenses.ts'
import { trySignIn } from '../support/admission.ts'
import { signIn } from '../support/oauth-client.ts'
import { startServe } from '../support/serve.ts'

const withoutModes = process.platform === 'win32' && 'Windows has no file modes.'
const ROOT = join(import.meta.dirname, '..', '..')
const ENTRA = {
  AZURE_TENANT_ID: '6f0e7a3c-7a0d-4b57-9d57-0f1f3f0c9a11',
  ENTRA_PROXY_AZURE_CLIENT_ID: '0d9d0c55-3a5f-4b6e-8f3f-7f6f3f1b2c22',
  ENTRA_PROXY_AZURE_CLIENT_SECRET: 'Aa0~the-value-of-a-client-secret',
}

test('/health says to anybody what the contract says, byte for byte', async () => {
  await using server = await startServe()
  for (const host of ['localhost', '127.0.0.1']) {
    const response = await fetch(`http://${host}:${server.port}/health`)
    assert.equal(response.status, 200)
    assert.match(response.headers.get('content-type') ?? '', /^application\/json/)
    assert.equal(await response.text(), '{"status":"healthy","service":"mcp-server"}')
  }
})

test('the data is the owner’s only, all of it', { skip: withoutModes }, async () => {
  await using server = await startServe()
  const { client, tokens } = await signIn(server.url)
  await addExpense(client, tokens.access_token)
  const data = join(server.folder, '.entrance')
  assert.equal((statSync(data).mode & 0o777).toString(8), '700')
  const files = readdirSync(data)
  for (const name of ['emulator.json', 'entrance.db', 'expenses.db', 'keys.json']) {
    assert.ok(files.includes(name), name)
  }
  for (const name of files) {
    assert.equal((statSync(join(data, name)).mode & 0o777).toString(8), '600', name)
  }
  assert.deepEqual(readdirSync(server.folder), ['.entrance'])
})

test('a redirect URI that was registered at the emulator is still there after a restart', async (t) => {
  const folder = newFolder(t)
  const dataFile = join(folder, '.entrance', 'emulator.json')
  const emulator = createEmulator({ dataFile })
  const graph = await graphAs(emulator)
  const redirect_uri = 'https://other.example/auth/callback'
  const { id } = entrance(emulator)
  await graph('PATCH', `/applications/${id}`, { web: { redirectUris: [redirect_uri] } })
  await emulator.close()
  await using server = await startServe({ folder })
  for (const [uri, status] of [
    [redirect_uri, 200],
    [`${server.url}/auth/callback`, 200],
    ['https://evil.example/auth/callback', 400],
  ] as const) {
    const { pathname, search } = new URL(authorizeUrl(emulator, { redirect_uri: uri }))
    const page = await fetch(`${server.signInWith}${pathname}${search}`)
    assert.equal(page.status, status, uri)
  }
})

test('who may come in is what the variables and options say', async () => {
  await using server = await startServe({
    args: ['--emulator', '--allow-contact', 'it-help@entrance.example'],
    env: { ENTRANCE_ALLOW_USERS: SEED.bob },
  })
  const { page } = await trySignIn(server.url)
  assert.equal(page.status, 403)
  assert.match(page.text, /\(rule 'users'\).*To be let in, ask it-help@entrance\.example/)
  assert.ok((await signIn(server.url, { account: 'Bob' })).tokens.access_token)
})

test('a flood of registrations is held up, each client by itself, or not at all', async () => {
  const register = async (server: { url: string }, client: string) => {
    const response = await fetch(`${server.url}/register`, {
      method: 'POST',
      body: JSON.stringify({ redirect_uris: ['http://127.0.0.1:49152/callback'] }),
      headers: { 'content-type': 'application/json', 'x-forwarded-for': client },
    })
    await response.body?.cancel()
    return response.status
  }
  const flood = async (server: { url: string }, client = '203.0.113.66', count = 500) => {
    const statuses = await Promise.all(
      Array.from({ length: count }, () => register(server, client)),
    )
    return statuses.filter((status) => status === 429).length
  }
  {
    await using server = await startServe()
    assert.ok((await flood(server)) > 0)
    // As many as one that is told apart has at once.
    assert.ok((await flood(server, '203.0.113.7', 300)) > 0, 'no header is believed')
  }
  {
    await using server = await startServe({ args: ['--emulator', '--trusted-proxy-hops', '1'] })
    assert.ok((await flood(server)) > 0)
    assert.equal(await register(server, '203.0.113.7'), 201)
  }
  {
    await using server = await startServe({ env: { ENTRANCE_RATE_LIMIT: 'off' } })
    assert.equal(await flood(server), 0)
  }
})

test('git ignores the data folder and .env', () => {
  const ignored = readFileSync(join(ROOT, '.gitignore'), 'utf8').split('\n')
  assert.ok(ignored.includes('.entrance/'))
  assert.ok(ignored.includes('.env'))
})

test('options beat variables that would not do, and .env is read below both', async (t) => {
  const folder = newFolder(t)
  writeFileSync(join(folder, '.env'), 'EXPENSES_CURRENCY=EUR\nENTRANCE_DATA=from-dotenv\n')
  const env = {
    PORT: 'x',
    EMULATOR_PORT: 'x',
    HOST: '0.0.0.0',
    ENTRANCE_URL: 'https://variable.example',
    ENTRANCE_DATA: 'from-variable',
    ENTRANCE_STORE: 'mongodb://variable',
    LOG_FORMAT: 'x',
  }
  const options = ['--port=0', '--emulator-port=0', '--host=127.0.0.1', '--log-format=json']
  const places = ['--data=from-option', '--store=sqlite:grants/own.db', '--url=http://127.0.0.1:1']
  const args = ['--emulator', ...options, ...places]
  await using server = await startServe({ folder, env, args })
  assert.equal(server.url, 'http://127.0.0.1:1')
  assert.deepEqual(readdirSync(folder).sort(), ['.env', 'from-option', 'grants'])
  assert.ok(readdirSync(join(folder, 'from-option')).includes('expenses.db'))
  assert.ok(readdirSync(join(folder, 'grants')).includes('own.db'))
})

test('the currency of .env is that of new expenses', async (t) => {
  const folder = newFolder(t)
  writeFileSync(join(folder, '.env'), '# EUR\nEXPENSES_CURRENCY="EUR"\n')
  await using server = await startServe({ folder })
  const { client, tokens } = await signIn(server.url)
  const listed = await client.mcp(tokens.access_token, { method: 'tools/list' })
  assert.match(await listed.text(), /one expense of the signed-in user, in EUR/)
})

test('with credentials there is no emulator, in a clone neither', async (t) => {
  const folder = newFolder(t)
  // Whoever is given this port next comes after the test.
  const EMULATOR_PORT = String(await freePort())
  const env = { ...ENTRA, EMULATOR_PORT, ENTRANCE_CLONE: '1', NODE_ENV: 'production' }
  await using server = await startServe({ folder, env, args: [] })
  assert.equal(server.signInWith, 'Microsoft Entra ID')
  await assert.rejects(connected('localhost', Number(EMULATOR_PORT)), { code: 'ECONNREFUSED' })
  assert.ok(!readdirSync(join(folder, '.entrance')).includes('emulator.json'))
  assert.equal((await fetch(`${server.url}/health`)).status, 200)
})

test('two servers that start at once in one folder share its key', async (t) => {
  const folder = newFolder(t)
  const env = { ...ENTRA, ENTRANCE_DATA: 'shared' }
  const servers = await Promise.all([1, 2].map(() => startServe({ folder, env, args: [] })))
  t.after(() => Promise.all(servers.map((server) => server.stop('SIGKILL'))))
  const jwks = servers.map(async ({ url }) => (await fetch(`${url}/.well-known/jwks.json`)).json())
  const [one, other] = await Promise.all(jwks)
  assert.deepEqual(one, other)
  assert.deepEqual(await Promise.all(servers.map((server) => server.stop())), [0, 0])
})

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal} lets a call under way come to its end, and takes in nothing new`, async () => {
    await using server = await startServe()
    const { tokens } = await signIn(server.url)
    const call = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' })
    const message = request(`${server.url}/mcp`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${tokens.access_token}`,
        'content-type': 'application/json',
        'content-length': String(call.length),
        accept: 'application/json, text/event-stream',
        expect: '100-continue',
      },
    })
    message.flushHeaders()
    // The server has the head of the call, and waits for the rest.
    await once(message, 'continue')
    const stopped = server.stop(signal)
    await untilRefused(server.port)
    message.end(call)
    const [response] = await once(message, 'response')
    assert.equal(response.statusCode, 200)
    assert.match(await text(response), /add_user_expense/)
    assert.equal(await stopped, 0)
  })
}

function newFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'entrance-serve-'))
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
  return folder
}

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as { port: number }
  await once(server.close(), 'close')
  return port
}

async function connected(host: string, port: number): Promise<void> {
  const socket = connect(port, host)
  try {
    await once(socket, 'connect')
  } finally {
    socket.destroy()
  }
}

/** Knocks until nobody answers any more. */
async function untilRefused(port: number): Promise<void> {
  let code: string | undefined
  while (code !== 'ECONNREFUSED') {
    code = await connected('127.0.0.1', port).then(
      () => undefined,
      (error: NodeJS.ErrnoException) => error.code,
    )
  }
}
