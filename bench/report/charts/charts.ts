// Which pictures a part's figures give.
import type { Figure } from '../../kit/figure.ts'
import { capital } from '../table.ts'
import { barChart } from './bars.ts'
import { type Latencies, latencyChart, PERCENTILES, type Percentile } from './latencies.ts'
import type { Chart } from './svg.ts'

/** A picture of what is known of two subjects or more; percentiles of the same share one. */
export function toCharts(figures: readonly Figure[]): Chart[] {
  // A share of something says how it was measured, not how fast anybody is.
  const drawable = figures.filter(
    ({ samples, unit }) => unit !== '%' && samples.every(Number.isFinite),
  )
  const groups = Map.groupBy(drawable, ({ id }) => stemOf(id))
  return [...groups].flatMap(([stem, group]) => {
    const subjects = new Set(group.map(({ subject }) => subject))
    if (subjects.size < 2) return []
    const name = `${stem.replaceAll(/[^\w]+/g, '-')}.svg`
    const title = titleOf(group[0] as Figure)
    if (stem === group[0]?.id) return [barChart(name, title, group)]
    const all = [...subjects].map((subject) => toLatencies(subject, group))
    return [latencyChart(name, title, all)]
  })
}

/** `calls/warm` of `calls/warm/p99`; all else is a stem itself. */
function stemOf(id: string): string {
  const percentile = percentileOf(id)
  return percentile ? id.slice(0, -percentile.length - 1) : id
}

function percentileOf(id: string): Percentile | undefined {
  return PERCENTILES.find((one) => id.endsWith(`/${one}`))
}

/** Without the percentile, which the legend names. */
function titleOf({ id, what }: Figure): string {
  if (!percentileOf(id)) return capital(what)
  const bare = what.replaceAll(/[,:(]?\s*\bp(50|99\.9|999|99)\b\)?/g, '').trim()
  return capital(`${bare}: time to the answer`)
}

function toLatencies(subject: string, group: readonly Figure[]): Latencies {
  const own = group.filter((figure) => figure.subject === subject)
  const found = PERCENTILES.flatMap((name) => {
    const figure = own.find(({ id }) => percentileOf(id) === name)
    return figure ? [[name, figure] as const] : []
  })
  return { subject, percentiles: new Map(found) }
}
