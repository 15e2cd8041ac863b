import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { startPostgres, withoutPostgres } from '../support/postgres.ts'
import { EXPENSE } from './contract.ts'
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

for (const [name, skip, place] of PLACES) {
  test(`${name}: every change and deletion that was answered before a SIGKILL is stored, and its sums`, {
    timeout: 120_000,
    skip,
  }, async (t) => {
    const address = await place(t)
    for (const answersBeforeKill of [1, 40]) {
      const filling = await openNamed(address)
      const adds = Array.from({ length: CONCURRENT }, () => filling.add(PEOPLE.alice, EXPENSE))
      const ids = (await Promise.all(adds)).map(({ id }) => id)
      await filling.close()
      const answered = await changeUntilKilled(t, address, ids, answersBeforeKill)
      assert.ok(answered.size >= answersBeforeKill)
      const store = await openNamed(address)
      const { expenses, totals } = await store.list(PEOPLE.alice)
      const kept = new Map(expenses.map((expense) => [expense.id, expense.minorUnits]))
      for (const [id, minorUnits] of answered) assert.equal(kept.get(id), minorUnits)
      const sum = expenses.reduce((all, { minorUnits }) => all + BigInt(minorUnits), 0n)
      assert.deepEqual(totals, [{ currency: 'USD', count: expenses.length, minorUnits: sum }])
      await store.close()
    }
  })
}

/** Changes every second one and deletes the others; gives what was answered, by its id. */
async function changeUntilKilled(
  t: TestContext,
  address: string,
  ids: readonly string[],
  answersBeforeKill: number,
): Promise<ReadonlyMap<string, number | undefined>> {
  const child = fork(join(import.meta.dirname, 'crash-server.ts'), [address])
  t.after(() => child.kill('SIGKILL'))
  const exited = once(child, 'exit')
  const [url] = await Promise.race([once(child, 'message'), exited])
  assert.equal(typeof url, 'string', 'the server did not start')
  const client = await CLIENTS['SDK v2 on 2026-07-28'](url, 'alice')
  const answered = new Map<string, number | undefined>()
  await Promise.all(
    ids.map(async (id, i) => {
      const call =
        i % 2
          ? { name: 'delete_user_expense', arguments: { id } }
          : { name: 'update_user_expense', arguments: { id, amount: i + 1 } }
      const result = await client.callTool(call).catch(() => undefined)
      if (!result || result.isError) return
      answered.set(id, i % 2 ? undefined : (i + 1) * 100)
      if (answered.size === answersBeforeKill) child.kill('SIGKILL')
    }),
  )
  assert.deepEqual(await exited, [null, 'SIGKILL'])
  return answered
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
