import type { Timeline } from './buckets.ts'
import { element } from './dom.ts'
import type { Format } from './format.ts'
import type { Group } from './summary.ts'
import { nameOf } from './words.ts'

/** Groups as a table: the same figures as the bars, and the average. */
export function groupTable(
  heading: string,
  groups: readonly Group[],
  currency: string,
  format: Format,
): HTMLElement {
  const whole = groups.reduce((sum, { total }) => sum + total, 0)
  const rows = groups.map(({ name, count, total, average }) => [
    nameOf(name),
    format.number(count),
    format.money(total, currency),
    format.share(total, whole),
    format.money(average, currency),
  ])
  return table([heading, 'Expenses', 'Total', 'Share', 'Average'], rows)
}

/** The stretches of time in which something was spent, as a table. */
export function timeTable({ buckets }: Timeline, currency: string, format: Format): HTMLElement {
  const rows = buckets
    .filter(({ count }) => count > 0)
    .map((bucket) => [
      format.bucket(bucket),
      format.number(bucket.count),
      format.money(bucket.total, currency),
      format.money(bucket.total / bucket.count, currency),
    ])
  return table(['Period', 'Expenses', 'Total', 'Average'], rows)
}

function table(headings: readonly string[], rows: readonly (readonly string[])[]): HTMLElement {
  const classOf = (index: number) => (headings[index] === 'Share' ? 'share' : undefined)
  const cell = (text: string, index: number) =>
    index === 0
      ? element('th', { scope: 'row', text })
      : element('td', { class: classOf(index), text })
  const made = element(
    'table',
    {},
    element(
      'thead',
      {},
      element(
        'tr',
        {},
        ...headings.map((text, index) =>
          element('th', { scope: 'col', class: classOf(index), text }),
        ),
      ),
    ),
    element('tbody', {}, ...rows.map((row) => element('tr', {}, ...row.map(cell)))),
  )
  // Where it is wider than the page it scrolls by itself, by keyboard too.
  return element(
    'div',
    { class: 'scroll', role: 'group', tabindex: '0', 'aria-label': headings[0] ?? '' },
    made,
  )
}
