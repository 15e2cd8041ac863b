import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { type ExpensesSettings, warnOfExpenses } from '../../src/cli/expenses-settings.ts'
import type { StoreSettings } from '../../src/cli/store-settings.ts'
import { sqliteExpenseStore } from '../../src/expenses/server.ts'
import type { LogEvent } from '../../src/index.ts'
import { sqliteStore } from '../../src/stores/sqlite.ts'
import { ALICE, BOB, EXPENSE } from '../expenses/contract.ts'
import { openNamed } from '../expenses/named.ts'
import { startPostgres, withoutPostgres } from '../support/postgres.ts'
import { entrance } from './client/command.ts'

test('expenses copied to PostgreSQL are there once, however often, in their order and their owner’s', {
  skip: withoutPostgres,
}, async (t) => {
  await using postgres = await startPostgres()
  const cwd = newFolder(t)
  mkdirSync(join(cwd, '.entrance'))
  const file = sqliteExpenseStore(join(cwd, '.entrance', 'expenses.db'))
  const own = []
  for (const description of ['first', 'second', 'third']) {
    own.unshift(await file.add(ALICE, { ...EXPENSE, description }))
  }
  const other = await file.add(BOB, EXPENSE)
  const address = await postgres.database()
  const env = { ENTRANCE_STORE: address }

  const first = await entrance(['expenses', 'copy'], { cwd, env })
  assert.equal(first.code, 0, first.stderr)
  assert.match(first.stdout, /^Copied 4 expenses from .*expenses\.db to postgres:\/\/127[^@]*\.\n$/)
  await file.add(BOB, EXPENSE)
  await file.close()
  const second = await entrance(['expenses', 'copy', '--json'], { cwd, env })
  const { copied, present } = JSON.parse(second.stdout)
  assert.deepEqual({ copied, present }, { copied: 1, present: 4 })

  const store = await openNamed(address)
  assert.deepEqual((await store.list(ALICE)).expenses, own)
  assert.deepEqual((await store.list(BOB)).expenses.slice(1), [other])
  await store.close()
})

test('what was changed or deleted between two copies, on either side, is so after the second', {
  skip: withoutPostgres,
}, async (t) => {
  await using postgres = await startPostgres()
  const cwd = newFolder(t)
  mkdirSync(join(cwd, '.entrance'))
  const env = { ENTRANCE_STORE: await postgres.database() }
  const file = sqliteExpenseStore(join(cwd, '.entrance', 'expenses.db'))
  const add = async (description: string) => (await file.add(ALICE, { ...EXPENSE, description })).id
  const [changedHere, deletedHere] = [await add('a'), await add('b')]
  const [changedThere, deletedThere, untouched] = [await add('c'), await add('d'), await add('e')]
  assert.equal((await entrance(['expenses', 'copy'], { cwd, env })).code, 0)
  await file.update(ALICE, changedHere, { description: 'changed in the file' })
  await file.delete(ALICE, deletedHere)
  const there = await openNamed(env.ENTRANCE_STORE)
  await there.update(ALICE, changedThere, { description: 'changed there' })
  await there.delete(ALICE, deletedThere)

  const { stdout } = await entrance(['expenses', 'copy', '--json'], { cwd, env })
  const { copied, changed, deleted, present } = JSON.parse(stdout)
  assert.deepEqual(
    { copied, changed, deleted, present },
    { copied: 0, changed: 1, deleted: 1, present: 3 },
  )
  const { expenses } = await there.list(ALICE)
  assert.deepEqual(Object.fromEntries(expenses.map(({ id, description }) => [id, description])), {
    [changedHere]: 'changed in the file',
    [changedThere]: 'changed there',
    [untouched]: 'e',
  })
  await file.close()
  await there.close()
})

test('a copy of what is not there, or onto itself, is refused and makes nothing', async (t) => {
  const cwd = newFolder(t)
  const absent = await entrance(['expenses', 'copy', '--from', 'old.db'], { cwd })
  assert.equal(absent.code, 2)
  assert.match(absent.stderr, /There is no file old\.db/)
  assert.deepEqual(readdirSync(cwd), [])
  await sqliteExpenseStore(join(cwd, 'expenses.db')).close()
  const same = await entrance(['expenses', 'copy', '--data', '.'], { cwd })
  assert.equal(same.code, 2)
  assert.match(same.stderr, /is where expenses are kept already.*EXPENSES_STORE/s)
})

test('a copy from a file of something else is refused, and changes no byte of it', async (t) => {
  const cwd = newFolder(t)
  const grants = join(cwd, 'entrance.db')
  await sqliteStore(grants).close()
  const other = join(cwd, 'other.db')
  using db = new DatabaseSync(other)
  db.exec('CREATE TABLE mine (id INTEGER)')
  const env = { EXPENSES_STORE: 'sqlite:to.db' }
  for (const path of [grants, other]) {
    const before = readFileSync(path)
    const { code, stderr } = await entrance(['expenses', 'copy', '--from', path], { cwd, env })
    assert.match(stderr, /--from\s+.*holds no expenses\.\s+→ Name the SQLite file/)
    assert.equal(code, 2)
    assert.deepEqual(readFileSync(path), before)
  }
  assert.deepEqual(readdirSync(cwd).toSorted(), ['entrance.db', 'other.db'])
})

test('where replicas would have their expenses apart, or an old file is not read any more, the start says so', (t) => {
  const data = newFolder(t)
  const url = 'postgres://u:hunter2@h/d'
  const local: ExpensesSettings = {
    ...{ kind: 'sqlite', path: join(data, 'expenses.db') },
    option: 'ENTRANCE_DATA',
  }
  const shared: ExpensesSettings = { kind: 'postgres', url, option: 'ENTRANCE_STORE' }
  const warningsOf = (store: StoreSettings, expenses: ExpensesSettings) => {
    const logged: LogEvent[] = []
    warnOfExpenses({ store, expenses, data }, (event) => logged.push(event))
    return logged.map(({ event, message }) => `${event} ${message}`).join('\n')
  }
  const redis: StoreSettings = { kind: 'redis', url: 'redis://h' }
  const postgres: StoreSettings = { kind: 'postgres', url }
  const sqlite: StoreSettings = { kind: 'sqlite', path: 'grants.db' }
  assert.match(warningsOf(redis, local), /^expenses\.local .*EXPENSES_STORE to a PostgreSQL/)
  assert.equal(warningsOf(redis, { ...local, option: 'EXPENSES_STORE' }), '')
  assert.equal(warningsOf(sqlite, local), '')
  assert.equal(warningsOf(postgres, shared), '')
  void sqliteExpenseStore(join(data, 'expenses.db')).close()
  assert.match(warningsOf(postgres, shared), /^expenses\.left-behind .*entrance expenses copy/)
  assert.equal(warningsOf(postgres, { ...shared, option: 'EXPENSES_STORE' }), '')
})

function newFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'entrance-expenses-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
