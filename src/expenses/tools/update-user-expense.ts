import { changeArguments, given, trimDescription } from '../arguments.ts'
import type { Owner } from '../expense-store.ts'
import { toMinorUnits } from '../money.ts'
import { EXPENSE, showExpense } from '../results.ts'
import { prepareTool, type ToolsOptions, toolError } from './tool.ts'
import { unknownId } from './unknown-id.ts'

const REFUSED = 'The expense was not changed'

export function updateUserExpense({ expenses, currency, log }: ToolsOptions) {
  /** Amounts are given in today's currency: 1600 yen must not become 1600 dollars. */
  const findOtherCurrency = async (owner: Owner, id: string) => {
    const found = await expenses.find(owner, id)
    return found && found.currency !== currency.code ? found.currency : undefined
  }

  return prepareTool(
    {
      name: 'update_user_expense',
      title: 'Change an expense',
      description:
        'Changes one expense of the signed-in user, named by its id, and returns it as it is afterwards. Give only what changes; what was there before is gone. Look the id up with get_expenses first.',
      input: changeArguments(currency),
      output: EXPENSE,
      annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true },
      refused: REFUSED,
      failed: 'the server cannot write to its storage now.',
      event: 'expenses.update_failed',
      uncertain:
        'It is not known whether the expense was changed: the answer of the storage was lost. Look with get_expenses; to send the same change again does no harm.',
      async run(owner, { id, amount, description, ...rest }) {
        const other = amount === undefined ? undefined : await findOtherCurrency(owner, id)
        if (other !== undefined) {
          return toolError(
            `${REFUSED}: it was recorded in ${other}, and amounts are in ${currency.code} now. Leave amount out; or delete the expense and add it again with its amount in ${currency.code}.`,
          )
        }
        const changes = given({
          ...rest,
          minorUnits: amount && toMinorUnits(amount, currency),
          description: description && trimDescription(description),
        })
        const stored = await expenses.update(owner, id, changes)
        if (!stored) return unknownId(REFUSED)
        const { tid, oid } = owner
        log({ event: 'expenses.updated', message: 'An expense was changed.', id, tid, oid })
        return showExpense('Changed. Now it is', stored)
      },
    },
    log,
  )
}
