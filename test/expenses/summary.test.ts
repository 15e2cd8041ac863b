import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sqliteExpenseStore } from '../../src/expenses/server.ts'
import { addExpense, CLIENTS, serveExpenses, structuredOf, type ToolClient } from './support.ts'

const [MODERN] = Object.keys(CLIENTS) as [keyof typeof CLIENTS]

async function fill(client: ToolClient) {
  const food = { category: 'food', payment_method: 'cash' }
  await addExpense(client, { ...food, date: '2025-12-31', amount: 10, description: 'dinner' })
  await addExpense(client, { ...food, date: '2026-01-01', amount: 0.01, description: 'bread' })
  const largest = { category: 'gadget', date: '2026-01-15', amount: 89.9, description: 'a | lamp' }
  const stored = await addExpense(client, largest)
  await addExpense(client, { category: 'transport', date: '2026-01-31', amount: 0.09 })
  return stored
}

for (const [name, connect] of Object.entries(CLIENTS)) {
  test(`${name}: sums are by category, payment method and month, the largest first`, async (t) => {
    const client = await connect(await serveExpenses(t), 'alice')
    await client.listTools()
    const largest = await fill(client)
    assert.deepEqual(await structuredOf(client, 'summarize_expenses'), {
      currency: 'USD',
      count: 4,
      total: 100,
      average: 25,
      largest,
      by_category: [
        { category: 'gadget', count: 1, total: 89.9, average: 89.9 },
        { category: 'food', count: 2, total: 10.01, average: 5.01 },
        { category: 'transport', count: 1, total: 0.09, average: 0.09 },
      ],
      by_payment_method: [
        { payment_method: 'visa', count: 2, total: 89.99, average: 45 },
        { payment_method: 'cash', count: 2, total: 10.01, average: 5.01 },
      ],
      by_month: [
        { month: '2025-12', count: 1, total: 10, average: 10 },
        { month: '2026-01', count: 3, total: 90, average: 30 },
      ],
    })
  })

  test(`${name}: a period and a filter go into the sums and into the answer`, async (t) => {
    const client = await connect(await serveExpenses(t), 'alice')
    await client.listTools()
    await fill(client)
    const args = { from: '2026-01-01', to: '2026-01-31', payment_method: 'cash', category: 'food' }
    const { from, to, count, total, by_month } = await structuredOf(
      client,
      'summarize_expenses',
      args,
    )
    assert.deepEqual([from, to, count, total], ['2026-01-01', '2026-01-31', 1, 0.01])
    assert.deepEqual(by_month, [{ month: '2026-01', count: 1, total: 0.01, average: 0.01 }])
  })

  test(`${name}: without an expense the sums are nought and the lists are empty`, async (t) => {
    const client = await connect(await serveExpenses(t), 'alice')
    await client.listTools()
    const result = await client.callTool({ name: 'summarize_expenses', arguments: {} })
    assert.deepEqual(result.structuredContent, {
      ...{ currency: 'USD', count: 0, total: 0, average: 0, largest: null },
      ...{ by_category: [], by_payment_method: [], by_month: [] },
    })
    assert.equal(result.content[0]?.text, 'No expenses in USD.')
  })

  test(`${name}: it names the page that shows it as a chart`, async (t) => {
    const { tools } = await (await connect(await serveExpenses(t), 'alice')).listTools()
    const pages = tools.filter(({ _meta }) => _meta?.ui)
    assert.deepEqual(
      pages.map((tool) => [tool.name, tool._meta?.ui]),
      [['summarize_expenses', { resourceUri: 'ui://expenses/spending.html' }]],
    )
  })
}

test('the text is a table that a person can read without an app', async (t) => {
  const client = await CLIENTS[MODERN](await serveExpenses(t), 'alice')
  await fill(client)
  const args = { to: '2026-01-31' }
  const { content } = await client.callTool({ name: 'summarize_expenses', arguments: args })
  assert.equal(
    content[0]?.text,
    `4 expenses to 2026-01-31: 100.00 USD in total, 25.00 on average.
The largest is 89.90 USD for a | lamp on Thursday, 2026-01-15 (category gadget, paid with visa).

| Category  | Total USD | Share | Expenses | Average |
| --------- | --------: | ----: | -------: | ------: |
| gadget    |     89.90 |  90 % |        1 |   89.90 |
| food      |     10.01 |  10 % |        2 |    5.01 |
| transport |      0.09 |   0 % |        1 |    0.09 |

| Paid with | Total USD | Share | Expenses | Average |
| --------- | --------: | ----: | -------: | ------: |
| visa      |     89.99 |  90 % |        2 |   45.00 |
| cash      |     10.01 |  10 % |        2 |    5.01 |

| Month   | Total USD | Share | Expenses | Average |
| ------- | --------: | ----: | -------: | ------: |
| 2025-12 |     10.00 |  10 % |        1 |   10.00 |
| 2026-01 |     90.00 |  90 % |        3 |   30.00 |`,
  )
})

test('expenses of a former currency are counted apart, and the text says so', async (t) => {
  const expenses = sqliteExpenseStore(':memory:')
  t.after(() => expenses.close())
  const before = await serveExpenses(t, { expenses, currency: 'JPY' })
  await addExpense(await CLIENTS[MODERN](before, 'alice'), { amount: 1500 })
  const client = await CLIENTS[MODERN](await serveExpenses(t, { expenses }), 'alice')
  await client.listTools()
  await addExpense(client, { amount: 2 })
  const result = await client.callTool({ name: 'summarize_expenses' })
  const { total, largest, other_totals } = result.structuredContent ?? {}
  assert.deepEqual(
    [total, (largest as { amount: number }).amount, other_totals],
    [2, 2, [{ currency: 'JPY', count: 1, total: 1500 }]],
  )
  assert.match(
    result.content[0]?.text ?? '',
    /\n\nNot in these figures, in other currencies: 1500 JPY \(1 expense\)\.$/,
  )
})

test('the text shows the latest two years, and says that there is more', async (t) => {
  const client = await CLIENTS[MODERN](await serveExpenses(t), 'alice')
  const months = Array.from({ length: 26 }, (_, i) => 2024 * 12 + i)
  for (const month of months) {
    const date = `${Math.floor(month / 12)}-${String((month % 12) + 1).padStart(2, '0')}-01`
    await addExpense(client, { date })
  }
  const { content, structuredContent } = await client.callTool({ name: 'summarize_expenses' })
  assert.equal((structuredContent as { by_month: unknown[] }).by_month.length, 26)
  const text = content[0]?.text ?? ''
  assert.ok(!text.includes('| 2024-02'))
  assert.match(text, /\| 2024-03 .*\(2 months before are not shown: ask with from and to\.\)$/s)
})
