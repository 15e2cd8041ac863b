import type { ExpenseChanges, StoredExpense } from './expense-store.ts'

/** The expense after a change; what was not given stays. */
export function changeExpense(current: StoredExpense, changes: ExpenseChanges): StoredExpense {
  const { date, minorUnits, currency, category, description, payment_method } = changes
  const fields = { date, minorUnits, currency, category, description, payment_method }
  const given = Object.entries(fields).filter(([, value]) => value !== undefined)
  return { ...current, ...Object.fromEntries(given) }
}
