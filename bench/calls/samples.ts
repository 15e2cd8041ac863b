// What was seen of whom, round by round.
import { type Figure, type Ratio, ratios, type Unit } from '../kit/figure.ts'

/** What is measured: its id, its name in words, and its unit. */
export type Measure = { readonly id: string; readonly what: string; readonly unit: Unit }

export type Samples = {
  note(measure: Measure, subject: string, value: number): void
  /** Of one subject, in the order of rounds. */
  of(measure: Measure, subject: string): readonly number[]
  /** What one subject's are of another's, round by round. */
  ratio(
    ratio: Omit<Ratio, 'samples'>,
    of: readonly [Measure, string],
    over: readonly [Measure, string],
  ): Ratio
  figures(): Figure[]
}

export function createSamples(): Samples {
  const all = new Map<string, Figure & { samples: number[] }>()
  const keyOf = ({ id }: Measure, subject: string) => `${id} ${subject}`
  const of: Samples['of'] = (measure, subject) => all.get(keyOf(measure, subject))?.samples ?? []
  return {
    note(measure, subject, value) {
      const key = keyOf(measure, subject)
      const known = all.get(key) ?? { ...measure, subject, samples: [] }
      known.samples.push(value)
      all.set(key, known)
    },
    of,
    ratio(ratio, upper, lower) {
      const factor = ratio.unit === '%' ? 100 : 1
      return { ...ratio, samples: ratios(of(...upper), of(...lower), factor) }
    },
    figures: () => [...all.values()],
  }
}
