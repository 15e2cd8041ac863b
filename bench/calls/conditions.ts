// What a reader has to know before believing the figures.
import { median } from '../kit/figure.ts'
import type { Run } from '../kit/part.ts'
import { canPin } from '../kit/process.ts'
import { CONNECTIONS, type Contenders, MANY_TOKENS } from './contenders.ts'
import { GENERATOR, WARM } from './measures.ts'
import type { Samples } from './samples.ts'

export function conditionsOf(
  run: Pick<Run, 'isQuick'>,
  contenders: Contenders,
  samples: Samples,
): string[] {
  const { entrance, unchecked, bare, fixed, peers } = contenders
  const subjects = [entrance, unchecked, bare, fixed, ...peers]
  return [
    ...subjects.flatMap(({ conditions }) => conditions),
    `A call is \`get_expenses\` of a person with ten expenses, on one of ${CONNECTIONS} connections that are kept open; every answer was looked through for them.`,
    canPin()
      ? 'Each server is kept to the first processor and everything else to the second; one server is asked at a time, in turns, every second round the other way round.'
      : 'The system decides which processor runs what; one server is asked at a time, in turns, every second round the other way round.',
    generatorLoad(contenders, samples),
    ...(run.isQuick ? [] : TOKENS),
  ]
}

const TOKENS = [
  `New tokens were sent to a second Entrance, ${MANY_TOKENS.toLocaleString('en')} others in turn to the first, each of which it had verified before. All were made by the library’s own issuing under the server’s key, for the grant of one real sign-in: the gate reads no store, and cannot tell them from those of refreshes.`,
  'At half the load requests are due at a fixed rate, half of what got through unchecked in the same round; latency begins when a request is due, so that a wait counts.',
]

/** The generator is shown not to be the limit. */
function generatorLoad({ entrance, fixed }: Contenders, samples: Samples): string {
  const share = (name: string) => median(samples.of(GENERATOR, name)).toFixed(0)
  const rate = (name: string) => median(samples.of(WARM.rate, name))
  const times = (rate(fixed.name) / rate(entrance.name)).toFixed(1)
  return `The load generator used ${share(entrance.name)} % of its own processor while Entrance was measured, and got ${times} × as many answers from ${fixed.name} with ${share(fixed.name)} %.`
}
