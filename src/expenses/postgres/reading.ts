import type { PostgresDatabase } from '../../stores/postgres.ts'
import { readCursor, toCursor } from '../cursor.ts'
import type {
  CurrencyTotal,
  ExpenseFilter,
  ExpenseGroup,
  ExpenseList,
  ExpenseQuery,
  ExpenseStore,
  Owner,
  StoredExpense,
} from '../expense-store.ts'
import { foldText } from '../fold.ts'
import { createTurns } from '../in-turn.ts'
import { byMonth, mergeTotals } from '../merge-totals.ts'
import { type Span, splitPeriod } from '../period.ts'

/** The columns of an expense, in the words of its fields. */
export const COLUMNS = `id, seq, version, to_char(e.date, 'YYYY-MM-DD') AS date, minor_units, currency,
  category, description, payment_method,
  to_char(created AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS created`

/** As the driver gives it: what is 64 bits wide comes as a text. */
export type Row = Omit<StoredExpense, 'minorUnits'> & {
  readonly seq: string
  readonly version: number
  readonly minor_units: string
}

type SumRow = Omit<ExpenseGroup, 'count' | 'minorUnits'> & {
  readonly count: string | number
  readonly minor_units: string
}

/** How many are made searchable at a time. */
const FOLDED = 1000

/** The values of a statement, each by its number in it. */
type Values = { readonly list: unknown[]; readonly add: (value: unknown) => string }

type Reading = Pick<ExpenseStore, 'find' | 'list' | 'summarize'> & {
  /** One with its version. */
  findRow(owner: Owner, id: string): Promise<Row | undefined>
  /** Makes those searchable that an older release has recorded. */
  foldRest(): Promise<void>
}

export function createReading(database: PostgresDatabase): Reading {
  const table = (name: string) => `${database.address.schema}.${name}`
  const expenses = table('expenses')
  const inTurn = createTurns()

  async function findRow({ tid, oid }: Owner, id: string): Promise<Row | undefined> {
    if (!isId(id)) return undefined
    const text = `SELECT ${COLUMNS} FROM ${expenses} AS e WHERE id = $1 AND tid = $2 AND oid = $3`
    return (await database.query<Row>(text, [id, tid, oid])).rows[0]
  }

  let kept: Uint8Array | undefined
  async function cursorKey(): Promise<Uint8Array> {
    const text = `SELECT key FROM ${table('expenses_cursor_key')}`
    kept ??= (await database.query<{ key: Uint8Array }>(text, [])).rows[0]?.key
    if (!kept) throw new Error(`${table('expenses_cursor_key')} is empty.`)
    return kept
  }

  async function foldRest(): Promise<void> {
    const read = `SELECT id, description FROM ${expenses} WHERE folded IS NULL ORDER BY seq LIMIT ${FOLDED}`
    const write = `
      UPDATE ${expenses} AS e SET folded = f.folded
      FROM unnest($1::uuid[], $2::text[], $3::text[]) AS f (id, description, folded)
      WHERE e.id = f.id AND e.description = f.description AND e.folded IS NULL`
    for (let isMore = true; isMore; ) {
      const { rows } = await database.query<{ id: string; description: string }>(read, [])
      const texts = rows.map(({ description }) => description)
      const ids = rows.map(({ id }) => id)
      if (rows.length > 0) await database.query(write, [ids, texts, texts.map(foldText)])
      isMore = rows.length === FOLDED
    }
  }

  async function readTotals(owner: Owner, filter: ExpenseFilter): Promise<CurrencyTotal[]> {
    const values = valuesFor(owner)
    const text = `
      SELECT currency, sum(count) AS count, sum(minor_units) AS minor_units
      FROM (${sumsOf(table, filter, values)}) AS s GROUP BY currency`
    return (await database.query<SumRow>(text, values.list)).rows.map(toTotal)
  }

  /** What a page has, and one more where there are more. */
  async function readRows(owner: Owner, query: ExpenseQuery, key: Uint8Array): Promise<Row[]> {
    const values = valuesFor(owner)
    const text = `
      SELECT ${COLUMNS} FROM ${expenses} AS e
      WHERE ${whereOf(query, values)} AND ${behindCursor(query, values, key)}
      ORDER BY e.date DESC, seq DESC LIMIT ${limitOf(query, values)}`
    return (await database.query<Row>(text, values.list)).rows
  }

  /** Of a text no sums are kept: all that have it are found first, once for both. */
  async function search(owner: Owner, query: ExpenseQuery, key: Uint8Array) {
    const values = valuesFor(owner)
    const text = `
      WITH found AS MATERIALIZED (
        SELECT date, seq, currency, minor_units FROM ${expenses} AS e
        WHERE ${whereOf(query, values)}
      ), totals AS (
        SELECT currency, count(*) AS count, sum(minor_units)::text AS minor_units
        FROM found GROUP BY currency
      ), page AS (
        SELECT date, seq FROM found AS e WHERE ${behindCursor(query, values, key)}
        ORDER BY e.date DESC, seq DESC LIMIT ${limitOf(query, values)}
      )
      SELECT t.totals, rows.* FROM (SELECT json_agg(totals) AS totals FROM totals) AS t
      LEFT JOIN (
        SELECT ${COLUMNS}, e.date AS day FROM page JOIN ${expenses} AS e USING (seq)
      ) AS rows ON true
      ORDER BY day DESC, seq DESC`
    const { rows } = await database.query<Row & { totals: SumRow[] | null }>(text, values.list)
    // Where the page is empty, there is one row for the totals.
    return {
      rows: rows.filter(({ id }) => id !== null),
      totals: rows[0]?.totals?.map(toTotal) ?? [],
    }
  }

  async function readLargest(owner: Owner, filter: ExpenseFilter, currencies: readonly string[]) {
    const values = valuesFor(owner)
    const text = `
      SELECT largest.* FROM unnest(${values.add(currencies)}::text[]) AS of (code)
      CROSS JOIN LATERAL (
        SELECT ${COLUMNS} FROM ${expenses} AS e
        WHERE ${whereOf(filter, values)} AND currency = of.code
        ORDER BY currency DESC, minor_units DESC, e.date DESC, seq DESC LIMIT 1
      ) AS largest`
    return (await database.query<Row>(text, values.list)).rows.map(toExpense)
  }

  async function list(owner: Owner, query: ExpenseQuery) {
    const key = await cursorKey()
    if (query.text === undefined) {
      const rows = await readRows(owner, query, key)
      return toList({ rows, totals: await readTotals(owner, query) }, query, key)
    }
    await foldRest()
    return toList(await search(owner, query, key), query, key)
  }

  async function summarize(owner: Owner, filter: ExpenseFilter) {
    const values = valuesFor(owner)
    const text = `
      SELECT currency, category, payment_method, month, sum(count) AS count,
        sum(minor_units) AS minor_units
      FROM (${sumsOf(table, filter, values)}) AS s GROUP BY 1, 2, 3, 4`
    const { rows } = await database.query<SumRow>(text, values.list)
    const currencies = [...new Set(rows.map(({ currency }) => currency))].sort()
    const largest = await readLargest(owner, filter, currencies)
    return { groups: rows.map(toGroup).toSorted(byMonth), largest }
  }

  return {
    findRow,
    foldRest,
    async find(owner, id) {
      const row = await findRow(owner, id)
      return row && toExpense(row)
    },
    list: (owner, query = {}) => inTurn(owner, () => list(owner, query)),
    summarize: (owner, filter = {}) => inTurn(owner, () => summarize(owner, filter)),
  }
}

/** Whether it can be an id at all: PostgreSQL refuses what is none, and takes other spellings. */
export function isId(id: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)
}

export function toExpense(row: Row): StoredExpense {
  const { id, date, currency, category, description, payment_method, created } = row
  const minorUnits = Number(row.minor_units)
  return { id, date, minorUnits, currency, category, description, payment_method, created }
}

function toList(
  { rows, totals }: { readonly rows: readonly Row[]; readonly totals: readonly CurrencyTotal[] },
  { limit = rows.length }: ExpenseQuery,
  key: Uint8Array,
): ExpenseList {
  const shown = rows.slice(0, limit)
  const last = rows.length > limit ? shown.at(-1) : undefined
  const next = last && toCursor({ date: last.date, seq: Number(last.seq) }, key)
  return {
    expenses: shown.map(toExpense),
    totals: mergeTotals(totals),
    ...(next !== undefined && { next }),
  }
}

function behindCursor({ cursor }: ExpenseQuery, values: Values, key: Uint8Array): string {
  if (cursor === undefined) return 'true'
  const { date, seq } = readCursor(cursor, key)
  return `(e.date, seq) < (${values.add(date)}::date, ${values.add(seq)}::bigint)`
}

/** One more than a page has tells whether there are more. */
function limitOf({ limit }: ExpenseQuery, values: Values): string {
  return values.add(limit === undefined ? null : limit + 1)
}

/** The owner is $1 and $2. */
function valuesFor({ tid, oid }: Owner): Values {
  const list: unknown[] = [tid, oid]
  return { list, add: (value) => `$${list.push(value)}` }
}

/** Of the sums that are kept: those of whole months, and of the days before and after them. */
function sumsOf(table: (name: string) => string, filter: ExpenseFilter, values: Values): string {
  const { months, days } = splitPeriod(filter)
  const kind = kindOf(filter, values)
  const read = (name: string, { from, to }: Span) => `
    SELECT currency, category, payment_method, left(period, 7) AS month, count, minor_units
    FROM ${table(name)} WHERE tid = $1 AND oid = $2
      AND period BETWEEN ${values.add(from)} AND ${values.add(to)} ${kind}`
  return [read('expenses_month', months), ...days.map((span) => read('expenses_day', span))].join(
    ' UNION ALL ',
  )
}

function whereOf(filter: ExpenseFilter, values: Values): string {
  const { from, to, text } = filter
  const conditions = ['tid = $1 AND oid = $2', kindOf(filter, values)]
  if (from !== undefined) conditions.push(`AND e.date >= ${values.add(from)}::date`)
  if (to !== undefined) conditions.push(`AND e.date <= ${values.add(to)}::date`)
  if (text?.includes('\0')) {
    // PostgreSQL has no such character, and so no description with it.
    conditions.push('AND false')
  } else if (text !== undefined) {
    conditions.push(`AND strpos(folded, ${values.add(foldText(text))}) > 0`)
  }
  return conditions.join(' ')
}

function kindOf({ category, payment_method }: ExpenseFilter, values: Values): string {
  const conditions = Object.entries({ category, payment_method })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `AND ${name} = ${values.add(value)}`)
  return conditions.join(' ')
}

function toTotal({ currency, count, minor_units }: SumRow): CurrencyTotal {
  return { currency, count: Number(count), minorUnits: BigInt(minor_units) }
}

function toGroup(row: SumRow): ExpenseGroup {
  const { month, category, payment_method } = row
  return { ...toTotal(row), month, category, payment_method }
}
