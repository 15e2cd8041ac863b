import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { fixedPort } from '../support/fixed-port.ts'
import { COMMAND } from '../support/serve.ts'

test('a server whose store is away at the start waits for it, is healthy meanwhile, and stops in order', async (t) => {
  const [port, nobody] = [await fixedPort(), await fixedPort()]
  const cwd = mkdtempSync(join(tmpdir(), 'entrance-away-'))
  const child = spawn(process.execPath, [COMMAND, 'serve', '--emulator'], {
    cwd,
    env: {
      PATH: process.env.PATH,
      PORT: String(port),
      EMULATOR_PORT: '0',
      ENTRANCE_CLIENT_DOCUMENTS: 'pinned',
      ENTRANCE_SECRET: 'a-secret-of-forty-characters-or-of-more-0',
      ENTRANCE_STORE: `postgres://entrance:the-password@127.0.0.1:${nobody}/entrance`,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exit = once(child, 'close')
  t.after(async () => {
    child.kill('SIGKILL')
    await exit
    rmSync(cwd, { recursive: true, force: true })
  })
  let written = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      written += chunk
    })
  }
  const deadline = Date.now() + 20_000
  while (!written.includes('Waiting for the store')) {
    assert.ok(Date.now() < deadline && child.exitCode === null, written)
    await wait(20)
  }
  const base = `http://localhost:${port}`
  assert.equal((await fetch(`${base}/health`)).status, 200)
  assert.equal((await fetch(`${base}/.well-known/oauth-protected-resource/mcp`)).status, 200)
  child.kill('SIGTERM')
  assert.deepEqual(await exit, [0, null])
  assert.doesNotMatch(written, /the-password/)
  assert.equal(written.match(/Waiting for the store/g)?.length, 1)
})
