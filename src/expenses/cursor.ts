import { CursorError } from './expense-store.ts'

/** A place in a list: behind this expense. What is added or deleted meanwhile does not move it. */
export type Position = { readonly date: string; readonly seq: number }

const FORM = /^(\d{4}-\d{2}-\d{2})\.(\d{1,15})$/

/** A position as one opaque word. */
export function toCursor({ date, seq }: Position): string {
  return Buffer.from(`${date}.${seq}`).toString('base64url')
}

/** Reads what `toCursor` made. Throws `CursorError`. */
export function readCursor(cursor: string): Position {
  // Longer than any; what is read need not be bounded elsewhere.
  const text = cursor.length <= 40 ? Buffer.from(cursor, 'base64url').toString('latin1') : ''
  const [, date = '', seq = ''] = FORM.exec(text) ?? []
  const time = Date.parse(`${date}T00:00:00Z`)
  // Date turns 30 February into 2 March where it does not refuse it.
  const isDay = !Number.isNaN(time) && new Date(time).toISOString().startsWith(date)
  const position = { date, seq: Number(seq) }
  // Another spelling of it would be no cursor that a list gave.
  if (!isDay || toCursor(position) !== cursor) throw new CursorError()
  return position
}
