import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { SEED, startEmulator } from '../../src/emulator/emulator.ts'
import { entrance } from '../cli/client/command.ts'
import { json, type SignedIn, signIn, type TokenResponse } from '../support/oauth-client.ts'
import { type RunningServe, startServe } from '../support/serve.ts'

type Listed = { id: string; use: string; uses?: { grants: number; consents: number } }

test('a key is rotated and retired under a running server: who moved on stays, and what ends is said in numbers', async (t) => {
  const server = await start(t)
  const keys = async (...args: string[]) => entrance(['keys', ...args], { cwd: server.folder })
  const list = async () =>
    (JSON.parse((await keys('list', '--json')).stdout) as { keys: Listed[] }).keys
  const [idle, busy] = [await signIn(server.url), await signIn(server.url)]
  const [first] = await list()
  assert.deepEqual([first?.use, first?.uses?.grants], ['current', 2])

  const refused = await keys('retire', first?.id ?? '', '--yes')
  assert.deepEqual(
    [refused.code, /is the key that things are made with/.test(refused.stderr)],
    [2, true],
  )

  await keys('rotate', '--in', '0')
  await until(() =>
    server.logs.some((line) => typeof line === 'object' && line.event === 'keys.changed'),
  )
  const renewed = await refresh(busy)
  const [made, former] = await list()
  assert.deepEqual([made?.use, made?.uses?.grants], ['current', 1])
  assert.deepEqual([former?.id, former?.use, former?.uses?.grants], [first?.id, 'former', 1])
  const text = await keys('list')
  assert.match(text.stdout, / {2}former {3}made \S+ {2}1 sign-in\n$/)
  assert.match(text.stderr, /nothing of them is\nstored, so they cannot be counted/)

  const unasked = await keys('retire', former?.id ?? '')
  assert.deepEqual([unasked.code, /Nothing has been changed/.test(unasked.stderr)], [2, true])
  assert.match(unasked.stderr, /in the store: 1 sign-in\n/)
  assert.equal((await list()).length, 2)

  const retired = await keys('retire', former?.id ?? '', '--yes')
  assert.equal(retired.code, 0, retired.stderr)
  assert.match(retired.stdout, /^Retired the key \S{8}\. Running servers let it go/)
  await until(async () => (await status(idle, idle.tokens.access_token)) === 401)
  assert.equal(await status(busy, renewed.access_token), 200, 'what the current key made stays')
  const { client, client_id, tokens } = idle
  assert.equal((await client.refresh(client_id, tokens.refresh_token)).status, 401)
  await signIn(server.url)
})

test('a coming key is taken back with nothing lost, and a key that is none is told so', async (t) => {
  const server = await start(t)
  const keys = async (...args: string[]) => entrance(['keys', ...args], { cwd: server.folder })
  await keys('rotate')
  const { keys: listed } = JSON.parse((await keys('list', '--json')).stdout) as { keys: Listed[] }
  const [coming, current] = listed
  assert.deepEqual([coming?.use, current?.use], ['coming', 'current'])
  const retired = await keys('retire', coming?.id ?? '', '--yes', '--json')
  assert.deepEqual(JSON.parse(retired.stdout), {
    retired: coming?.id,
    uses: { grants: 0, consents: 0, clients: 0, claims: 0 },
  })
  const none = await keys('retire', 'AAAAAAAA', '--yes')
  assert.equal(none.code, 2)
  assert.match(none.stderr, new RegExp(`There is no key AAAAAAAA. Those of .*: ${current?.id}`))
})

test('a store that waits for a lost key starts again once the key is given up', async (t) => {
  const server = await start(t)
  await signIn(server.url)
  const { folder } = server
  const lost = JSON.parse((await entrance(['keys', 'list', '--json'], { cwd: folder })).stdout)
  await server.stop()
  rmSync(join(folder, '.entrance', 'keys.json'))

  const refusal = await startServe({ folder }).catch((error: Error) => error.message)
  const { id } = lost.keys[0] as Listed
  assert.match(String(refusal), new RegExp(`written with key ${id}`))
  assert.match(String(refusal), new RegExp(`entrance keys retire ${id}`))
  const given = await entrance(['keys', 'retire', id, '--yes'], { cwd: folder })
  assert.match(given.stderr, /The store was written with it: 1 sign-in\./)
  assert.equal(given.code, 0, given.stderr)
  const again = await start(t, folder)
  await signIn(again.url)
})

test('keys reseal moves what a running server has in its store, and needs to know its Entra', async (t) => {
  const emulator = await startEmulator({ port: 0 })
  t.after(() => emulator.close())
  const env = {
    ENTRANCE_AUTHORITY: emulator.origin,
    AZURE_TENANT_ID: SEED.tenantId,
    ENTRA_PROXY_AZURE_CLIENT_ID: SEED.clientId,
    ENTRA_PROXY_AZURE_CLIENT_SECRET: SEED.clientSecret,
  }
  const folder = mkdtempSync(join(tmpdir(), 'entrance-reseal-'))
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
  const server = await startServe({ folder, args: [], env })
  t.after(() => server.stop('SIGKILL'))
  const [application] = emulator.directory.applications
  if (application) application.web.redirectUris = [`${server.url}/auth/callback`]
  const signedIn = await signIn(server.url)
  const keys = async (...args: string[]) => entrance(['keys', ...args], { cwd: folder, env })
  await keys('rotate', '--in', '0')

  const unknown = await entrance(['keys', 'reseal'], { cwd: folder })
  assert.equal(unknown.code, 2)
  const moved = await keys('reseal', '--json')
  assert.deepEqual([moved.code, moved.stdout], [0, '{"moved":3,"left":0}\n'], moved.stderr)
  const { keys: listed } = JSON.parse((await keys('list', '--json')).stdout) as { keys: Listed[] }
  assert.deepEqual(
    listed.map(({ use, uses }) => [use, uses?.grants]),
    [
      ['current', 1],
      ['former', 0],
    ],
  )
  await until(() =>
    server.logs.some((line) => typeof line === 'object' && line.event === 'keys.changed'),
  )
  await refresh(signedIn)
})

async function start(t: TestContext, given?: string): Promise<RunningServe> {
  const folder = given ?? mkdtempSync(join(tmpdir(), 'entrance-retire-'))
  const server = await startServe({ folder })
  t.after(async () => {
    await server.stop('SIGKILL')
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  })
  return server
}

async function refresh({ client, client_id, tokens }: SignedIn): Promise<TokenResponse> {
  return json<TokenResponse>(await client.refresh(client_id, tokens.refresh_token))
}

async function status({ client }: SignedIn, token: string): Promise<number> {
  const response = await client.mcp(token, { method: 'tools/list' })
  await response.body?.cancel()
  return response.status
}

async function until(isDone: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 20_000
  while (!(await isDone())) {
    assert.ok(performance.now() < deadline, 'it does not come')
    await setTimeout(50)
  }
}
