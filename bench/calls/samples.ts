// What was seen of whom, round by round.
import { type Figure, type Ratio, ratios, type Unit } from '../kit/figure.ts'

/** What is measured: its id, its name in words, and its unit. */
export type Measure = { readonly id: string; readonly what: string; readonly unit: Unit }

export type Samples = {
  /** Of nobody who is left out, and no NaN. */
  note(measure: Measure, subject: string, round: number, value: number): void
  /** Of one subject, in the order of rounds. */
  of(measure: Measure, subject: string): readonly number[]
  /** What one subject's are of another's, in each round that has both; none where no round has. */
  ratio(
    ratio: Omit<Ratio, 'samples'>,
    of: readonly [Measure, string],
    over: readonly [Measure, string],
  ): Ratio[]
  /** Nothing is said of a subject any more, but why. */
  leaveOut(subject: string, why: string): void
  leftOut(): readonly { readonly subject: string; readonly why: string }[]
  figures(): Figure[]
}

type Seen = { readonly measure: Measure; readonly subject: string; readonly byRound: ByRound }
type ByRound = Map<number, number>

export function createSamples(): Samples {
  const all = new Map<string, Seen>()
  const left = new Map<string, string>()
  const keyOf = ({ id }: Measure, subject: string) => `${id} ${subject}`
  const find = (measure: Measure, subject: string): ByRound =>
    all.get(keyOf(measure, subject))?.byRound ?? new Map()
  return {
    note(measure, subject, round, value) {
      // What this system does not tell is not a figure.
      if (left.has(subject) || !Number.isFinite(value)) return
      const key = keyOf(measure, subject)
      const seen = all.get(key) ?? { measure, subject, byRound: new Map() }
      seen.byRound.set(round, value)
      all.set(key, seen)
    },
    of: (measure, subject) => [...find(measure, subject).values()],
    ratio(ratio, upper, lower) {
      const [of, over] = [find(...upper), find(...lower)]
      const rounds = [...of.keys()].filter((round) => over.has(round))
      const take = (from: ByRound) => rounds.map((round) => from.get(round) ?? Number.NaN)
      const factor = ratio.unit === '%' ? 100 : 1
      return rounds.length > 0 ? [{ ...ratio, samples: ratios(take(of), take(over), factor) }] : []
    },
    leaveOut(subject, why) {
      left.set(subject, why)
      for (const [key, seen] of all) if (seen.subject === subject) all.delete(key)
    },
    leftOut: () => [...left].map(([subject, why]) => ({ subject, why })),
    figures: () =>
      [...all.values()].map(({ measure, subject, byRound }) => ({
        ...{ ...measure, subject },
        samples: [...byRound.values()],
      })),
  }
}
