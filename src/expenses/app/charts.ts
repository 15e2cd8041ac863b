import { type Bucket, ceilingOf, type Timeline } from './buckets.ts'
import { element, setShare } from './dom.ts'
import type { Format } from './format.ts'
import type { Group } from './summary.ts'
import { nameOf } from './words.ts'

/** Groups as a list of bars, each with its name, amount, share and number. */
export function bars(groups: readonly Group[], currency: string, format: Format): HTMLElement {
  const whole = groups.reduce((sum, { total }) => sum + total, 0)
  const most = Math.max(0, ...groups.map(({ total }) => total))
  const items = groups.map(({ name, total, count }) => {
    const fill = element('span', { class: 'fill' })
    setShare(fill, total, most)
    return element(
      'li',
      {},
      element(
        'span',
        {},
        element('span', { class: 'name', text: nameOf(name) }),
        element('span', {
          class: 'note',
          text: ` ${format.share(total, whole)} · ${format.count(count)}`,
        }),
      ),
      element('span', { class: 'amount', text: format.money(total, currency) }),
      element('span', { class: 'bar', 'aria-hidden': 'true' }, fill),
    )
  })
  // Said, because a list without bullets is none to some browsers.
  return element('ul', { class: 'bars', role: 'list' }, ...items)
}

/**
 * Buckets as columns, with a line above them that says what the one under the pointer or the focus
 * is. One stop for Tab; arrow keys go from column to column.
 */
export function columns(timeline: Timeline, currency: string, format: Format): HTMLElement {
  const { buckets } = timeline
  const readout = element('p', { class: 'readout', 'aria-hidden': 'true' })
  const most = buckets.reduce((a, b) => (b.total > a.total ? b : a))
  const describe = (bucket: Bucket) =>
    `${format.bucket(bucket)}: ${format.money(bucket.total, currency)}, ${format.count(bucket.count)}`
  const rest = () => {
    readout.textContent = `${buckets.length > 1 ? 'Most in ' : ''}${describe(most)}`
  }
  rest()
  const ceiling = ceilingOf(buckets)
  const items = buckets.map((bucket, index) => {
    const text = describe(bucket)
    const item = columnOf(text, tickOf(timeline, index, format))
    setShare(item, bucket.total, ceiling)
    const tell = () => {
      readout.textContent = text
    }
    item.addEventListener('focus', tell)
    item.addEventListener('pointerenter', tell)
    item.addEventListener('blur', rest)
    item.addEventListener('pointerleave', rest)
    return item
  })
  letArrowsWalk(items)
  const list = element(
    'ol',
    { class: 'columns', role: 'list', 'aria-label': 'Spending over time' },
    ...items,
  )
  const plot = element('div', { class: 'plot' }, axis(ceiling, currency, format), list)
  return element('div', { class: 'timeline' }, readout, plot)
}

function columnOf(text: string, tick: HTMLElement): HTMLLIElement {
  return element(
    'li',
    { class: 'slot', tabindex: '-1' },
    element('span', { class: 'column' }, element('span', { class: 'fill' })),
    element('span', { class: 'unseen', text }),
    tick,
  )
}

/** Three lines to read the columns by. */
function axis(ceiling: number, currency: string, format: Format): HTMLElement {
  const lines = [ceiling, ceiling / 2, 0].map((amount) =>
    element('span', { text: format.brief(amount, currency) }),
  )
  return element('div', { class: 'axis', 'aria-hidden': 'true' }, ...lines)
}

// How many labels fit side by side, on a page of 320 px and on a wide one.
const NARROW_TICKS = 6
const WIDE_TICKS = 12

function tickOf({ buckets, step }: Timeline, index: number, format: Format): HTMLElement {
  const wide = Math.ceil(buckets.length / WIDE_TICKS)
  // Those of the narrow page are some of the wide one's: all stand equally far apart.
  const narrow = wide * Math.ceil(buckets.length / NARROW_TICKS / wide)
  const size = index % narrow === 0 ? '' : index % wide === 0 ? ' wide' : ' none'
  const { text, year } = format.tick(buckets[index] as Bucket, step)
  const before = index > 0 ? format.tick(buckets[index - 1] as Bucket, step).year : ''
  return element(
    'span',
    { class: `tick${size}`, 'aria-hidden': 'true' },
    element('span', { text }),
    year !== before ? element('span', { text: year }) : undefined,
  )
}

type Move = (index: number, last: number) => number

const MOVES: ReadonlyMap<string, Move> = new Map<string, Move>([
  ['ArrowRight', (index, last) => Math.min(index + 1, last)],
  ['ArrowLeft', (index) => Math.max(index - 1, 0)],
  ['Home', () => 0],
  ['End', (_, last) => last],
])

function letArrowsWalk(items: readonly HTMLElement[]): void {
  const last = items.length - 1
  items.at(last)?.setAttribute('tabindex', '0')
  for (const [index, item] of items.entries()) {
    item.addEventListener('keydown', (event) => {
      const next = items[MOVES.get(event.key)?.(index, last) ?? -1]
      if (!next) return
      event.preventDefault()
      item.setAttribute('tabindex', '-1')
      next.setAttribute('tabindex', '0')
      next.focus()
    })
  }
}
