import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { emulatorVariables } from '../../src/cli/commands/emulator.ts'
import { startEmulator } from '../../src/emulator/emulator.ts'
import { signIn } from '../support/oauth-client.ts'

const EXAMPLES = join(import.meta.dirname, '..', '..', 'examples')

for (const name of ['node', 'express', 'hono']) {
  test(`examples/${name}.ts signs people in, and its tool says who they are`, async (t) => {
    const emulator = await startEmulator({ port: 0 })
    t.after(() => emulator.close())
    const port = await freePort()
    const [application] = emulator.directory.applications
    if (application) {
      application.web.redirectUris = [`http://localhost:${port}/auth/callback`]
    }
    const url = await startExample(t, name, {
      ...emulatorVariables(emulator),
      ENTRANCE_SECRET: randomBytes(32).toString('base64url'),
      PORT: String(port),
    })
    for (const account of ['Alice', 'Bob']) {
      const { client, tokens } = await signIn(url, { account })
      const params = { name: 'who_am_i', arguments: {} }
      const answer = await client.mcp(tokens.access_token, { method: 'tools/call', params })
      assert.match(await answer.text(), new RegExp(`${account} \\(${account}@`, 'i'))
    }
    assert.equal((await fetch(`${url}/mcp`, { method: 'POST' })).status, 401)
    if (name !== 'node') assert.match(await (await fetch(url)).text(), /needs no sign-in/)
  })

  test(`examples/${name}.ts says everything that it lacks, and is short`, (t) => {
    const path = join(EXAMPLES, `${name}.ts`)
    const { status, stderr } = spawnSync(process.execPath, [path], {
      cwd: newFolder(t),
      env: { PATH: process.env.PATH },
      encoding: 'utf8',
    })
    assert.equal(status, 1)
    for (const option of ['entra.tenantId', 'entra.clientId', 'entra.clientSecret', 'secret']) {
      assert.match(stderr, new RegExp(`^(ConfigError: )?${option}: `, 'm'))
    }
    assert.ok(readFileSync(path, 'utf8').split('\n').length <= 61)
  })
}

/** Starts an example for the length of a test; gives its base URL. */
async function startExample(
  t: TestContext,
  name: string,
  env: Readonly<Record<string, string>>,
): Promise<string> {
  const child = spawn(process.execPath, [join(EXAMPLES, `${name}.ts`)], {
    cwd: newFolder(t),
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exit = once(child, 'exit')
  t.after(async () => {
    child.kill('SIGKILL')
    await exit
  })
  const [line] = await Promise.race([once(child.stdout, 'data'), exit])
  const url = /^MCP server at (http:\/\/localhost:\d+)\/mcp$/m.exec(String(line))?.[1]
  assert.ok(url, String(line))
  return url
}

/** Examples take a fixed port; this one was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer()
  await once(server.listen(0, 'localhost'), 'listening')
  const { port } = server.address() as { port: number }
  await once(server.close(), 'close')
  return port
}

function newFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'entrance-example-'))
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
  return folder
}
