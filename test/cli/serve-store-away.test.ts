import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { startEmulator } from '../../src/emulator/emulator.ts'
import { within } from '../support/deadline.ts'
import { fixedPort } from '../support/fixed-port.ts'
import { signIn } from '../support/oauth-client.ts'
import { startPostgres, withoutPostgres } from '../support/postgres.ts'
import { startRedis, withoutRedis } from '../support/redis.ts'
import { environmentOf } from '../support/replicas.ts'
import { startServe } from '../support/serve.ts'
import { readiness, startWaiting, until, type WaitingServer } from './waiting-server.ts'

const TOOLS = { method: 'tools/list' }

/** A server of a store: away from the start, and then there. */
type StoreServer = AsyncDisposable & {
  readonly address: string
  crash(): Promise<void>
  start(): Promise<void>
  pause(): void
  resume(): void
}

async function postgres(): Promise<StoreServer> {
  const server = await startPostgres()
  return { ...server, address: await server.database() }
}

async function redis(): Promise<StoreServer> {
  const server = await startRedis()
  return { ...server, address: server.store() }
}

for (const { name, skip, start } of [
  { name: 'PostgreSQL', skip: withoutPostgres, start: postgres },
  { name: 'Redis', skip: withoutRedis, start: redis },
]) {
  suite(`a start while ${name} is away`, { skip }, () => {
    test('costs nobody their sign-in, says why, and goes on by itself', async (t) => {
      await using store = await start()
      const env = await environment(t, store)
      const first = await startServe({ args: [], folder: env.ENTRANCE_DATA, env })
      const { client, client_id, tokens } = await signIn(env.ENTRANCE_URL)
      await first.stop()
      await store.crash()

      const server = await startWaiting(t, env)
      await until('it waits', () => saidOf(server, 'server.waiting').length > 0)
      assert.equal((await fetch(`${server.operator}/healthz`)).status, 200)
      const { code, store: state } = (await readiness(server)) ?? {}
      assert.deepEqual([code, state], [503, 'down'])
      assert.equal((await fetch(`${server.url}/health`)).status, 200)
      assert.equal((await client.authorizationServer()).status, 200)

      comeAgain(await client.mcp(tokens.access_token, TOOLS))
      comeAgain(await client.refresh(client_id, tokens.refresh_token))
      const authorization = client.authorization(client_id)
      comeAgain(await fetch(authorization.url, { redirect: 'manual' }))
      const page = await fetch(authorization.url, { headers: { accept: 'text/html' } })
      comeAgain(page)
      assert.match(await page.text(), /Not available at the moment.*reload this page/s)

      await store.start()
      await until('it is ready', async () => (await readiness(server))?.code === 200)
      await until('it says so', () => saidOf(server, 'server.listening').length > 0)
      assert.equal((await client.mcp(tokens.access_token, TOOLS)).status, 200)
      assert.equal((await client.refresh(client_id, tokens.refresh_token)).status, 200)
      await signIn(server.url, { account: 'Bob' })
      checkLog(server, store)
    })

    test('ends with exit code 2 when the store comes up and refuses for good', async (t) => {
      await using store = name === 'Redis' ? await guardedRedis() : await start()
      const address = new URL(store.address)
      if (name === 'PostgreSQL') address.pathname = '/nowhere'
      else address.password = 'the-wrong-password'
      const env = await environment(t, { ...store, address: address.href })
      await store.crash()
      const server = await startWaiting(t, env)
      await until('it waits', () => saidOf(server, 'server.waiting').length > 0)
      await store.start()
      assert.deepEqual(await server.exit, [2, null], server.written())
      assert.match(server.written(), /has no such database|password that Redis refuses/)
      assert.doesNotMatch(server.written(), /the-wrong-password|a-test-password/)
    })

    test('a store that stops answering in mid-run is said by /readyz, and that it is back', async (t) => {
      await using store = await start()
      const server = await startWaiting(t, await environment(t, store))
      await until('it is ready', async () => (await readiness(server))?.store === 'up')
      store.pause()
      await until('it is degraded', async () => (await readiness(server))?.store === 'degraded')
      // Tokens that are out there go on being good for 30 seconds: until then it is ready.
      assert.equal((await readiness(server))?.code, 200)
      store.resume()
      await until('it is up', async () => (await readiness(server))?.store === 'up')
      const said = saidOf(server, 'store.unreachable')
      assert.ok(said.length > 0 && said.length < 6, server.written())
    })
  })
}

test('a start says what its store could be set up better in', { skip: withoutRedis }, async (t) => {
  const settings = ['--appendonly', 'yes', '--appendfsync', 'everysec']
  await using redis = await startRedis([...settings, '--requirepass', 'the-password'])
  const address = redis.store().replace('://', '://:the-password@')
  const server = await startWaiting(t, await environment(t, { address }))
  await until('it says so', () => saidOf(server, 'store.risky').length > 0)
  const [{ message } = { message: '' }] = saidOf(server, 'store.risky')
  assert.match(message, /power cut .*appendfsync everysec.* Set 'appendfsync always'/)
  assert.doesNotMatch(server.written(), /the-password/)
})

test('a stop while a start waits for its store is in order', async (t) => {
  const nobody = await fixedPort()
  const server = await startWaiting(t, {
    ...(await environment(t, {
      address: `postgres://entrance:the-password@127.0.0.1:${nobody}/e`,
    })),
  })
  await until('it waits', () => saidOf(server, 'server.waiting').length > 0)
  server.kill('SIGTERM')
  assert.deepEqual(await server.exit, [0, null])
})

test('a stop while a start waits for its key vault is in order', async (t) => {
  const vault = createServer()
  vault.listen(0, '127.0.0.1')
  await once(vault, 'listening')
  t.after(() => vault.close())
  const asked = once(vault, 'connection')
  const { port } = vault.address() as AddressInfo
  const server = await startWaiting(t, {
    ...(await environment(t, { address: '' })),
    ENTRANCE_SECRET: `keyvault:https://127.0.0.1:${port}/secrets/entrance`,
    ENTRANCE_AUTHORITY: `http://localhost:${port}`,
  })
  const [socket] = await asked
  t.after(() => socket.destroy())
  server.kill('SIGTERM')
  assert.deepEqual(await within(8000, 'the end', server.exit), [0, null], server.written())
})

/** Redis with a password, which takes only commands of those who say it. */
async function guardedRedis(): Promise<StoreServer> {
  const server = await startRedis(['--appendonly', 'yes', '--requirepass', 'the-right-password'])
  return { ...server, address: server.store() }
}

async function environment(t: TestContext, { address }: { address: string }) {
  const folder = mkdtempSync(join(tmpdir(), 'entrance-away-'))
  const emulator = await startEmulator({ port: 0 })
  t.after(async () => {
    await emulator.close()
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  })
  const port = await fixedPort()
  const url = `http://localhost:${port}`
  emulator.directory.applications[0]?.web.redirectUris.push(`${url}/auth/callback`)
  const own = { PORT: String(port), ENTRANCE_URL: url, ENTRANCE_DATA: folder }
  return { ...environmentOf(url, emulator), ...own, ENTRANCE_STORE: address }
}

/** What costs nobody anything: try again, and keep what you have. */
function comeAgain(response: Response): void {
  assert.equal(response.status, 503)
  assert.ok(Number(response.headers.get('retry-after')) > 0)
  assert.equal(response.headers.get('www-authenticate'), null)
}

function saidOf({ logs }: WaitingServer, event: string) {
  return logs.filter((line) => line.event === event)
}

/** Each thing once, though it was tried many times; the driver's reason, and no password. */
function checkLog(server: WaitingServer, { address }: StoreServer): void {
  const { host, password } = new URL(address)
  const attempts = saidOf(server, 'store.unreachable')
  const reasons = attempts
    .filter(({ operation }) => operation === 'connect')
    .map(({ error }) => String(error))
  assert.deepEqual(reasons, [...new Set(reasons)])
  const waited = saidOf(server, 'server.waiting').map(({ reason }) => reason)
  assert.deepEqual(
    waited.filter((reason) => !reasons.includes(String(reason))),
    [],
  )
  assert.ok(
    reasons.some((reason) => reason.includes(`ECONNREFUSED ${host}`)),
    server.written(),
  )
  assert.equal(saidOf(server, 'store.reachable').length, 1)
  if (password) assert.ok(!server.written().includes(password))
}
