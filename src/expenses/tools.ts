import { type McpServer, ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/server'
import type { ProtectedContext } from '../index.ts'
import { showGiven } from './arguments.ts'
import type { Owner } from './expense-store.ts'
import { addUserExpense } from './tools/add-user-expense.ts'
import { deleteUserExpense } from './tools/delete-user-expense.ts'
import { getExpenses } from './tools/get-expenses.ts'
import { summarizeExpenses } from './tools/summarize-expenses.ts'
import type { ToolsOptions } from './tools/tool.ts'
import { updateUserExpense } from './tools/update-user-expense.ts'

/** Takes which tool was called or which resource was read, and what came of it. */
export type AuditTool = ProtectedContext['auditTool']

/** Registers on the server of one request what is there for the person who sent it. */
export type RegisterForOwner = (server: McpServer, owner: Owner, audit?: AuditTool) => void

/**
 * Prepares the tools once. They are set on the SDK's inner server: its `registerTool` would make an
 * object with an accessor for each tool of each request. V8 puts accessors among its old objects,
 * where these keep all that the request has made until the next full collection.
 */
export function prepareTools(options: ToolsOptions): RegisterForOwner {
  const tools = [
    addUserExpense(options),
    getExpenses(options),
    summarizeExpenses(options),
    updateUserExpense(options),
    deleteUserExpense(options),
  ]
  const listed = tools.map((tool) => tool.listed)
  const calls = new Map(tools.map(({ listed: { name }, call }) => [name, call]))
  return ({ server }, owner, audit) => {
    server.setRequestHandler('tools/list', () => ({ tools: listed }))
    server.setRequestHandler('tools/call', async ({ params: { name, arguments: args = {} } }) => {
      const call = calls.get(name)
      if (!call) throw unknownTool(name, [...calls.keys()])
      const result = await call(owner, args)
      audit?.(name, result.isError ? 'failure' : 'success')
      return result
    })
  }
}

function unknownTool(name: string, known: readonly string[]): ProtocolError {
  const message = `There is no tool ${showGiven(name)}. There are ${known.join(', ')}.`
  return new ProtocolError(ProtocolErrorCode.InvalidParams, message)
}
