import type { Ratio } from '../kit/figure.ts'
import type { Outcome } from '../run/measure-parts.ts'
import type { Trip } from './guard.ts'
import type { Machine } from './machine.ts'
import type { Row } from './rows.ts'

/** All that a run has to say. */
export type Report = {
  readonly machine: Machine
  readonly isQuick: boolean
  readonly rounds: number
  readonly seconds: number
  readonly outcomes: readonly Outcome[]
  readonly rows: readonly Row[]
  /** Where Entrance has become slower than it may; of the quick form. */
  readonly trips: readonly Trip[]
}

/** The parts that came to an end, with what they saw. */
export function measuredOf({ outcomes }: Pick<Report, 'outcomes'>) {
  return outcomes.flatMap((outcome) => (outcome.is === 'measured' ? [outcome] : []))
}

/** Every ratio of the run. */
export function ratiosOf(outcomes: readonly Outcome[]): Ratio[] {
  return measuredOf({ outcomes }).flatMap(({ measured }) => measured.ratios)
}
