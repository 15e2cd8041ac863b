/** One line of a grouping: a category, a payment method or a month. */
export type Group = {
  readonly name: string
  readonly count: number
  readonly total: number
  readonly average: number
}

export type Largest = {
  readonly date: string
  readonly amount: number
  readonly currency: string
  readonly category: string
  readonly description: string
}

export type OtherTotal = {
  readonly currency: string
  readonly count: number
  readonly total: number
}

/** What `summarize_expenses` answers, as far as this page shows it. */
export type Summary = {
  readonly from: string | undefined
  readonly to: string | undefined
  readonly currency: string
  readonly count: number
  readonly total: number
  readonly average: number
  readonly largest: Largest | undefined
  readonly categories: readonly Group[]
  readonly paymentMethods: readonly Group[]
  /** Each named YYYY-MM, the earliest first. */
  readonly months: readonly Group[]
  readonly others: readonly OtherTotal[]
}

/** An answer that is not what the page can show. */
class ShapeError extends Error {
  override readonly name = 'ShapeError'
}

// From 1970 to 2099 there are 1,560 months; what is longer is no answer of the server's.
const MAX_GROUPS = 2000

/** The summary in a tool's structured content; undefined when it is none. */
export function readSummary(value: unknown): Summary | undefined {
  try {
    return summaryOf(fields(value))
  } catch (error) {
    if (error instanceof ShapeError) return undefined
    throw error
  }
}

function summaryOf(given: Fields): Summary {
  return {
    from: optional(given('from'), day),
    to: optional(given('to'), day),
    currency: text(given('currency')),
    count: amount(given('count')),
    total: amount(given('total')),
    average: amount(given('average')),
    largest: optional(given('largest'), largestOf),
    categories: list(given('by_category'), groupBy('category', text)),
    paymentMethods: list(given('by_payment_method'), groupBy('payment_method', text)),
    months: list(given('by_month'), groupBy('month', month)).toSorted(byName),
    others: optional(given('other_totals'), (value) => list(value, otherOf)) ?? [],
  }
}

function groupBy(key: string, readName: (value: unknown) => string) {
  return (value: unknown): Group => {
    const given = fields(value)
    return {
      name: readName(given(key)),
      count: amount(given('count')),
      total: amount(given('total')),
      average: amount(given('average')),
    }
  }
}

function largestOf(value: unknown): Largest {
  const given = fields(value)
  return {
    date: day(given('date')),
    amount: amount(given('amount')),
    currency: text(given('currency')),
    category: text(given('category')),
    description: text(given('description')),
  }
}

function otherOf(value: unknown): OtherTotal {
  const given = fields(value)
  return {
    currency: text(given('currency')),
    count: amount(given('count')),
    total: amount(given('total')),
  }
}

function byName(a: Group, b: Group): number {
  return a.name < b.name ? -1 : Number(a.name > b.name)
}

type Fields = (key: string) => unknown

function fields(value: unknown): Fields {
  if (typeof value !== 'object' || value === null) throw new ShapeError('no object')
  const entries = new Map<string, unknown>(Object.entries(value))
  return (key) => entries.get(key)
}

function optional<T>(value: unknown, read: (value: unknown) => T): T | undefined {
  return value === undefined || value === null ? undefined : read(value)
}

function list<T>(value: unknown, read: (value: unknown) => T): T[] {
  if (!Array.isArray(value) || value.length > MAX_GROUPS) throw new ShapeError('no list')
  return value.map(read)
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw new ShapeError('no text')
  return value
}

function amount(value: unknown): number {
  if (typeof value !== 'number' || !(value >= 0 && value <= Number.MAX_VALUE)) {
    throw new ShapeError('no amount')
  }
  return value
}

function day(value: unknown): string {
  return matching(value, /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/)
}

function month(value: unknown): string {
  return matching(value, /^\d{4}-(0[1-9]|1[0-2])$/)
}

function matching(value: unknown, pattern: RegExp): string {
  if (!pattern.test(text(value))) throw new ShapeError('no date')
  return value as string
}
