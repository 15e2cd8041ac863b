import { currencyOf } from '../money.ts'
import type { Bucket } from './buckets.ts'
import type { Period } from './periods.ts'

/** Writes figures and dates as the person's locale does. */
export type Format = {
  readonly locale: string
  money(amount: number, currency: string): string
  /** Short, for an axis: `$1.2K`. */
  brief(amount: number, currency: string): string
  number(value: number): string
  count(count: number): string
  /** A part of the whole, in percent. */
  share(part: number, whole: number): string
  day(day: string): string
  period(period: Period): string
  bucket(bucket: Bucket): string
  /** What stands below a column: the year where one begins, too. */
  tick(bucket: Bucket, step: number): { readonly text: string; readonly year: string }
}

/** The format of a locale (BCP 47); one that is none is English. */
export function formatOf(wanted: string | undefined): Format {
  const locale = localeOf(wanted)
  const number = new Intl.NumberFormat(locale)
  const days = dates(locale, { dateStyle: 'medium' })
  const months = dates(locale, { year: 'numeric', month: 'short' })
  const month = dates(locale, { month: 'short' })
  const years = dates(locale, { year: 'numeric' })

  const range = (format: Intl.DateTimeFormat, first: Date, last: Date) =>
    format.formatRange(first, last)
  return {
    locale,
    money: (amount, currency) => money(locale, amount, currency, digitsOf(currency)),
    brief: (amount, currency) =>
      money(locale, amount, currency, { notation: 'compact', maximumFractionDigits: 1 }),
    number: (value) => number.format(value),
    count: (count) => `${number.format(count)} ${count === 1 ? 'expense' : 'expenses'}`,
    share: (part, whole) => share(locale, part, whole),
    day: (day) => days.format(dateOf(day)),
    period: ({ from, to }) => {
      if (from && to) return range(days, dateOf(from), dateOf(to))
      if (from) return `Since ${days.format(dateOf(from))}`
      return to ? `Until ${days.format(dateOf(to))}` : 'All time'
    },
    bucket: ({ first, last }) => {
      const isYears = first % 12 === 0 && last % 12 === 11
      return range(isYears ? years : months, monthOf(first), monthOf(last))
    },
    tick: ({ first }, step) =>
      step >= 12
        ? { text: years.format(monthOf(first)), year: '' }
        : {
            text: month.format(monthOf(first)),
            year: years.format(monthOf(first)),
          },
  }
}

function localeOf(wanted: string | undefined): string {
  try {
    return new Intl.NumberFormat(wanted || 'en').resolvedOptions().locale
  } catch {
    return 'en'
  }
}

// A day has no time zone: it is read and written in one and the same.
function dates(locale: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat(locale, { ...options, calendar: 'gregory', timeZone: 'UTC' })
}

/** Those of the text beside the page: a browser leaves out some that a currency has. */
function digitsOf(code: string): Intl.NumberFormatOptions {
  const { minorDigits } = currencyOf(code)
  return { minimumFractionDigits: minorDigits, maximumFractionDigits: minorDigits }
}

function money(
  locale: string,
  amount: number,
  currency: string,
  options: Intl.NumberFormatOptions,
): string {
  try {
    return new Intl.NumberFormat(locale, { style: 'currency', currency, ...options }).format(amount)
  } catch {
    return `${new Intl.NumberFormat(locale, options).format(amount)} ${currency}`
  }
}

function share(locale: string, part: number, whole: number): string {
  const percent = new Intl.NumberFormat(locale, { style: 'percent' })
  if (whole === 0) return percent.format(0)
  const ratio = part / whole
  return ratio > 0 && ratio < 0.01 ? `<${percent.format(0.01)}` : percent.format(ratio)
}

function dateOf(day: string): Date {
  return new Date(`${day}T00:00:00Z`)
}

function monthOf(months: number): Date {
  const date = new Date(0)
  // `Date.UTC` takes the years below 100 for those of the last century.
  date.setUTCFullYear(Math.floor(months / 12), months % 12, 1)
  return date
}
