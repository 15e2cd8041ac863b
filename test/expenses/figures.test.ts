import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { AjvJsonSchemaValidator } from '@modelcontextprotocol/server/validators/ajv'
import { timelineOf } from '../../src/expenses/app/buckets.ts'
import { readSummary } from '../../src/expenses/app/summary.ts'
import { CATEGORIES, PAYMENT_METHODS } from '../../src/expenses/expense.ts'
import { currencyOf } from '../../src/expenses/money.ts'
import {
  type ExpenseStore,
  postgresExpenseStore,
  sqliteExpenseStore,
} from '../../src/expenses/server.ts'
import { startPostgres, withoutPostgres } from '../support/postgres.ts'
import { CLIENTS, PEOPLE, serveExpenses, type ToolClient } from './support.ts'

type Random = <T>(of: readonly T[]) => T
type Stored = Awaited<ReturnType<ExpenseStore['add']>>
type Filter = Record<string, string>

const SEED = 20_261_128
const OWNER = PEOPLE.alice
const DAYS = [
  ...['1970-01-01', '1999-12-31', '2000-02-29', '2024-02-28', '2024-02-29', '2024-03-01'],
  ...['2025-12-31', '2026-01-01', '2026-01-31', '2026-02-01', '2026-02-28', '2026-03-01'],
  ...['2026-06-15', '2026-11-30', '2026-12-01', '2026-12-31', '2099-12-31'],
]
const MONTH_ENDS = ['2024-02-29', '2025-12-31', '2026-02-28', '2026-11-30', '2099-12-31']
const TEXTS = ['taxi', 'TAXI to the airport', 'Müsli', 'coffee', 'a | b', '=1+1']
const SERVED = ['USD', 'JPY', 'KWD', 'HUF']
const CODES = [...SERVED, 'EUR', 'CLF']

const STORES: Record<
  string,
  { skip: string | false; open: (t: TestContext) => Promise<ExpenseStore> }
> = {
  SQLite: { skip: false, open: async () => sqliteExpenseStore(':memory:') },
  PostgreSQL: {
    skip: withoutPostgres,
    open: async (t) => {
      const postgres = await startPostgres()
      t.after(() => postgres[Symbol.asyncDispose]())
      return postgresExpenseStore(await postgres.database())
    },
  },
}

for (const [name, { skip, open }] of Object.entries(STORES)) {
  test(`${name}: whatever was recorded, changed and deleted, each figure is that of a reckoning by hand`, {
    skip,
  }, async (t) => {
    const random = randomOf(SEED)
    const expenses = await open(t)
    await expenses.connect()
    const all = await spend(expenses, random)
    for (const code of SERVED) {
      const client = await CLIENTS['SDK v1'](
        await serveExpenses(t, { expenses, currency: code }),
        'alice',
      )
      const validate = await validatorOf(client)
      for (let i = 0; i < 10; i++) {
        const filter = i === 0 ? {} : filterOf(random)
        await checkSummary(client, validate, { all, filter, code })
        await checkList(client, validate, { all, filter, code, random })
      }
    }
    await expenses.close()
  })
}

/** Thousands, of which some are changed and some deleted again. */
async function spend(expenses: ExpenseStore, random: Random): Promise<Stored[]> {
  const draw = () => {
    const currency = random(CODES)
    const most = 10 ** (9 + currencyOf(currency).minorDigits)
    const minorUnits = random([1, 5, 99, 1234, 7550, 100_000, most - 1, most])
    const drawn = { date: random(DAYS), category: random(CATEGORIES), description: random(TEXTS) }
    return { ...drawn, minorUnits, currency, payment_method: random(PAYMENT_METHODS) }
  }
  const created = '2026-11-28T12:00:00.000Z'
  const stored = new Map<string, Stored>()
  for (let round = 0; round < 8; round++) {
    const drawn = Array.from({ length: 200 }, () => ({ ...draw(), created }))
    const added = await Promise.all(drawn.map((expense) => expenses.add(OWNER, expense)))
    for (const one of added) stored.set(one.id, one)
  }
  for (const id of [...stored.keys()].filter((_, i) => i % 5 === 0)) {
    const changed = await expenses.update(OWNER, id, draw())
    if (changed) stored.set(id, changed)
  }
  for (const id of [...stored.keys()].filter((_, i) => i % 7 === 0)) {
    assert.ok(await expenses.delete(OWNER, id))
    stored.delete(id)
  }
  return [...stored.values()]
}

type Validate = (tool: string, value: unknown) => void
type Checked = { readonly all: readonly Stored[]; readonly filter: Filter; readonly code: string }

/** What is answered has to be what is advertised. */
async function validatorOf(client: ToolClient): Promise<Validate> {
  const { tools } = await client.listTools()
  const ajv = new AjvJsonSchemaValidator()
  const validators = new Map(
    tools.map(({ name, outputSchema }) => [name, ajv.getValidator(outputSchema as never)]),
  )
  return (tool, value) => {
    const { valid, errorMessage } = validators.get(tool)?.(value) ?? { valid: false }
    assert.ok(valid, `${tool}: ${errorMessage}`)
  }
}

async function checkSummary(client: ToolClient, validate: Validate, checked: Checked) {
  const { text: _, ...filter } = checked.filter
  const fitting = checked.all.filter((expense) => fits(expense, filter))
  const own = fitting.filter(({ currency }) => currency === checked.code)
  const result = await client.callTool({ name: 'summarize_expenses', arguments: filter })
  const answered = result.structuredContent ?? {}
  validate('summarize_expenses', answered)
  const { from, to, largest, by_category, by_payment_method, by_month, other_totals, ...whole } =
    answered as Record<string, unknown>
  assert.deepEqual([from, to], [filter.from, filter.to])
  assert.deepEqual(whole, { currency: checked.code, ...figuresOf(own, checked.code) })
  const most = own.reduce((max, { minorUnits }) => Math.max(max, minorUnits), 0)
  const named = own.find(({ id }) => id === (largest as Stored | null)?.id)
  assert.equal(named?.minorUnits ?? 0, most)
  const groups = (key: 'category' | 'payment_method') =>
    [...Map.groupBy(own, (expense) => expense[key])]
      .sort(([a, some], [b, more]) => compare(sum(more), sum(some)) || compare(a, b))
      .map(([value, some]) => ({ [key]: value, ...figuresOf(some, checked.code) }))
  assert.deepEqual(by_category, groups('category'))
  assert.deepEqual(by_payment_method, groups('payment_method'))
  const months = [...Map.groupBy(own, ({ date }) => date.slice(0, 7))].sort(([a], [b]) =>
    compare(a, b),
  )
  assert.deepEqual(
    by_month,
    months.map(([month, some]) => ({ month, ...figuresOf(some, checked.code) })),
  )
  const others = [...Map.groupBy(fitting, ({ currency }) => currency)]
    .filter(([currency]) => currency !== checked.code)
    .map(([currency, some]) => ({
      currency,
      count: some.length,
      total: figuresOf(some, currency).total,
    }))
  assert.deepEqual(
    ((other_totals ?? []) as typeof others).toSorted((a, b) => compare(a.currency, b.currency)),
    others.sort((a, b) => compare(a.currency, b.currency)),
  )
  checkText(result.content[0]?.text ?? '', own, checked.code)
  checkChart(answered, own, checked.code)
}

/** Each line of the text's tables, and its first sentence, in exact decimals. */
function checkText(text: string, own: readonly Stored[], code: string) {
  if (own.length === 0) return assert.match(text, new RegExp(`^No expenses in ${code}`))
  const count = own.length === 1 ? '1 expense' : `${own.length} expenses`
  assert.ok(text.startsWith(count), text)
  assert.ok(
    text.includes(
      `: ${decimal(sum(own), code)} ${code} in total, ${averageOf(own, code)} on average.`,
    ),
    text,
  )
  const keys = (expense: Stored) => [
    expense.category,
    expense.payment_method,
    expense.date.slice(0, 7),
  ]
  const rows = text.split('\n').flatMap((line) => {
    const cells = line.split('|').map((cell) => cell.trim())
    return /^\d+ %$/.test(cells[3] ?? '') ? [cells.slice(1, 6)] : []
  })
  assert.ok(rows.length >= 3)
  for (const [key = '', total, share, number, average] of rows) {
    const some = own.filter((expense) => keys(expense).includes(key))
    const percent = (200n * sum(some) + sum(own)) / (2n * sum(own))
    const expected = [
      decimal(sum(some), code),
      `${percent} %`,
      String(some.length),
      averageOf(some, code),
    ]
    assert.deepEqual([total, share, number, average], expected, key)
  }
}

/** What the columns show is all that was spent, and each thing once. */
function checkChart(answered: unknown, own: readonly Stored[], code: string) {
  const summary = readSummary(JSON.parse(JSON.stringify(answered)))
  assert.ok(summary)
  const { buckets, step } = timelineOf(summary)
  for (const { first, last, count, total } of buckets) {
    const some = own.filter(({ date }) => {
      const month = Number(date.slice(0, 4)) * 12 + Number(date.slice(5, 7)) - 1
      return first <= month && month <= last
    })
    assert.equal(count, some.length)
    const expected = Number(decimal(sum(some), code))
    assert.ok(Math.abs(total - expected) <= expected * 1e-15 * step, `${total} is not ${expected}`)
  }
  assert.equal(
    buckets.reduce((all, { count }) => all + count, 0),
    own.length,
  )
}

async function checkList(
  client: ToolClient,
  validate: Validate,
  { all, filter, code, random }: Checked & { random: Random },
) {
  const fitting = all.filter((expense) => fits(expense, filter))
  const totals = [...Map.groupBy(fitting, ({ currency }) => currency)]
  const listed: { id: string; date: string; amount: number }[] = []
  const limit = random([97, 2000])
  for (let cursor: string | undefined, isFirst = true; isFirst || cursor; isFirst = false) {
    const args = { ...filter, limit, ...(cursor && { cursor }) }
    const { structuredContent } = await client.callTool({ name: 'get_expenses', arguments: args })
    validate('get_expenses', structuredContent)
    const page = structuredContent as Record<string, unknown>
    const own = totals.find(([currency]) => currency === code)?.[1] ?? []
    assert.deepEqual([page.count, page.total], [fitting.length, Number(decimal(sum(own), code))])
    const others = totals.filter(([currency]) => currency !== code)
    assert.deepEqual(
      ((page.other_totals ?? []) as { currency: string; total: number }[])
        .map((o) => [o.currency, o.total])
        .sort(),
      others.map(([currency, some]) => [currency, Number(decimal(sum(some), currency))]).sort(),
    )
    listed.push(...(page.expenses as typeof listed))
    cursor = page.next_cursor as string | undefined
  }
  assert.deepEqual(listed.map(({ id }) => id).sort(), fitting.map(({ id }) => id).sort())
  assert.ok(listed.every(({ date }, i) => i === 0 || date <= String(listed[i - 1]?.date)))
}

function filterOf(random: Random): Filter {
  const some = {
    from: random([...DAYS, undefined, undefined]),
    to: random([...DAYS, ...MONTH_ENDS, undefined]),
    category: random([...CATEGORIES, ...Array(12).fill(undefined)]),
    payment_method: random([...PAYMENT_METHODS, ...Array(6).fill(undefined)]),
    text: random(['taxi', 'MÜS', '|', ...Array(6).fill(undefined)]),
  }
  const given = Object.entries(some).filter(([, value]) => value !== undefined)
  const filter = Object.fromEntries(given) as Filter
  const { from = '', to = '~' } = filter
  return from <= to ? filter : { ...filter, from: to, to: from }
}

function fits(expense: Stored, { from = '', to = '~', category, payment_method, text }: Filter) {
  const { date, description } = expense
  const isKind =
    (category ?? expense.category) === expense.category &&
    (payment_method ?? expense.payment_method) === expense.payment_method
  const isThere = description.toLowerCase().includes((text ?? '').toLowerCase())
  return date >= from && date <= to && isKind && isThere
}

function figuresOf(some: readonly Stored[], code: string) {
  return {
    count: some.length,
    total: Number(decimal(sum(some), code)),
    average: Number(averageOf(some, code)),
  }
}

/** The nearest amount that there is; of two equally near the larger. */
function averageOf(some: readonly Stored[], code: string): string {
  if (some.length === 0) return decimal(0n, code)
  const [whole, count] = [sum(some), BigInt(some.length)]
  const below = whole / count
  return decimal(whole - below * count < (below + 1n) * count - whole ? below : below + 1n, code)
}

function sum(some: readonly Stored[]): bigint {
  return some.reduce((all, { minorUnits }) => all + BigInt(minorUnits), 0n)
}

const DIGITS: Readonly<Record<string, number>> = { JPY: 0, KWD: 3, CLF: 4 }

function decimal(units: bigint, code: string): string {
  const digits = DIGITS[code] ?? 2
  const one = 10n ** BigInt(digits)
  const fraction = String(units % one).padStart(digits, '0')
  return digits === 0 ? String(units) : `${units / one}.${fraction}`
}

function compare<T extends string | bigint>(a: T, b: T): number {
  return a < b ? -1 : Number(a > b)
}

/** The same each time (mulberry32). */
function randomOf(seed: number): Random {
  let state = seed
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  return <T>(of: readonly T[]) => of[Math.floor(next() * of.length)] as T
}
