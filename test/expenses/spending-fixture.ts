/** What `summarize_expenses` answers where there is nothing. */
export const NOTHING = {
  currency: 'USD',
  count: 0,
  total: 0,
  average: 0,
  largest: null,
  by_category: [],
  by_payment_method: [],
  by_month: [],
}

/** One expense of that much in each month, as a summary. */
export function summaryOfMonths(
  totals: Readonly<Record<string, number>>,
  period: { from?: string; to?: string } = {},
) {
  const months = Object.entries(totals).map(([month, total]) => ({
    month,
    count: 1,
    total,
    average: total,
  }))
  const count = months.length
  const total = months.reduce((sum, each) => sum + each.total, 0)
  const group = { count, total, average: total / count }
  const [last = '2026-01'] = Object.keys(totals).slice(-1)
  return {
    ...period,
    currency: 'USD',
    ...group,
    largest: largest({ date: `${last}-05`, amount: totals[last] ?? 0 }),
    by_category: [{ category: 'food', ...group }],
    by_payment_method: [{ payment_method: 'visa', ...group }],
    by_month: months,
  }
}

/** An expense as the summary has it. */
export function largest(changes: Record<string, unknown> = {}) {
  return {
    id: 'an id',
    date: '2026-10-02',
    amount: 75,
    currency: 'USD',
    category: 'food',
    description: 'lunch',
    payment_method: 'visa',
    created: '2026-10-02T12:00:00.000Z',
    ...changes,
  }
}
