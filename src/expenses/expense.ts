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
