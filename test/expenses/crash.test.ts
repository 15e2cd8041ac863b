import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { sqliteExpenseStore } from '../../src/expenses/server.ts'
import { addExpense, CLIENTS, PEOPLE, type ToolClient } from './support.ts'

const CONCURRENT = 200
/** After how many answers the process is killed, one round each on the same file. */
const ROUNDS = [1, 50, 200, 300]

test('every call answered before a SIGKILL is in the database', { timeout: 120_000 }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'expenses-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'expenses.sqlite')
  const answered = new Set<string>()
  for (const answersBeforeKill of ROUNDS) {
    const ids = await addUntilKilled(t, path, answersBeforeKill)
    assert.ok(ids.length >= answersBeforeKill)
    for (const id of ids) answered.add(id)

    const store = sqliteExpenseStore(path)
    const stored = (await store.list(PEOPLE.alice)).expenses
    await store.close()
    const kept = new Set(stored.map(({ id }) => id))
    const lost = [...answered].filter((id) => !kept.has(id))
    assert.deepEqual(lost, [], `of ${answered.size} answered`)
  }
})

/** Keeps 200 calls under way until the server, killed after so many answers, gives no more. */
async function addUntilKilled(t: TestContext, path: string, answersBeforeKill: number) {
  const child = fork(join(import.meta.dirname, 'crash-server.ts'), [path])
  t.after(() => child.kill('SIGKILL'))
  const exited = once(child, 'exit')
  const [url] = await Promise.race([once(child, 'message'), exited])
  assert.equal(typeof url, 'string', 'the server did not start')
  const client = await CLIENTS['SDK v2 on 2026-07-28'](url, 'alice')
  const ids: string[] = []
  const onAnswer = (id: string) => {
    if (ids.push(id) === answersBeforeKill) child.kill('SIGKILL')
  }
  await Promise.all(Array.from({ length: CONCURRENT }, () => addUntilRefused(client, onAnswer)))
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
