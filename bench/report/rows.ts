// The targets, each with what was measured of it.
import { median, spread } from '../kit/figure.ts'
import type { TargetResult } from '../kit/part.ts'
import { isMet, TARGETS, type Target, type TargetId } from '../kit/targets.ts'
import type { Outcome } from '../run/measure-parts.ts'

/** One target, as `--json` writes it. */
export type Row = {
  readonly id: TargetId
  readonly what: string
  readonly value: number | null
  readonly unit: Target['unit']
  readonly target: string
  /** Null where it was not measured; then `why` says why. */
  readonly met: boolean | null
  readonly why?: string
  /** What `value` is, where it is not what `what` says. */
  readonly note?: string
  /** Lowest and highest of what `value` is the median of. */
  readonly spread?: readonly [number, number]
}

/** The median is on one side of the bound, and some rounds are on the other. */
const WAVERING = 'not all rounds agree on it'

/** A row for each target, in the order of the targets. */
export function toRows(outcomes: readonly Outcome[]): Row[] {
  return (Object.keys(TARGETS) as TargetId[]).map((id) => toRow(id, findResult(id, outcomes)))
}

function toRow(id: TargetId, result: TargetResult): Row {
  const { what, unit, bound, is }: Target = TARGETS[id]
  const head = { id, what }
  const tail = { unit, target: `${is === 'least' ? '≥' : '≤'} ${bound}` }
  if (!result.samples) return { ...head, value: null, ...tail, met: null, why: result.why }
  const { lowest, highest } = spread(result.samples)
  const value = median(result.samples)
  const met = isMet(TARGETS[id], value)
  const isAgreed = isMet(TARGETS[id], lowest) === isMet(TARGETS[id], highest)
  const note = [result.note, isAgreed ? undefined : WAVERING].filter(Boolean).join('; ')
  return { ...head, value, ...tail, met, ...(note && { note }), spread: [lowest, highest] }
}

function findResult(id: TargetId, outcomes: readonly Outcome[]): TargetResult {
  const unmeasured = (why: string): TargetResult => ({ id, samples: null, why })
  const outcome = outcomes.find(({ part }) => part.targets.includes(id))
  if (!outcome) return unmeasured('no part measures it')
  const { name } = outcome.part
  if (outcome.is === 'left out') return unmeasured(`the part ${name} is ${outcome.why}`)
  if (outcome.is === 'failed')
    return unmeasured(`the part ${name} failed: ${outcome.why.split('\n')[0]}`)
  const result = outcome.measured.targets.find((one) => one.id === id)
  if (!result) return unmeasured(`the part ${name} did not say`)
  if (!result.samples) return result
  const isTold = result.samples.length > 0 && result.samples.every(Number.isFinite)
  return isTold ? result : unmeasured('this system does not tell it')
}
