import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { addExpense, getExpenses } from '../flows/expenses.ts'
import { signIn } from '../support/oauth-client.ts'
import { startPostgres, withoutPostgres } from '../support/postgres.ts'
import { COMMAND, startServe } from '../support/serve.ts'

test('a server waits for the database of its expenses, and says so without its password', {
  skip: withoutPostgres,
}, async (t) => {
  await using postgres = await startPostgres()
  const address = await postgres.database()
  await postgres.kill()
  const server = startWaiting(t, { EXPENSES_STORE: address })
  await server.writes('Waiting for the expenses. Nobody can see or add any.')
  await postgres.start()
  await server.writes('Ctrl-C')
  assert.doesNotMatch(server.written(), new RegExp(new URL(address).password))
})

test('while the database of the expenses is away a call says so, nobody is signed out, and it goes on by itself', {
  skip: withoutPostgres,
}, async () => {
  await using postgres = await startPostgres()
  const address = await postgres.database()
  await using server = await startServe({ env: { EXPENSES_STORE: address } })
  const { client, tokens } = await signIn(server.url)
  const token = tokens.access_token
  const id = await addExpense(client, token, 'before')
  await postgres.kill()
  await assert.rejects(
    addExpense(client, token, 'while it is away'),
    /The expense was not saved: the server cannot write to its storage now/,
  )
  await assert.rejects(
    getExpenses(client, token),
    /The expenses were not read: the server cannot reach its storage now/,
  )
  await postgres.start()
  const after = await addExpense(client, token, 'after')
  const ids = (await getExpenses(client, token)).map((expense) => expense.id)
  assert.deepEqual(ids, [after, id])
})

test('an address of expenses that cannot be used ends the start, with what to do and without its password', {
  skip: withoutPostgres,
}, async (t) => {
  await using postgres = await startPostgres()
  const address = `${await postgres.database()}_that_is_not_there`
  const server = startWaiting(t, { EXPENSES_STORE: address })
  assert.deepEqual(await server.exit, [2, null])
  assert.match(server.written(), /EXPENSES_STORE\s.*has no such database \(3D000\).*Create it/s)
  assert.doesNotMatch(server.written(), new RegExp(new URL(address).password))
})

/** Starts `serve` for the length of a test, and waits for nothing. */
function startWaiting(t: TestContext, env: Record<string, string>) {
  const cwd = mkdtempSync(join(tmpdir(), 'entrance-expenses-'))
  const child = spawn(process.execPath, [COMMAND, 'serve', '--emulator'], {
    cwd,
    env: { PATH: process.env.PATH, PORT: '0', EMULATOR_PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exit = once(child, 'close')
  t.after(async () => {
    child.kill('SIGKILL')
    await exit
    rmSync(cwd, { recursive: true, force: true, maxRetries: 5 })
  })
  let written = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      written += chunk
    })
  }
  const writes = async (text: string) => {
    const deadline = Date.now() + 20_000
    while (!written.includes(text)) {
      assert.ok(Date.now() < deadline && child.exitCode === null, written)
      await wait(20)
    }
  }
  return { exit, written: () => written, writes }
}
