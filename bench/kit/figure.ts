// What a bench has to say, before anybody formats it.

/** What a figure is counted in. */
export type Unit =
  | 'req/s'
  | 'sign-ins/s'
  | 'µs'
  | 'ms'
  | 'MB'
  | 'bytes'
  | 'packages'
  | 'rows'
  | '%'
  | '×'

/** One thing measured of one subject. */
export type Figure = {
  /** Path-like and stable: `calls/warm/rate`. With `subject` it is unique. */
  readonly id: string
  /** In words, without the subject: `tool calls, one warm token, at saturation`. */
  readonly what: string
  /** Who was measured: `Entrance`, `FastMCP (Python)`. */
  readonly subject: string
  readonly unit: Unit
  /** One of each round, in the order of rounds; never empty. */
  readonly samples: readonly number[]
}

/** Two subjects beside each other: each sample is made of two that were measured in one round. */
export type Ratio = {
  readonly id: string
  readonly what: string
  readonly unit: '%' | '×'
  readonly samples: readonly number[]
}

/** Those of one id beside each other, in the order in which the ids come first. */
export function byId(figures: readonly Figure[]): Figure[] {
  return [...Map.groupBy(figures, ({ id }) => id).values()].flat()
}

/** The middle of samples, and how far they lie apart. */
export type Spread = {
  readonly median: number
  readonly lowest: number
  readonly highest: number
}

export function spread(samples: readonly number[]): Spread {
  const sorted = samples.toSorted((a, b) => a - b)
  return {
    median: median(sorted),
    lowest: sorted[0] ?? Number.NaN,
    highest: sorted.at(-1) ?? Number.NaN,
  }
}

/** The middle one; of an even number the mean of the two in the middle. NaN of none. */
export function median(samples: readonly number[]): number {
  const sorted = samples.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  const upper = sorted[Math.floor(middle)] ?? Number.NaN
  return Number.isInteger(middle) ? ((sorted[middle - 1] ?? Number.NaN) + upper) / 2 : upper
}

/** What one subject's samples are of another's, round by round: 1 is the same. */
export function ratios(of: readonly number[], over: readonly number[], factor = 1): number[] {
  return of.map((sample, round) => (factor * sample) / (over[round] ?? Number.NaN))
}
