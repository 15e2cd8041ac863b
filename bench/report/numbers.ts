// Numbers as they may be written: no digit that the spread does not bear out.
import { type Spread, spread, type Unit } from '../kit/figure.ts'

/** Samples in words. */
export type Written = {
  /** `3,470 req/s` */
  readonly median: string
  /** `3,400..3,520`; empty where all are alike. */
  readonly range: string
}

export function write(samples: readonly number[], unit: Unit): Written {
  const given = spread(samples)
  return writeWith(given, unit, decimalsOf(given, unit))
}

/** The same, with as many digits as it takes to see on which side of `bound` the median is. */
export function writeBeside(samples: readonly number[], unit: Unit, bound: number): Written {
  const given = spread(samples)
  let decimals = decimalsOf(given, unit)
  const side = Math.sign(given.median - bound)
  while (Math.sign(round(given.median, decimals) - bound) !== side && decimals < 6) decimals++
  return writeWith(given, unit, decimals)
}

/** Samples that lie further apart than this, of their median, are claimed as a range. */
const WIDE = 0.1

/** What may be said of a ratio: `5.4 ×`, or `between 4.8 and 6.1 ×` where the rounds disagree. */
export function claim(samples: readonly number[], unit: '%' | '×'): string {
  const given = spread(samples)
  const decimals = decimalsOf(given, unit)
  if (!isWide(samples)) return `${format(given.median, decimals)} ${unit}`
  // Away from the middle: a wider range claims less.
  const outward = 0.5 * 10 ** -decimals * (1 - 1e-9)
  const [low, high] = [given.lowest - outward, given.highest + outward]
  return `between ${format(low, decimals)} and ${format(high, decimals)} ${unit}`
}

export function isWide(samples: readonly number[]): boolean {
  const { median, lowest, highest } = spread(samples)
  return highest - lowest > WIDE * Math.abs(median)
}

/** `2:05`, or `1:02:05` */
export function writeDuration(seconds: number): string {
  const whole = Math.round(seconds)
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60]
  const [first = 0, ...rest] = parts[0] === 0 ? parts.slice(1) : parts
  return [first, ...rest.map((part) => String(part).padStart(2, '0'))].join(':')
}

function writeWith({ median, lowest, highest }: Spread, unit: Unit, decimals: number): Written {
  const range = `${format(lowest, decimals)}..${format(highest, decimals)}`
  return {
    median: `${format(median, decimals)} ${unit}`,
    range: lowest === highest ? '' : range,
  }
}

const COUNTED: ReadonlySet<Unit> = new Set(['packages', 'rows', 'bytes'])

/** The last digit is of the order of half the spread; two digits at least, four at most. */
function decimalsOf({ median, lowest, highest }: Spread, unit: Unit): number {
  const isExact = lowest === highest
  if (COUNTED.has(unit) && isExact) return 0
  const size = Math.max(...[median, lowest, highest].map(Math.abs))
  if (!(size > 0) || !Number.isFinite(size)) return 0
  const first = Math.floor(Math.log10(size))
  const last = isExact ? first - 2 : Math.floor(Math.log10((highest - lowest) / 2))
  const decimals = -Math.min(Math.max(last, first - 3), first - 1)
  return COUNTED.has(unit) ? Math.min(decimals, 0) : decimals
}

function format(value: number, decimals: number): string {
  const digits = Math.max(decimals, 0)
  return round(value, decimals).toLocaleString('en-US', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
    signDisplay: 'negative',
  })
}

function round(value: number, decimals: number): number {
  const step = 10 ** Math.abs(decimals)
  return decimals < 0 ? Math.round(value / step) * step : Math.round(value * step) / step
}
