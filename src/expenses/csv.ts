import type { StoredExpense } from './expense-store.ts'
import { currencyOf, toDecimal } from './money.ts'

const HEADER = [
  'date',
  'amount',
  'currency',
  'category',
  'description',
  'payment_method',
  'id',
  'created',
]

/** Without it, Excel takes UTF-8 for the code page of the machine. */
const BYTE_ORDER_MARK = '\uFEFF'

/**
 * Expenses as CSV (RFC 4180, UTF-8 with a byte order mark, a header row), amounts as plain decimals
 * with a point, and no cell that a spreadsheet takes for a formula.
 */
export function toCsv(expenses: readonly StoredExpense[]): string {
  const rows = expenses.map((expense) => [
    expense.date,
    toDecimal(expense.minorUnits, currencyOf(expense.currency)),
    expense.currency,
    expense.category,
    expense.description,
    expense.payment_method,
    expense.id,
    expense.created,
  ])
  return BYTE_ORDER_MARK + [HEADER, ...rows].map(toRow).join('')
}

// Where a cell begins for some program: for those that part cells at semicolons (Excel where the
// comma is the decimal sign) or at tabs (what is pasted) no quotes around the cell are in the way.
// There, what some of them skip may stand before the sign. An apostrophe is doubled, so that each
// one that was put there can be told from one that was there.
const FORMULA = /^(?=[\t\r\n])|(?<=^|[;\t\r\n])(?=[\p{Z}\p{Cf}\v\f"']*[=+\-@＝＋－＠]|')/gu

/**
 * A text that no spreadsheet takes for a formula: with an apostrophe where one would begin. Whoever
 * drops one apostrophe at the beginning, and one after each semicolon, tab and line break, has the
 * text again.
 */
export function defuse(text: string): string {
  return text.replace(FORMULA, "'")
}

function toRow(cells: readonly string[]): string {
  return `${cells.map((cell) => toCell(defuse(cell))).join(',')}\r\n`
}

function toCell(text: string): string {
  return /[",;\t\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
