import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Expense } from '../../src/expenses/expense.ts'
import { type ExpenseStore, type Owner, TooManyError } from '../../src/expenses/server.ts'
import { changesContract } from './contract-changes.ts'
import { listsContract } from './contract-lists.ts'

export const ALICE = { tid: 'tenant', oid: 'alice' }
export const BOB = { tid: 'tenant', oid: 'bob' }
export const NAMESAKE = { tid: 'another tenant', oid: 'alice' }

export const EXPENSE: Expense = {
  date: '2026-10-02',
  minorUnits: 7500,
  currency: 'USD',
  category: 'shopping',
  description: 'office supplies',
  payment_method: 'visa',
  created: '2026-10-05T09:30:00.000Z',
}

export type ExpensesSetup = {
  readonly name: string
  /** A new, empty store that is connected; it is closed by whoever asked. */
  readonly open: (t: TestContext, options?: { maxExpenses: number }) => Promise<ExpenseStore>
}

/** Declares a test that has a store of its own. */
export type Check = (title: string, run: (store: ExpenseStore) => Promise<void>) => void

/** What every store of expenses must hold. */
export function expensesContract({ name, open }: ExpensesSetup): void {
  const check: Check = (title, run) =>
    test(`${name}: ${title}`, async (t) => {
      const store = await open(t)
      try {
        await run(store)
      } finally {
        await store.close()
      }
    })

  listsContract(check)
  changesContract(check)

  check('an owner lists their own expenses and nobody else’s', async (store) => {
    const own = await store.add(ALICE, EXPENSE)
    await store.add(BOB, { ...EXPENSE, description: 'of Bob' })
    await store.add(NAMESAKE, { ...EXPENSE, description: 'in another tenant' })
    assert.deepEqual((await store.list(ALICE)).expenses, [own])
    const nobody = await store.list({ tid: 'tenant', oid: 'nobody' })
    assert.deepEqual(nobody, { expenses: [], totals: [] })
  })

  check('the newest date comes first, and on one date what was recorded last', async (store) => {
    const dates = ['2026-03-01', '2026-05-01', '2026-03-01', '2025-12-31', '2026-03-01']
    for (const [i, date] of dates.entries()) {
      await store.add(ALICE, { ...EXPENSE, date, description: String(i) })
    }
    const order = ['1', '4', '2', '0', '3']
    assert.deepEqual(descriptionsOf(await store.list(ALICE)), order)
    assert.deepEqual(descriptionsOf(await store.list(ALICE, { limit: 2 })), order.slice(0, 2))
  })

  check('every field comes back as it was given', async (store) => {
    const given: Expense[] = [
      { ...EXPENSE, date: '1970-01-01', created: '2026-12-31T23:59:59.999Z' },
      { ...EXPENSE, date: '2099-12-31', minorUnits: 1, currency: 'KWD', category: 'other' },
      { ...EXPENSE, minorUnits: Number.MAX_SAFE_INTEGER, payment_method: 'cash' },
      { ...EXPENSE, description: "“Käse”'); DROP TABLE expenses;-- \\ $1 🧀" },
      { ...EXPENSE, description: '🧀'.repeat(500) },
    ]
    for (const expense of given) {
      const { id, ...stored } = await store.add(ALICE, expense)
      assert.deepEqual(stored, expense)
      const listed = (await store.list(ALICE)).expenses.find((each) => each.id === id)
      assert.deepEqual(listed, { id, ...expense })
    }
  })

  check('totals are kept apart by currency and count what the limit leaves out', async (store) => {
    for (const minorUnits of [10, 20, 30]) await store.add(ALICE, { ...EXPENSE, minorUnits })
    await store.add(ALICE, { ...EXPENSE, minorUnits: 1500, currency: 'JPY' })
    const { expenses, totals } = await store.list(ALICE, { limit: 2 })
    assert.equal(expenses.length, 2)
    assert.deepEqual(totals, [
      { currency: 'JPY', count: 1, minorUnits: 1500n },
      { currency: 'USD', count: 3, minorUnits: 60n },
    ])
  })

  check('a total beyond the integers of a double is exact', async (store) => {
    const minorUnits = Number.MAX_SAFE_INTEGER
    for (let i = 0; i < 3; i++) await store.add(ALICE, { ...EXPENSE, minorUnits })
    assert.equal((await store.list(ALICE)).totals[0]?.minorUnits, 27_021_597_764_222_973n)
  })

  check('200 added at once are all there, each once', async (store) => {
    const adds = Array.from({ length: 200 }, (_, i) =>
      store.add(i % 2 ? ALICE : BOB, { ...EXPENSE, description: String(i) }),
    )
    const added = new Set((await Promise.all(adds)).map(({ id }) => id))
    assert.equal(added.size, 200)
    const lists = await Promise.all([store.list(ALICE), store.list(BOB)])
    assert.deepEqual(
      lists.map(({ expenses }) => expenses.length),
      [100, 100],
    )
    assert.deepEqual(new Set(lists.flatMap(({ expenses }) => expenses.map(({ id }) => id))), added)
  })

  check('a walk gives everybody’s once, in the order in which they were added', async (store) => {
    const owners = [ALICE, BOB, NAMESAKE, ALICE, BOB]
    for (const [i, owner] of owners.entries()) {
      await store.add(owner, { ...EXPENSE, date: `2026-01-0${9 - i}`, description: String(i) })
    }
    const seen: [string, unknown][] = []
    let after: string | undefined
    do {
      const page = await store.page({ after, limit: 2 })
      seen.push(...page.items.map((e): [string, unknown] => [e.expense.description, e.owner]))
      after = page.next
    } while (after !== undefined)
    assert.deepEqual(
      seen,
      owners.map((owner, i) => [String(i), owner]),
    )
  })

  check('what is put a second time is there once, as it was the first time', async (store) => {
    const expense = { ...EXPENSE, id: '0b0a4c5e-4a35-4f4b-8d6c-0f6a3c8c9d11' }
    const put = (owner: Owner, minorUnits = expense.minorUnits) =>
      store.put({ owner, expense: { ...expense, minorUnits }, version: 1 })
    assert.equal(await put(ALICE), 'added')
    assert.equal(await put(ALICE, 1), 'kept')
    assert.equal(await put(BOB), 'kept')
    assert.deepEqual((await store.list(ALICE)).expenses, [expense])
    assert.deepEqual((await store.list(BOB)).expenses, [])
  })

  check(
    'what was changed elsewhere since is changed, what was changed here is kept',
    async (store) => {
      const { id, ...first } = await store.add(ALICE, EXPENSE)
      const put = (description: string, version: number, owner: Owner = ALICE) =>
        store.put({ owner, expense: { ...first, id, description }, version })
      assert.equal(await put('as old', 1), 'kept')
      assert.equal(await put('of Bob', 9, BOB), 'kept')
      assert.equal(await put('newer', 2), 'changed')
      assert.equal((await store.find(ALICE, id))?.description, 'newer')
      await store.update(ALICE, id, { description: 'changed here' })
      assert.equal(await put('older', 3), 'kept')
      assert.deepEqual(await store.find(ALICE, id), { ...first, id, description: 'changed here' })
      assert.deepEqual(await store.find(BOB, id), undefined)
    },
  )

  check(
    'what was deleted comes back by no copy, and goes where it was copied to',
    async (store) => {
      const { id, ...first } = await store.add(ALICE, EXPENSE)
      const copied = { owner: ALICE, expense: { ...first, id }, version: 1 }
      assert.equal(await store.putDeletion({ owner: BOB, id, version: 1 }), false)
      assert.equal(await store.putDeletion({ owner: ALICE, id, version: 0 }), false)
      assert.equal(await store.putDeletion({ owner: ALICE, id, version: 1 }), true)
      assert.equal(await store.putDeletion({ owner: ALICE, id, version: 1 }), false)
      assert.equal(await store.putDeletion({ owner: ALICE, id: 'no id', version: 1 }), false)
      assert.equal(await store.put(copied), 'kept')
      assert.deepEqual(await store.list(ALICE), { expenses: [], totals: [] })
      const { items } = await store.deletions({ limit: 10 })
      assert.deepEqual(items, [{ owner: ALICE, id, version: 1 }])
      // Elsewhere it was changed once more often than it was here when it went.
      assert.equal(await store.put({ ...copied, version: 2 }), 'added')
      assert.deepEqual((await store.list(ALICE)).expenses, [copied.expense])
    },
  )

  check('a walk gives what was changed with how often, and what was deleted', async (store) => {
    const ids: string[] = []
    for (let i = 0; i < 5; i++) ids.push((await store.add(ALICE, EXPENSE)).id)
    const [first, second, third, fourth] = ids as [string, string, string, string]
    await store.update(ALICE, first, { minorUnits: 1 })
    await store.update(ALICE, first, { minorUnits: 2 })
    await store.update(ALICE, second, { minorUnits: 3 })
    for (const id of [second, third, fourth]) await store.delete(ALICE, id)
    const { items } = await store.page({ limit: 10 })
    assert.deepEqual(
      items.map(({ version, expense }) => [version, expense.minorUnits]),
      [
        [3, 2],
        [1, EXPENSE.minorUnits],
      ],
    )
    const seen = []
    let after: string | undefined
    do {
      const page = await store.deletions({ after, limit: 2 })
      seen.push(...page.items)
      after = page.next
    } while (after !== undefined)
    assert.deepEqual(seen, [
      { owner: ALICE, id: second, version: 2 },
      { owner: ALICE, id: third, version: 1 },
      { owner: ALICE, id: fourth, version: 1 },
    ])
  })

  test(`${name}: one person’s expenses are bounded, others’ go on, and a deletion makes room`, async (t) => {
    const store = await open(t, { maxExpenses: 3 })
    for (let i = 0; i < 3; i++) await store.add(ALICE, { ...EXPENSE, date: `2026-0${i + 1}-01` })
    await assert.rejects(store.add(ALICE, EXPENSE), (error: TooManyError) => {
      return error instanceof TooManyError && error.limit === 3
    })
    await store.add(BOB, EXPENSE)
    const { expenses, totals } = await store.list(ALICE)
    assert.equal(totals[0]?.count, 3)
    await store.delete(ALICE, expenses[0]?.id ?? '')
    await store.add(ALICE, EXPENSE)
    await assert.rejects(store.add(ALICE, EXPENSE), TooManyError)
    await store.close()
  })

  check('a closed store refuses and can be closed again', async (store) => {
    await store.close()
    await assert.rejects(store.add(ALICE, EXPENSE), /store is closed/)
  })
}

function descriptionsOf({ expenses }: { expenses: readonly Expense[] }): string[] {
  return expenses.map(({ description }) => description)
}
