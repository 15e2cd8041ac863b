import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { getExpenses } from '../flows/expenses.ts'
import { signIn } from '../support/oauth-client.ts'
import { startProcess } from './serve-process.ts'

// What `npm start` and `npm run entrance` run.
const command = join(import.meta.dirname, '..', '..', 'scripts', 'run.js')

test('in a clone with nothing set, the emulator comes up unasked and people sign in', async (t) => {
  const server = await startProcess(t, { command, args: [] })
  const { client, tokens } = await signIn(server.url)
  assert.deepEqual(await getExpenses(client, tokens.access_token), [])
  assert.match(server.written(), /Sign-in with {4}the Entra ID emulator at http:\/\/localhost:\d+/)
  // As one can type it there.
  assert.match(server.written(), /Try it {10}npm run --silent entrance -- client login http/)
  assert.equal(await server.stop(), 0)
  assert.match(server.written(), /Stopping: SIGTERM\. Another one ends it at once\.\n$/)
  await assert.rejects(fetch(`${server.url}/health`))
})

test('the second start installs nothing and builds nothing', () => {
  const run = () =>
    spawnSync(process.execPath, [command, '--version'], { encoding: 'utf8', timeout: 120_000 })
  run()
  const { status, stderr } = run()
  assert.deepEqual([status, stderr], [0, ''])
})
