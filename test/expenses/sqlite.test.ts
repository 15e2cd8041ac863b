import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync, StatementSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { setImmediate as nextRound } from 'node:timers/promises'
import { sqliteExpenseStore } from '../../src/expenses/server.ts'
import { ALICE, BOB, EXPENSE, expensesContract } from './contract.ts'

expensesContract({
  name: 'sqlite',
  open: async (_, options) => sqliteExpenseStore(':memory:', options),
})

test('nobody is answered before the commit, and one commit serves a whole turn', async (t) => {
  const path = join(temporaryFolder(t), 'expenses.sqlite')
  const store = sqliteExpenseStore(path)
  const reader = new DatabaseSync(path, { readOnly: true })
  const exec = t.mock.method(DatabaseSync.prototype, 'exec')
  const count = reader.prepare('SELECT count(*) AS n FROM expense')
  const adds = Array.from({ length: 200 }, () =>
    // Another connection sees only what was committed.
    store.add(ALICE, EXPENSE).then(() => count.get()?.n),
  )
  assert.equal(count.get()?.n, 0)
  assert.deepEqual(new Set(await Promise.all(adds)), new Set([200]))
  assert.deepEqual(transactionsOf(exec.mock.calls), ['BEGIN IMMEDIATE', 'COMMIT'])
  reader.close()
  await store.close()
})

/** Without the marks to which a change that fails goes back. */
function transactionsOf(calls: readonly { arguments: [sql: string] }[]): string[] {
  return calls.map(({ arguments: [sql] }) => sql).filter((sql) => !/SAVEPOINT|RELEASE/.test(sql))
}

test('what is asked for in one turn is done in its order, with one wait for the disk', async (t) => {
  const path = join(temporaryFolder(t), 'expenses.sqlite')
  const store = sqliteExpenseStore(path)
  const { id } = await store.add(ALICE, EXPENSE)
  const other = await store.add(ALICE, EXPENSE)
  const exec = t.mock.method(DatabaseSync.prototype, 'exec')
  const answers = await Promise.all([
    store.update(ALICE, id, { minorUnits: 1 }),
    store.update(ALICE, id, { category: 'food' }),
    store.delete(ALICE, id),
    store.update(ALICE, id, { minorUnits: 2 }),
    store.add(ALICE, EXPENSE),
    store.delete(ALICE, other.id),
  ])
  const [first, second, gone, late, added, last] = answers
  assert.deepEqual(first, { ...EXPENSE, id, minorUnits: 1 })
  assert.deepEqual(second, { ...EXPENSE, id, minorUnits: 1, category: 'food' })
  assert.deepEqual([gone, late, last], [second, undefined, other])
  assert.deepEqual((await store.list(ALICE)).expenses, [added])
  assert.deepEqual(transactionsOf(exec.mock.calls), ['BEGIN IMMEDIATE', 'COMMIT'])
  await store.close()
})

test('an account of 30,000 on one day is searched and summed up while others get their turn', async () => {
  const store = sqliteExpenseStore(':memory:')
  for (let i = 0; i < 15; i++) {
    const adds = Array.from({ length: 2000 }, () => store.add(ALICE, EXPENSE))
    await Promise.all(adds)
  }
  let turns = 0
  const tick = () => {
    turns++
    if (turns > 0) next = setImmediate(tick)
  }
  let next = setImmediate(tick)
  const searched = await store.list(ALICE, { text: 'nothing like it', limit: 10 })
  assert.deepEqual(searched, { expenses: [], totals: [] })
  assert.ok(turns >= 5, `${turns} turns in a search`)
  turns = 0
  const { groups, largest } = await store.summarize(ALICE)
  assert.ok(turns >= 5, `${turns} turns in a summary`)
  clearImmediate(next)
  assert.deepEqual([groups[0]?.count, largest.length], [30_000, 1])
  await store.close()
})

test('ATTACK: whoever asks for much a hundred times at once takes one slice of a turn, not a hundred', async () => {
  const store = sqliteExpenseStore(':memory:')
  const adds = Array.from({ length: 6000 }, () => store.add(ALICE, EXPENSE))
  await Promise.all(adds)
  const asks: (() => Promise<unknown>)[] = [
    () => store.list(ALICE, { text: 'nothing like it', limit: 10 }),
    () => store.summarize(ALICE),
  ]
  for (const ask of asks) {
    let turns = 0
    const tick = () => {
      turns++
      next = setImmediate(tick)
    }
    let next = setImmediate(tick)
    await Promise.all(Array.from({ length: 100 }, ask))
    clearImmediate(next)
    // Two slices each, and others have their turn between any two.
    assert.ok(turns >= 100, `${turns} turns`)
  }
  await store.close()
})

test('an expense that cannot be written is refused, leaves nothing behind, and holds up no other', async (t) => {
  const store = sqliteExpenseStore(':memory:')
  const run = t.mock.method(StatementSync.prototype, 'run')
  run.mock.mockImplementationOnce(() => {
    throw new Error('disk I/O error')
  }, 1)
  const outcomes = await Promise.allSettled([store.add(ALICE, EXPENSE), store.add(BOB, EXPENSE)])
  assert.deepEqual(
    outcomes.map((outcome) => outcome.status === 'rejected' && String(outcome.reason)),
    [false, 'Error: disk I/O error'],
  )
  assert.equal((await store.list(ALICE)).expenses.length, 1)
  assert.deepEqual((await store.list(BOB)).expenses, [])
  const { id } = await store.add(BOB, EXPENSE)
  assert.deepEqual(
    (await store.list(BOB)).expenses.map((e) => e.id),
    [id],
  )
  await store.close()
})

test('the file waits for the disk at each commit', (t) => {
  const prepare = t.mock.method(DatabaseSync.prototype, 'prepare')
  sqliteExpenseStore(join(temporaryFolder(t), 'expenses.sqlite'))
  const db = prepare.mock.calls[0]?.this as DatabaseSync
  const pragma = (name: string) => Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0]
  assert.equal(pragma('journal_mode'), 'wal')
  assert.equal(pragma('synchronous'), 2) // FULL
  assert.equal(pragma('foreign_keys'), 0)
  db.close()
})

test('the file and its side files are for their owner alone', async (t) => {
  const folder = temporaryFolder(t)
  const path = join(folder, 'made', 'expenses.sqlite')
  const store = sqliteExpenseStore(path)
  await store.add(ALICE, EXPENSE)
  for (const suffix of ['', '-wal', '-shm']) {
    assert.equal(statSync(path + suffix).mode & 0o777, 0o600, suffix)
  }
  assert.equal(statSync(join(folder, 'made')).mode & 0o777, 0o700)
  await store.close()
})

test('a file closed and opened again has everything', async (t) => {
  const path = join(temporaryFolder(t), 'expenses.sqlite')
  const first = sqliteExpenseStore(path)
  // Closing writes what still waits: this add has not been committed yet.
  const added = first.add(ALICE, EXPENSE)
  await first.close()
  const second = sqliteExpenseStore(path)
  assert.deepEqual((await second.list(ALICE)).expenses, [await added])
  await second.close()
})

test('expenses wait for another process’s lock, and the process goes on meanwhile', async (t) => {
  const path = join(temporaryFolder(t), 'expenses.sqlite')
  const store = sqliteExpenseStore(path)
  const other = new DatabaseSync(path)
  other.exec('BEGIN IMMEDIATE')
  let stored = 0
  const adds = ['first', 'second'].map(async (description) => {
    await store.add(ALICE, { ...EXPENSE, description })
    stored++
  })
  let longest = 0
  for (let last = performance.now(), end = last + 600; last < end; ) {
    assert.deepEqual((await store.list(ALICE)).expenses, [])
    await nextRound()
    longest = Math.max(longest, performance.now() - last)
    last = performance.now()
  }
  assert.equal(stored, 0)
  assert.ok(longest < 2500, `nothing else was done for ${longest} ms`)
  other.exec('ROLLBACK')
  await Promise.all(adds)
  const { expenses } = await store.list(ALICE)
  assert.deepEqual(expenses.map(({ description }) => description).sort(), ['first', 'second'])
  other.close()
  await store.close()
})

test('an expense that another process holds up too long is refused and leaves nothing behind', async (t) => {
  const path = join(temporaryFolder(t), 'expenses.sqlite')
  const store = sqliteExpenseStore(path)
  const other = new DatabaseSync(path)
  other.exec('BEGIN IMMEDIATE')
  await assert.rejects(store.add(ALICE, EXPENSE), /locked/)
  other.close()
  assert.deepEqual((await store.list(ALICE)).expenses, [])
  await store.close()
})

test('a file of a later schema is refused with what to do', (t) => {
  const path = join(temporaryFolder(t), 'expenses.sqlite')
  const later = new DatabaseSync(path)
  later.exec('PRAGMA user_version = 9')
  later.close()
  assert.throws(() => sqliteExpenseStore(path), /schema version 9; this release knows 3\. Start/)
})

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'expenses-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return folder
}

test('a file that was there before is made its owner’s alone', async (t) => {
  if (process.platform === 'win32') return t.skip('modes are of no use there')
  const folder = mkdtempSync(join(tmpdir(), 'entrance-mode-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'expenses.db')
  writeFileSync(path, '', { mode: 0o644 })
  const store = sqliteExpenseStore(path)
  assert.equal(statSync(path).mode & 0o777, 0o600)
  await store.close()
})
