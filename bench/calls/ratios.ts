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
  return rateAndCpu(WARM, toOther(name, contenders), contenders, samples)
}

/** Of calls with tokens that the gate does not remember, beside none to check. */
export function ratiosOfTokens(contenders: Contenders, samples: Samples): readonly Ratio[] {
  const other = toOther(contenders.unchecked.name, contenders)
  return [NEW, MANY].flatMap((of) => rateAndCpu(of, other, contenders, samples))
}

/** How much longer answers take, at half the load. */
export function ratiosAtHalf(contenders: Contenders, samples: Samples): readonly Ratio[] {
  const { entrance, unchecked, bare } = contenders
  return [unchecked, bare].flatMap(({ name }) =>
    LATENCIES.map((latency) => {
      const measure = HALF[latency]
      const { slug } = toOther(name, contenders)
      const id = `${measure.id}/beside-${slug}`
      const what = `${measure.what}, guarded beside ${name}`
      return samples.ratio({ id, what, unit: '×' }, [measure, entrance.name], [measure, name])
    }),
  )
}

function rateAndCpu(
  of: Workload,
  { name, slug, unit }: Other,
  { entrance }: Contenders,
  samples: Samples,
): readonly Ratio[] {
  const beside = `guarded beside ${name}`
  return [
    samples.ratio(
      { id: `${of.rate.id}/beside-${slug}`, what: `${of.rate.what}, ${beside}`, unit },
      [of.rate, entrance.name],
      [WARM.rate, name],
    ),
    // Its share of what the other takes would grow as it gets worse.
    samples.ratio(
      {
        id: `${of.cpu.id}/beside-${slug}`,
        what: `${of.rate.what}, by processor time, ${beside}`,
        unit,
      },
      [WARM.cpu, name],
      [of.cpu, entrance.name],
    ),
  ]
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
