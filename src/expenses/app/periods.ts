/** Days as YYYY-MM-DD, both inclusive; a side that is missing is open. */
export type Period = { readonly from?: string; readonly to?: string }

/** A period that a person can choose. */
export type Choice = { readonly id: string; readonly label: string; readonly period: Period }

/** What the calendar says today in a time zone (IANA); an unknown one is the browser's. */
export function todayIn(timeZone: string | undefined, now = new Date()): string {
  return formatDay(timeZone, now) ?? formatDay(undefined, now) ?? now.toISOString().slice(0, 10)
}

/** The periods to choose from, as they are today. */
export function choicesOf(today: string): Choice[] {
  const [year = 0, month = 0] = today.split('-').map(Number)
  return [
    choice('this-month', 'This month', monthsOf(year, month, 1)),
    choice('last-month', 'Last month', monthsOf(year, month - 1, 1)),
    choice('three-months', 'Last 3 months', monthsOf(year, month - 2, 3)),
    choice('this-year', 'This year', monthsOf(year, 1, 12)),
    choice('last-year', 'Last year', monthsOf(year - 1, 1, 12)),
    choice('all', 'All time', {}),
  ]
}

/** Whether two periods are the same days. */
export function isSame(a: Period, b: Period): boolean {
  return a.from === b.from && a.to === b.to
}

function choice(id: string, label: string, period: Period): Choice {
  return { id, label, period }
}

/** So many whole months; a month below 1 is one of the year before. */
function monthsOf(year: number, month: number, count: number): Period {
  return {
    from: toDay(Date.UTC(year, month - 1, 1)),
    // The day before the first of the month after.
    to: toDay(Date.UTC(year, month - 1 + count, 0)),
  }
}

function toDay(time: number): string {
  return new Date(time).toISOString().slice(0, 10)
}

function formatDay(timeZone: string | undefined, now: Date): string | undefined {
  try {
    const parts = new Intl.DateTimeFormat('en-US', {
      calendar: 'gregory',
      numberingSystem: 'latn',
      timeZone,
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
    }).formatToParts(now)
    const part = (type: string) => parts.find((each) => each.type === type)?.value ?? ''
    return `${part('year').padStart(4, '0')}-${part('month')}-${part('day')}`
  } catch {
    return undefined
  }
}

/** The period in a tool's arguments, which may be half written or wrong: what is no day is open. */
export function readPeriod(args: { readonly from?: unknown; readonly to?: unknown } = {}): Period {
  const { from, to } = args
  return { ...(isDay(from) && { from }), ...(isDay(to) && { to }) }
}

function isDay(value: unknown): value is string {
  return typeof value === 'string' && /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/.test(value)
}
