import { timelineOf } from './buckets.ts'
import { bars, columns } from './charts.ts'
import { element } from './dom.ts'
import type { Format } from './format.ts'
import type { Largest, OtherTotal, Summary } from './summary.ts'
import { groupTable, timeTable } from './tables.ts'
import { nameOf, stepName } from './words.ts'

/** How the figures are shown. */
export type Look = 'chart' | 'table'

/** The figures, then what they are made of. */
export function summaryView(summary: Summary, look: Look, format: Format): HTMLElement[] {
  const { count, currency, categories, paymentMethods } = summary
  const others = otherTotals(summary.others, format)
  if (count === 0) return [emptyView(summary), others].filter((each) => each !== undefined)
  const timeline = timelineOf(summary)
  const isChart = look === 'chart'
  const parts = [
    section('By category', 'categories', [
      isChart
        ? bars(categories, currency, format)
        : groupTable('Category', categories, currency, format),
    ]),
    section(stepName(timeline.step), 'time', [
      isChart && timeline.buckets.length > 0
        ? columns(timeline, currency, format)
        : timeTable(timeline, currency, format),
    ]),
    section('By payment method', 'methods', [
      isChart
        ? bars(paymentMethods, currency, format)
        : groupTable('Method', paymentMethods, currency, format),
    ]),
  ]
  return [
    figures(summary, format),
    ...(others ? [others] : []),
    element('div', { class: 'parts' }, ...parts),
  ]
}

/** What is said instead of figures. */
export function messageView(title: string, text: string, action?: HTMLElement): HTMLElement {
  return element(
    'div',
    { class: 'message' },
    element('p', { class: 'title', text: title }),
    // The server's or the host's own words; several lines of them, perhaps.
    text === '' ? undefined : element('p', { class: 'words', dir: 'auto', text }),
    action,
  )
}

function emptyView({ others, from, to }: Summary): HTMLElement {
  if (others.length > 0) return messageView('No expenses in this currency', 'Only in others:')
  const when = from || to ? 'Nothing was recorded in this period.' : 'Nothing was recorded yet.'
  return messageView('No expenses', when)
}

function figures({ total, count, average, largest, currency }: Summary, format: Format) {
  return element(
    'dl',
    { class: 'figures' },
    figure('Total', format.money(total, currency)),
    figure('Expenses', format.number(count)),
    figure('Average', format.money(average, currency)),
    largest &&
      figure(
        'Largest',
        format.money(largest.amount, largest.currency),
        largestNote(largest, format),
      ),
  )
}

function figure(name: string, value: string, note?: HTMLElement): HTMLElement {
  return element(
    'div',
    {},
    element('dt', { text: name }),
    element('dd', { class: 'value', text: value }),
    note,
  )
}

function largestNote({ description, category, date }: Largest, format: Format): HTMLElement {
  return element(
    'dd',
    { class: 'note' },
    // Text of a person's own, in whichever direction; a long one is cut, and whole on hover.
    element('bdi', { class: 'description', text: description, title: description }),
    element('span', { text: `${nameOf(category)} · ${format.day(date)}` }),
  )
}

function otherTotals(others: readonly OtherTotal[], format: Format): HTMLElement | undefined {
  if (others.length === 0) return undefined
  const items = others.map(({ currency, count, total }) =>
    element('li', { text: `${format.money(total, currency)} (${format.count(count)})` }),
  )
  return element(
    'section',
    { class: 'others', 'aria-label': 'Other currencies' },
    element('p', { text: 'In other currencies, not part of these figures:' }),
    element('ul', { role: 'list' }, ...items),
  )
}

function section(title: string, name: string, content: readonly HTMLElement[]): HTMLElement {
  const id = `heading-${name}`
  return element(
    'section',
    { class: name, 'aria-labelledby': id },
    element('h2', { id, text: title }),
    ...content,
  )
}
