// What is measured of tool calls.
import type { Outcome } from '../load/order.ts'
import type { Measure, Samples } from './samples.ts'

/** One way to call: its measures. */
export type Workload = {
  readonly rate: Measure
  readonly cpu: Measure
  /** What a server had of its processor: less than all of it where something else ran there, or it was let wait. */
  readonly share: Measure
  readonly p50: Measure
  readonly p99: Measure
  readonly p999: Measure
}

export const WARM = workload('warm', 'tool calls with one token, at saturation')
export const NEW = workload('new', 'tool calls with a new token each, at saturation')
export const MANY = workload('many', 'tool calls with 10,000 tokens in turn, at saturation')
export const HALF = workload('half', 'tool calls with one token, at half the load')

/** Beside every subject: at 100 % the generator would be the limit. */
export const GENERATOR: Measure = {
  id: 'calls/generator',
  what: 'what the load generator used of its own processor meanwhile',
  unit: '%',
}

export const LATENCIES = ['p50', 'p99', 'p999'] as const

/** Notes all that one measurement says about one subject. */
export function noteAll(
  samples: Samples,
  of: Workload,
  { subject, round }: { readonly subject: string; readonly round: number },
  outcome: Outcome,
): void {
  const { rate, serverCpu, serverShare } = outcome
  samples.note(of.rate, subject, round, rate)
  samples.note(of.cpu, subject, round, serverCpu)
  samples.note(of.share, subject, round, 100 * serverShare)
  for (const name of LATENCIES) samples.note(of[name], subject, round, outcome[name])
}

function workload(name: string, what: string): Workload {
  const id = `calls/${name}`
  return {
    rate: { id: `${id}/rate`, what, unit: 'req/s' },
    cpu: { id: `${id}/cpu`, what: `${what}: processor time of each`, unit: 'µs' },
    share: { id: `${id}/share`, what: `${what}: share of its processor`, unit: '%' },
    p50: { id: `${id}/p50`, what: `${what}, p50`, unit: 'ms' },
    p99: { id: `${id}/p99`, what: `${what}, p99`, unit: 'ms' },
    p999: { id: `${id}/p999`, what: `${what}, p99.9`, unit: 'ms' },
  }
}
