import { expenseArguments, trimDescription } from '../arguments.ts'
import { TooManyError } from '../expense-store.ts'
import { toMinorUnits } from '../money.ts'
import { EXPENSE, showExpense } from '../results.ts'
import { prepareTool, type ToolsOptions, toolError } from './tool.ts'

const REFUSED = 'The expense was not saved'

export function addUserExpense({ expenses, currency, now, log }: ToolsOptions) {
  return prepareTool(
    {
      name: 'add_user_expense',
      title: 'Add an expense',
      description: `Records one expense of the signed-in user, in ${currency.code}, and returns it with its id. Each call adds another expense: do not repeat one that was confirmed.`,
      input: expenseArguments(currency),
      output: EXPENSE,
      annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: false },
      refused: REFUSED,
      failed: 'the server cannot write to its storage now.',
      event: 'expenses.add_failed',
      uncertain:
        'It is not known whether the expense was saved: the answer of the storage was lost. Look with get_expenses before you add it again.',
      async run(owner, { amount, description, ...rest }) {
        const expense = {
          ...rest,
          minorUnits: toMinorUnits(amount, currency) as number,
          currency: currency.code,
          description: trimDescription(description),
          created: now().toISOString(),
        }
        try {
          const stored = await expenses.add(owner, expense)
          const { tid, oid } = owner
          log({
            event: 'expenses.added',
            message: 'An expense was saved.',
            id: stored.id,
            tid,
            oid,
          })
          return showExpense('Saved', stored)
        } catch (error) {
          if (!(error instanceof TooManyError)) throw error
          return toolError(
            `${REFUSED}: the user has ${error.limit} expenses, as many as one person may have. Old ones can be deleted with delete_user_expense.`,
          )
        }
      },
    },
    log,
  )
}
