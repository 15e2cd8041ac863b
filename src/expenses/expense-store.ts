import type { Expense } from './expense.ts'

/** Whose expenses: object id and tenant id together, since one object id can exist in two tenants. */
export type Owner = { readonly tid: string; readonly oid: string }

export type StoredExpense = Expense & { readonly id: string }

/** How many expenses there are in one currency, and their sum. */
export type CurrencyTotal = {
  readonly currency: string
  readonly count: number
  readonly minorUnits: bigint
}

export type ExpenseList = {
  /** The newest date first; on the same date, the one recorded last first. */
  readonly expenses: readonly StoredExpense[]
  /** Over all expenses of the owner, including those beyond the limit. */
  readonly totals: readonly CurrencyTotal[]
}

/** Some of everybody's expenses, in the order in which they were recorded. */
export type ExpensePage = {
  readonly expenses: readonly { readonly owner: Owner; readonly expense: StoredExpense }[]
  /** Where the next page begins; undefined after the last one. */
  readonly next?: string | undefined
}

/** Keeps expenses, each the owner's and nobody else's. */
export type ExpenseStore = {
  /** What to call it in logs and errors. No credentials. */
  readonly name: string
  /**
   * Connects and brings the schema up to date. Called before anything else, and again after a
   * rejection: a `ConfigError` is for good, all else may pass.
   */
  connect(): Promise<void>
  /**
   * Resolves once the expense is kept for good. A rejection means that it was not stored, but for an
   * `UncertainError`: then it may have been.
   */
  add(owner: Owner, expense: Expense): Promise<StoredExpense>
  list(owner: Owner, options?: { limit?: number }): Promise<ExpenseList>
  /** Walks everybody's, some `limit` at a time, to copy them to another store. */
  page(query: { readonly after?: string | undefined; readonly limit: number }): Promise<ExpensePage>
  /** Stores one as it was elsewhere, unless its id is there; tells whether it did. */
  put(owner: Owner, expense: StoredExpense): Promise<boolean>
  /** Stores what is still waiting, then lets go of the file or the connections. */
  close(): Promise<void>
}

/** The answer to a write was lost, and so were those to its repetitions: it may have been done. */
export class UncertainError extends Error {
  override readonly name = 'UncertainError'
}
