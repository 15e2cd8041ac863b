import assert from 'node:assert/strict'
import { once } from 'node:events'
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { Worker } from 'node:worker_threads'
import pg from 'pg'
import {
  type ExpenseStore,
  postgresExpenseStore,
  sqliteExpenseStore,
} from '../../src/expenses/server.ts'
import { sqliteExpenseSource } from '../../src/expenses/sqlite.ts'
import { openSqliteFile, versionOf } from '../../src/files/sqlite-file.ts'
import { startPostgres, withoutPostgres } from '../support/postgres.ts'
import { ALICE, BOB, EXPENSE } from './contract.ts'
import {
  fillAsReleased,
  POSTGRES_1,
  POSTGRES_INSERT,
  RELEASED,
  releasedValues,
  SQLITE_INSERT,
} from './released.ts'

test('a file of the first release has everything, in its order, and can do what is new', async (t) => {
  const store = sqliteExpenseStore(releasedFile(t))
  await checkUpgraded(store)
  await store.close()
})

test('what a process of the first release still adds to an upgraded file counts and is found', async (t) => {
  const path = releasedFile(t)
  using old = new DatabaseSync(path)
  const insert = old.prepare(SQLITE_INSERT)
  const store = sqliteExpenseStore(path)
  insert.run(...releasedValues(LATE))
  await checkLate(store)
  await store.close()
})

test('the first release refuses an upgraded file, and changes nothing of it', async (t) => {
  const path = releasedFile(t)
  await sqliteExpenseStore(path).close()
  const before = readFileSync(path)
  const first = { migrations: ['CREATE TABLE expense (seq INTEGER)'], busyTimeout: 100 }
  assert.throws(
    () => openSqliteFile(path, first),
    /schema version \d; this release knows 1\. Start/,
  )
  assert.deepEqual(readFileSync(path), before)
})

test('a process that starts while another one brings the file up to date waits for it', async (t) => {
  const path = releasedFile(t)
  const busy = new Worker(
    `const { parentPort, workerData } = require('node:worker_threads')
     const db = new (require('node:sqlite').DatabaseSync)(workerData)
     db.exec('BEGIN IMMEDIATE')
     parentPort.postMessage('busy')
     Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500)
     db.exec('COMMIT')
     db.close()`,
    { eval: true, workerData: path },
  )
  await once(busy, 'message')
  const migrations = ['', 'CREATE TABLE more (n INTEGER)']
  using db = openSqliteFile(path, { migrations, busyTimeout: 20 })
  assert.equal(versionOf(db), 2)
  assert.deepEqual({ ...db.prepare('PRAGMA busy_timeout').get() }, { timeout: 20 })
  await once(busy, 'exit')
})

test('a file of the first release is read for a copy as it is, and not a byte of it changed', async (t) => {
  const path = releasedFile(t)
  const before = readFileSync(path)
  const source = sqliteExpenseSource(path)
  const { items, next } = await source.page({ limit: 100 })
  assert.deepEqual(
    items,
    RELEASED.map((released) => ({ ...released, version: 1 })),
  )
  assert.equal(next, undefined)
  assert.deepEqual((await source.deletions({ limit: 100 })).items, [])
  await source.close()
  assert.deepEqual(readFileSync(path), before)
})

test('PostgreSQL of the first release has everything, and what old replicas still add counts and is found', {
  skip: withoutPostgres,
}, async () => {
  await using postgres = await startPostgres()
  const url = await postgres.database()
  const client = new pg.Client(url)
  await client.connect()
  await client.query(POSTGRES_1)
  for (const released of RELEASED) await client.query(POSTGRES_INSERT, releasedValues(released))
  const store = postgresExpenseStore(url)
  await store.connect()
  await checkUpgraded(store)
  await client.query(POSTGRES_INSERT, releasedValues(LATE))
  await client.end()
  await checkLate(store)
  await store.close()
})

const LATE = {
  owner: BOB,
  expense: { ...EXPENSE, id: '99999999-9999-4999-8999-999999999999', description: 'Späte ÄPFEL' },
}

function releasedFile(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'expenses-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const made = join(folder, 'made.db')
  const db = new DatabaseSync(made)
  fillAsReleased(db)
  db.close()
  const path = join(folder, 'expenses.db')
  copyFileSync(made, path)
  return path
}

async function checkUpgraded(store: ExpenseStore): Promise<void> {
  const own = RELEASED.filter(({ owner }) => owner === ALICE).map(({ expense }) => expense)
  const { expenses, totals } = await store.list(ALICE)
  const order = own
    .toReversed()
    .toSorted((a, b) => (a.date < b.date ? 1 : a.date > b.date ? -1 : 0))
  assert.deepEqual(expenses, order)
  assert.equal(
    totals.reduce((sum, total) => sum + total.count, 0),
    own.length,
  )
  const { groups } = await store.summarize(ALICE)
  const sum = groups.reduce((all, group) => all + group.minorUnits, 0n)
  assert.equal(sum, BigInt(own.reduce((all, { minorUnits }) => all + minorUnits, 0)))
  const found = (await store.list(ALICE, { text: 'BÜRO' })).expenses
  assert.equal(found.length, own.filter(({ description }) => description.startsWith('B')).length)
  assert.ok(found.length > 0)
  const [first, second] = own as [(typeof own)[0], (typeof own)[0]]
  await store.update(ALICE, first.id, { minorUnits: 1 })
  assert.deepEqual(await store.delete(ALICE, second.id), second)
  assert.equal((await store.list(ALICE)).expenses.length, own.length - 1)
}

async function checkLate(store: ExpenseStore): Promise<void> {
  const before = RELEASED.filter(({ owner }) => owner === BOB).length
  const { totals } = await store.list(BOB)
  assert.equal(
    totals.reduce((sum, { count }) => sum + count, 0),
    before + 1,
  )
  assert.deepEqual((await store.list(BOB, { text: 'späte äpfel' })).expenses, [LATE.expense])
  assert.ok((await store.list(BOB)).expenses.some(({ id }) => id === LATE.expense.id))
  assert.deepEqual(await store.delete(BOB, LATE.expense.id), LATE.expense)
}
