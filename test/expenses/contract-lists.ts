import assert from 'node:assert/strict'
import type { Expense } from '../../src/expenses/expense.ts'
import type { ExpenseFilter, ExpenseQuery } from '../../src/expenses/expense-store.ts'
import { CursorError, type ExpenseStore } from '../../src/expenses/server.ts'
import { ALICE, BOB, type Check, EXPENSE, NAMESAKE } from './contract.ts'

/** Filters, pages and sums. */
export function listsContract(check: Check): void {
  check('each filter lets through what it names, alone and with others', async (store) => {
    const all = variety()
    for (const expense of all) await store.add(ALICE, expense)
    await store.add(BOB, EXPENSE)
    for (const filter of FILTERS) await checkFilter(store, all, filter)
  })

  check('a text is found in small and capital letters of any alphabet', async (store) => {
    for (const description of Object.keys(SPELLINGS)) {
      await store.add(ALICE, { ...EXPENSE, description })
    }
    for (const [description, texts] of Object.entries(SPELLINGS)) {
      for (const text of texts) {
        const found = (await store.list(ALICE, { text })).expenses.map((e) => e.description)
        assert.deepEqual(found, [description], text)
      }
    }
  })

  check(
    '%, _, \\, quotes and what no description can have are looked for as they are',
    async (store) => {
      const descriptions = ['100 % wool', 'snake_case', 'back\\slash', "it's", 'a "quote"', 'plain']
      for (const description of descriptions) await store.add(ALICE, { ...EXPENSE, description })
      const found = async (text: string) =>
        (await store.list(ALICE, { text })).expenses.map(({ description }) => description)
      assert.deepEqual(await found('%'), ['100 % wool'])
      assert.deepEqual(await found('_'), ['snake_case'])
      assert.deepEqual(await found('\\'), ['back\\slash'])
      assert.deepEqual(await found("'"), ["it's"])
      assert.deepEqual(await found('"'), ['a "quote"'])
      assert.deepEqual(await found("' OR 1=1 --"), [])
      assert.deepEqual(await found('p%n'), [])
      assert.deepEqual(await found('pl_in'), [])
      assert.deepEqual(await found('pla\0in'), [])
      assert.deepEqual(await found('plain\0'), [])
      assert.equal((await found('')).length, descriptions.length)
    },
  )

  check('a text that was changed is found by the new words only', async (store) => {
    const { id } = await store.add(ALICE, { ...EXPENSE, description: 'Öl' })
    await store.update(ALICE, id, { description: 'Wein' })
    const count = async (text: string) => (await store.list(ALICE, { text })).expenses.length
    assert.deepEqual([await count('öl'), await count('WEIN')], [0, 1])
  })

  check(
    'pages give all of it once, whatever their size, and ties of one date in order',
    async (store) => {
      const dates = ['2026-01-02', '2026-01-01', '2026-01-02', '2026-01-02', '2025-12-31']
      for (let i = 0; i < 15; i++) {
        await store.add(ALICE, { ...EXPENSE, date: dates[i % 5] as string, description: String(i) })
      }
      const whole = (await store.list(ALICE)).expenses
      assert.equal(whole.length, 15)
      for (const limit of [1, 2, 3, 7, 14, 15, 16]) {
        const { pages, expenses } = await readAll(store, { limit })
        assert.deepEqual(expenses, whole, `${limit} at a time`)
        assert.equal(pages, Math.ceil(15 / limit))
      }
      const { expenses } = await readAll(store, { limit: 2, text: '1', to: '2026-01-02' })
      assert.deepEqual(
        expenses,
        whole.filter(({ description }) => description.includes('1')),
      )
    },
  )

  check('pages skip and repeat nothing while others are added and deleted', async (store) => {
    const add = (date: string) => store.add(ALICE, { ...EXPENSE, date })
    for (let i = 0; i < 20; i++) await add(i % 2 ? '2026-05-05' : '2026-05-04')
    const whole = (await store.list(ALICE)).expenses.map(({ id }) => id)
    const gone = new Set<string>()
    const seen: string[] = []
    let cursor: string | undefined
    do {
      const { expenses, next } = await store.list(ALICE, { limit: 3, cursor })
      seen.push(...expenses.map(({ id }) => id))
      cursor = next
      // The very one that the cursor stands behind, one that was seen, one that is to come.
      for (const id of [seen.at(-1), seen[0], whole[seen.length + 2]]) {
        if (id !== undefined && (await store.delete(ALICE, id))) gone.add(id)
      }
      // New ones, before what was seen, behind it, and on the same date.
      for (const date of ['2026-05-05', '2026-06-01']) await add(date)
    } while (cursor !== undefined)
    assert.equal(new Set(seen).size, seen.length, 'none twice')
    const missed = whole.filter((id) => !seen.includes(id) && !gone.has(id))
    assert.deepEqual(missed, [])
  })

  check('what is no cursor is told so, whatever it is', async (store) => {
    for (let i = 0; i < 3; i++) await store.add(ALICE, EXPENSE)
    const { next = '' } = await store.list(ALICE, { limit: 1 })
    const made = (text: string) => Buffer.from(text).toString('base64url')
    const wrong = [
      ...['', '0', 'x'.repeat(10_000), `${next}A`, `${next}=`, ` ${next}`, next.slice(1)],
      ...[made('2026-02-30.1'), made('2026-01-01.-1'), made('2026-01-01.1e3'), made('a.b')],
      ...[made('2026-01-01.01'), made("2026-01-01.1'"), made(`2026-01-01.${'9'.repeat(16)}`)],
      ...[made('[1]'), '🧀', '../../etc/passwd', made('\0'.repeat(16)), made('1'.repeat(16))],
    ]
    for (const cursor of wrong) {
      await assert.rejects(store.list(ALICE, { limit: 1, cursor }), (error) => {
        assert.ok(error instanceof CursorError, `${cursor}: ${error}`)
        return error instanceof RangeError
      })
    }
  })

  check('ATTACK: a cursor tells nothing of how many expenses others have', async (store) => {
    const cursors: string[] = []
    for (let i = 0; i < 4; i++) {
      await store.add(ALICE, EXPENSE)
      await store.add(BOB, EXPENSE)
      const { next } = await store.list(ALICE, { limit: 1 })
      if (next !== undefined) cursors.push(next)
    }
    assert.equal(new Set(cursors).size, 3)
    for (const cursor of cursors) {
      const bytes = Buffer.from(cursor, 'base64url')
      // No day, no number, and none that goes up with the number of expenses.
      assert.doesNotMatch(bytes.toString('latin1'), /2026|\0{3}/)
    }
    // One block of a cipher: what differs by one has nothing in common.
    const [first, second] = cursors.map((cursor) => [...Buffer.from(cursor, 'base64url')])
    const same = first?.filter((byte, i) => byte === second?.[i]).length ?? 16
    assert.ok(same < 6, `${same} bytes are the same`)
  })

  check('somebody else’s cursor gives one’s own expenses only', async (store) => {
    const dates = ['2026-03-03', '2026-03-01']
    for (const owner of [ALICE, BOB, NAMESAKE]) {
      for (const date of dates) await store.add(owner, { ...EXPENSE, date })
    }
    const { next } = await store.list(ALICE, { limit: 1 })
    assert.ok(next)
    const own = (await store.list(BOB)).expenses
    const { expenses, totals } = await store.list(BOB, { limit: 10, cursor: next })
    assert.deepEqual(
      expenses.filter((e) => !own.some(({ id }) => id === e.id)),
      [],
    )
    assert.equal(totals[0]?.count, 2)
  })

  check('totals and summary are those of all that the filter lets through', async (store) => {
    const all = variety()
    const stored = []
    for (const expense of all) stored.push(await store.add(ALICE, expense))
    for (let i = 0; i < 5; i++) await store.add(BOB, { ...EXPENSE, minorUnits: 999_999 })
    for (const { text: _, ...filter } of FILTERS) await checkSummary(store, stored, filter)
    const nobody = { tid: 'tenant', oid: 'nobody' }
    assert.deepEqual(await store.summarize(nobody), { groups: [], largest: [] })
  })

  check('the summary follows every change and deletion', async (store) => {
    const stored = new Map(
      (await Promise.all(variety().map((e) => store.add(ALICE, e)))).map((e) => [e.id, e]),
    )
    const ids = [...stored.keys()]
    const changes = [
      { minorUnits: 123_456 },
      { date: '2027-01-01' },
      { category: 'gadget', payment_method: 'cash' },
      { currency: 'EUR' },
      { description: 'other words' },
    ] as const
    for (const [i, id] of ids.entries()) {
      if (i % 3 === 0) {
        assert.ok(await store.delete(ALICE, id))
        stored.delete(id)
      } else {
        const changed = await store.update(ALICE, id, changes[i % changes.length] ?? {})
        assert.ok(changed)
        stored.set(id, changed)
      }
    }
    await checkSummary(store, [...stored.values()], {})
    await checkSummary(store, [...stored.values()], { from: '2026-02-10', to: '2027-01-01' })
    for (const id of stored.keys()) await store.delete(ALICE, id)
    assert.deepEqual(await store.summarize(ALICE), { groups: [], largest: [] })
    assert.deepEqual(await store.list(ALICE), { expenses: [], totals: [] })
  })

  check('of several that are equally large the newest is named', async (store) => {
    const dates = ['2026-03-01', '2026-05-01', '2026-05-01', '2026-04-01']
    const stored = []
    for (const date of dates) stored.push(await store.add(ALICE, { ...EXPENSE, date }))
    await store.add(ALICE, { ...EXPENSE, minorUnits: 1 })
    assert.deepEqual((await store.summarize(ALICE)).largest, [stored[2]])
    const until = await store.summarize(ALICE, { to: '2026-04-30' })
    assert.deepEqual(until.largest, [stored[3]])
  })
}

/** Texts, and how people may look for them; nothing else is found by it. */
const SPELLINGS: Readonly<Record<string, readonly string[]>> = {
  'Office SUPPLIES': ['office supplies', 'OFFICE', 'e sUPP'],
  Müsli: ['MÜSLI', 'müs', 'MU\u0308SLI'],
  'Cafe\u0301 crème': ['CAFÉ', 'É CRÈ', 'cafe\u0301'],
  Straße: ['STRASSE', 'straße', 'STRAẞE'],
  'ΟΔΟΣ Πλάκα': ['οδος', 'οδοσ', 'πλάκα', 'ΠΛΆΚΑ'],
  'Билет в метро': ['БИЛЕТ', 'в МЕТРО'],
  Երևան: ['ԵՐ'],
  '🧀 ﬁne': ['🧀', 'FINE'],
  'שלום קפה': ['קפה'],
}

const FILTERS: readonly ExpenseFilter[] = [
  {},
  { category: 'food' },
  { payment_method: 'cash' },
  { category: 'transport', payment_method: 'amex' },
  { from: '2026-02-10' },
  { to: '2026-02-10' },
  { from: '2026-02-10', to: '2026-02-10' },
  { from: '2026-02-01', to: '2026-02-28' },
  { from: '2026-01-15', to: '2026-03-15' },
  { from: '2026-01-31', to: '2026-02-01' },
  { from: '2026-02-10', to: '2026-02-20' },
  { from: '2026-02-01', to: '2026-02-20' },
  { from: '2026-02-10', to: '2026-02-28' },
  { from: '1970-01-01', to: '2099-12-31' },
  { from: '2026-03-01', to: '2026-02-01' },
  { from: '2030-01-01' },
  { text: 'LUNCH' },
  { text: 'lunch', category: 'food', payment_method: 'cash', from: '2026-01-20', to: '2026-03-10' },
  { text: 'taxi', from: '2026-02-01' },
  { text: 'nothing like it' },
]

/** Expenses that differ in everything: on each edge of a month, of two currencies. */
function variety(): Expense[] {
  const dates = ['2025-12-31', '2026-01-01', '2026-01-31', '2026-02-01', '2026-02-10', '2026-02-28']
  const more = ['2026-03-01', '2026-03-15', '1970-01-01', '2099-12-31']
  const categories = ['food', 'transport', 'gadget'] as const
  const methods = ['amex', 'visa', 'cash'] as const
  return [...dates, ...more, ...dates, ...more, ...dates].map((date, i) => ({
    ...EXPENSE,
    date,
    minorUnits: ((i * 7919) % 97) + 1,
    currency: i % 5 === 0 ? 'JPY' : 'USD',
    category: categories[i % 3] as Expense['category'],
    payment_method: methods[(i >> 1) % 3] as Expense['payment_method'],
    description: `${i % 2 ? 'Lunch' : 'Taxi home'} no ${i}`,
  }))
}

function matches(expense: Expense, filter: ExpenseFilter): boolean {
  const { from = '', to = '9', category, payment_method, text = '' } = filter
  return (
    expense.date >= from &&
    expense.date <= to &&
    (category === undefined || expense.category === category) &&
    (payment_method === undefined || expense.payment_method === payment_method) &&
    expense.description.toLowerCase().includes(text.toLowerCase())
  )
}

/** The totals, worked out one by one. */
function totalsOf(expenses: readonly Expense[]) {
  return ['JPY', 'USD', 'EUR'].toSorted().flatMap((currency) => {
    const own = expenses.filter((expense) => expense.currency === currency)
    const minorUnits = own.reduce((sum, expense) => sum + BigInt(expense.minorUnits), 0n)
    return own.length > 0 ? [{ currency, count: own.length, minorUnits }] : []
  })
}

async function checkFilter(
  store: ExpenseStore,
  all: readonly Expense[],
  filter: ExpenseFilter,
): Promise<void> {
  const expected = all.filter((expense) => matches(expense, filter))
  const { expenses, totals } = await store.list(ALICE, filter)
  const name = JSON.stringify(filter)
  assert.deepEqual(
    expenses.map(({ description }) => description).toSorted(),
    expected.map(({ description }) => description).toSorted(),
    name,
  )
  const order = expenses.map(({ date }) => date)
  assert.deepEqual(order, order.toSorted().toReversed(), name)
  assert.deepEqual(totals, totalsOf(expected), name)
  const pages = await readAll(store, { ...filter, limit: 2 })
  assert.deepEqual(pages.expenses, expenses, name)
}

async function checkSummary(
  store: ExpenseStore,
  all: readonly (Expense & { readonly id: string })[],
  filter: ExpenseFilter,
): Promise<void> {
  const name = JSON.stringify(filter)
  const expected = all.filter((expense) => matches(expense, filter))
  const { groups, largest } = await store.summarize(ALICE, filter)
  const months = groups.map(({ month }) => month)
  assert.deepEqual(months, months.toSorted(), name)
  const seen = groups.map(({ month, currency, category, payment_method, count, minorUnits }) => {
    const kind = [month, currency, category, payment_method].join()
    return [kind, count, minorUnits] as const
  })
  const sums = new Map<string, [number, bigint]>()
  for (const { date, currency, category, payment_method, minorUnits } of expected) {
    const kind = [date.slice(0, 7), currency, category, payment_method].join()
    const [count, sum] = sums.get(kind) ?? [0, 0n]
    sums.set(kind, [count + 1, sum + BigInt(minorUnits)])
  }
  const wanted = [...sums].map(([kind, [count, sum]]) => [kind, count, sum])
  assert.deepEqual(seen.toSorted(), wanted.toSorted(), name)
  const most = totalsOf(expected).map(({ currency }) => [
    currency,
    Math.max(...expected.filter((e) => e.currency === currency).map((e) => e.minorUnits)),
  ])
  assert.deepEqual(
    largest.map(({ currency, minorUnits }) => [currency, minorUnits]),
    most,
    name,
  )
  assert.ok(
    largest.every(({ id }) => expected.some((expense) => expense.id === id)),
    name,
  )
}

async function readAll(store: ExpenseStore, query: ExpenseQuery) {
  const expenses = []
  let pages = 0
  let cursor: string | undefined
  do {
    const page = await store.list(ALICE, { ...query, cursor })
    expenses.push(...page.expenses)
    cursor = page.next
    pages++
  } while (cursor !== undefined)
  return { pages, expenses }
}
