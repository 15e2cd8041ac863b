// Entrance beside the others, round by round.
import type { Ratio } from '../kit/figure.ts'
import type { Contenders } from './contenders.ts'
import { HALF, LATENCIES, MANY, NEW, WARM, type Workload } from './measures.ts'
import type { Samples } from './samples.ts'

/** Who it is beside: a subject, by its name in ids and how a ratio to it is written. */
type Other = { readonly name: string; readonly slug: string; readonly unit: '%' | '×' }

/** Of calls with one token: how many more get through, and how much less of the processor each takes. */
export function ratiosBeside(
  { name }: { readonly name: string },
  contenders: Contenders,
  samples: Samples,
): readonly Ratio[] {
  const other = toOther(name, contenders)
  return [
    ...rateBeside(WARM, other, contenders, samples),
    ...cpuBeside(WARM, WARM, other, contenders, samples),
  ]
}

/** Of calls with tokens that the gate does not remember, beside none to check. */
export function ratiosOfTokens(contenders: Contenders, samples: Samples): readonly Ratio[] {
  const other = toOther(contenders.unchecked.name, contenders)
  return [NEW, MANY].flatMap((of) => [
    ...rateBeside(of, other, contenders, samples),
    ...cpuBeside(of, WARM, other, contenders, samples),
  ])
}

/** At half the load as many get through: it is how long answers take, and how much of the processor. */
export function ratiosAtHalf(contenders: Contenders, samples: Samples): readonly Ratio[] {
  const { entrance, unchecked, bare } = contenders
  return [unchecked, bare].flatMap(({ name }) => {
    const other = toOther(name, contenders)
    const latencies = LATENCIES.flatMap((latency) => {
      const measure = HALF[latency]
      const id = `${measure.id}/beside-${other.slug}`
      const what = `${measure.what}, guarded beside ${name}`
      return samples.ratio({ id, what, unit: '×' }, [measure, entrance.name], [measure, name])
    })
    return [...latencies, ...cpuBeside(HALF, HALF, other, contenders, samples)]
  })
}

function rateBeside(
  of: Workload,
  { name, slug, unit }: Other,
  { entrance }: Contenders,
  samples: Samples,
): Ratio[] {
  const id = `${of.rate.id}/beside-${slug}`
  const what = `${of.rate.what}, guarded beside ${name}`
  return samples.ratio({ id, what, unit }, [of.rate, entrance.name], [WARM.rate, name])
}

/** Theirs over ours: its share of what the other takes would grow as it gets worse. */
function cpuBeside(
  of: Workload,
  ofOther: Workload,
  { name, slug, unit }: Other,
  { entrance }: Contenders,
  samples: Samples,
): Ratio[] {
  const id = `${of.cpu.id}/beside-${slug}`
  const what = `${of.rate.what}, by processor time, guarded beside ${name}`
  return samples.ratio({ id, what, unit }, [ofOther.cpu, name], [of.cpu, entrance.name])
}

function toOther(name: string, { unchecked, bare }: Contenders): Other {
  if (name === unchecked.name) return { name, slug: 'unchecked', unit: '%' }
  if (name === bare.name) return { name, slug: 'bare', unit: '%' }
  const slug = name
    .toLowerCase()
    .replaceAll(/[^a-z]+/g, '-')
    .replace(/-$/, '')
  return { name, slug, unit: '×' }
}
