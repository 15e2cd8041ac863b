import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sqliteExpenseStore, UncertainError } from '../../src/expenses/server.ts'
import {
  addExpense,
  CLIENTS,
  failingStore,
  getExpenses,
  PEOPLE,
  refusalOf,
  serveExpenses,
  structuredOf,
} from './support.ts'

const [MODERN] = Object.keys(CLIENTS) as [keyof typeof CLIENTS]
const NOBODYS = '0b0a4c5e-4a35-4f4b-8d6c-0f6a3c8c9d11'
const CHANGES = [
  { date: '2026-10-03' },
  { amount: 0.1 },
  { category: 'gadget' },
  { description: ' a lamp ' },
  { payment_method: 'cash' },
]

for (const [name, connect] of Object.entries(CLIENTS)) {
  test(`${name}: an expense changes in what was given, and in nothing else`, async (t) => {
    const client = await connect(await serveExpenses(t), 'alice')
    await client.listTools()
    let expected = await addExpense(client)
    const other = await addExpense(client)
    for (const change of CHANGES) {
      const changed = await structuredOf(client, 'update_user_expense', {
        id: expected.id,
        ...change,
      })
      expected = { ...expected, ...change }
      if (change.description) expected = { ...expected, description: 'a lamp' }
      assert.deepEqual(changed, expected)
    }
    const { expenses, total } = await getExpenses(client)
    assert.deepEqual(expenses, [expected, other])
    assert.equal(total, 75.1)
    const again = { name: 'update_user_expense', arguments: { id: other.id, amount: 80 } }
    assert.equal(
      (await client.callTool(again)).content[0]?.text,
      `Changed. Now it is 80.00 USD for office supplies on Friday, 2026-10-02 (category shopping, paid with visa). Its id is ${other.id}.`,
    )
  })

  test(`${name}: a deleted expense is answered once more, and gone`, async (t) => {
    const client = await connect(await serveExpenses(t), 'alice')
    await client.listTools()
    const [kept, gone] = [await addExpense(client), await addExpense(client, { amount: 5 })]
    const call = { name: 'delete_user_expense', arguments: { id: gone.id } }
    const result = await client.callTool(call)
    assert.deepEqual(result.structuredContent, gone)
    assert.match(result.content[0]?.text ?? '', /^Deleted 5\.00 USD for office supplies on Friday/)
    assert.deepEqual((await getExpenses(client)).expenses, [kept])
    assert.match(await refusalOf(client, { id: gone.id }, 'delete_user_expense'), UNKNOWN)
    assert.match(
      await refusalOf(client, { id: gone.id, amount: 1 }, 'update_user_expense'),
      UNKNOWN,
    )
  })

  test(`${name}: what changes or deletes is annotated as destructive`, async (t) => {
    const { tools } = await (await connect(await serveExpenses(t), 'alice')).listTools()
    const destructive = tools.filter(({ annotations }) => annotations?.destructiveHint)
    assert.deepEqual(
      destructive.map((tool) => tool.name),
      ['update_user_expense', 'delete_user_expense'],
    )
    for (const { annotations } of destructive) {
      assert.deepEqual(
        [annotations?.readOnlyHint, annotations?.idempotentHint, annotations?.openWorldHint],
        [false, true, false],
      )
    }
  })
}

const UNKNOWN = /the user has no expense with this id\. .*get_expenses answers the ids/
const ID = 'Give the id of an expense, as get_expenses answers it.'

test('nothing to change, a wrong id and wrong changes are named, all at once', async (t) => {
  const client = await CLIENTS[MODERN](await serveExpenses(t), 'alice')
  const { id } = await addExpense(client)
  const refused = (args: Record<string, unknown>) => refusalOf(client, args, 'update_user_expense')
  const nothing =
    '- arguments: nothing to change. Give at least one of date, amount, category, description, payment_method.'
  assert.equal(await refused({ id }), `The expense was not changed.\n${nothing}`)
  assert.equal(await refused({}), `The expense was not changed.\n- id: missing. ${ID}\n${nothing}`)
  assert.equal(
    await refused({ id: '7', amount: -1, note: 'x' }),
    [
      'The expense was not changed.',
      `- id: "7" is not accepted. ${ID}`,
      '- amount: -1 is not accepted. Give a number, not text, above 0 and at most 1000000000, with at most two decimals, in USD.',
      '- "note": no such argument. The arguments are id, date, amount, category, description, payment_method.',
    ].join('\n'),
  )
  for (const wrong of [undefined, null, '', 'x', `${id} `, `${id}`.toUpperCase(), [id]]) {
    assert.match(
      await refusalOf(client, { id: wrong }, 'delete_user_expense'),
      /^The expense was not deleted\.\n- id: /,
    )
  }
  assert.match(await refused({ id: NOBODYS, amount: 1 }), UNKNOWN)
  assert.equal((await getExpenses(client)).total, 75)
})

test('of a change, what is null or empty stays as it is', async (t) => {
  const client = await CLIENTS[MODERN](await serveExpenses(t), 'alice')
  const before = await addExpense(client)
  for (const empty of [null, '']) {
    const args = { date: empty, category: empty, description: empty, payment_method: empty }
    const change = { id: before.id, ...args, amount: 80 }
    const after = await structuredOf(client, 'update_user_expense', change)
    assert.deepEqual(after, { ...before, amount: 80 })
    const text = await refusalOf(client, { id: before.id, ...args }, 'update_user_expense')
    assert.match(text, /nothing to change/)
  }
})

test('an amount in dollars does not replace one in yen', async (t) => {
  const expenses = sqliteExpenseStore(':memory:')
  t.after(() => expenses.close())
  const before = await serveExpenses(t, { expenses, currency: 'JPY' })
  const { id } = await addExpense(await CLIENTS[MODERN](before, 'alice'), { amount: 1500 })
  const client = await CLIENTS[MODERN](await serveExpenses(t, { expenses }), 'alice')
  assert.match(
    await refusalOf(client, { id, amount: 1600 }, 'update_user_expense'),
    /it was recorded in JPY, and amounts are in USD now\. Leave amount out; or delete/,
  )
  const changed = await structuredOf(client, 'update_user_expense', { id, category: 'food' })
  assert.deepEqual([changed.amount, changed.currency, changed.category], [1500, 'JPY', 'food'])
})

test('the log says whose expense was changed or deleted and nothing of what is in it', async (t) => {
  const log = t.mock.fn()
  const client = await CLIENTS[MODERN](await serveExpenses(t, { log }), 'alice')
  const { id } = await addExpense(client)
  await structuredOf(client, 'update_user_expense', { id, amount: 1 })
  await structuredOf(client, 'delete_user_expense', { id })
  const { oid, tid } = PEOPLE.alice
  assert.deepEqual(
    log.mock.calls.slice(1).map(({ arguments: [event] }) => event),
    [
      { event: 'expenses.updated', message: 'An expense was changed.', id, tid, oid },
      { event: 'expenses.deleted', message: 'An expense was deleted.', id, tid, oid },
    ],
  )
})

test('storage that fails, or does not answer, is told in words that say what to do', async (t) => {
  const calls: [string, Record<string, unknown>, string, RegExp][] = [
    [
      'update_user_expense',
      { id: NOBODYS, category: 'food' },
      'The expense was not changed: the server cannot write to its storage now.',
      /not known whether the expense was changed.*the same change again does no harm/,
    ],
    [
      'delete_user_expense',
      { id: NOBODYS },
      'The expense was not deleted: the server cannot write to its storage now.',
      /not known whether the expense was deleted.*delete it again does no harm/,
    ],
    [
      'summarize_expenses',
      {},
      'The expenses were not summed up: the server cannot reach its storage now.',
      /The expenses were not summed up/,
    ],
  ]
  const serve = async (error: Error) => {
    const log = t.mock.fn()
    const expenses = failingStore(() => Promise.reject(error))
    const client = await CLIENTS[MODERN](await serveExpenses(t, { expenses, log }), 'alice')
    return { log, client }
  }
  const failing = await serve(new Error('SQLITE_FULL: /var/disk'))
  const silent = await serve(new UncertainError('no answer'))
  for (const [tool, args, failed, uncertain] of calls) {
    assert.equal(await refusalOf(failing.client, args, tool), failed)
    assert.match(await refusalOf(silent.client, args, tool), uncertain)
  }
  assert.deepEqual(
    failing.log.mock.calls.map(({ arguments: [{ event, level }] }) => [event, level]),
    [
      ['expenses.update_failed', 'error'],
      ['expenses.delete_failed', 'error'],
      ['expenses.summarize_failed', 'error'],
    ],
  )
})
