import type { Group, Summary } from './summary.ts'

/** A stretch of whole months, and what was spent in it. */
export type Bucket = {
  /** The first month, as months since the year 0. */
  readonly first: number
  readonly last: number
  readonly count: number
  readonly total: number
}

export type Timeline = {
  /** How many months a bucket has: 1, 3, 12, … */
  readonly step: number
  readonly buckets: readonly Bucket[]
}

/** As many columns as can be told apart where the page is 320 px wide. */
const MAX_BUCKETS = 36

// A month, a quarter, a year, then years in steps that people count in.
const STEPS = [1, 3, 12, 60, 120, 1200, 12_000] as const

/** Spending over time without gaps: by months, or by more where there are many. */
export function timelineOf(summary: Summary): Timeline {
  const range = rangeOf(summary)
  if (!range) return { step: 1, buckets: [] }
  const { first, last } = range
  const step = STEPS.find((each) => lengthIn(each, first, last) <= MAX_BUCKETS) ?? 12_000
  const start = Math.floor(first / step)
  const buckets = Array.from({ length: lengthIn(step, first, last) }, (_, index) => ({
    first: (start + index) * step,
    last: (start + index + 1) * step - 1,
    count: 0,
    total: 0,
  }))
  for (const { name, count, total } of summary.months) {
    const bucket = buckets[Math.floor(monthNumber(name) / step) - start]
    if (!bucket) continue
    bucket.count += count
    bucket.total += total
  }
  return { step, buckets }
}

/** A round number that all totals fit under, for the axis. */
export function ceilingOf(buckets: readonly Pick<Bucket, 'total'>[]): number {
  const most = Math.max(0, ...buckets.map(({ total }) => total))
  if (most === 0) return 1
  const power = 10 ** Math.floor(Math.log10(most))
  const factor = [1, 2, 2.5, 4, 5, 10].find((each) => each * power >= most) ?? 10
  return factor * power
}

/** The months that the period asks for, unless what was spent fills but little of them. */
function rangeOf({ from, to, months }: Summary) {
  const spent = spanOf(months)
  if (!spent) return undefined
  const first = Math.min(spent.first, from ? monthNumber(from) : spent.first)
  const last = Math.max(spent.last, to ? monthNumber(to) : spent.last)
  return last - first < MAX_BUCKETS ? { first, last } : spent
}

function spanOf(months: readonly Group[]) {
  const numbers = months.map(({ name }) => monthNumber(name))
  return numbers.length > 0
    ? { first: Math.min(...numbers), last: Math.max(...numbers) }
    : undefined
}

function lengthIn(step: number, first: number, last: number): number {
  return Math.floor(last / step) - Math.floor(first / step) + 1
}

function monthNumber(text: string): number {
  const [year = 0, month = 1] = text.split('-').map(Number)
  return year * 12 + month - 1
}
