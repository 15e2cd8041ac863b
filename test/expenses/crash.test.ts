import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { startPostgres, withoutPostgres } from '../support/postgres.ts'
import { openNamed } from './named.ts'
import { addExpense, CLIENTS, PEOPLE, type ToolClient } from './support.ts'

/** Calls that are under way at one time, of both servers together. */
const CONCURRENT = 200
/** After how many answers each of the two servers is killed, one round each on the same expenses. */
const ROUNDS = [1, 50, 100, 150]

/** Gives the address of an empty place of the test's own, as `EXPENSES_STORE` has it. */
type Place = (t: TestContext) => Promise<string>

const PLACES: readonly [name: string, skip: string | false, place: Place][] = [
  ['SQLite', false, sqliteFile],
  ['PostgreSQL', withoutPostgres, postgresDatabase],
]

for (const [name, skip, place] of PLACES) {
  test(`${name}: every call that one of two servers answered before a SIGKILL is stored`, {
    timeout: 120_000,
    skip,
  }, async (t) => {
    const address = await place(t)
    const answered: string[] = []
    for (const answersBeforeKill of ROUNDS) {
      const servers = [1, 2].map(() => addUntilKilled(t, address, answersBeforeKill))
      for (const ids of await Promise.all(servers)) {
        assert.ok(ids.length >= answersBeforeKill)
        answered.push(...ids)
      }
      const store = await openNamed(address)
      const kept = new Set((await store.list(PEOPLE.alice)).expenses.map(({ id }) => id))
      await store.close()
      const lost = answered.filter((id) => !kept.has(id))
      assert.deepEqual(lost, [], `of ${answered.length} answered`)
      assert.equal(new Set(answered).size, answered.length)
    }
  })
}

async function sqliteFile(t: TestContext): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'expenses-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return `sqlite:${join(folder, 'expenses.sqlite')}`
}

async function postgresDatabase(t: TestContext): Promise<string> {
  const server = await startPostgres()
  t.after(() => server[Symbol.asyncDispose]())
  return server.database()
}

/** Keeps calls under way until the server, killed after so many answers, gives no more. */
async function addUntilKilled(t: TestContext, address: string, answersBeforeKill: number) {
  const child = fork(join(import.meta.dirname, 'crash-server.ts'), [address])
  t.after(() => child.kill('SIGKILL'))
  const exited = once(child, 'exit')
  const [url] = await Promise.race([once(child, 'message'), exited])
  assert.equal(typeof url, 'string', 'the server did not start')
  const client = await CLIENTS['SDK v2 on 2026-07-28'](url, 'alice')
  const ids: string[] = []
  const onAnswer = (id: string) => {
    if (ids.push(id) === answersBeforeKill) child.kill('SIGKILL')
  }
  const callers = Array.from({ length: CONCURRENT / 2 }, () => addUntilRefused(client, onAnswer))
  await Promise.all(callers)
  assert.ok(child.killed, 'calls failed before the kill')
  assert.deepEqual(await exited, [null, 'SIGKILL'])
  return ids
}

async function addUntilRefused(client: ToolClient, onAnswer: (id: string) => void): Promise<void> {
  while (true) {
    const stored = await addExpense(client).catch(() => undefined)
    if (!stored) return
    onAnswer(stored.id as string)
  }
}
