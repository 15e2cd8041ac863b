import type { Category, Expense, PaymentMethod } from './expense.ts'

/** Whose expenses: object id and tenant id together, since one object id can exist in two tenants. */
export type Owner = { readonly tid: string; readonly oid: string }

export type StoredExpense = Expense & { readonly id: string }

/** How many expenses there are in one currency, and their sum. */
export type CurrencyTotal = {
  readonly currency: string
  readonly count: number
  readonly minorUnits: bigint
}

/** Which expenses: those that meet all that is given. */
export type ExpenseFilter = {
  /** The first day, YYYY-MM-DD. */
  readonly from?: string | undefined
  /** The last day, YYYY-MM-DD. */
  readonly to?: string | undefined
  readonly category?: Category | undefined
  readonly payment_method?: PaymentMethod | undefined
  /** A part of the description, in small or capital letters. */
  readonly text?: string | undefined
}

export type ExpenseQuery = ExpenseFilter & {
  /** How many at most. @default all of them */
  readonly limit?: number | undefined
  /** Where a list goes on: `next` of the one before. */
  readonly cursor?: string | undefined
}

export type ExpenseList = {
  /** The newest date first; on the same date, the one recorded last first. */
  readonly expenses: readonly StoredExpense[]
  /** Over all expenses that the filter lets through, including those beyond the limit. */
  readonly totals: readonly CurrencyTotal[]
  /** The cursor of the rest; undefined where there is none. */
  readonly next?: string | undefined
}

/** What there is of one kind in one month. */
export type ExpenseGroup = CurrencyTotal & {
  /** YYYY-MM. */
  readonly month: string
  readonly category: Category
  readonly payment_method: PaymentMethod
}

export type ExpenseSummary = {
  /** The oldest month first; none is empty. */
  readonly groups: readonly ExpenseGroup[]
  /** The largest of each currency; of several the newest. */
  readonly largest: readonly StoredExpense[]
}

/** What can be changed of an expense. */
export type ExpenseChanges = Partial<Omit<Expense, 'created'>>

/** An expense as one store hands it to another. */
export type CopiedExpense = {
  readonly owner: Owner
  readonly expense: StoredExpense
  /** 1, and one more with each change. */
  readonly version: number
}

/** That an expense is gone. */
export type Deletion = {
  readonly owner: Owner
  readonly id: string
  /** The version that was deleted. */
  readonly version: number
}

/** Some of everybody's, in the order in which they came. */
export type Walk<T> = {
  readonly items: readonly T[]
  /** Where the next page begins; undefined after the last one. */
  readonly next?: string | undefined
}

export type WalkQuery = { readonly after?: string | undefined; readonly limit: number }

/** What expenses are copied from. */
export type ExpenseSource = {
  /** What to call it in logs and errors. No credentials. */
  readonly name: string
  /** Walks everybody's expenses, in the order in which they were recorded. */
  page(query: WalkQuery): Promise<Walk<CopiedExpense>>
  /** Walks what is remembered of everybody's deleted ones. */
  deletions(query: WalkQuery): Promise<Walk<Deletion>>
  /** Stores what is still waiting, then lets go of the file or the connections. */
  close(): Promise<void>
}

/** Keeps expenses, each the owner's and nobody else's. */
export type ExpenseStore = ExpenseSource & {
  /**
   * Connects and brings the schema up to date. Called before anything else, and again after a
   * rejection: a `ConfigError` is for good, all else may pass.
   */
  connect(): Promise<void>
  /**
   * Resolves once the expense is kept for good. A rejection means that it was not stored, but for an
   * `UncertainError`: then it may have been. A `TooManyError` where there are as many as may be.
   */
  add(owner: Owner, expense: Expense): Promise<StoredExpense>
  /** Rejects with a `CursorError` where the cursor is none of a list's. */
  list(owner: Owner, query?: ExpenseQuery): Promise<ExpenseList>
  find(owner: Owner, id: string): Promise<StoredExpense | undefined>
  /** Gives the whole expense after it; undefined: the owner has none of this id. Rejects as `add` does. */
  update(owner: Owner, id: string, changes: ExpenseChanges): Promise<StoredExpense | undefined>
  /** Gives the one that is gone; undefined: the owner has none of this id. Rejects as `add` does. */
  delete(owner: Owner, id: string): Promise<StoredExpense | undefined>
  summarize(owner: Owner, filter?: ExpenseFilter): Promise<ExpenseSummary>
  /**
   * Stores one as it is elsewhere. Of two with one id the one that was changed more often stays, and
   * one that was deleted stays so. `kept`: what was here is as it was.
   */
  put(copied: CopiedExpense): Promise<'added' | 'changed' | 'kept'>
  /** Deletes what was deleted elsewhere, unless it was changed here since; tells whether it did. */
  putDeletion(deletion: Deletion): Promise<boolean>
}

/** The answer to a write was lost, and so were those to its repetitions: it may have been done. */
export class UncertainError extends Error {
  override readonly name = 'UncertainError'
}

/** What was given as a cursor did not come from a list. */
export class CursorError extends RangeError {
  override readonly name = 'CursorError'

  constructor() {
    super('This cursor is none that a list gave.')
  }
}

/** Somebody has as many expenses as one person may have. */
export class TooManyError extends Error {
  override readonly name = 'TooManyError'
  readonly limit: number

  constructor(limit: number) {
    super(`One person may have ${limit} expenses at most, and has.`)
    this.limit = limit
  }
}

/** How many expenses one person may have: it bounds what an agent that runs wild leaves behind. */
export const MAX_EXPENSES = 1_000_000

/** How many of the expenses that one person deleted are remembered, for copies. */
export const MAX_DELETIONS = 10_000
