import type { CallToolResult } from '@modelcontextprotocol/server'
import { z } from 'zod'
import { CATEGORIES, PAYMENT_METHODS } from './expense.ts'
import type { CurrencyTotal, ExpenseList, StoredExpense } from './expense-store.ts'
import { type Currency, currencyOf, toDecimal } from './money.ts'

/** What `add_user_expense` answers: the expense as it was stored. */
export const EXPENSE = z.object({
  id: z.string().describe('Names this expense.'),
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
  count: z.int().min(0).describe('How many expenses there are; `expenses` may hold fewer.'),
  total: z.number().describe('The sum of all expenses in `currency`.'),
  currency: z.string().describe('The currency that new expenses are recorded in (ISO 4217).'),
  other_totals: z
    .array(z.object({ total: z.number(), currency: z.string() }))
    .optional()
    .describe('Sums of the expenses recorded in other currencies, where there are any.'),
})

/** The answer to an expense that is stored. */
export function showAdded(expense: StoredExpense): CallToolResult {
  const { date, category, description, payment_method, id } = expense
  const text = `Saved ${money(expense)} for ${description} on ${weekday(date)}, ${date} (category ${category}, paid with ${payment_method}). Its id is ${id}.`
  return { content: [{ type: 'text', text }], structuredContent: toStructured(expense) }
}

/** The answer to a person who asks for their expenses; `currency` is the server's. */
export function showList(list: ExpenseList, currency: Currency): CallToolResult {
  const count = list.totals.reduce((sum, total) => sum + total.count, 0)
  const own = list.totals.find((total) => total.currency === currency.code)
  const others = list.totals.filter((total) => total !== own)
  return {
    content: [{ type: 'text', text: listText(list, count) }],
    structuredContent: {
      expenses: list.expenses.map(toStructured),
      count,
      total: own ? Number(sumOf(own)) : 0,
      currency: currency.code,
      ...(others.length > 0 && {
        other_totals: others.map((o) => ({ total: Number(sumOf(o)), currency: o.currency })),
      }),
    },
  }
}

function toStructured(expense: StoredExpense): z.infer<typeof EXPENSE> {
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

function listText({ expenses, totals }: ExpenseList, count: number): string {
  if (count === 0) return 'There are no expenses yet.'
  const sums = totals.map((total) => `${sumOf(total)} ${total.currency}`).join(' and ')
  const shown = expenses.length < count ? `; the newest ${expenses.length} follow` : ''
  const lines = expenses.map(
    (e) => `${e.date} | ${money(e)} | ${e.category} | ${e.payment_method} | ${e.description}`,
  )
  const noun = count === 1 ? 'expense' : 'expenses'
  return [`${count} ${noun}, ${sums} in total${shown}.`, ...lines].join('\n')
}

function money({ minorUnits, currency }: StoredExpense): string {
  return `${toDecimal(minorUnits, currencyOf(currency))} ${currency}`
}

function sumOf({ minorUnits, currency }: CurrencyTotal): string {
  return toDecimal(minorUnits, currencyOf(currency))
}

// The weekday lets the person see whether "last Friday" was understood.
const WEEKDAY = new Intl.DateTimeFormat('en-US', { weekday: 'long', timeZone: 'UTC' })

function weekday(date: string): string {
  return WEEKDAY.format(new Date(`${date}T00:00:00Z`))
}
