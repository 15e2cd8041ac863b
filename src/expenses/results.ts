import type { CallToolResult } from '@modelcontextprotocol/server'
import { z } from 'zod'
import { CATEGORIES, PAYMENT_METHODS } from './expense.ts'
import type { CurrencyTotal, ExpenseFilter, ExpenseList, StoredExpense } from './expense-store.ts'
import { type Currency, currencyOf, toDecimal } from './money.ts'

/** An expense as the tools answer it: as it is stored. */
export const EXPENSE = z.object({
  id: z.string().describe('Names this expense, for good.'),
  date: z.string().meta({ format: 'date', description: 'The day of the expense, YYYY-MM-DD.' }),
  amount: z.number().describe('The amount, in whole units of the currency.'),
  currency: z.string().describe('ISO 4217 code.'),
  category: z.enum(CATEGORIES),
  description: z.string(),
  payment_method: z.enum(PAYMENT_METHODS),
  created: z.string().meta({ format: 'date-time', description: 'When it was recorded, in UTC.' }),
})

/** What `get_expenses` answers. */
export const EXPENSES = z.object({
  expenses: z.array(EXPENSE).describe('The newest date first.'),
  count: z.int().min(0).describe('How many expenses fit in all; `expenses` may hold fewer.'),
  total: z.number().describe('The sum of all that fit, in `currency`.'),
  currency: z.string().describe('The currency that new expenses are recorded in (ISO 4217).'),
  other_totals: z
    .array(z.object({ total: z.number(), currency: z.string() }))
    .optional()
    .describe('Sums of the expenses recorded in other currencies, where there are any.'),
  next_cursor: z
    .string()
    .optional()
    .describe('Where there are more: give it as `cursor`, with the same filter.'),
})

/** Where in a list a page is. */
export type PageOf = {
  readonly filter?: ExpenseFilter
  /** @default true */
  readonly isFirst?: boolean
}

/** The answer to what was done to one expense, e.g. `Saved`. */
export function showExpense(done: string, expense: StoredExpense): CallToolResult {
  return {
    content: [{ type: 'text', text: `${done} ${describe(expense)}. Its id is ${expense.id}.` }],
    structuredContent: toStructured(expense),
  }
}

/** An expense in a few words, with the weekday: it shows whether "last Friday" was understood. */
export function describe(expense: StoredExpense): string {
  const { date, category, description, payment_method } = expense
  return `${money(expense)} for ${description} on ${weekday(date)}, ${date} (category ${category}, paid with ${payment_method})`
}

/** The answer to a person who asks for their expenses; `currency` is the server's. */
export function showList(list: ExpenseList, currency: Currency, page: PageOf = {}): CallToolResult {
  return {
    content: [{ type: 'text', text: listText(list, page) }],
    structuredContent: toStructuredList(list, currency),
  }
}

/** The list as `EXPENSES` has it, the figures first: some clients give a model the beginning alone. */
export function toStructuredList(
  { expenses, totals, next }: ExpenseList,
  currency: Currency,
): z.infer<typeof EXPENSES> {
  const own = totals.find((total) => total.currency === currency.code)
  const others = totals.filter((total) => total !== own)
  return {
    count: countOf(totals),
    total: own ? Number(sumOf(own)) : 0,
    currency: currency.code,
    ...(others.length > 0 && {
      other_totals: others.map((o) => ({ total: Number(sumOf(o)), currency: o.currency })),
    }),
    ...(next !== undefined && { next_cursor: next }),
    expenses: expenses.map(toStructured),
  }
}

/** An expense as `EXPENSE` has it. */
export function toStructured(expense: StoredExpense): z.infer<typeof EXPENSE> {
  return {
    id: expense.id,
    date: expense.date,
    amount: Number(toDecimal(expense.minorUnits, currencyOf(expense.currency))),
    currency: expense.currency,
    category: expense.category,
    description: expense.description,
    payment_method: expense.payment_method,
    created: expense.created,
  }
}

/** How many expenses there are in all currencies. */
export function countOf(totals: readonly CurrencyTotal[]): number {
  return totals.reduce((sum, total) => sum + total.count, 0)
}

/** A number of expenses in words. */
export function countInWords(count: number): string {
  return count === 1 ? '1 expense' : `${count} expenses`
}

/** A sum as a decimal of its currency. */
export function sumOf({ minorUnits, currency }: CurrencyTotal): string {
  return toDecimal(minorUnits, currencyOf(currency))
}

function listText({ expenses, totals, next }: ExpenseList, { filter, isFirst = true }: PageOf) {
  const count = countOf(totals)
  if (count === 0) {
    const isFiltered = Object.keys(filter ?? {}).length > 0
    return isFiltered ? 'No expense fits this filter.' : 'There are no expenses yet.'
  }
  const sums = totals.map((total) => `${sumOf(total)} ${total.currency}`).join(' and ')
  const one = isFirst ? 'the newest follows' : '1 more follows'
  const many = isFirst ? `the newest ${expenses.length} follow` : `${expenses.length} more follow`
  const which = expenses.length === 1 ? one : many
  const shown = expenses.length < count ? `; ${which}` : ''
  // Many clients give a model the text alone: the id has to be in it.
  const lines = expenses.map(
    (e) =>
      `${e.date} | ${money(e)} | ${e.category} | ${e.payment_method} | ${e.description} | ${e.id}`,
  )
  const more = next === undefined ? [] : [`There are more: with the same filter and cursor ${next}`]
  return [`${countInWords(count)}, ${sums} in total${shown}.`, ...lines, ...more].join('\n')
}

function money({ minorUnits, currency }: StoredExpense): string {
  return `${toDecimal(minorUnits, currencyOf(currency))} ${currency}`
}

const WEEKDAYS = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ')

/** Not by `Intl`, which costs a start 20 ms and 8 MB. */
function weekday(date: string): string {
  return WEEKDAYS[new Date(`${date}T00:00:00Z`).getUTCDay()] ?? ''
}
