import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { runEmulator } from '../../src/cli/commands/emulator.ts'
import { ConfigError } from '../../src/core/errors.ts'
import { SEED } from '../../src/emulator/emulator.ts'

test('the command prints what to paste, and stops when told', async (t) => {
  const data = mkdtempSync(join(tmpdir(), 'emulator-'))
  t.after(() => rmSync(data, { recursive: true, force: true }))
  const { io, firstLine, stop } = newIo()
  const running = runEmulator({ port: 0, data }, io)
  const banner = await firstLine
  const origin = /http:\/\/localhost:\d+/.exec(banner)?.[0]
  for (const line of [
    `ENTRA_PROXY_AZURE_CLIENT_ID=${SEED.clientId}`,
    `ENTRA_PROXY_AZURE_CLIENT_SECRET=${SEED.clientSecret}`,
    `AZURE_TENANT_ID=${SEED.tenantId}`,
    `ENTRANCE_AUTHORITY=${origin}`,
    'Alice  alice@entrance.example',
    'Bob  bob@entrance.example',
  ]) {
    assert.ok(banner.includes(line), line)
  }
  assert.equal((await fetch(String(origin))).status, 200)
  assert.ok(existsSync(join(data, 'emulator.json')))
  stop()
  await running
  await assert.rejects(fetch(String(origin)))
})

test('--json says the same for a program', async () => {
  const { io, firstLine, stop } = newIo()
  const running = runEmulator({ port: 0, json: true }, io)
  const said = JSON.parse(await firstLine)
  assert.equal(said.tenantId, SEED.tenantId)
  assert.equal(said.variables.ENTRANCE_AUTHORITY, said.origin)
  const names = said.accounts.map(({ displayName }: { displayName: string }) => displayName)
  assert.deepEqual(names, ['Alice', 'Bob', 'Ada'])
  stop()
  await running
})

test('a refused sign-in is a line on stderr', async () => {
  const { io, firstLine, stop, errors } = newIo()
  const running = runEmulator({ port: 0, json: true }, io)
  const { origin } = JSON.parse(await firstLine)
  await fetch(`${origin}/common/oauth2/v2.0/authorize?client_id=${SEED.clientId}`)
  assert.match(errors.join(''), /^The emulator refused a request at authorize: AADSTS50194: .*\n$/)
  stop()
  await running
})

test('a port in use is a ConfigError that names it and the cure', async (t) => {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const { port } = server.address() as AddressInfo
  const { io } = newIo()
  await assert.rejects(runEmulator({ port }, io), (error) => {
    assert.ok(error instanceof ConfigError)
    assert.match(error.message, new RegExp(`Port ${port} is taken .* --port`))
    return true
  })
})

test('an address that is not this machine’s is a ConfigError', async () => {
  const { io } = newIo()
  await assert.rejects(runEmulator({ port: 0, host: '192.0.2.1' }, io), ConfigError)
})

function newIo() {
  const controller = new AbortController()
  const first = Promise.withResolvers<string>()
  const errors: string[] = []
  const io = {
    stdout: { write: (text: string) => first.resolve(text) },
    stderr: { write: (text: string) => errors.push(text) },
    signal: controller.signal,
  }
  return { io, firstLine: first.promise, errors, stop: () => controller.abort() }
}
