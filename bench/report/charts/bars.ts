import { type Figure, spread } from '../../kit/figure.ts'
import { write } from '../numbers.ts'
import { type Chart, element, MARGIN, textAt, toChart, WIDTH } from './svg.ts'

const ROW = 42
const BAR = 12
const INNER = WIDTH - 2 * MARGIN

/** The same of several subjects: a bar each, from nought, and a whisker from the lowest to the highest. */
export function barChart(name: string, title: string, figures: readonly Figure[]): Chart {
  const most = Math.max(...figures.map(({ samples }) => spread(samples).highest), 0)
  const scale = (value: number) => (most > 0 ? (Math.max(value, 0) / most) * INNER : 0)
  const body = (top: number) => ({
    height: figures.length * ROW,
    body: figures.flatMap((figure, at) => drawRow(figure, top + at * ROW, scale)),
  })
  return toChart(name, title, inWords(title, figures), body)
}

export function isOurs(subject: string): boolean {
  return /^Entrance\b/.test(subject)
}

function drawRow(figure: Figure, y: number, scale: (value: number) => number): string[] {
  const { subject, samples, unit } = figure
  const { median, lowest, highest } = spread(samples)
  const us = isOurs(subject)
  const middle = y + 24 + BAR / 2
  const [from, to] = [MARGIN + scale(lowest), MARGIN + scale(highest)]
  const whisker = `M${px(from)} ${middle - 5}v10M${px(from)} ${middle}H${px(to)}M${px(to)} ${middle - 5}v10`
  return [
    textAt(MARGIN, y + 16, us ? 'us' : 'name', subject),
    textAt(WIDTH - MARGIN, y + 16, us ? 'value us' : 'value', write(samples, unit).median),
    // What is next to nothing is still to be seen.
    element('rect', {
      x: MARGIN,
      y: y + 24,
      width: Math.max(scale(median), 1),
      height: BAR,
      rx: 2,
      class: us ? 'bar ours' : 'bar',
    }),
    ...(to - from >= 1 ? [element('path', { d: whisker, class: 'whisker' })] : []),
  ]
}

function inWords(title: string, figures: readonly Figure[]): string {
  const each = figures.map(({ subject, samples, unit }) => {
    const { median, range } = write(samples, unit)
    return `${subject} ${median}${range && ` (${range})`}`
  })
  return `${title}: ${each.join('; ')}.`
}

function px(value: number): number {
  return Math.round(value * 10) / 10
}
