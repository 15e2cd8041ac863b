import assert from 'node:assert/strict'
import type { ExpenseChanges } from '../../src/expenses/expense-store.ts'
import { ALICE, BOB, type Check, EXPENSE, NAMESAKE } from './contract.ts'

const CHANGES: readonly ExpenseChanges[] = [
  { date: '2026-01-31' },
  { minorUnits: 1 },
  { minorUnits: Number.MAX_SAFE_INTEGER },
  { currency: 'JPY', minorUnits: 1500 },
  { category: 'gadget' },
  { description: "“Käse”'); DROP TABLE expenses;-- \\ $1 🧀" },
  { payment_method: 'cash' },
  {
    date: '2099-12-31',
    minorUnits: 7,
    category: 'food',
    description: 'all',
    payment_method: 'amex',
  },
  {},
]

/** Finding, changing and deleting one by its id. */
export function changesContract(check: Check): void {
  check('each field can be changed, and the others stay', async (store) => {
    for (const changes of CHANGES) {
      const stored = await store.add(ALICE, EXPENSE)
      const expected = { ...stored, ...changes }
      assert.deepEqual(await store.update(ALICE, stored.id, changes), expected)
      assert.deepEqual(await store.find(ALICE, stored.id), expected)
      const { expenses } = await store.list(ALICE)
      assert.deepEqual(
        expenses.find(({ id }) => id === stored.id),
        expected,
      )
    }
  })

  check('id, owner and the moment it was recorded are not changed by anything', async (store) => {
    const stored = await store.add(ALICE, EXPENSE)
    const hostile = { id: 'x', created: '1970-01-01T00:00:00.000Z', tid: 'tenant', oid: 'bob' }
    const changes = { ...hostile, minorUnits: 1, description: undefined } as object
    const expected = { ...stored, minorUnits: 1 }
    assert.deepEqual(await store.update(ALICE, stored.id, changes), expected)
    assert.deepEqual((await store.list(ALICE)).expenses, [expected])
    assert.deepEqual((await store.list(BOB)).expenses, [])
  })

  check(
    'one that is deleted is found no more, and cannot be changed or deleted again',
    async (store) => {
      const stored = await store.add(ALICE, EXPENSE)
      const other = await store.add(ALICE, EXPENSE)
      assert.deepEqual(await store.delete(ALICE, stored.id), stored)
      assert.equal(await store.find(ALICE, stored.id), undefined)
      assert.equal(await store.update(ALICE, stored.id, { minorUnits: 1 }), undefined)
      assert.equal(await store.delete(ALICE, stored.id), undefined)
      assert.deepEqual((await store.list(ALICE)).expenses, [other])
    },
  )

  check('nobody finds, changes or deletes by its id what is somebody else’s', async (store) => {
    const stored = await store.add(ALICE, EXPENSE)
    for (const stranger of [BOB, NAMESAKE, { tid: '', oid: '' }]) {
      assert.equal(await store.find(stranger, stored.id), undefined)
      assert.equal(await store.update(stranger, stored.id, { minorUnits: 1 }), undefined)
      assert.equal(await store.delete(stranger, stored.id), undefined)
    }
    assert.deepEqual(await store.find(ALICE, stored.id), stored)
    assert.deepEqual((await store.deletions({ limit: 9 })).items, [])
  })

  check('what is no id is nobody’s expense', async (store) => {
    const { id } = await store.add(ALICE, EXPENSE)
    const wrong = ['', 'x', id.toUpperCase(), ` ${id}`, `{${id}}`, id.replaceAll('-', ''), '%']
    for (const each of [...wrong, `${id}' OR 1=1 --`, 'a\0b', 'x'.repeat(100_000)]) {
      assert.equal(await store.find(ALICE, each), undefined)
      assert.equal(await store.update(ALICE, each, { minorUnits: 1 }), undefined)
      assert.equal(await store.delete(ALICE, each), undefined)
    }
    assert.equal((await store.list(ALICE)).totals[0]?.minorUnits, BigInt(EXPENSE.minorUnits))
  })

  check('changes of one moment are all done, one after another', async (store) => {
    const { id } = await store.add(ALICE, EXPENSE)
    const fields = [{ minorUnits: 5 }, { category: 'food' }, { description: 'new' }] as const
    await Promise.all([...fields, ...fields].map((changes) => store.update(ALICE, id, changes)))
    const expected = { ...EXPENSE, id, minorUnits: 5, category: 'food', description: 'new' }
    assert.deepEqual(await store.find(ALICE, id), expected)
    const { items } = await store.page({ limit: 1 })
    assert.equal(items[0]?.version, 7)
  })

  check('of several who delete one at one moment, one is told that it is gone', async (store) => {
    const { id } = await store.add(ALICE, EXPENSE)
    const told = await Promise.all([1, 2, 3, 4].map(() => store.delete(ALICE, id)))
    assert.equal(told.filter((each) => each !== undefined).length, 1)
    assert.deepEqual(await store.summarize(ALICE), { groups: [], largest: [] })
  })
}
