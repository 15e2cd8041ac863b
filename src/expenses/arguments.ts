import { z } from 'zod'
import { CATEGORIES, PAYMENT_METHODS } from './expense.ts'
import { type Currency, MAX_AMOUNT, toMinorUnits } from './money.ts'

const FIRST_DATE = '1970-01-01'
const LAST_DATE = '2099-12-31'
const MAX_DESCRIPTION = 500
// What somebody of ordinary habits spends in some years comes whole, as it always did.
const MAX_LIMIT = 2000
const MAX_CURSOR = 1000
const DECIMAL_WORDS = ['no decimals', 'at most one decimal', 'at most two decimals']

const ACCEPTED = {
  date: `Give a day that exists in the calendar, as YYYY-MM-DD, from ${FIRST_DATE} to ${LAST_DATE}.`,
  category: `Give one of ${CATEGORIES.join(', ')}.`,
  description: `Give one line of text, 1 to ${MAX_DESCRIPTION} characters, with no line breaks or control characters.`,
  payment_method: `Give one of ${PAYMENT_METHODS.join(', ')}.`,
  id: 'Give the id of an expense, as get_expenses answers it.',
  limit: `Give a whole number, not text, from 1 to ${MAX_LIMIT}.`,
  cursor: 'Give the next_cursor of an answer as it is, or leave it out for the first page.',
}

/** The arguments of `add_user_expense` as a schema whose messages a person and a model can act on. */
export function expenseArguments(currency: Currency) {
  return z.strictObject({
    date: dayArgument(
      'The day of the expense, as YYYY-MM-DD. Work out words such as "yesterday" or "last Friday" from the current date where the user is.',
    ),
    amount: amountArgument(currency),
    category: categoryArgument(
      'What the expense is for. food: groceries, meals, drinks. transport: taxi, train, flight, fuel, parking. entertainment: cinema, concerts, games, subscriptions to watch or listen. shopping: goods of daily use, such as office supplies, clothes, household things. gadget: electronics and their accessories. other: only when none of these fits.',
    ),
    description: textArgument(
      "What was bought, in the user's words, without amount, date or payment method: one line.",
    ),
    payment_method: paymentMethodArgument(
      'How it was paid. amex: an American Express card. visa: a Visa card. cash: notes and coins.',
    ),
  })
}

/** The arguments of `update_user_expense`: what an expense has, as far as it changes. */
export function changeArguments(currency: Currency) {
  const { shape } = expenseArguments(currency).partial()
  const names = Object.keys(shape)
  return z
    .strictObject({ id: idArgument(), ...shape })
    .refine((args) => names.some((name) => Object.hasOwn(args, name)), {
      error: `nothing to change. Give at least one of ${names.join(', ')}.`,
      when: hasObject,
    })
}

/** The arguments of `delete_user_expense`. */
export function idArguments() {
  return z.strictObject({ id: idArgument() })
}

/** The arguments of `get_expenses`: all are optional. */
export function listArguments() {
  return withPeriod({
    ...filterShape(),
    text: textArgument(
      'Only those whose description has this text in it; capitals and small letters are the same.',
    ).optional(),
    limit: limitArgument(),
    cursor: z
      .string({ error: refusal(ACCEPTED.cursor) })
      .min(1, { error: refusal(ACCEPTED.cursor) })
      .max(MAX_CURSOR, { error: refusal(ACCEPTED.cursor) })
      .describe('The next_cursor of the page before, with the same filter as there.')
      .optional(),
  })
}

/** The arguments of `summarize_expenses`: all are optional. */
export function summaryArguments() {
  return withPeriod(filterShape())
}

/** Whether a text is a day of the calendar, as it is accepted here. */
export function isCalendarDate(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text) || text < FIRST_DATE || text > LAST_DATE) return false
  const date = new Date(`${text}T00:00:00Z`)
  // Date turns 30 February into 2 March where it does not refuse it.
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text)
}

/** A description as it is stored. */
export function trimDescription(text: string): string {
  return text.trim()
}

/** What was given of optional arguments, without those that were not. */
export function given<Args extends object>(args: Args) {
  const entries = Object.entries(args).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries) as { [Name in keyof Args]?: Exclude<Args[Name], undefined> }
}

/** A value from outside as one short visible line. */
export function showGiven(value: unknown): string {
  const visible = toJson(value).replace(
    /[\p{C}\p{Zl}\p{Zp}]/gu,
    (char) => `\\u{${(char.codePointAt(0) as number).toString(16)}}`,
  )
  const characters = [...visible]
  return characters.length <= 80 ? visible : `${characters.slice(0, 80).join('')}…`
}

/** Deeper than some thousand levels JSON can be read, but not written. */
function toJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value)
  } catch {
    return 'a value that is nested too deep'
  }
}

/** What a schema says of a value that it does not accept: what was given, and what is accepted. */
export function refusal(accepted: string): (issue: { input?: unknown }) => string {
  return ({ input }) =>
    input === undefined
      ? `missing. ${accepted}`
      : `${showGiven(input)} is not accepted. ${accepted}`
}

function filterShape() {
  return {
    from: dayArgument('Only from this day on, as YYYY-MM-DD; the day itself counts.').optional(),
    to: dayArgument('Only up to this day, as YYYY-MM-DD; the day itself counts.').optional(),
    category: categoryArgument('Only this category.').optional(),
    payment_method: paymentMethodArgument('Only what was paid with this.').optional(),
  }
}

/** Refuses a period that ends before it begins: it would look as if nothing had been spent. */
function withPeriod<Shape extends ReturnType<typeof filterShape>>(shape: Shape) {
  return z.strictObject(shape).refine((args) => !isBackwards(args as Period), {
    path: ['to'],
    error: ({ input }) => {
      const { from, to } = input as Period
      return `${showGiven(to)} is before from, ${showGiven(from)}. Give the first day as from and the last day as to.`
    },
    when: hasObject,
  })
}

type Period = { readonly from?: unknown; readonly to?: unknown }

function isBackwards({ from, to }: Period): boolean {
  if (typeof from !== 'string' || typeof to !== 'string') return false
  return isCalendarDate(from) && isCalendarDate(to) && to < from
}

/** What is wrong with the whole is said beside what is wrong with its parts, not after it. */
function hasObject({ value }: { value: unknown }): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function dayArgument(description: string) {
  return z
    .string({ error: refusal(ACCEPTED.date) })
    .refine(isCalendarDate, { error: refusal(ACCEPTED.date) })
    .meta({ format: 'date', description, examples: ['2026-10-02'] })
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

function categoryArgument(description: string) {
  return z.enum(CATEGORIES, { error: refusal(ACCEPTED.category) }).describe(description)
}

function paymentMethodArgument(description: string) {
  return z.enum(PAYMENT_METHODS, { error: refusal(ACCEPTED.payment_method) }).describe(description)
}

function textArgument(description: string) {
  return z
    .string({ error: refusal(ACCEPTED.description) })
    .refine(isDescription, { error: refusal(ACCEPTED.description) })
    .meta({
      minLength: 1,
      maxLength: MAX_DESCRIPTION,
      description,
      examples: ['office supplies'],
    })
}

function limitArgument() {
  const error = refusal(ACCEPTED.limit)
  return z
    .int({ error })
    .min(1, { error })
    .max(MAX_LIMIT, { error })
    .describe(
      `How many at most; ${MAX_LIMIT} when it is left out. To look something up, 50 are enough.`,
    )
    .default(MAX_LIMIT)
}

function idArgument() {
  return z
    .string({ error: refusal(ACCEPTED.id) })
    .refine((text) => UUID.test(text), { error: refusal(ACCEPTED.id) })
    .meta({ format: 'uuid', description: 'Which expense: its id, as get_expenses answers it.' })
}

const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/

function isDescription(text: string): boolean {
  const trimmed = trimDescription(text)
  // A lone surrogate could not be stored as it is; a line separator would forge a line of the list.
  if (!trimmed.isWellFormed() || /[\p{Cc}\p{Zl}\p{Zp}]/u.test(trimmed)) return false
  return /[^\s\p{Cf}]/u.test(trimmed) && [...trimmed].length <= MAX_DESCRIPTION
}
