import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { readAnswer } from '../../src/expenses/app/answer.ts'
import { ceilingOf, timelineOf } from '../../src/expenses/app/buckets.ts'
import { contrast } from '../../src/expenses/app/colours.ts'
import { formatOf } from '../../src/expenses/app/format.ts'
import { choicesOf, readPeriod, todayIn } from '../../src/expenses/app/periods.ts'
import { readSummary, type Summary } from '../../src/expenses/app/summary.ts'
import { currencyOf } from '../../src/expenses/money.ts'
import { NOTHING, summaryOfMonths } from './spending-fixture.ts'

const read = (value: unknown): Summary => {
  const summary = readSummary(value)
  if (!summary) throw new Error(`Not read: ${JSON.stringify(value)}`)
  return summary
}

/** The months of a timeline's columns, each as its label. */
const labels = (summary: Summary) => {
  const { bucket } = formatOf('en-US')
  return timelineOf(summary).buckets.map((each) => bucket(each))
}

suite('spending over time', () => {
  test('a month in which nothing was spent has its place', () => {
    const summary = read(summaryOfMonths({ '2026-11': 5, '2027-02': 7 }))
    assert.deepEqual(labels(summary), ['Nov 2026', 'Dec 2026', 'Jan 2027', 'Feb 2027'])
    assert.deepEqual(
      timelineOf(summary).buckets.map(({ total }) => total),
      [5, 0, 0, 7],
    )
  })

  test('the months of the period that was asked for have their place too', () => {
    const months = summaryOfMonths({ '2026-03': 5 }, { from: '2026-01-01', to: '2026-04-30' })
    assert.equal(labels(read(months)).length, 4)
    const decades = summaryOfMonths({ '2026-03': 5 }, { from: '1970-01-01', to: '2099-12-31' })
    assert.deepEqual(labels(read(decades)), ['Mar 2026'])
  })

  test('many months become quarters, years, then several years', () => {
    const between = (first: string, last: string) =>
      timelineOf(read(summaryOfMonths({ [first]: 1, [last]: 1 })))
    assert.equal(between('2024-01', '2026-12').step, 1)
    assert.equal(between('2023-12', '2026-12').step, 3)
    assert.equal(between('2000-01', '2026-12').step, 12)
    const all = between('1970-01', '2099-12')
    assert.equal(all.step, 60)
    assert.equal(all.buckets.length, 26)
    assert.ok(between('0001-01', '9999-12').buckets.length <= 36)
  })

  test('a quarter begins in January, April, July or October', () => {
    const summary = read(summaryOfMonths({ '2020-02': 1, '2026-12': 1 }))
    assert.equal(labels(summary)[0], 'Jan\u2009–\u2009Mar 2020')
    assert.equal(labels(summary).at(-1), 'Oct\u2009–\u2009Dec 2026')
  })

  test('no column is higher than the axis, and the axis is not much higher', () => {
    for (const total of [0.01, 1, 99.99, 100, 101, 2_300, 5_000_000_000_000]) {
      const ceiling = ceilingOf([{ total }, { total: 0 }])
      assert.ok(ceiling >= total && ceiling <= total * 2.5, `${ceiling} for ${total}`)
    }
    assert.equal(ceilingOf([]), 1)
  })
})

suite('the periods to choose', () => {
  test("are the calendar's, across a year's end", () => {
    const days = (today: string) =>
      Object.fromEntries(
        choicesOf(today).map(({ id, period: { from, to } }) => [id, `${from} ${to}`]),
      )
    assert.deepEqual(days('2027-01-15'), {
      'this-month': '2027-01-01 2027-01-31',
      'last-month': '2026-12-01 2026-12-31',
      'three-months': '2026-11-01 2027-01-31',
      'this-year': '2027-01-01 2027-12-31',
      'last-year': '2026-01-01 2026-12-31',
      all: 'undefined undefined',
    })
    assert.equal(days('2028-02-29')['this-month'], '2028-02-01 2028-02-29')
  })

  test("begin with the day where the person is, or the browser's", () => {
    const now = new Date('2026-12-31T23:30:00Z')
    assert.equal(todayIn('Pacific/Auckland', now), '2027-01-01')
    assert.equal(todayIn('America/New_York', now), '2026-12-31')
    assert.match(todayIn('Nowhere/At_All', now), /^202[67]-\d\d-\d\d$/)
  })

  test('leave open what the arguments of the call do not say', () => {
    assert.deepEqual(readPeriod({ from: '2026-01-01', to: '2026-0' }), { from: '2026-01-01' })
    assert.deepEqual(readPeriod({ from: ['2026-01-01'], to: 7 }), {})
    assert.deepEqual(readPeriod(undefined), {})
  })
})

suite('what the page takes for a summary', () => {
  test('is all that the tool answers', () => {
    const summary = read({
      ...NOTHING,
      from: '2026-01-01',
      other_totals: [{ currency: 'EUR', count: 1, total: 3 }],
    })
    assert.equal(summary.from, '2026-01-01')
    assert.equal(summary.largest, undefined)
    assert.deepEqual(summary.others, [{ currency: 'EUR', count: 1, total: 3 }])
  })

  const MALFORMED: Record<string, unknown> = {
    'no object': 'a text',
    'no total': { ...NOTHING, total: undefined },
    'a total in words': { ...NOTHING, total: '75' },
    'a total that is no number': { ...NOTHING, total: Number.NaN },
    'a negative number of expenses': { ...NOTHING, count: -1 },
    'months that are none': { ...NOTHING, by_month: [{ month: '2026-13', count: 1, total: 1 }] },
    'a list that is none': { ...NOTHING, by_category: { length: 1 } },
    'more months than there are': { ...NOTHING, by_month: Array(2001).fill({}) },
    'a category that is an object': {
      ...NOTHING,
      by_category: [{ category: {}, count: 1, total: 1, average: 1 }],
    },
  }
  for (const [name, value] of Object.entries(MALFORMED)) {
    test(`is not ${name}`, () => {
      assert.equal(readSummary(value), undefined)
      assert.equal(readAnswer({ structuredContent: value }).kind, 'problem')
    })
  }

  test('is not looked for in an answer that is an error', () => {
    const answer = readAnswer({
      isError: true,
      structuredContent: NOTHING,
      content: [{ type: 'text', text: 'No.' }, null, { type: 'text', text: 7 }],
    })
    assert.deepEqual(answer, {
      kind: 'problem',
      title: 'The figures could not be read',
      text: 'No.',
    })
  })
})

suite('figures in words', () => {
  test("are written as the person's locale does; a locale that is none is English", () => {
    assert.equal(formatOf('de-DE').money(1234.5, 'EUR'), '1.234,50\u00a0€')
    assert.equal(formatOf('ja-JP').money(1234, 'JPY'), '￥1,234')
    assert.equal(formatOf('no locale!').money(1234.5, 'USD'), '$1,234.50')
    assert.equal(formatOf('en-US').money(5, 'no currency'), '5.00 no currency')
  })

  test('have the digits that the text has, also where the browser leaves them out', () => {
    const { money } = formatOf('en-US')
    for (const code of Intl.supportedValuesOf('currency')) {
      const [, fraction = ''] = /\d+(?:\.(\d+))?$/.exec(money(1, code)) ?? []
      assert.equal(fraction.length, currencyOf(code).minorDigits, code)
    }
    assert.equal(money(1500.5, 'HUF'), 'HUF\u00a01,500.50')
  })

  test('a small part is not nothing', () => {
    const { share } = formatOf('en-US')
    assert.equal(share(1, 1000), '<1%')
    assert.equal(share(0, 1000), '0%')
    assert.equal(share(0, 0), '0%')
    assert.equal(share(1, 3), '33%')
  })

  test('contrast is that of WCAG', () => {
    assert.equal(contrast([0, 0, 0], [255, 255, 255]), 21)
    assert.equal(contrast([255, 255, 255], [255, 255, 255]), 1)
    assert.ok(Math.abs(contrast([119, 119, 119], [255, 255, 255]) - 4.48) < 0.01)
  })
})
