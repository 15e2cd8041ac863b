import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  addExpense,
  CLIENTS,
  getExpenses,
  OFFICE_SUPPLIES,
  refusalOf,
  serveExpenses,
} from './support.ts'

const DATE = 'Give a day that exists in the calendar, as YYYY-MM-DD, from 1970-01-01 to 2099-12-31.'
const AMOUNT =
  'Give a number, not text, above 0 and at most 1000000000, with at most two decimals, in USD.'
const CATEGORY = 'Give one of food, transport, entertainment, shopping, gadget, other.'
const DESCRIPTION =
  'Give one line of text, 1 to 500 characters, with no line breaks or control characters.'
const PAYMENT_METHOD = 'Give one of amex, visa, cash.'
const ARGUMENTS = 'The arguments are date, amount, category, description, payment_method.'

/** Which argument, what is given, how the refusal shows it, what is accepted. */
const REFUSED: [string, unknown, string, string][] = [
  ['date', '2025-02-30', '"2025-02-30"', DATE],
  ['date', '2025-02-29', '"2025-02-29"', DATE],
  ['date', '1900-02-29', '"1900-02-29"', DATE],
  ['date', '2026-13-01', '"2026-13-01"', DATE],
  ['date', '2026-00-10', '"2026-00-10"', DATE],
  ['date', '2026-04-31', '"2026-04-31"', DATE],
  ['date', '1969-12-31', '"1969-12-31"', DATE],
  ['date', '2100-01-01', '"2100-01-01"', DATE],
  ['date', '2026-1-2', '"2026-1-2"', DATE],
  ['date', ' 2026-10-02', '" 2026-10-02"', DATE],
  ['date', '2026-10-02\n', '"2026-10-02\\n"', DATE],
  ['date', '2026-10-02T00:00:00Z', '"2026-10-02T00:00:00Z"', DATE],
  ['date', '02.10.2026', '"02.10.2026"', DATE],
  ['date', '٢٠٢٦-١٠-٠٢', '"٢٠٢٦-١٠-٠٢"', DATE],
  ['date', 'last Friday', '"last Friday"', DATE],
  ['date', '', '""', DATE],
  ['date', 20261002, '20261002', DATE],
  ['date', null, 'null', DATE],
  ['amount', 0, '0', AMOUNT],
  ['amount', -5, '-5', AMOUNT],
  ['amount', 0.001, '0.001', AMOUNT],
  ['amount', 1.005, '1.005', AMOUNT],
  ['amount', 0.1 + 0.2, '0.30000000000000004', AMOUNT],
  ['amount', 1e-7, '1e-7', AMOUNT],
  ['amount', 1_000_000_000.01, '1000000000.01', AMOUNT],
  ['amount', 1e21, '1e+21', AMOUNT],
  ['amount', '75', '"75"', AMOUNT],
  ['amount', '$75', '"$75"', AMOUNT],
  ['amount', [75], '[75]', AMOUNT],
  ['amount', true, 'true', AMOUNT],
  ['amount', null, 'null', AMOUNT],
  ['category', 'office', '"office"', CATEGORY],
  ['category', 'Shopping', '"Shopping"', CATEGORY],
  ['category', 'constructor', '"constructor"', CATEGORY],
  ['category', '', '""', CATEGORY],
  ['category', ['food'], '["food"]', CATEGORY],
  ['category', null, 'null', CATEGORY],
  ['description', '', '""', DESCRIPTION],
  ['description', ' \t\n ', '" \\t\\n "', DESCRIPTION],
  ['description', 'a\nb', '"a\\nb"', DESCRIPTION],
  ['description', 'a\u0000b', '"a\\u0000b"', DESCRIPTION],
  ['description', 'a\u009fb', '"a\\u{9f}b"', DESCRIPTION],
  ['description', 'a\u2028b', '"a\\u{2028}b"', DESCRIPTION],
  ['description', '\u200b\u202e', '"\\u{200b}\\u{202e}"', DESCRIPTION],
  ['description', 'a\ud800b', '"a\\ud800b"', DESCRIPTION],
  ['description', 'x'.repeat(501), `"${'x'.repeat(79)}…`, DESCRIPTION],
  ['description', { text: 'pens' }, '{"text":"pens"}', DESCRIPTION],
  ['description', 7, '7', DESCRIPTION],
  ['payment_method', 'mastercard', '"mastercard"', PAYMENT_METHOD],
  ['payment_method', 'Visa', '"Visa"', PAYMENT_METHOD],
  ['payment_method', false, 'false', PAYMENT_METHOD],
]

for (const [name, connect] of Object.entries(CLIENTS)) {
  test(`${name}: a wrong argument is named, with what was given and what is accepted`, async (t) => {
    const client = await connect(await serveExpenses(t), 'alice')
    for (const [argument, given, shown, accepted] of REFUSED) {
      assert.equal(
        await refusalOf(client, { ...OFFICE_SUPPLIES, [argument]: given }),
        `The expense was not saved.\n- ${argument}: ${shown} is not accepted. ${accepted}`,
      )
    }
    assert.equal((await getExpenses(client)).count, 0)
  })

  test(`${name}: every missing argument is named at once`, async (t) => {
    const client = await connect(await serveExpenses(t), 'alice')
    const everything = [
      'The expense was not saved.',
      `- date: missing. ${DATE}`,
      `- amount: missing. ${AMOUNT}`,
      `- category: missing. ${CATEGORY}`,
      `- description: missing. ${DESCRIPTION}`,
      `- payment_method: missing. ${PAYMENT_METHOD}`,
    ].join('\n')
    assert.equal(await refusalOf(client, {}), everything)
    const result = await client.callTool({ name: 'add_user_expense' })
    assert.deepEqual([result.isError, result.content[0]?.text], [true, everything])
  })

  test(`${name}: wrong, missing and unknown arguments are named together`, async (t) => {
    const client = await connect(await serveExpenses(t), 'alice')
    const { date: _, ...rest } = OFFICE_SUPPLIES
    assert.equal(
      await refusalOf(client, { ...rest, amount: -1, currency: 'EUR', constructor: 1, 'a\nb': 1 }),
      [
        'The expense was not saved.',
        `- date: missing. ${DATE}`,
        `- amount: -1 is not accepted. ${AMOUNT}`,
        `- "currency": no such argument. ${ARGUMENTS}`,
        `- "constructor": no such argument. ${ARGUMENTS}`,
        `- "a\\nb": no such argument. ${ARGUMENTS}`,
      ].join('\n'),
    )
  })

  test(`${name}: get_expenses refuses an argument that it does not have`, async (t) => {
    const client = await connect(await serveExpenses(t), 'alice')
    const result = await client.callTool({ name: 'get_expenses', arguments: { user: 'bob' } })
    assert.equal(result.isError, true)
    assert.equal(
      result.content[0]?.text,
      'The expenses were not read.\n- "user": no such argument. The arguments are from, to, category, payment_method, text, limit, cursor.',
    )
  })

  test(`${name}: a tool that does not exist is refused by its name`, async (t) => {
    const client = await connect(await serveExpenses(t), 'alice')
    for (const tool of ['delete_expense', 'constructor', '__proto__']) {
      await assert.rejects(client.callTool({ name: tool, arguments: {} }), new RegExp(tool))
    }
  })
}

test('what is at the edge of the accepted is accepted', async (t) => {
  const client = await CLIENTS['SDK v1'](await serveExpenses(t), 'alice')
  const dates = ['1970-01-01', '2099-12-31', '2024-02-29', '2000-02-29']
  for (const date of dates) assert.equal((await addExpense(client, { date })).date, date)
  for (const amount of [0.01, 75.1, 8.95, 999_999_999.99, 1_000_000_000]) {
    assert.equal((await addExpense(client, { amount })).amount, amount)
  }
  // 500 characters outside the basic plane are 1000 units of UTF-16.
  for (const description of ['x', '📎'.repeat(500), 'café 👩🏽‍💻 <b>"quoted"</b>; DROP TABLE']) {
    assert.equal((await addExpense(client, { description })).description, description)
  }
})

test('white space around a description is dropped', async (t) => {
  const client = await CLIENTS['SDK v1'](await serveExpenses(t), 'alice')
  const { description } = await addExpense(client, { description: '\n  office supplies \t' })
  assert.equal(description, 'office supplies')
})

test('many unknown arguments do not make a long refusal', async (t) => {
  const client = await CLIENTS['SDK v1'](await serveExpenses(t), 'alice')
  const unknown = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`unknown ${i}`, i]))
  const text = await refusalOf(client, { ...OFFICE_SUPPLIES, ...unknown })
  assert.equal(text.split('\n').length, 11)
})
