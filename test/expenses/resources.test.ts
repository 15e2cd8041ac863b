import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Expense } from '../../src/expenses/expense.ts'
import { type ExpenseStore, sqliteExpenseStore } from '../../src/expenses/server.ts'
import { readCsv } from '../support/csv.ts'
import {
  addExpense,
  CLIENTS,
  failingStore,
  getExpenses,
  PEOPLE,
  serveExpenses,
  type ToolClient,
} from './support.ts'

const [MODERN] = Object.keys(CLIENTS) as [keyof typeof CLIENTS]
const JSON_PERIOD = 'expenses://mine/{period}'
const CSV_PERIOD = 'expenses://mine/{period}.csv'

for (const [name, connect] of Object.entries(CLIENTS)) {
  test(`${name}: the resources are listed with title, description and type`, async (t) => {
    const client = await connect(await serveExpenses(t), 'alice')
    const { resources } = await client.listResources()
    const { resourceTemplates } = await client.listResourceTemplates()
    assert.deepEqual(
      resources.map(({ uri, mimeType }) => [uri, mimeType]),
      [
        ['expenses://mine.csv', 'text/csv'],
        ['expenses://mine', 'application/json'],
        ['ui://expenses/spending.html', 'text/html;profile=mcp-app'],
      ],
    )
    assert.deepEqual(
      resourceTemplates.map(({ uriTemplate, mimeType }) => [uriTemplate, mimeType]),
      [
        [CSV_PERIOD, 'text/csv'],
        [JSON_PERIOD, 'application/json'],
      ],
    )
    const all = [...resources, ...resourceTemplates]
    for (const { title, description } of all) assert.ok(title && description)
    assert.equal(new Set(all.map(({ title }) => title)).size, 5)
  })

  test(`${name}: JSON is what get_expenses answers, without pages`, async (t) => {
    const client = await connect(await serveExpenses(t), 'alice')
    assert.deepEqual(await readJson(client, 'expenses://mine'), await getExpenses(client))
    for (const date of ['2025-12-31', '2026-01-01', '2026-01-02', '2026-02-01']) {
      await addExpense(client, { date, description: 'Käse, "alt"' })
    }
    assert.deepEqual(await readJson(client, 'expenses://mine'), await getExpenses(client))
    for (const [period, from, to] of [
      ['2026', '2026-01-01', '2026-12-31'],
      ['2026-01', '2026-01-01', '2026-01-31'],
      ['2026-01-02', '2026-01-02', '2026-01-02'],
      ['2024-02', '2024-02-01', '2024-02-29'],
    ]) {
      const uri = `expenses://mine/${period}`
      assert.deepEqual(await readJson(client, uri), await getExpenses(client, { from, to }), uri)
    }
  })

  test(`${name}: CSV has every expense, and texts that mean harm as texts`, async (t) => {
    const client = await connect(await serveExpenses(t), 'alice')
    const texts = ['a, "b"; c', '=cmd()', "'=cmd()", '🧀', 'عشاء', '-10 %, @home']
    for (const description of texts) await addExpense(client, { description })
    await addExpense(client, { date: '2025-01-01', description: 'of last year' })
    const rows = await readRows(client, 'expenses://mine.csv')
    const { expenses } = await getExpenses(client)
    assert.deepEqual(
      rows,
      expenses.map(({ amount, ...rest }) => ({ ...rest, amount: Number(amount).toFixed(2) })),
    )
    assert.equal((await readRows(client, 'expenses://mine/2025.csv')).length, 1)
    assert.equal((await readRows(client, 'expenses://mine/2026-10-02.csv')).length, 6)
    assert.deepEqual(await readRows(client, 'expenses://mine/2024-01.csv'), [])
  })

  test(`${name}: what is no period, and no resource, is refused in words`, async (t) => {
    const client = await connect(await serveExpenses(t), 'alice')
    for (const period of ['2026-13', '2026-02-30', '1969', '20261', 'this%20month', '2026.json']) {
      for (const ending of ['', '.csv']) {
        await assert.rejects(
          client.readResource({ uri: `expenses://mine/${period}${ending}` }),
          /is no period\. Give a year, a month or a day from 1970 to 2099, such as 2026/,
          period,
        )
      }
    }
    for (const uri of ['expenses://yours', 'expenses://mine/2026/10', 'file:///etc/passwd']) {
      await assert.rejects(client.readResource({ uri }), /not found/, uri)
    }
  })

  test(`${name}: a period completes to the years and months that have expenses`, async (t) => {
    const client = await connect(await serveExpenses(t), 'alice')
    for (const date of ['2025-12-31', '2026-01-01', '2026-01-02'])
      await addExpense(client, { date })
    for (const uri of [JSON_PERIOD, CSV_PERIOD]) {
      const complete = async (value: string) =>
        (
          await client.complete({
            ref: { type: 'ref/resource', uri },
            argument: { name: 'period', value },
          })
        ).completion.values
      assert.deepEqual(await complete(''), ['2026-01', '2026', '2025-12', '2025'])
      assert.deepEqual(await complete('2025'), ['2025-12', '2025'])
      assert.deepEqual(await complete('2026-0'), ['2026-01'])
      assert.deepEqual(await complete('x'), [])
    }
  })
}

test('beyond 10,000 expenses nothing is cut: the refusal says in which parts they can be read', async (t) => {
  const expenses = sqliteExpenseStore(':memory:')
  t.after(() => expenses.close())
  const client = await CLIENTS[MODERN](await serveExpenses(t, { expenses }), 'alice')
  await fill(expenses, 10_000, '2026-10-02')
  assert.equal((await readRows(client, 'expenses://mine.csv')).length, 10_000)
  await fill(expenses, 1, '2025-01-01')
  const refused = (uri: string, words: RegExp) =>
    assert.rejects(client.readResource({ uri }), words, uri)
  await refused(
    'expenses://mine.csv',
    /expenses:\/\/mine\.csv has 10001 expenses: too much for one read, .* Read them in parts: expenses:\/\/mine\/2026\.csv \(10000\), expenses:\/\/mine\/2025\.csv \(1\)\.$/,
  )
  assert.equal((await readRows(client, 'expenses://mine/2026.csv')).length, 10_000)
  await fill(expenses, 1, '2026-10-02')
  await refused('expenses://mine/2026', /in parts: expenses:\/\/mine\/2026-10 \(10001\)\.$/)
  await refused(
    'expenses://mine/2026-10',
    /one day at a time, such as expenses:\/\/mine\/2026-10-01\.$/,
  )
  await refused('expenses://mine/2026-10-02', /Read them with get_expenses, page by page\.$/)
  const page = await getExpenses(client, { from: '2026-10-02', to: '2026-10-02', limit: 1000 })
  assert.deepEqual([page.expenses.length, page.count], [1000, 10_001])
})

test('fewer expenses that are too long for one read are refused in the same way', async (t) => {
  const expenses = sqliteExpenseStore(':memory:')
  t.after(() => expenses.close())
  const client = await CLIENTS[MODERN](await serveExpenses(t, { expenses }), 'alice')
  await fill(expenses, 9_000, '2026-10-02', '"'.repeat(500))
  await assert.rejects(
    client.readResource({ uri: 'expenses://mine.csv' }),
    /has 9000 expenses: too much for one read, which gives at most 10000 of them and 4194304 characters\. Read/,
  )
})

test('storage that fails is told without its words, which go to the log', async (t) => {
  const log = t.mock.fn()
  const fails = () => Promise.reject(new Error('SQLITE_IOERR: /var/disk'))
  const options = { expenses: failingStore(fails), log }
  const client = await CLIENTS[MODERN](await serveExpenses(t, options), 'alice')
  const message = /The expenses were not read: the server cannot reach its storage now\.$/
  await assert.rejects(client.readResource({ uri: 'expenses://mine' }), message)
  const ref = { type: 'ref/resource', uri: JSON_PERIOD } as const
  await assert.rejects(client.complete({ ref, argument: { name: 'period', value: '' } }), message)
  const events = log.mock.calls.map(({ arguments: [event] }) => event)
  assert.deepEqual(
    events.map(({ event, level, oid }) => [event, level, oid]),
    [
      ['expenses.read_failed', 'error', PEOPLE.alice.oid],
      ['expenses.read_failed', 'error', PEOPLE.alice.oid],
    ],
  )
  assert.match(events[0].message, /SQLITE_IOERR/)
})

test('a read is audited by the resource or its template, never by what was asked for', async (t) => {
  const audited: string[][] = []
  const url = await serveExpenses(t, {}, (...line) => audited.push(line))
  const client = await CLIENTS[MODERN](url, 'alice')
  await client.readResource({ uri: 'expenses://mine' })
  await client.readResource({ uri: 'expenses://mine/2026.csv' })
  await assert.rejects(client.readResource({ uri: 'expenses://mine/never' }))
  assert.deepEqual(audited, [
    ['expenses://mine', 'success'],
    [CSV_PERIOD, 'success'],
    [JSON_PERIOD, 'failure'],
  ])
})

function fill(store: ExpenseStore, count: number, date: string, description = 'office supplies') {
  const { oid, tid } = PEOPLE.alice
  const expense: Expense = {
    date,
    minorUnits: 7500,
    currency: 'USD',
    category: 'shopping',
    description,
    payment_method: 'visa',
    created: '2026-10-05T09:30:00.000Z',
  }
  return Promise.all(Array.from({ length: count }, () => store.add({ oid, tid }, expense)))
}

async function read(client: ToolClient, uri: string, mimeType: string): Promise<string> {
  const { contents } = await client.readResource({ uri })
  assert.deepEqual(
    contents.map((content) => [content.uri, content.mimeType]),
    [[uri, mimeType]],
  )
  return contents[0]?.text ?? ''
}

async function readJson(client: ToolClient, uri: string) {
  return JSON.parse(await read(client, uri, 'application/json'))
}

/** The rows of a CSV as a reader takes them: by the header's names, the texts as they were. */
async function readRows(client: ToolClient, uri: string) {
  const text = await read(client, uri, 'text/csv')
  assert.ok(text.startsWith('\uFEFF'))
  const [header = [], ...rows] = readCsv(text.slice(1))
  const undo = (cell: string) => cell.replace(/(?<=^|[;\t\r\n])'/g, '')
  return rows.map((row) => Object.fromEntries(row.map((cell, i) => [header[i], undo(cell)])))
}
