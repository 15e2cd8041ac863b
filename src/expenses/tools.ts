import type { CallToolResult, McpServer } from '@modelcontextprotocol/server'
import { z } from 'zod'
import type { ProtectedContext } from '../index.ts'
import type { Log } from '../log.ts'
import { advertise } from './advertise.ts'
import { expenseArguments, showGiven, trimDescription } from './expense.ts'
import { type ExpenseStore, type Owner, UncertainError } from './expense-store.ts'
import { type Currency, toMinorUnits } from './money.ts'
import { EXPENSE, EXPENSES, showAdded, showList } from './results.ts'

export type ToolsOptions = {
  readonly expenses: Pick<ExpenseStore, 'add' | 'list'>
  readonly currency: Currency
  readonly now: () => Date
  readonly log: Log
}

/** Takes which tool was called, and what came of it. */
export type AuditTool = ProtectedContext['auditTool']

/** Registers the tools on the server of one request, for the person who sent it. */
export type RegisterTools = (server: McpServer, owner: Owner, audit?: AuditTool) => void

// More than a model can read; it bounds what one call costs everybody else.
const MAX_LISTED = 10_000

/** Prepares both tools once, so that a request only has to register them. */
export function prepareTools(options: ToolsOptions): RegisterTools {
  const add = prepareAddUserExpense(options)
  const get = prepareGetExpenses(options)

  return (server, owner, audit) => {
    const tell = async (tool: string, called: Promise<CallToolResult>) => {
      const result = await called
      audit?.(tool, result.isError ? 'failure' : 'success')
      return result
    }
    server.registerTool('add_user_expense', add.config, (args) =>
      tell('add_user_expense', add.call(owner, args)),
    )
    server.registerTool('get_expenses', get.config, (args) =>
      tell('get_expenses', get.call(owner, args)),
    )
  }
}

function prepareAddUserExpense({ expenses, currency, now, log }: ToolsOptions) {
  const schema = expenseArguments(currency)
  const config = {
    title: 'Add an expense',
    description: `Records one expense of the signed-in user, in ${currency.code}, and returns it with its id. Each call adds another expense: do not repeat one that was confirmed.`,
    inputSchema: advertise(schema, 'input'),
    outputSchema: advertise(EXPENSE, 'output'),
    annotations: {
      readOnlyHint: false,
      destructiveHint: false,
      idempotentHint: false,
      openWorldHint: false,
    },
  }
  const call = async (owner: Owner, args: unknown): Promise<CallToolResult> => {
    const parsed = schema.safeParse(args)
    if (!parsed.success) return refuse('The expense was not saved.', parsed.error, schema)
    const { amount, description, ...rest } = parsed.data
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
      log({ event: 'expenses.added', message: 'An expense was saved.', id: stored.id, tid, oid })
      return showAdded(stored)
    } catch (error) {
      logFailure(log, 'expenses.add_failed', owner, error)
      return toolError(
        error instanceof UncertainError
          ? 'It is not known whether the expense was saved: the answer of the storage was lost. Look with get_expenses before you add it again.'
          : 'The expense was not saved: the server cannot write to its storage now.',
      )
    }
  }
  return { config, call }
}

function prepareGetExpenses({ expenses, currency, log }: ToolsOptions) {
  const schema = z.strictObject({})
  const config = {
    title: 'List my expenses',
    description:
      "Returns the signed-in user's own expenses, the newest date first, with their number and their total. Takes no arguments.",
    inputSchema: advertise(schema, 'input'),
    outputSchema: advertise(EXPENSES, 'output'),
    annotations: {
      readOnlyHint: true,
      destructiveHint: false,
      idempotentHint: true,
      openWorldHint: false,
    },
  }
  const call = async (owner: Owner, args: unknown): Promise<CallToolResult> => {
    const parsed = schema.safeParse(args)
    if (!parsed.success) return refuse('The expenses were not read.', parsed.error, schema)
    try {
      return showList(await expenses.list(owner, { limit: MAX_LISTED }), currency)
    } catch (error) {
      logFailure(log, 'expenses.list_failed', owner, error)
      return toolError('The expenses were not read: the server cannot reach its storage now.')
    }
  }
  return { config, call }
}

/** Names every wrong argument at once: what was given, and what is accepted. */
function refuse(outcome: string, error: z.ZodError, schema: z.ZodObject): CallToolResult {
  const names = Object.keys(schema.shape)
  const known = names.length > 0 ? `The arguments are ${names.join(', ')}.` : 'The tool takes none.'
  const lines = error.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.slice(0, 10).map((key) => `- ${showGiven(key)}: no such argument. ${known}`)
      : `- ${issue.path.join('.') || 'arguments'}: ${issue.message}`,
  )
  return toolError([outcome, ...lines].join('\n'))
}

function toolError(text: string): CallToolResult {
  return { isError: true, content: [{ type: 'text', text }] }
}

function logFailure(log: Log, event: string, { tid, oid }: Owner, error: unknown): void {
  const reason = error instanceof Error ? error.message : String(error)
  log({ event, level: 'error', message: `The expenses storage failed: ${reason}`, tid, oid })
}
