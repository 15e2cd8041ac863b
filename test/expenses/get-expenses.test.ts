import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sqliteExpenseStore } from '../../src/expenses/server.ts'
import { EXPENSE } from './contract.ts'
import {
  addExpense,
  CLIENTS,
  getExpenses,
  PEOPLE,
  refusalOf,
  serveExpenses,
  structuredOf,
  type ToolClient,
} from './support.ts'

const [MODERN] = Object.keys(CLIENTS) as [keyof typeof CLIENTS]

/** Adds what the filters are tried on; one a day. */
async function fill(client: ToolClient): Promise<void> {
  const all = [
    { date: '2025-12-31', amount: 1, category: 'food', description: 'Café au lait' },
    {
      date: '2026-01-01',
      amount: 2,
      category: 'food',
      description: 'bread',
      payment_method: 'cash',
    },
    { date: '2026-01-02', amount: 4, category: 'transport', description: 'taxi to the café' },
    {
      date: '2026-02-01',
      amount: 8,
      category: 'transport',
      description: 'train',
      payment_method: 'amex',
    },
  ]
  for (const expense of all) await addExpense(client, expense)
}

const FILTERS: [Record<string, unknown>, number[]][] = [
  [{}, [8, 4, 2, 1]],
  [{ from: '2026-01-01' }, [8, 4, 2]],
  [{ to: '2026-01-01' }, [2, 1]],
  [{ from: '2026-01-01', to: '2026-01-01' }, [2]],
  [{ from: '2026-01-01', to: '2026-01-31' }, [4, 2]],
  [{ category: 'transport' }, [8, 4]],
  [{ payment_method: 'visa' }, [4, 1]],
  [{ category: 'food', payment_method: 'cash' }, [2]],
  [{ text: 'CAFÉ' }, [4, 1]],
  [{ text: '  train ' }, [8]],
  [{ text: '%' }, []],
  [{ from: '2027-01-01' }, []],
]

for (const [name, connect] of Object.entries(CLIENTS)) {
  test(`${name}: a filter says which expenses are listed, counted and summed up`, async (t) => {
    const client = await connect(await serveExpenses(t), 'alice')
    await client.listTools()
    await fill(client)
    for (const [filter, amounts] of FILTERS) {
      const { expenses, count, total } = await getExpenses(client, filter)
      assert.deepEqual(
        expenses.map(({ amount }) => amount),
        amounts,
        JSON.stringify(filter),
      )
      assert.deepEqual([count, total], [amounts.length, amounts.reduce((a, b) => a + b, 0)])
    }
  })

  test(`${name}: page after page gives each expense once, with the totals of all`, async (t) => {
    const client = await connect(await serveExpenses(t), 'alice')
    await client.listTools()
    for (let day = 10; day < 17; day++) await addExpense(client, { date: `2026-10-${day}` })
    const filter = { from: '2026-10-11', limit: 2 }
    const seen: unknown[] = []
    let cursor: string | undefined
    do {
      const page = await getExpenses(client, { ...filter, ...(cursor && { cursor }) })
      assert.deepEqual([page.count, page.total], [6, 450])
      seen.push(...page.expenses.map(({ date }) => Number(String(date).slice(-2))))
      cursor = page.next_cursor
    } while (cursor)
    assert.deepEqual(seen, [16, 15, 14, 13, 12, 11])
  })

  test(`${name}: the text has each expense with its id, and says how to go on`, async (t) => {
    const client = await connect(await serveExpenses(t), 'alice')
    await client.listTools()
    const first = await addExpense(client, { date: '2026-10-01' })
    const last = await addExpense(client, { date: '2026-10-02' })
    const textOf = async (args: Record<string, unknown>) =>
      (await client.callTool({ name: 'get_expenses', arguments: args })).content[0]?.text
    const { next_cursor } = await getExpenses(client, { limit: 1 })
    const line = '75.00 USD | shopping | visa | office supplies'
    assert.equal(
      await textOf({ limit: 1 }),
      `2 expenses, 150.00 USD in total; the newest follows.\n2026-10-02 | ${line} | ${last.id}\nThere are more: with the same filter and cursor ${next_cursor}`,
    )
    assert.equal(
      await textOf({ limit: 1, cursor: next_cursor }),
      `2 expenses, 150.00 USD in total; 1 more follows.\n2026-10-01 | ${line} | ${first.id}`,
    )
    assert.equal(await textOf({ category: 'food' }), 'No expense fits this filter.')
  })

  test(`${name}: a cursor of another filter, or one made up, is refused in words`, async (t) => {
    const client = await connect(await serveExpenses(t), 'alice')
    await fill(client)
    const { next_cursor = '' } = await getExpenses(client, { category: 'food', limit: 1 })
    const [mark = '', place = ''] = next_cursor.split('.')
    const wrong = [
      { cursor: next_cursor },
      { cursor: next_cursor, category: 'transport' },
      { cursor: next_cursor, category: 'food', from: '2026-01-01' },
      { cursor: place, category: 'food' },
      { cursor: `${mark}.`, category: 'food' },
      { cursor: `${mark}.x`, category: 'food' },
      { cursor: `${mark}.${place}x`, category: 'food' },
    ]
    for (const args of wrong) {
      const text = await refusalOf(client, args, 'get_expenses')
      assert.match(
        text,
        /not read\.\n- cursor: it does not belong to this filter\. Give next_cursor/,
      )
    }
    const { expenses } = await getExpenses(client, { category: 'food', cursor: next_cursor })
    assert.deepEqual(
      expenses.map(({ amount }) => amount),
      [1],
    )
  })
}

const LIMIT = 'Give a whole number, not text, from 1 to 2000.'
const DAY = 'Give a day that exists in the calendar, as YYYY-MM-DD, from 1970-01-01 to 2099-12-31.'

test('every wrong argument of a filter is named at once, a period that runs backwards too', async (t) => {
  const client = await CLIENTS[MODERN](await serveExpenses(t), 'alice')
  const args = { from: '2026-02-01', to: '2026-01-01', category: 'rent', limit: 0, all: true }
  assert.equal(
    await refusalOf(client, args, 'get_expenses'),
    [
      'The expenses were not read.',
      '- category: "rent" is not accepted. Give one of food, transport, entertainment, shopping, gadget, other.',
      `- limit: 0 is not accepted. ${LIMIT}`,
      '- "all": no such argument. The arguments are from, to, category, payment_method, text, limit, cursor.',
      '- to: "2026-01-01" is before from, "2026-02-01". Give the first day as from and the last day as to.',
    ].join('\n'),
  )
  for (const limit of [0, -1, 2001, 1.5, '10', [null]]) {
    const text = await refusalOf(client, { limit }, 'get_expenses')
    assert.equal(
      text,
      `The expenses were not read.\n- limit: ${JSON.stringify(limit)} is not accepted. ${LIMIT}`,
    )
  }
  for (const [name, value] of Object.entries({
    from: '2026-02-30',
    to: 'today',
    cursor: 7,
    text: ' ',
  })) {
    const text = await refusalOf(client, { [name]: value }, 'get_expenses')
    assert.match(text, new RegExp(`- ${name}: .* is not accepted\\. Give `))
  }
  const text = await refusalOf(client, { from: 'x', to: 'y' }, 'summarize_expenses')
  assert.equal(
    text,
    `The expenses were not summed up.\n- from: "x" is not accepted. ${DAY}\n- to: "y" is not accepted. ${DAY}`,
  )
})

test('the figures come before the list, for a model that is given the beginning alone', async (t) => {
  const client = await CLIENTS[MODERN](await serveExpenses(t), 'alice')
  await fill(client)
  const page = await getExpenses(client, { limit: 1 })
  assert.ok(page.next_cursor)
  assert.equal(Object.keys(page).at(-1), 'expenses')
})

test('an optional argument that is null or empty is one that was left out', async (t) => {
  const client = await CLIENTS[MODERN](await serveExpenses(t), 'alice')
  await fill(client)
  const names = ['from', 'to', 'category', 'payment_method', 'text', 'limit', 'cursor']
  const all = await getExpenses(client)
  const summary = await structuredOf(client, 'summarize_expenses')
  for (const empty of [null, '']) {
    const args = Object.fromEntries(names.map((name) => [name, empty]))
    assert.deepEqual(await getExpenses(client, args), all)
    const { text: _, limit: __, cursor: ___, ...filter } = args
    assert.deepEqual(await structuredOf(client, 'summarize_expenses', filter), summary)
    const text = await refusalOf(client, { all: empty, constructor: empty }, 'get_expenses')
    assert.match(text, /"all": no such argument.*\n- "constructor": no such argument/)
  }
})

test('one answer holds 2000 expenses, and all the others are on the pages after it', async (t) => {
  const store = sqliteExpenseStore(':memory:')
  t.after(() => store.close())
  await Promise.all(Array.from({ length: 2001 }, () => store.add(PEOPLE.alice, EXPENSE)))
  const client = await CLIENTS[MODERN](await serveExpenses(t, { expenses: store }), 'alice')
  const page = await getExpenses(client)
  assert.deepEqual([page.expenses.length, page.count], [2000, 2001])
  const rest = await getExpenses(client, { cursor: page.next_cursor })
  assert.deepEqual([rest.expenses.length, rest.next_cursor], [1, undefined])
})
