// What one would write with the MCP SDK alone: two tools, expenses in memory, nobody is asked who they are.
import { randomUUID } from 'node:crypto'
import { createServer, type RequestListener } from 'node:http'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import { z } from 'zod'

const fields = {
  date: z.iso.date(),
  amount: z.number().positive(),
  category: z.enum(['food', 'transport', 'entertainment', 'shopping', 'gadget', 'other']),
  description: z.string().min(1).max(500),
  payment_method: z.enum(['amex', 'visa', 'cash']),
}
const Expense = z.object({ id: z.string(), ...fields, created: z.string() })
const expenses: z.infer<typeof Expense>[] = []

const handler = createMcpHandler(() => {
  const server = new McpServer({ name: 'expenses', version: '1.0.0' })
  server.registerTool(
    'add_user_expense',
    { description: 'Adds an expense.', inputSchema: z.object(fields), outputSchema: Expense },
    async (given) => {
      const expense = { id: randomUUID(), ...given, created: new Date().toISOString() }
      expenses.push(expense)
      return answer(expense)
    },
  )
  server.registerTool(
    'get_expenses',
    {
      description: 'Lists all expenses.',
      inputSchema: z.object({}),
      outputSchema: z.object({ expenses: z.array(Expense), count: z.number() }),
    },
    async () => answer({ count: expenses.length, expenses }),
  )
  return server
})

function answer(structuredContent: Record<string, unknown>) {
  const text = JSON.stringify(structuredContent)
  return { content: [{ type: 'text' as const, text }], structuredContent }
}

// The SDK's types and Node's differ under `exactOptionalPropertyTypes`, which few set.
const listener = toNodeHandler(handler) as RequestListener
createServer(listener).listen(Number(process.argv[2]), 'localhost')
