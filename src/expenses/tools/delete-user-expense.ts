import { idArguments } from '../arguments.ts'
import { EXPENSE, showExpense } from '../results.ts'
import { prepareTool, type ToolsOptions } from './tool.ts'
import { unknownId } from './unknown-id.ts'

const REFUSED = 'The expense was not deleted'

export function deleteUserExpense({ expenses, log }: ToolsOptions) {
  return prepareTool(
    {
      name: 'delete_user_expense',
      title: 'Delete an expense',
      description:
        'Deletes one expense of the signed-in user for good, named by its id, and returns what was deleted. Call it only when the user asked for it, once for each expense. Look the id up with get_expenses first.',
      input: idArguments(),
      output: EXPENSE,
      annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true },
      refused: REFUSED,
      failed: 'the server cannot write to its storage now.',
      event: 'expenses.delete_failed',
      uncertain:
        'It is not known whether the expense was deleted: the answer of the storage was lost. Look with get_expenses; to delete it again does no harm.',
      async run(owner, { id }) {
        const gone = await expenses.delete(owner, id)
        if (!gone) return unknownId(REFUSED)
        const { tid, oid } = owner
        log({ event: 'expenses.deleted', message: 'An expense was deleted.', id, tid, oid })
        return showExpense('Deleted', gone)
      },
    },
    log,
  )
}
