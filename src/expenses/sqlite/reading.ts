import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite'
import { setImmediate as nextRound } from 'node:timers/promises'
import { readCursor, toCursor } from '../cursor.ts'
import type {
  CurrencyTotal,
  ExpenseFilter,
  ExpenseGroup,
  ExpenseQuery,
  ExpenseStore,
  Owner,
  StoredExpense,
} from '../expense-store.ts'
import { foldText } from '../fold.ts'
import { createTurns } from '../in-turn.ts'
import { byMonth, mergeTotals } from '../merge-totals.ts'
import { dayAfter, type Span, splitPeriod } from '../period.ts'
import { placeOf, prepareRest, type SUMS, seqAt } from './schema.ts'

/** The columns of an expense, by the names of its fields. */
export const COLUMNS =
  'id, date, minor_units AS minorUnits, currency, category, description, payment_method, created'

/** How many expenses are looked at in one go, and how many given: others are waiting meanwhile. */
const SLICE = { looked: 5000, given: 1000 }

/** From one place in the order of a list to before another. */
type Range = { readonly low: number; readonly high: number }

type Row = Record<string, SQLOutputValue>

// What each list asks for is read as arrays, which cost half: each object has a hidden class of its own.

/** A row as it stands in a list. */
type ListedRow = readonly [place: number, ...expense: SQLOutputValue[]]

/** The sum of a group, or of a currency: then the rest is not to be looked at. */
type SumRow = readonly [
  currency: string,
  count: bigint,
  minorUnits: bigint,
  ...group: [month: string, category: string, payment_method: string],
]

/** A filter's condition, and what it is about; the period is told by places. */
type Condition = { readonly where: string; readonly values: Record<string, SQLInputValue> }

/** What is asked of somebody's expenses, for all functions below. */
type Reader = {
  readonly statement: (sql: string) => StatementSync
  readonly owner: Owner
  /** What seals the cursors. */
  readonly key: Uint8Array
}

/** Reads an owner's expenses: never more in one go than takes a few milliseconds. */
export function prepareReading(
  db: DatabaseSync,
): Pick<ExpenseStore, 'find' | 'list' | 'summarize'> {
  // One for each combination of filters, no more.
  const known = new Map<string, StatementSync>()
  const statement = (sql: string) => {
    const prepared = known.get(sql) ?? db.prepare(sql)
    known.set(sql, prepared)
    return prepared
  }
  const find = db.prepare(`SELECT ${COLUMNS} FROM expense WHERE id = ? AND tid = ? AND oid = ?`)
  const unprepared = db.prepare('SELECT 1 FROM expense WHERE place IS NULL LIMIT 1')

  const key = db.prepare('SELECT key FROM expense_cursor_key').get()?.key as Uint8Array
  const inTurn = createTurns()

  function readerOf({ tid, oid }: Owner): Reader {
    // A process of an older release may have this file open too, and add to it.
    if (unprepared.get()) prepareRest(db)
    return { statement, owner: { tid, oid }, key }
  }

  return {
    find: async ({ tid, oid }, id) => toExpense(find.get(id, tid, oid)),
    list: (owner, query = {}) => inTurn(owner, async () => list(readerOf(owner), query)),
    summarize: (owner, filter = {}) =>
      inTurn(owner, async () => summarize(readerOf(owner), filter)),
  }
}

async function list(reader: Reader, query: ExpenseQuery) {
  const { totals, slices } =
    query.text === undefined
      ? { totals: readSums(reader, query, 'currency').map(toTotal), slices: undefined }
      : await search(reader, query)
  const page = await readPage(reader, query, slices)
  return { ...page, totals: mergeTotals(totals) }
}

async function summarize(reader: Reader, filter: ExpenseFilter) {
  const kind = 'currency, month, category, payment_method'
  const groups = readSums(reader, filter, kind).map(toGroup).toSorted(byMonth)
  const largest: StoredExpense[] = []
  for (const currency of [...new Set(groups.map((group) => group.currency))].sort()) {
    const found = await readLargest(reader, filter, currency)
    if (found) largest.push(found)
  }
  return { groups, largest }
}

async function readPage(reader: Reader, query: ExpenseQuery, slices?: readonly Range[]) {
  const { limit = Number.POSITIVE_INFINITY, cursor } = query
  const { low, high } = rangeOf(query)
  const position = cursor === undefined ? undefined : readCursor(cursor, reader.key)
  const before = position ? placeOf(position.date, position.seq) : high
  const parts = partsOf(reader, query, { low, high: Math.min(high, before) }, slices)
  const rows = await readRows(reader, query, parts, limit + 1)
  const isMore = rows.length > limit
  if (isMore) rows.pop()
  const last = isMore ? rows.at(-1) : undefined
  const next = last && toCursor(positionOf(last), reader.key)
  return { expenses: rows.map(toListed), ...(next !== undefined && { next }) }
}

function positionOf([place, , date]: ListedRow) {
  return { date: String(date), seq: seqAt(place) }
}

/** What of a range has to be looked at, the newest first. */
function partsOf(
  reader: Reader,
  filter: ExpenseFilter,
  range: Range,
  slices?: readonly Range[],
): Iterable<Range> | AsyncIterable<Range> {
  if (slices) {
    const high = (slice: Range) => Math.min(slice.high, range.high)
    return slices.map((slice) => ({ low: slice.low, high: high(slice) }))
  }
  // Without a condition no more are looked at than are given.
  return conditionOf(filter).where === '' ? [range] : slicesOf(reader, range)
}

/** The newest ones that the filter lets through. */
async function readRows(
  reader: Reader,
  filter: ExpenseFilter,
  parts: Iterable<Range> | AsyncIterable<Range>,
  limit: number,
): Promise<ListedRow[]> {
  const { where, values: filtered } = conditionOf(filter)
  const select = reader.statement(`
    SELECT place, ${COLUMNS} FROM expense INDEXED BY expense_in_order
    WHERE ${IN_RANGE} ${where} ORDER BY place DESC LIMIT :limit`)
  select.setReturnArrays(true)
  const rows: ListedRow[] = []
  for await (const { low, high } of parts) {
    for (let rest = high; low < rest; ) {
      const wanted = Math.min(limit - rows.length, SLICE.given)
      const range = { low, high: rest }
      const values = { ...reader.owner, ...filtered, ...range, limit: wanted }
      const found = select.all(values) as unknown as ListedRow[]
      rows.push(...found)
      if (rows.length === limit) return rows
      rest = found.length < wanted ? low : (found.at(-1)?.[0] ?? low)
      if (low < rest) await nextRound()
    }
  }
  return rows
}

/** Of a text no sums are kept: everything is looked at. Gives the slices too that have it. */
async function search(reader: Reader, filter: ExpenseFilter) {
  const { where, values } = conditionOf(filter)
  const sum = reader.statement(`
    SELECT currency, count(*), sum(minor_units)
    FROM expense INDEXED BY expense_in_order WHERE ${IN_RANGE} ${where} GROUP BY currency`)
  sum.setReadBigInts(true)
  sum.setReturnArrays(true)
  const totals: CurrencyTotal[] = []
  const slices: Range[] = []
  for await (const slice of slicesOf(reader, rangeOf(filter))) {
    const found = sum.all({ ...reader.owner, ...values, ...slice }) as unknown as SumRow[]
    totals.push(...found.map(toTotal))
    if (found.length > 0) slices.push(slice)
  }
  return { totals, slices }
}

/** From the sums that are kept: of whole months, and of the days before and after them. */
function readSums(reader: Reader, filter: ExpenseFilter, by: string): SumRow[] {
  const { where, values } = conditionOf(filter)
  const read = (table: keyof typeof SUMS, span: Span) => {
    const select = reader.statement(`
      SELECT currency, sum(count), sum(minor_units),
        substr(period, 1, 7) AS month, category, payment_method
      FROM ${table} WHERE tid = :tid AND oid = :oid AND period BETWEEN :from AND :to ${where}
      GROUP BY ${by}`)
    select.setReadBigInts(true)
    select.setReturnArrays(true)
    return select.all({ ...reader.owner, ...values, ...span }) as unknown as SumRow[]
  }
  const { months, days } = splitPeriod(filter)
  return [...read('expense_month', months), ...days.flatMap((span) => read('expense_day', span))]
}

async function readLargest(reader: Reader, filter: ExpenseFilter, currency: string) {
  const { where, values } = conditionOf(filter)
  const select = reader.statement(`
    SELECT place, minor_units FROM expense INDEXED BY expense_in_order
    WHERE ${IN_RANGE} AND currency = :currency ${where}
    ORDER BY minor_units DESC, place DESC LIMIT 1`)
  let largest: Row | undefined
  for await (const slice of slicesOf(reader, rangeOf(filter))) {
    const found = select.get({ ...reader.owner, ...values, ...slice, currency })
    if (found && Number(found.minor_units) > Number(largest?.minor_units ?? 0)) largest = found
  }
  if (!largest) return undefined
  const whole = reader.statement(
    `SELECT ${COLUMNS} FROM expense WHERE seq = :seq AND tid = :tid AND oid = :oid`,
  )
  return toExpense(whole.get({ ...reader.owner, seq: seqAt(Number(largest.place)) }))
}

/** Slice by slice, the newest first; others get their turn in between. */
async function* slicesOf(reader: Reader, range: Range): AsyncGenerator<Range> {
  for (let rest = range; rest.low < rest.high; ) {
    const slice = firstSlice(reader, rest)
    yield slice
    rest = { low: rest.low, high: slice.low }
    if (rest.low < rest.high) await nextRound()
  }
}

/** As much of a range as is looked at in one go. */
function firstSlice({ statement, owner }: Reader, { low, high }: Range): Range {
  const last = statement(`
    SELECT place FROM expense INDEXED BY expense_in_order WHERE ${IN_RANGE}
    ORDER BY place DESC LIMIT 1 OFFSET ${SLICE.looked - 1}`)
  const found = last.get({ ...owner, low, high })
  return { low: found ? Number(found.place) : low, high }
}

const IN_RANGE = 'tid = :tid AND oid = :oid AND place >= :low AND place < :high'

function rangeOf({ from, to }: ExpenseFilter): Range {
  const low = from === undefined ? Number.MIN_SAFE_INTEGER : placeOf(from, 0)
  return { low, high: to === undefined ? Number.MAX_SAFE_INTEGER : placeOf(dayAfter(to), 0) }
}

/** What of a filter is not the period. */
function conditionOf({ category, payment_method, text }: ExpenseFilter): Condition {
  const given = Object.entries({ category, payment_method, text: text && foldText(text) })
  const values = given.filter((entry): entry is [string, string] => Boolean(entry[1]))
  const where = values.map(([name]) =>
    name === 'text' ? 'AND instr(folded, :text) > 0' : `AND ${name} = :${name}`,
  )
  return { where: where.join(' '), values: Object.fromEntries(values) }
}

function toTotal([currency, count, minorUnits]: SumRow): CurrencyTotal {
  return { currency, count: Number(count), minorUnits }
}

function toGroup(row: SumRow): ExpenseGroup {
  const [, , , month, category, payment_method] = row
  return { ...toTotal(row), month, category, payment_method } as ExpenseGroup
}

/** In the order of `COLUMNS`. */
function toListed(row: ListedRow): StoredExpense {
  const [, id, date, minorUnits, currency, category, description, payment_method, created] = row
  const expense = { id, date, minorUnits, currency, category, description, payment_method, created }
  return expense as unknown as StoredExpense
}

function toExpense(row: Row | undefined): StoredExpense | undefined {
  return row && ({ ...row } as unknown as StoredExpense)
}
