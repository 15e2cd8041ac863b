import { z } from 'zod'
import { type Currency, MAX_AMOUNT, toMinorUnits } from './money.ts'

/** What an expense can be for. */
export const CATEGORIES = [
  'food',
  'transport',
  'entertainment',
  'shopping',
  'gadget',
  'other',
] as const

/** What an expense can be paid with. */
export const PAYMENT_METHODS = ['amex', 'visa', 'cash'] as const

export type Category = (typeof CATEGORIES)[number]
export type PaymentMethod = (typeof PAYMENT_METHODS)[number]

/** An expense, checked, before it has been stored. */
export type Expense = {
  /** The day, as YYYY-MM-DD. */
  readonly date: string
  /** The amount as an integer, e.g. cents. */
  readonly minorUnits: number
  /** ISO 4217. */
  readonly currency: string
  readonly category: Category
  readonly description: string
  readonly payment_method: PaymentMethod
  /** The moment it was recorded, ISO 8601 in UTC. */
  readonly created: string
}

const FIRST_DATE = '1970-01-01'
const LAST_DATE = '2099-12-31'
const MAX_DESCRIPTION = 500
const DECIMAL_WORDS = ['no decimals', 'at most one decimal', 'at most two decimals']

/** The arguments of `add_user_expense` as a schema whose messages a person and a model can act on. */
export function expenseArguments(currency: Currency) {
  return z.strictObject({
    date: z
      .string({ error: refusal(ACCEPTED.date) })
      .refine(isCalendarDate, { error: refusal(ACCEPTED.date) })
      .meta({
        format: 'date',
        description:
          'The day of the expense, as YYYY-MM-DD. Work out words such as "yesterday" or "last Friday" from the current date where the user is.',
        examples: ['2026-10-02'],
      }),
    amount: amountArgument(currency),
    category: z
      .enum(CATEGORIES, { error: refusal(ACCEPTED.category) })
      .describe(
        'What the expense is for. food: groceries, meals, drinks. transport: taxi, train, flight, fuel, parking. entertainment: cinema, concerts, games, subscriptions to watch or listen. shopping: goods of daily use, such as office supplies, clothes, household things. gadget: electronics and their accessories. other: only when none of these fits.',
      ),
    description: z
      .string({ error: refusal(ACCEPTED.description) })
      .refine(isDescription, { error: refusal(ACCEPTED.description) })
      .meta({
        minLength: 1,
        maxLength: MAX_DESCRIPTION,
        description:
          "What was bought, in the user's words, without amount, date or payment method: one line.",
        examples: ['office supplies'],
      }),
    payment_method: z
      .enum(PAYMENT_METHODS, { error: refusal(ACCEPTED.payment_method) })
      .describe(
        'How it was paid. amex: an American Express card. visa: a Visa card. cash: notes and coins.',
      ),
  })
}

/** A description as it is stored. */
export function trimDescription(text: string): string {
  return text.trim()
}

const ACCEPTED = {
  date: `Give a day that exists in the calendar, as YYYY-MM-DD, from ${FIRST_DATE} to ${LAST_DATE}.`,
  category: `Give one of ${CATEGORIES.join(', ')}.`,
  description: `Give one line of text, 1 to ${MAX_DESCRIPTION} characters, with no line breaks or control characters.`,
  payment_method: `Give one of ${PAYMENT_METHODS.join(', ')}.`,
}

function amountArgument(currency: Currency) {
  const { minorDigits, code } = currency
  const decimals = DECIMAL_WORDS[minorDigits] ?? `at most ${minorDigits} decimals`
  const error = refusal(
    `Give a number, not text, above 0 and at most ${MAX_AMOUNT}, with ${decimals}, in ${code}.`,
  )
  // No `multipleOf: 0.01`: validators divide, and refuse 75.1 for its remainder.
  return z
    .number({ error })
    .refine((amount) => toMinorUnits(amount, currency) !== undefined, { error })
    .meta({
      exclusiveMinimum: 0,
      maximum: MAX_AMOUNT,
      description: `How much was spent, in ${code}: a number above 0 with ${decimals}, without a currency sign.`,
      examples: [75],
    })
}

function isCalendarDate(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text) || text < FIRST_DATE || text > LAST_DATE) return false
  const date = new Date(`${text}T00:00:00Z`)
  // Date turns 30 February into 2 March where it does not refuse it.
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text)
}

function isDescription(text: string): boolean {
  const trimmed = trimDescription(text)
  // A lone surrogate could not be stored as it is; a line separator would forge a line of the list.
  if (!trimmed.isWellFormed() || /[\p{Cc}\p{Zl}\p{Zp}]/u.test(trimmed)) return false
  return /[^\s\p{Cf}]/u.test(trimmed) && [...trimmed].length <= MAX_DESCRIPTION
}

function refusal(accepted: string): (issue: { input?: unknown }) => string {
  return ({ input }) =>
    input === undefined
      ? `missing. ${accepted}`
      : `${showGiven(input)} is not accepted. ${accepted}`
}

/** A value from outside as one short visible line. */
export function showGiven(value: unknown): string {
  const visible = (JSON.stringify(value) ?? String(value)).replace(
    /[\p{C}\p{Zl}\p{Zp}]/gu,
    (char) => `\\u{${(char.codePointAt(0) as number).toString(16)}}`,
  )
  const characters = [...visible]
  return characters.length <= 80 ? visible : `${characters.slice(0, 80).join('')}…`
}
