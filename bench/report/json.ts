// What `--json FILE` writes, for programs.
import { spread } from '../kit/figure.ts'
import { measuredOf, type Report } from './report.ts'

/** `rows` has one for each target; all else is what they were made from. */
export function toJson(report: Report): string {
  const { rows, machine, isQuick, rounds, seconds, outcomes, trips } = report
  const parts = outcomes.map((outcome) => {
    const { name } = outcome.part
    if (outcome.is !== 'measured') return { name, is: outcome.is, why: outcome.why }
    const { conditions, absent } = outcome.measured
    return { name, is: outcome.is, seconds: outcome.seconds, conditions, absent }
  })
  const measured = measuredOf(report).map((outcome) => outcome.measured)
  const figures = measured.flatMap((one) => one.figures.map(withSpread))
  const ratios = measured.flatMap((one) => one.ratios.map(withSpread))
  const run = { isQuick, rounds, seconds }
  return `${JSON.stringify({ rows, machine, run, parts, figures, ratios, trips }, null, 2)}\n`
}

function withSpread<T extends { readonly samples: readonly number[] }>(one: T) {
  return { ...one, ...spread(one.samples) }
}
