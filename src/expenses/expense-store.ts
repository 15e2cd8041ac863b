import { randomUUID } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import { explainFaults } from '../files/file-fault.ts'
import { atOnce, openSqliteFile } from '../files/sqlite-file.ts'
import type { Expense } from './expense.ts'

/** Whose expenses: object id and tenant id together, since one object id can exist in two tenants. */
export type Owner = { readonly tid: string; readonly oid: string }

export type StoredExpense = Expense & { readonly id: string }

/** How many expenses there are in one currency, and their sum. */
export type CurrencyTotal = {
  readonly currency: string
  readonly count: number
  readonly minorUnits: bigint
}

export type ExpenseList = {
  /** The newest date first; on the same date, the one recorded last first. */
  readonly expenses: readonly StoredExpense[]
  /** Over all expenses of the owner, including those beyond the limit. */
  readonly totals: readonly CurrencyTotal[]
}

/** Keeps expenses, each the owner's and nobody else's. */
export type ExpenseStore = {
  /** Resolves once the expense is kept for good; a rejection means that it was not stored. */
  add(owner: Owner, expense: Expense): Promise<StoredExpense>
  list(owner: Owner, options?: { limit?: number }): Promise<ExpenseList>
  /** Stores what is still waiting, then lets go of the file. */
  close(): Promise<void>
}

type Waiting = {
  readonly owner: Owner
  readonly expense: StoredExpense
  readonly resolve: (stored: StoredExpense) => void
  readonly reject: (error: unknown) => void
}

const SCHEMA_VERSION = 1

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

/** Expenses in an SQLite file, made with mode 0600 when absent, or in memory with `:memory:`. */
export function sqliteExpenseStore(path: string): ExpenseStore {
  const db = openSqliteFile(path, { schema: SCHEMA, version: SCHEMA_VERSION, busyTimeout: 5000 })
  const { add, flush } = createGroupCommit(db)
  const select = db.prepare(
    `SELECT ${COLUMNS} FROM expense WHERE tid = ? AND oid = ? ORDER BY date DESC, seq DESC LIMIT ?`,
  )
  const sum = db.prepare(
    `SELECT currency, count(*) AS count, sum(minor_units) AS minorUnits FROM expense
       WHERE tid = ? AND oid = ? GROUP BY currency ORDER BY currency`,
  )
  sum.setReadBigInts(true)

  return explainFaults(path, {
    add,
    list: async ({ tid, oid }, { limit = -1 } = {}) => ({
      expenses: select.all(tid, oid, limit).map((row) => ({ ...row }) as StoredExpense),
      totals: sum.all(tid, oid).map(toCurrencyTotal),
    }),
    close: async () => {
      flush()
      if (db.isOpen) db.close()
    },
  })
}

/**
 * One commit, hence one wait for the disk, for all calls that arrive in the same turn of the event
 * loop. Nobody is answered before it.
 */
function createGroupCommit(db: DatabaseSync): { add: ExpenseStore['add']; flush: () => void } {
  const insert = db.prepare(
    `INSERT INTO expense
       (id, tid, oid, date, minor_units, currency, category, description, payment_method, created)
     VALUES (:id, :tid, :oid, :date, :minorUnits, :currency, :category, :description,
       :payment_method, :created)`,
  )
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

function toCurrencyTotal(row: Record<string, unknown>): CurrencyTotal {
  return {
    currency: row.currency as string,
    count: Number(row.count),
    minorUnits: row.minorUnits as bigint,
  }
}
