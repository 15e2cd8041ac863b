import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { createDesktop } from '../support/desktop.ts'
import { MCP_CLIENTS, type McpClient } from '../support/mcp-clients.ts'
import { type RunningEntrance, startEntrance } from '../support/start.ts'

// One server for all of them: whose expense is whose must hold among everybody.
let server: RunningEntrance
before(async () => {
  server = await startEntrance()
})
after(() => server.stop())

const skip = process.platform === 'win32' && 'programs open addresses otherwise on Windows.'

for (const client of MCP_CLIENTS) {
  suite(client.name, { skip }, () => {
    test('signs in as Alice and as Bob, and each sees their own expenses only', async () => {
      await spend(client, `${server.url}/mcp`, 'Alice')
      await spend(client, `${server.url}/mcp`, 'Bob')
    })

    test('signs in when it is given http://127.0.0.1 instead of http://localhost', () =>
      spend(client, `http://127.0.0.1:${server.port}/mcp`, 'Alice'))
  })
}

/** A person at a machine of their own signs in, adds an expense and looks at all they have. */
async function spend(client: McpClient, url: string, account: string): Promise<void> {
  await using desktop = await createDesktop(account)
  const connection = await client.connect(url, desktop)
  const description = `${account}: ${client.name} at ${new URL(url).hostname}`
  const added = await connection.call('add_user_expense', { ...EXPENSE, description })
  assert.partialDeepStrictEqual(added, { ...EXPENSE, description })
  const { expenses } = (await connection.call('get_expenses')) as { expenses: Expense[] }
  await connection.close()
  const descriptions = expenses.map((expense) => expense.description)
  assert.ok(descriptions.includes(description), descriptions.join('\n'))
  const foreign = descriptions.filter((text) => !text.startsWith(`${account}: `))
  assert.deepEqual(foreign, [])
  // What it got at the first call lasts for the second.
  assert.ok(desktop.signIns.length <= 1, `${desktop.signIns.length} sign-ins`)
}

type Expense = { description: string }

const EXPENSE = {
  date: '2026-11-20',
  amount: 75.5,
  category: 'shopping',
  payment_method: 'visa',
}
