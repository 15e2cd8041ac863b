// Accounts with very many expenses, in each store.
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { CATEGORIES, type Expense, PAYMENT_METHODS } from '../../src/expenses/expense.ts'
import { foldText } from '../../src/expenses/fold.ts'
import { type ExpenseStore, type Owner, postgresExpenseStore } from '../../src/expenses/server.ts'
import { sqliteExpenseStore } from '../../src/expenses/sqlite.ts'
import { startPostgres, withoutPostgres } from '../../test/support/postgres.ts'

/** A store that is filled without waiting for the disk each time. */
export type Subject = AsyncDisposable & {
  readonly store: ExpenseStore
  fill(owner: Owner, count: number): Promise<void>
  /** What is kept, in bytes. */
  size(): Promise<number>
}

export const KINDS: ReadonlyMap<string, { skip: string | false; open: () => Promise<Subject> }> =
  new Map([
    ['sqlite', { skip: false, open: openSqlite }],
    ['postgresql', { skip: withoutPostgres, open: openPostgres }],
  ])

/** Ten years that end here. */
const LAST_DAY = Date.UTC(2026, 9, 31)
const DAYS = 3650
const BATCH = 2000

const WORDS = [
  'Office supplies',
  'Lunch with the team',
  'Taxi home',
  'Cinema',
  'Headphones',
  'Gift',
]

/** The n-th expense of somebody: another date and amount than those before, and always the same. */
function expense(n: number): Expense {
  // A prime apart: neither sorted nor in step with anything.
  const date = new Date(LAST_DAY - ((n * 7919) % DAYS) * 86_400_000).toISOString().slice(0, 10)
  return {
    date,
    minorUnits: ((n * 104_729) % 50_000) + 1,
    currency: 'USD',
    category: CATEGORIES[((n * 31) % 6) as 0] ?? 'other',
    description: `${WORDS[(n * 17) % 6]} no ${n}`,
    payment_method: PAYMENT_METHODS[((n * 13) % 3) as 0] ?? 'cash',
    created: '2026-10-31T12:00:00.000Z',
  }
}

function batches(count: number): Expense[][] {
  return Array.from({ length: Math.ceil(count / BATCH) }, (_, i) => {
    const length = Math.min(BATCH, count - i * BATCH)
    return Array.from({ length }, (_, j) => expense(i * BATCH + j))
  })
}

async function openSqlite(): Promise<Subject> {
  const folder = mkdtempSync(join(tmpdir(), 'entrance-bench-'))
  const path = join(folder, 'expenses.db')
  const store = sqliteExpenseStore(path)
  return {
    store,
    async fill(owner, count) {
      for (const batch of batches(count)) {
        await Promise.all(batch.map((each) => store.add(owner, each)))
      }
    },
    size: async () => statSync(path).size,
    async [Symbol.asyncDispose]() {
      await store.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Filled by many rows at a time; the sums are kept by the database itself. */
async function openPostgres(): Promise<Subject> {
  const server = await startPostgres()
  const url = await server.database()
  const store = postgresExpenseStore(url)
  await store.connect()
  const client = new pg.Client(url)
  await client.connect()
  return {
    store,
    async fill({ tid, oid }, count) {
      for (const batch of batches(count)) {
        const rows = batch.map((each) => ({ ...each, folded: foldText(each.description) }))
        await client.query(FILL, [tid, oid, JSON.stringify(rows)])
      }
      // As the server does by itself within a minute.
      await client.query('VACUUM ANALYZE')
    },
    async size() {
      const { rows } = await client.query('SELECT pg_database_size(current_database()) AS size')
      return Number(rows[0]?.size)
    },
    async [Symbol.asyncDispose]() {
      await client.end()
      await store.close()
      await server[Symbol.asyncDispose]()
    },
  }
}

const FILL = `
  INSERT INTO entrance.expenses (id, tid, oid, date, minor_units, currency, category, description,
    payment_method, created, folded)
  SELECT gen_random_uuid(), $1, $2, date, "minorUnits", currency, category, description,
    payment_method, created, folded
  FROM json_to_recordset($3) AS e (date date, "minorUnits" bigint, currency text, category text,
    description text, payment_method text, created timestamptz, folded text)`
