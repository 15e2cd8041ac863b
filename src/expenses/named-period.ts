import { isCalendarDate } from './arguments.ts'
import type { ExpenseFilter, ExpenseSummary } from './expense-store.ts'

/** A year, a month or a day, as it stands in the address of a resource. */
export type Period = Required<Pick<ExpenseFilter, 'from' | 'to'>> & {
  readonly of: 'year' | 'month' | 'day'
}

/** What a period can be, for whoever named none. */
export const WRONG_PERIOD =
  'Give a year, a month or a day from 1970 to 2099, such as 2026, 2026-10 or 2026-10-02.'

/** The period of a text; undefined when it is none. */
export function parsePeriod(text: string): Period | undefined {
  const [, year, month, day] = /^(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?$/.exec(text) ?? []
  const from = `${year}-${month ?? '01'}-${day ?? '01'}`
  if (!isCalendarDate(from)) return undefined
  if (day !== undefined) return { of: 'day', from, to: from }
  if (month === undefined) return { of: 'year', from, to: `${year}-12-31` }
  const days = new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate()
  return { of: 'month', from, to: `${year}-${month}-${days}` }
}

/** The years and months in which there is something, the latest first, with how many. */
export function periodsOf({ groups }: ExpenseSummary): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const { month, count } of groups) {
    for (const period of [month.slice(0, 4), month]) {
      counts.set(period, (counts.get(period) ?? 0) + count)
    }
  }
  return new Map([...counts].sort(([a], [b]) => (a < b ? 1 : -1)))
}
