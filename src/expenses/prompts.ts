import { completable, type McpServer } from '@modelcontextprotocol/server'
import { z } from 'zod'
import { refusal } from './arguments.ts'
import { CATEGORIES, PAYMENT_METHODS } from './expense.ts'

const PERIODS = ['this month', 'last month', 'this year', 'last year', 'the last 30 days']
const MAX_PERIOD = 100

const PERIOD = `Give one line of text, at most ${MAX_PERIOD} characters, such as ${PERIODS.slice(0, 3).join(', ')} or 2026.`

/** Clients send what a person typed, and some an empty text for what was left out. */
const ARGUMENTS = z.strictObject({
  period: completable(
    z
      .string({ error: refusal(PERIOD) })
      .refine(isPeriod, { error: refusal(PERIOD) })
      .describe(`Which period, in words or days: ${PERIODS.join(', ')}. Empty: all expenses.`),
    startingWith(PERIODS),
  ).optional(),
  category: choice('category', CATEGORIES),
  payment_method: choice('payment method', PAYMENT_METHODS),
})

/** Registers the prompts: what people pick from their client's menu. */
export function registerPrompts(server: McpServer): void {
  server.registerPrompt('analyze_spending', ANALYZE_SPENDING, (args) => ({
    description: ANALYZE_SPENDING.description,
    messages: [{ role: 'user', content: { type: 'text', text: analyzeSpending(args) } }],
  }))
}

const ANALYZE_SPENDING = {
  title: 'Analyze my spending',
  description:
    'Where the money goes: totals, the largest parts, changes over time, what stands out, and what could be saved.',
  argsSchema: ARGUMENTS,
}

function analyzeSpending({ period, category, payment_method }: z.output<typeof ARGUMENTS>): string {
  const filter = [
    category && `category ${category}`,
    payment_method && `payment method ${payment_method}`,
  ]
  const only = filter.filter(Boolean).join(' and ')
  return `Analyze my spending${period ? ` in this period: ${period}` : ', over all my expenses'}.${only ? ` Look only at ${only}.` : ''}

1. ${period ? 'Work out the first and the last day of the period from the current date where I am, and call' : 'Call'} summarize_expenses${only ? ', with that filter' : ''}.
2. ${period ? 'Call it again for the period of the same length before, to compare.' : 'Compare the months with one another.'}
3. Where a figure needs an explanation, look at the single expenses with get_expenses.

Then tell me, briefly and with figures:
- how much I spent, how often, and how much on average;
- which categories and payment methods it went to;
- how it changed over time;
- what stands out: unusually large expenses, the same one twice, what comes back every month;
- two or three things that I could do to spend less.

Use only figures that the tools answered. Change and delete nothing.`
}

function choice(what: string, values: readonly string[]) {
  const error = refusal(`Give one of ${values.join(', ')}.`)
  return completable(
    z
      .string({ error })
      .refine((text) => text === '' || values.includes(text), { error })
      .describe(`Only this ${what}: ${values.join(', ')}. Empty: all.`),
    startingWith(values),
  ).optional()
}

function startingWith(values: readonly string[]) {
  return (text = '') => values.filter((value) => value.startsWith(text.toLowerCase()))
}

function isPeriod(text: string): boolean {
  return text.isWellFormed() && text.length <= MAX_PERIOD && !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(text)
}
