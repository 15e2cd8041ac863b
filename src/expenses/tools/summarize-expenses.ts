import { given, summaryArguments } from '../arguments.ts'
import { SPENDING_APP_META } from '../spending-app.ts'
import { SUMMARY, showSummary } from '../summary.ts'
import { prepareTool, type ToolsOptions } from './tool.ts'

export function summarizeExpenses({ expenses, currency, log }: ToolsOptions) {
  return prepareTool(
    {
      name: 'summarize_expenses',
      title: 'Sum up my expenses',
      description: `Sums up the signed-in user's own expenses: total, number, average and the largest one, by category, payment method and month, in ${currency.code}. Without arguments it is about all expenses; from and to make it a period. Work out periods such as "this month" from the current date where the user is. Clients that can, show it as a chart.`,
      input: summaryArguments(),
      output: SUMMARY,
      annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true },
      meta: SPENDING_APP_META,
      refused: 'The expenses were not summed up',
      failed: 'the server cannot reach its storage now.',
      event: 'expenses.summarize_failed',
      async run(owner, args) {
        const filter = given(args)
        return showSummary(await expenses.summarize(owner, filter), filter, currency)
      },
    },
    log,
  )
}
