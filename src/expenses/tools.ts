import type { CallToolResult, McpServer } from '@modelcontextprotocol/server'
import type { ProtectedContext } from '../index.ts'
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

/** Prepares the tools once, so that a request only has to register them. */
export function prepareTools(options: ToolsOptions): RegisterForOwner {
  const tools = [
    addUserExpense(options),
    getExpenses(options),
    summarizeExpenses(options),
    updateUserExpense(options),
    deleteUserExpense(options),
  ]
  return (server, owner, audit) => {
    const tell = async (tool: string, called: Promise<CallToolResult>) => {
      const result = await called
      audit?.(tool, result.isError ? 'failure' : 'success')
      return result
    }
    for (const { name, config, call } of tools) {
      server.registerTool(name, config, (args) => tell(name, call(owner, args)))
    }
  }
}
