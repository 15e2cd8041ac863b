import type { CallToolResult } from '@modelcontextprotocol/server'
import { z } from 'zod'
import { CATEGORIES, PAYMENT_METHODS } from './expense.ts'
import type {
  CurrencyTotal,
  ExpenseFilter,
  ExpenseSummary,
  StoredExpense,
} from './expense-store.ts'
import { type Currency, toDecimal } from './money.ts'
import { countInWords, describe, EXPENSE, sumOf, toStructured } from './results.ts'

/** How many months the text shows; the structured content has them all. */
const SHOWN_MONTHS = 24

const FIGURES = {
  count: z.int().min(0).describe('How many expenses.'),
  total: z.number().describe('Their sum, in `currency`.'),
  average: z.number().describe('The sum by the number, rounded to the digits of the currency.'),
}

/** What `summarize_expenses` answers. */
export const SUMMARY = z.object({
  from: z.string().optional().meta({ format: 'date', description: 'The first day, as given.' }),
  to: z.string().optional().meta({ format: 'date', description: 'The last day, as given.' }),
  currency: z.string().describe('The currency of all figures (ISO 4217).'),
  ...FIGURES,
  largest: EXPENSE.nullable().describe('The largest expense; null where there is none.'),
  by_category: z
    .array(z.object({ category: z.enum(CATEGORIES), ...FIGURES }))
    .describe('The largest total first; only categories with an expense.'),
  by_payment_method: z
    .array(z.object({ payment_method: z.enum(PAYMENT_METHODS), ...FIGURES }))
    .describe('The largest total first; only those with an expense.'),
  by_month: z
    .array(z.object({ month: z.string().describe('YYYY-MM'), ...FIGURES }))
    .describe('The earliest first; only months with an expense.'),
  other_totals: z
    .array(z.object({ currency: z.string(), count: z.int(), total: z.number() }))
    .optional()
    .describe('Sums of expenses recorded in other currencies; in no other figure.'),
})

type Figures = { readonly count: number; readonly minorUnits: bigint }
type Group = ExpenseSummary['groups'][number]
/** What a group is about, and its figures. */
type Part = Figures & { readonly key: string }

/** The answer to a person who asks for sums, in the server's currency. */
export function showSummary(
  summary: ExpenseSummary,
  filter: ExpenseFilter,
  currency: Currency,
): CallToolResult {
  const groups = summary.groups.filter((group) => group.currency === currency.code)
  const parts = {
    category: byTotal(partsOf(groups, 'category')),
    payment_method: byTotal(partsOf(groups, 'payment_method')),
    month: partsOf(groups, 'month').sort((a, b) => (a.key < b.key ? -1 : 1)),
  }
  const whole = add(groups)
  const largest = summary.largest.find((expense) => expense.currency === currency.code)
  const others = othersOf(summary.groups, currency)
  const text = [
    ...headText(whole, largest, filter, currency),
    ...table('Category', parts.category, whole, currency),
    ...table('Paid with', parts.payment_method, whole, currency),
    ...monthTable(parts.month, whole, currency),
    ...othersText(others),
  ].join('\n')
  const figures = <Key extends string>(name: Key, list: readonly Part[]) =>
    list.map((part) => ({ [name]: part.key, ...toFigures(part, currency) }))
  const structuredContent = {
    ...(filter.from !== undefined && { from: filter.from }),
    ...(filter.to !== undefined && { to: filter.to }),
    currency: currency.code,
    ...toFigures(whole, currency),
    largest: largest ? toStructured(largest) : null,
    by_category: figures('category', parts.category),
    by_payment_method: figures('payment_method', parts.payment_method),
    by_month: figures('month', parts.month),
    ...(others.length > 0 && {
      other_totals: others.map((o) => ({
        currency: o.currency,
        count: o.count,
        total: Number(sumOf(o)),
      })),
    }),
  }
  return { content: [{ type: 'text', text }], structuredContent }
}

function partsOf(groups: readonly Group[], by: 'category' | 'payment_method' | 'month'): Part[] {
  const all = Map.groupBy(groups, (group): string => group[by])
  return [...all].map(([key, some]) => ({ key, ...add(some) }))
}

function byTotal(parts: readonly Part[]): Part[] {
  return parts.toSorted((a, b) => Number(b.minorUnits - a.minorUnits) || (a.key < b.key ? -1 : 1))
}

function add(groups: readonly Figures[]): Figures {
  return {
    count: groups.reduce((sum, { count }) => sum + count, 0),
    minorUnits: groups.reduce((sum, { minorUnits }) => sum + minorUnits, 0n),
  }
}

function othersOf(groups: readonly Group[], own: Currency): CurrencyTotal[] {
  const others = groups.filter(({ currency }) => currency !== own.code)
  const all = Map.groupBy(others, ({ currency }) => currency)
  return [...all].map(([currency, some]) => ({ currency, ...add(some) }))
}

function toFigures(figures: Figures, currency: Currency) {
  return {
    count: figures.count,
    total: Number(toDecimal(figures.minorUnits, currency)),
    average: Number(toDecimal(averageOf(figures), currency)),
  }
}

/** Rounded to the nearest minor unit, a half upwards. */
function averageOf({ count, minorUnits }: Figures): bigint {
  if (count === 0) return 0n
  return (2n * minorUnits + BigInt(count)) / (2n * BigInt(count))
}

function headText(
  whole: Figures,
  largest: StoredExpense | undefined,
  filter: ExpenseFilter,
  currency: Currency,
): string[] {
  const which = filterInWords(filter)
  if (whole.count === 0) return [`No expenses in ${currency.code}${which}.`]
  const total = toDecimal(whole.minorUnits, currency)
  const average = toDecimal(averageOf(whole), currency)
  return [
    `${countInWords(whole.count)}${which}: ${total} ${currency.code} in total, ${average} on average.`,
    ...(largest ? [`The largest is ${describe(largest)}.`] : []),
  ]
}

function filterInWords({ from, to, category, payment_method }: ExpenseFilter): string {
  const words = [
    category && ` for ${category}`,
    payment_method && ` paid with ${payment_method}`,
    from && ` from ${from}`,
    to && ` to ${to}`,
  ]
  return words.filter(Boolean).join('')
}

function monthTable(months: readonly Part[], whole: Figures, currency: Currency): string[] {
  const left = months.length - SHOWN_MONTHS
  const note = left > 0 ? [`(${left} months before are not shown: ask with from and to.)`] : []
  return [...table('Month', months.slice(-SHOWN_MONTHS), whole, currency), ...note]
}

function othersText(others: readonly CurrencyTotal[]): string[] {
  if (others.length === 0) return []
  const sums = others.map((o) => `${sumOf(o)} ${o.currency} (${countInWords(o.count)})`)
  return ['', `Not in these figures, in other currencies: ${sums.join(', ')}.`]
}

/** A Markdown table that reads as a table without Markdown, too. */
function table(
  title: string,
  parts: readonly Part[],
  whole: Figures,
  currency: Currency,
): string[] {
  if (parts.length === 0) return []
  const rows = parts.map((part) => [
    part.key,
    toDecimal(part.minorUnits, currency),
    `${shareOf(part, whole)} %`,
    String(part.count),
    toDecimal(averageOf(part), currency),
  ])
  const titles = [title, `Total ${currency.code}`, 'Share', 'Expenses', 'Average']
  const lines = [titles, ...rows]
  const widths = titles.map((_, i) => Math.max(...lines.map((cells) => cells[i]?.length ?? 0)))
  const [head, ...body] = lines.map((cells) => toLine(cells, widths))
  const rule = widths.map((width, i) => (i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`))
  return ['', head ?? '', toLine(rule, widths), ...body]
}

/** Names to the left, figures to the right. */
function toLine(cells: readonly string[], widths: readonly number[]): string {
  const padded = cells.map((cell, i) =>
    i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0),
  )
  return `| ${padded.join(' | ')} |`
}

function shareOf(part: Figures, whole: Figures): number {
  return Math.round(Number((1000n * part.minorUnits) / whole.minorUnits) / 10)
}
