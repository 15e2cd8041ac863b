import { randomUUID } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import { explainFaults, FileFault } from '../files/file-fault.ts'
import { atOnce, openForReading, openSqliteFile } from '../files/sqlite-file.ts'
import { waitForLock } from '../files/wait-for-lock.ts'
import type { CurrencyTotal, ExpenseStore, Owner, StoredExpense } from './expense-store.ts'

type Waiting = {
  readonly owner: Owner
  readonly expense: StoredExpense
  readonly resolve: (stored: StoredExpense) => void
  readonly reject: (error: unknown) => void
}

const SCHEMA_VERSION = 1

/** How long an expense waits for another process's lock, in milliseconds. */
const BUSY_TIMEOUT = 5000

// The index holds all that the totals need, in the order of the list.
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS expense (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    tid TEXT NOT NULL,
    oid TEXT NOT NULL,
    date TEXT NOT NULL,
    minor_units INTEGER NOT NULL,
    currency TEXT NOT NULL,
    category TEXT NOT NULL,
    description TEXT NOT NULL,
    payment_method TEXT NOT NULL,
    created TEXT NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS expense_of_owner
    ON expense (tid, oid, date, seq, currency, minor_units)
`
const COLUMNS =
  'id, date, minor_units AS minorUnits, currency, category, description, payment_method, created'
const INSERT = `
  INSERT INTO expense
    (id, tid, oid, date, minor_units, currency, category, description, payment_method, created)
  VALUES (:id, :tid, :oid, :date, :minorUnits, :currency, :category, :description,
    :payment_method, :created)`

export type SqliteExpensesOptions = {
  /** Looks at a file that is there, and changes nothing of it. @default false */
  readonly isReadOnly?: boolean
}

/** Expenses in an SQLite file, made with mode 0600 when absent, or in memory with `:memory:`. */
export function sqliteExpenseStore(
  path: string,
  { isReadOnly = false }: SqliteExpensesOptions = {},
): ExpenseStore {
  const opening = { schema: SCHEMA, version: SCHEMA_VERSION, busyTimeout: BUSY_TIMEOUT }
  const db = isReadOnly ? openForReading(path, opening) : openSqliteFile(path, opening)
  if (isReadOnly) checkTable(db, path)
  const { add, flush } = createGroupCommit(db)
  const select = db.prepare(
    `SELECT ${COLUMNS} FROM expense WHERE tid = ? AND oid = ? ORDER BY date DESC, seq DESC LIMIT ?`,
  )
  const sum = db.prepare(
    `SELECT currency, count(*) AS count, sum(minor_units) AS minorUnits FROM expense
       WHERE tid = ? AND oid = ? GROUP BY currency ORDER BY currency`,
  )
  sum.setReadBigInts(true)
  const walk = db.prepare(
    `SELECT seq, tid, oid, ${COLUMNS} FROM expense WHERE seq > ? ORDER BY seq LIMIT ?`,
  )
  const put = db.prepare(`${INSERT} ON CONFLICT (id) DO NOTHING`)

  const operations: ExpenseStore = {
    name: `sqlite:${path}`,
    // The file is open by now: whoever names one that cannot be is told so at once.
    connect: async () => {
      select.all('', '', 0)
    },
    add,
    list: async ({ tid, oid }, { limit = -1 } = {}) => ({
      expenses: select.all(tid, oid, limit).map((row) => ({ ...row }) as StoredExpense),
      totals: sum.all(tid, oid).map(toCurrencyTotal),
    }),
    page: async ({ after = '0', limit }) => {
      const rows = walk.all(Number(after), limit)
      const next = rows.length < limit ? undefined : String(rows.at(-1)?.seq)
      return { expenses: rows.map(toOwned), next }
    },
    put: async (owner, expense) =>
      put.run({ tid: owner.tid, oid: owner.oid, ...expense }).changes === 1,
    close: async () => {
      // Nothing else goes on any more that could be held up.
      if (db.isOpen) db.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT}`)
      flush()
      if (db.isOpen) db.close()
    },
  }
  return explainFaults(path, waitForLock(db, BUSY_TIMEOUT, operations))
}

function checkTable(db: DatabaseSync, path: string): void {
  if (db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'expense'").get()) return
  db.close()
  throw new FileFault(`${path} holds no expenses.`, 'Name the SQLite file that they are in.')
}

/**
 * One commit, hence one wait for the disk, for all calls that arrive in the same turn of the event
 * loop. Nobody is answered before it.
 */
function createGroupCommit(db: DatabaseSync): { add: ExpenseStore['add']; flush: () => void } {
  const insert = db.prepare(INSERT)
  let waiting: Waiting[] = []

  const flush = () => {
    const batch = waiting
    waiting = []
    if (batch.length === 0) return
    try {
      atOnce(db, () => {
        for (const { owner, expense } of batch)
          insert.run({ tid: owner.tid, oid: owner.oid, ...expense })
      })
    } catch (error) {
      for (const { reject } of batch) reject(error)
      return
    }
    for (const { resolve, expense } of batch) resolve(expense)
  }
  const add: ExpenseStore['add'] = (owner, expense) =>
    new Promise((resolve, reject) => {
      if (!db.isOpen) throw new Error('The expense store is closed.')
      if (waiting.length === 0) setImmediate(flush)
      waiting.push({ owner, expense: { id: randomUUID(), ...expense }, resolve, reject })
    })
  return { add, flush }
}

function toOwned({ seq: _, tid, oid, ...expense }: Record<string, unknown>) {
  return { owner: { tid, oid } as Owner, expense: expense as StoredExpense }
}

function toCurrencyTotal(row: Record<string, unknown>): CurrencyTotal {
  return {
    currency: row.currency as string,
    count: Number(row.count),
    minorUnits: row.minorUnits as bigint,
  }
}
