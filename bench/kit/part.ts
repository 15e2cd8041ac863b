// What the bench is made of: parts, each of which measures its own and says what it saw.
import type { Figure, Ratio } from './figure.ts'
import type { TargetId } from './targets.ts'

/** How a run is done. */
export type Run = {
  /** Under two minutes in all: few rounds, no peers, nothing that takes millions. */
  readonly isQuick: boolean
  /** How often each comparison is repeated. */
  readonly rounds: number
  /** Empty at the start, the run's own, and gone after it. */
  readonly folder: string
  /** Says what goes on, to whoever waits. */
  say(line: string): void
}

/** What a part saw. */
export type Measured = {
  /** What a reader has to know before believing the figures, a sentence each. */
  readonly conditions: readonly string[]
  readonly figures: readonly Figure[]
  readonly ratios: readonly Ratio[]
  readonly targets: readonly TargetResult[]
  /** What should have been measured and could not be. */
  readonly absent: readonly { readonly subject: string; readonly why: string }[]
}

/**
 * Beside a target: samples, the median of which is held against it, and in a `note` what they are where
 * they are not what the target says; or why there are none.
 */
export type TargetResult =
  | { readonly id: TargetId; readonly samples: readonly number[]; readonly note?: string }
  | { readonly id: TargetId; readonly samples: null; readonly why: string }

export type Part = {
  /** As it is asked for: `npm run bench -- --only calls`. */
  readonly name: string
  readonly title: string
  /** Whether the quick form has it. */
  readonly isQuick: boolean
  /** The targets that it answers. */
  readonly targets: readonly TargetId[]
  /** Throws where it cannot measure: the run goes on, and says so. */
  measure(run: Run): Promise<Measured>
}
