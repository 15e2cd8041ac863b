import assert from 'node:assert/strict'
import { after, suite, type TestContext, test } from 'node:test'
import {
  type ExpenseStore,
  postgresExpenseStore,
  sqliteExpenseStore,
} from '../../src/expenses/server.ts'
import {
  addExpense,
  CLIENTS,
  getExpenses,
  refusalOf,
  serveExpenses,
  structuredOf,
  type ToolClient,
} from '../expenses/support.ts'
import { type RunningPostgres, startPostgres, withoutPostgres } from '../support/postgres.ts'

const NOBODYS = '0b0a4c5e-4a35-4f4b-8d6c-0f6a3c8c9d11'
const SECRET = 'the surprise party'

// Alice's object id in another tenant is as much a stranger as Bob is.
const STRANGERS = ['bob', 'namesake'] as const

let postgres: RunningPostgres | undefined
after(() => postgres?.[Symbol.asyncDispose]())

async function openPostgres(): Promise<ExpenseStore> {
  postgres ??= await startPostgres()
  const store = postgresExpenseStore(await postgres.database())
  await store.connect()
  return store
}

type Case = {
  readonly name: string
  readonly connect: (typeof CLIENTS)[keyof typeof CLIENTS]
  readonly open?: () => Promise<ExpenseStore>
  readonly skip?: string | false
}

const CASES: readonly Case[] = [
  ...Object.entries(CLIENTS).map(([name, connect]) => ({ name, connect })),
  {
    name: 'in PostgreSQL',
    connect: CLIENTS['SDK v2 on 2026-07-28'],
    open: openPostgres,
    skip: withoutPostgres,
  },
]

for (const { name, connect, open = openSqlite, skip = false } of CASES) {
  suite(`${name}: another account's expenses`, { skip }, () => {
    for (const stranger of STRANGERS) {
      test(`${stranger} changes and deletes none by its id, and learns not that it exists`, async (t) => {
        const { alice, other } = await meet(stranger)(t)
        const own = await addExpense(alice, { description: SECRET })
        for (const [tool, changes] of [
          ['update_user_expense', { amount: 1 }],
          ['update_user_expense', { description: 'taken' }],
          ['delete_user_expense', {}],
        ] as const) {
          const answers = await Promise.all(
            [own.id, NOBODYS].map((id) => refusalOf(other, { id, ...changes }, tool)),
          )
          assert.equal(answers[0], answers[1])
          assert.match(answers[0] ?? '', /the user has no expense with this id/)
        }
        assert.deepEqual((await getExpenses(alice)).expenses, [own])
      })

      test(`${stranger} is not told that one of another currency exists`, async (t) => {
        const expenses = await open()
        t.after(() => expenses.close())
        const before = await serveExpenses(t, { expenses, currency: 'EUR' })
        const own = await addExpense(await connect(before, 'alice'), { description: SECRET })
        const other = await connect(await serveExpenses(t, { expenses }), stranger)
        const [his, nobodys] = await Promise.all(
          [own.id, NOBODYS].map((id) => refusalOf(other, { id, amount: 1 }, 'update_user_expense')),
        )
        assert.equal(his, nobodys)
      })

      test(`${stranger} finds none by filter, cursor, sum, resource or completion`, async (t) => {
        const { alice, other } = await meet(stranger)(t)
        await addExpense(alice, { description: SECRET, date: '2025-03-04' })
        await addExpense(alice, { description: SECRET, date: '2025-03-05' })
        const own = await addExpense(other, { date: '2024-03-04' })
        const { next_cursor } = await getExpenses(alice, { limit: 1 })
        const seen = [
          await structuredOf(other, 'get_expenses', { text: SECRET }),
          await structuredOf(other, 'get_expenses', { from: '2025-01-01', category: 'shopping' }),
          await structuredOf(other, 'get_expenses', { cursor: next_cursor, limit: 1000 }),
          await structuredOf(other, 'summarize_expenses', { from: '2025-01-01' }),
          await structuredOf(other, 'summarize_expenses', {}),
          ...(await readAll(other)),
          await complete(other, 'expenses://mine/{period}'),
          await complete(other, 'expenses://mine/{period}.csv'),
        ]
        const text = JSON.stringify(seen)
        assert.ok(!text.includes(SECRET) && !text.includes('2025-03'), text)
        assert.ok(text.includes(String(own.id)))
        assert.equal((await getExpenses(other, { from: '2025-01-01' })).count, 0)
        assert.equal((await structuredOf(other, 'summarize_expenses')).count, 1)
      })
    }

    test('nobody names another account: no argument, address or period takes one', async (t) => {
      const { alice, other } = await meet('bob')(t)
      await addExpense(alice, { description: SECRET })
      for (const argument of ['oid', 'tid', 'owner', 'user', 'constructor']) {
        const args = JSON.parse(`{"${argument}": "alice"}`)
        for (const tool of ['get_expenses', 'summarize_expenses']) {
          assert.match(await refusalOf(other, args, tool), /no such argument/)
        }
      }
      for (const uri of [
        'expenses://alice',
        'expenses://mine/alice',
        'expenses://mine/..%2Falice',
      ]) {
        await assert.rejects(other.readResource({ uri }), /not found|is no period/)
      }
    })
  })

  function meet(stranger: 'bob' | 'namesake') {
    return async (t: TestContext) => {
      const expenses = await open()
      t.after(() => expenses.close())
      const url = await serveExpenses(t, { expenses })
      return { alice: await connect(url, 'alice'), other: await connect(url, stranger) }
    }
  }
}

async function openSqlite(): Promise<ExpenseStore> {
  return sqliteExpenseStore(':memory:')
}

async function readAll(client: ToolClient): Promise<unknown[]> {
  const paths = ['', '/2025', '/2025-03', '/2025-03-04']
  const uris = paths.flatMap((path) => [`expenses://mine${path}`, `expenses://mine${path}.csv`])
  const reads = uris.map(async (uri) => (await client.readResource({ uri })).contents[0]?.text)
  return Promise.all(reads)
}

async function complete(client: ToolClient, uri: string): Promise<unknown> {
  const argument = { name: 'period', value: '' }
  return (await client.complete({ ref: { type: 'ref/resource', uri }, argument })).completion.values
}
