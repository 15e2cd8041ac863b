import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { type Migrations, postgresDatabase, UnansweredError } from '../stores/postgres.ts'
import {
  type CurrencyTotal,
  type ExpenseStore,
  type Owner,
  type StoredExpense,
  UncertainError,
} from './expense-store.ts'

/** Longer than a server takes to come back after a crash. */
const PATIENCE = 10_000

/** The pause before the first repetition, in milliseconds; each one doubles it. */
const FIRST_PAUSE = 100

// The index holds all that the totals need, in the order of the list.
const MIGRATIONS: Migrations = [
  (schema) => `
    CREATE TABLE ${schema}.expenses (
      id uuid PRIMARY KEY,
      seq bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
      tid text COLLATE "C" NOT NULL,
      oid text COLLATE "C" NOT NULL,
      date date NOT NULL,
      minor_units bigint NOT NULL,
      currency text COLLATE "C" NOT NULL,
      category text NOT NULL,
      description text NOT NULL,
      payment_method text NOT NULL,
      created timestamptz NOT NULL
    );
    CREATE INDEX expenses_of_owner
      ON ${schema}.expenses (tid, oid, date, seq, currency, minor_units);`,
]

export type PostgresExpensesOptions = {
  /** What errors call the address. @default 'EXPENSES_STORE' */
  readonly option?: string
  /** For how long an expense whose answer was lost is sent again, in milliseconds. @default 10000 */
  readonly patience?: number
}

/**
 * Expenses in PostgreSQL 14 or newer, for any number of replicas: in the schema that `?schema=`
 * names, where Entrance's own tables may be too. Needs the package `pg`. Throws `ConfigError`.
 */
export function postgresExpenseStore(
  url: string,
  { option = 'EXPENSES_STORE', patience = PATIENCE }: PostgresExpensesOptions = {},
): ExpenseStore {
  const journal = 'expenses_migrations'
  const database = postgresDatabase(url, { option, migrations: MIGRATIONS, journal })
  const statements = statementsOf(database.address.schema)
  const closing = new AbortController()

  /** Tells whether it was this call that stored it. */
  async function insert({ tid, oid }: Owner, expense: StoredExpense): Promise<boolean> {
    const { id, date, minorUnits, currency, category, description, payment_method } = expense
    const what = [date, minorUnits, currency, category, description, payment_method]
    const values = [id, tid, oid, ...what, expense.created]
    return (await database.query(statements.insert, values)).rowCount === 1
  }

  /** An id is stored once, however often it is sent: so the same expense is, until one is answered. */
  async function insertAgain(owner: Owner, expense: StoredExpense): Promise<void> {
    const deadline = performance.now() + patience
    for (let pause = FIRST_PAUSE; performance.now() < deadline; pause *= 2) {
      await wait(pause, undefined, { signal: closing.signal }).catch(() => {})
      if (closing.signal.aborted) break
      // What refuses this one says nothing of the one before.
      const isStored = await insert(owner, expense).then(
        () => true,
        () => false,
      )
      if (isStored) return
    }
    throw new UncertainError(`${database.address.name} did not say whether it stored an expense.`)
  }

  return {
    name: database.address.name,
    connect: database.connect,
    async add(owner, expense) {
      const stored = { id: randomUUID(), ...expense }
      try {
        await insert(owner, stored)
      } catch (error) {
        if (!(error instanceof UnansweredError)) throw error
        await insertAgain(owner, stored)
      }
      return stored
    },
    async list({ tid, oid }, { limit } = {}) {
      const { rows } = await database.query<Row>(statements.list, [tid, oid, limit ?? null])
      const totals = await database.query<SumRow>(statements.totals, [tid, oid])
      return { expenses: rows.map(toExpense), totals: totals.rows.map(toTotal) }
    },
    async page({ after = '0', limit }) {
      const { rows } = await database.query<Row & Owner>(statements.page, [after, limit])
      const items = rows.map((row) => ({
        owner: { tid: row.tid, oid: row.oid },
        expense: toExpense(row),
        version: 1,
      }))
      return { items, next: rows.length < limit ? undefined : rows.at(-1)?.seq }
    },
    put: async ({ owner, expense }) => ((await insert(owner, expense)) ? 'added' : 'kept'),
    deletions: async () => ({ items: [] }),
    find: async () => notYet(),
    update: async () => notYet(),
    delete: async () => notYet(),
    summarize: async () => notYet(),
    putDeletion: async () => notYet(),
    async close() {
      closing.abort()
      await database.close()
    },
  }
}

function notYet(): never {
  throw new Error('This comes with the next commit.')
}

function statementsOf(schema: string) {
  const table = `${schema}.expenses`
  const columns = `id, seq, to_char(date, 'YYYY-MM-DD') AS date, minor_units, currency, category, description,
    payment_method, to_char(created AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS created`
  return {
    // Whatever the server is set to, it answers when the expense is on its disk.
    insert: `
      WITH durable AS MATERIALIZED (SELECT set_config('synchronous_commit', 'on', true))
      INSERT INTO ${table}
        (id, tid, oid, date, minor_units, currency, category, description, payment_method, created)
      SELECT $1::uuid, $2, $3, $4::date, $5::bigint, $6, $7, $8, $9, $10::timestamptz FROM durable
      ON CONFLICT (id) DO NOTHING`,
    list: `
      SELECT ${columns} FROM ${table} AS e WHERE tid = $1 AND oid = $2
      ORDER BY e.date DESC, seq DESC LIMIT $3`,
    totals: `
      SELECT currency, count(*) AS count, sum(minor_units) AS minor_units FROM ${table}
      WHERE tid = $1 AND oid = $2 GROUP BY currency ORDER BY currency`,
    page: `SELECT tid, oid, ${columns} FROM ${table} WHERE seq > $1 ORDER BY seq LIMIT $2`,
  }
}

/** As the driver gives it: what is 64 bits wide comes as a text. */
type Row = Omit<StoredExpense, 'minorUnits'> & {
  readonly seq: string
  readonly minor_units: string
}

type SumRow = { readonly [Name in 'currency' | 'count' | 'minor_units']: string }

function toExpense(row: Row): StoredExpense {
  const { id, date, currency, category, description, payment_method, created } = row
  const minorUnits = Number(row.minor_units)
  return { id, date, minorUnits, currency, category, description, payment_method, created }
}

function toTotal({ currency, count, minor_units }: SumRow): CurrencyTotal {
  return { currency, count: Number(count), minorUnits: BigInt(minor_units) }
}
