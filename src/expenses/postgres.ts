import { postgresDatabase } from '../stores/postgres.ts'
import {
  type CopiedExpense,
  type Deletion,
  type ExpenseStore,
  MAX_EXPENSES,
  type Owner,
  type Walk,
} from './expense-store.ts'
import { createReading, type Row, toExpense } from './postgres/reading.ts'
import { MIGRATIONS } from './postgres/schema.ts'
import { statementsOf } from './postgres/statements.ts'
import { createWriting } from './postgres/writing.ts'

/** Longer than a server takes to come back after a crash. */
const PATIENCE = 10_000

export type PostgresExpensesOptions = {
  /** What errors call the address. @default 'EXPENSES_STORE' */
  readonly option?: string
  /** For how long a write whose answer was lost is sent again, in milliseconds. @default 10000 */
  readonly patience?: number
  /** How many expenses one person may have. @default 1000000 */
  readonly maxExpenses?: number
}

/**
 * Expenses in PostgreSQL 14 or newer, for any number of replicas: in the schema that `?schema=`
 * names, where Entrance's own tables may be too. Needs the package `pg`. Throws `ConfigError`.
 */
export function postgresExpenseStore(
  url: string,
  options: PostgresExpensesOptions = {},
): ExpenseStore {
  const { option = 'EXPENSES_STORE', patience = PATIENCE, maxExpenses = MAX_EXPENSES } = options
  const journal = 'expenses_migrations'
  const database = postgresDatabase(url, { option, migrations: MIGRATIONS, journal })
  const statements = statementsOf(database.address.schema)
  const closing = new AbortController()
  const { findRow: find, foldRest, ...reading } = createReading(database)
  const waiting = { name: database.address.name, patience, closing: closing.signal }

  return {
    name: database.address.name,
    async connect() {
      await database.connect()
      await foldRest()
    },
    ...reading,
    ...createWriting(database, { ...waiting, maxExpenses, find }),
    async page({ after = '0', limit }) {
      const { rows } = await database.query<Row & Owner>(statements.page, [after, limit])
      return walkOf(rows.map(toCopied), rows, limit)
    },
    async deletions({ after = '0', limit }) {
      const { rows } = await database.query<DeletedRow>(statements.deletions, [after, limit])
      return walkOf(rows.map(toDeletion), rows, limit)
    },
    async close() {
      closing.abort()
      await database.close()
    },
  }
}

type DeletedRow = Owner & { readonly id: string; readonly seq: string; readonly version: number }

function walkOf<T>(items: readonly T[], rows: readonly { seq: string }[], limit: number): Walk<T> {
  return { items, next: rows.length < limit ? undefined : rows.at(-1)?.seq }
}

function toCopied(row: Row & Owner): CopiedExpense {
  const { tid, oid, version } = row
  return { owner: { tid, oid }, expense: toExpense(row), version }
}

function toDeletion({ tid, oid, id, version }: DeletedRow): Deletion {
  return { owner: { tid, oid }, id, version }
}
