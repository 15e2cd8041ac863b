import { type Figure, median, spread } from '../../kit/figure.ts'
import { write } from '../numbers.ts'
import { isOurs } from './bars.ts'
import { type Chart, element, MARGIN, textAt, toChart, WIDTH } from './svg.ts'

/** How long answers took: of each subject the percentiles, at least one. */
export type Latencies = {
  readonly subject: string
  /** By `p50`, `p99`, `p999`: those that were measured. */
  readonly percentiles: ReadonlyMap<Percentile, Figure>
}

export const PERCENTILES = ['p50', 'p99', 'p999'] as const
export type Percentile = (typeof PERCENTILES)[number]

/** How a reader knows them apart, in black and white too. */
const NAMES: ReadonlyMap<Percentile, string> = new Map([
  ['p50', 'half are faster'],
  ['p99', '99 % are'],
  ['p999', '99.9 % are'],
])

const ROW = 44
const AXIS = 24
const LEGEND = 24
/** Beside the axis there is room for half a label. */
const SIDE = MARGIN + 22
const INNER = WIDTH - 2 * SIDE

/** On a logarithmic scale: what is twice as long is as far away everywhere. */
export function latencyChart(name: string, title: string, all: readonly Latencies[]): Chart {
  const figures = all.flatMap(({ percentiles }) => [...percentiles.values()])
  const scale = scaleOf(figures.flatMap(({ samples }) => samples))
  return toChart(name, title, inWords(title, all), (top) => {
    const bottom = top + all.length * ROW
    return {
      height: all.length * ROW + AXIS + LEGEND,
      body: [
        ...scale.ticks.flatMap((tick) => drawTick(tick, scale.at(tick), top, bottom)),
        ...all.flatMap((one, at) => drawRow(one, top + at * ROW, scale.at)),
        ...drawLegend(bottom + AXIS + 16),
      ],
    }
  })
}

type Scale = { readonly at: (value: number) => number; readonly ticks: readonly number[] }

function scaleOf(values: readonly number[]): Scale {
  // Nought has no logarithm; a clock that tells microseconds tells no less than one.
  const seen = values.filter(Number.isFinite).map((value) => Math.max(value, 0.001))
  const lowest = Math.floor(Math.log10(Math.min(...seen, 1)))
  const highest = Math.max(Math.ceil(Math.log10(Math.max(...seen, 0.01))), lowest + 1)
  const at = (value: number) => {
    const share = (Math.log10(Math.max(value, 0.001)) - lowest) / (highest - lowest)
    return SIDE + share * INNER
  }
  const ticks = Array.from({ length: highest - lowest + 1 }, (_, i) => 10 ** (lowest + i))
  return { at, ticks }
}

function drawTick(tick: number, x: number, top: number, bottom: number): string[] {
  const label = tick >= 1000 ? `${tick / 1000} s` : `${Number(tick.toPrecision(1))} ms`
  return [
    element('path', { d: `M${Math.round(x)} ${top}V${bottom}`, class: 'grid' }),
    textAt(x, bottom + 16, 'faint', label, { 'text-anchor': 'middle' }),
  ]
}

function drawRow({ subject, percentiles }: Latencies, y: number, at: (value: number) => number) {
  const us = isOurs(subject)
  const points = [...percentiles].map(([name, figure]) => {
    const { lowest, highest } = spread(figure.samples)
    return { name, x: at(median(figure.samples)), from: at(lowest), to: at(highest) }
  })
  const line = y + 30
  const xs = points.map(({ x }) => x)
  const link = `M${Math.min(...xs).toFixed(1)} ${line}H${Math.max(...xs).toFixed(1)}`
  const written = [...percentiles.values()].map(({ samples, unit }) => write(samples, unit).median)
  const ours = us ? ' ours' : ''
  return [
    textAt(MARGIN, y + 16, us ? 'us' : 'name', subject),
    textAt(WIDTH - MARGIN, y + 16, 'value faint', written.join(' · ')),
    element('path', { d: link, class: `link${ours}` }),
    ...points
      .filter(({ from, to }) => to - from >= 1)
      .map(({ from, to }) =>
        element('path', { d: `M${from.toFixed(1)} ${line}H${to.toFixed(1)}`, class: 'whisker' }),
      ),
    ...points.map(({ name, x }) => drawDot(name, x, line, `dot${ours}`)),
  ]
}

/** A circle, a diamond, a square. */
function drawDot(name: Percentile, x: number, y: number, role: string): string {
  const [left, up] = [x.toFixed(1), y]
  if (name === 'p50') return element('circle', { cx: x, cy: y, r: 6, class: role })
  if (name === 'p99')
    return element('path', { d: `M${left} ${up - 7}l7 7l-7 7l-7 -7z`, class: role })
  return element('rect', { x: x - 5, y: y - 5, width: 10, height: 10, class: role })
}

function drawLegend(y: number): string[] {
  const step = (WIDTH - 2 * MARGIN) / PERCENTILES.length
  return PERCENTILES.flatMap((name, at) => {
    const x = MARGIN + 6 + at * step
    return [drawDot(name, x, y - 4, 'dot'), textAt(x + 12, y, 'faint', NAMES.get(name) ?? name)]
  })
}

function inWords(title: string, all: readonly Latencies[]): string {
  const each = all.map(({ subject, percentiles }) => {
    const words = [...percentiles].map(
      ([name, { samples, unit }]) => `${write(samples, unit).median} (${NAMES.get(name)})`,
    )
    return `${subject} ${words.join(', ')}`
  })
  return `${title}: ${each.join('; ')}.`
}
