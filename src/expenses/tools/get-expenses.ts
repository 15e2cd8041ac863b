import { createHash } from 'node:crypto'
import { given, listArguments, trimDescription } from '../arguments.ts'
import { CursorError, type ExpenseFilter } from '../expense-store.ts'
import { EXPENSES, showList } from '../results.ts'
import { prepareTool, type ToolsOptions, toolError } from './tool.ts'

export function getExpenses({ expenses, currency, log }: ToolsOptions) {
  return prepareTool(
    {
      name: 'get_expenses',
      title: 'List my expenses',
      description:
        "Returns the signed-in user's own expenses, each with its id, the newest date first, with the number and the total of all that fit. Without arguments it is about all expenses. One answer holds 2000 at most, fewer where limit says so; where it has a next_cursor, there are more. For sums by category, month or payment method call summarize_expenses instead.",
      input: listArguments(),
      output: EXPENSES,
      annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true },
      refused: 'The expenses were not read',
      failed: 'the server cannot reach its storage now.',
      event: 'expenses.list_failed',
      async run(owner, { limit, cursor, text, ...rest }) {
        const filter = given({ ...rest, text: text && trimDescription(text) })
        const start = cursor && unmark(cursor, filter)
        if (start === null) return toolError(WRONG_CURSOR)
        try {
          const list = await expenses.list(owner, { ...filter, limit, ...given({ cursor: start }) })
          const next = list.next && mark(list.next, filter)
          return showList({ ...list, next }, currency, { filter, isFirst: start === undefined })
        } catch (error) {
          if (error instanceof CursorError) return toolError(WRONG_CURSOR)
          throw error
        }
      },
    },
    log,
  )
}

const WRONG_CURSOR =
  'The expenses were not read.\n- cursor: it does not belong to this filter. Give next_cursor as it was answered, with the same from, to, category, payment_method and text as there; or leave it out and begin with the first page.'

/** A cursor that tells its filter: with another one, pages would be left out unnoticed. */
function mark(cursor: string, filter: ExpenseFilter): string {
  return `${markOf(filter)}.${cursor}`
}

/** The store's cursor; null where it is another filter's. */
function unmark(marked: string, filter: ExpenseFilter): string | null {
  const prefix = `${markOf(filter)}.`
  return marked.startsWith(prefix) ? marked.slice(prefix.length) : null
}

function markOf({ from, to, category, payment_method, text }: ExpenseFilter): string {
  const parts = JSON.stringify([from, to, category, payment_method, text])
  return createHash('sha256').update(parts).digest('base64url').slice(0, 8)
}
