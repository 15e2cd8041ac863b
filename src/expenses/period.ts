import type { ExpenseFilter } from './expense-store.ts'

/** From one month, or day, to another, both included. */
export type Span = { readonly from: string; readonly to: string }

/** A period as whole months, and the days before and after them: of both the sums are kept. */
export type SplitPeriod = { readonly months: Span; readonly days: readonly Span[] }

const FIRST = '0001-01-01'
const LAST = '9999-12-31'
const NONE = { from: LAST, to: FIRST }
/** What is asked for most. */
const ALWAYS: SplitPeriod = { months: { from: monthOf(FIRST), to: monthOf(LAST) }, days: [] }
const DAY = 86_400_000

export function splitPeriod(filter: ExpenseFilter): SplitPeriod {
  const { from = FIRST, to = LAST } = filter
  if (filter.from === undefined && filter.to === undefined) return ALWAYS
  if (from > to) return { months: NONE, days: [] }
  const [start, end] = [monthOf(from), monthOf(to)]
  const first = from === firstDay(start) ? start : monthOf(addDays(lastDay(start), 1))
  const last = to === lastDay(end) ? end : monthOf(addDays(firstDay(end), -1))
  if (start === end && first > last) return { months: NONE, days: [{ from, to }] }
  const days: Span[] = []
  if (start < first) days.push({ from, to: lastDay(start) })
  if (end > last) days.push({ from: firstDay(end), to })
  return { months: first <= last ? { from: first, to: last } : NONE, days }
}

export function dayAfter(date: string): string {
  return addDays(date, 1)
}

function monthOf(date: string): string {
  return date.slice(0, 7)
}

function firstDay(month: string): string {
  return `${month}-01`
}

function lastDay(month: string): string {
  // No month has 32 days: the 32nd is one of the next.
  const next = monthOf(addDays(firstDay(month), 31))
  return next === monthOf(addDays(LAST, 1)) ? LAST : addDays(firstDay(next), -1)
}

function addDays(date: string, days: number): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * DAY).toISOString().slice(0, 10)
}
