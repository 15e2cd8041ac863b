import type { Figure, Ratio } from '../../bench/kit/figure.ts'
import type { Measured, Part } from '../../bench/kit/part.ts'
import type { Outcome } from '../../bench/run/measure-parts.ts'

/** Nothing was measured; what differs is given. */
export function measurement(given: Partial<Measured> = {}): Measured {
  return { conditions: [], figures: [], ratios: [], targets: [], absent: [], ...given }
}

/** A part that is done at once, with what it is to have seen. */
export function madeUpPart(given: Partial<Part> & Partial<Measured> & { name: string }): Part {
  const { name, title = `the part ${name}`, isQuick = true, measure } = given
  const { conditions, figures, ratios, absent } = measurement(given as Partial<Measured>)
  const seen = measurement({ conditions, figures, ratios, absent })
  return { name, title, isQuick, targets: [], measure: measure ?? (async () => seen) }
}

/** What became of a part that saw this. */
export function measured(part: Partial<Part>, given: Partial<Measured> = {}): Outcome {
  return { part: whole(part), is: 'measured', seconds: 61, measured: measurement(given) }
}

export function failed(part: Partial<Part>, why: string): Outcome {
  return { part: whole(part), is: 'failed', seconds: 1, why }
}

export function leftOut(part: Partial<Part>, why: string): Outcome {
  return { part: whole(part), is: 'left out', why }
}

export function figure(subject: string, samples: readonly number[], given: Partial<Figure> = {}) {
  return {
    id: 'calls/rate',
    what: 'tool calls',
    subject,
    unit: 'req/s',
    samples,
    ...given,
  } as const
}

export function ratio(id: string, samples: readonly number[], given: Partial<Ratio> = {}): Ratio {
  return { id, what: `the ratio ${id}`, unit: '%', samples, ...given }
}

function whole(part: Partial<Part>): Part {
  const measure = () => Promise.reject(new Error('It is not asked.'))
  return { name: 'calls', title: 'Tool calls', isQuick: true, targets: [], measure, ...part }
}
