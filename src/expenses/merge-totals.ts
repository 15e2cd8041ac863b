import type { CurrencyTotal, ExpenseGroup } from './expense-store.ts'

/** One total for each currency, from several parts. */
export function mergeTotals(parts: readonly CurrencyTotal[]): CurrencyTotal[] {
  const merged = new Map<string, CurrencyTotal>()
  for (const { currency, count, minorUnits } of parts) {
    const before = merged.get(currency)
    merged.set(currency, {
      currency,
      count: count + (before?.count ?? 0),
      minorUnits: minorUnits + (before?.minorUnits ?? 0n),
    })
  }
  return [...merged.values()].toSorted((a, b) => compare(a.currency, b.currency))
}

/** Orders groups, the oldest month first. */
export function byMonth(a: ExpenseGroup, b: ExpenseGroup): number {
  return compare(a.month, b.month)
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}
