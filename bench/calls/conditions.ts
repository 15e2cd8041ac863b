// What a reader has to know before believing the figures.
import { median, spread } from '../kit/figure.ts'
import type { Run } from '../kit/part.ts'
import { whyUnpinned } from '../kit/processors.ts'
import { askedOf, type Contenders, MANY_TOKENS } from './contenders.ts'
import { GENERATOR, NEW, WARM } from './measures.ts'
import { CONNECTIONS } from './rounds.ts'
import type { Samples } from './samples.ts'

export function conditionsOf(
  run: Pick<Run, 'isQuick'>,
  contenders: Contenders,
  samples: Samples,
): string[] {
  return [
    ...askedOf(contenders, samples).flatMap(({ conditions }) => conditions),
    `A call is \`get_expenses\` of a person with ten expenses, on one of ${CONNECTIONS} connections that are kept open for a turn; every answer was looked through for them.`,
    `${placeOf()} One server is asked at a time, for less than half a second, back and forth from the first to the last; a figure of a round is of all its turns, and a ratio of two figures of one round.`,
    generatorLoad(contenders, samples),
    ...shareOfProcessor(contenders, samples),
    ...(run.isQuick
      ? []
      : [...TOKENS, halfLoad(contenders, samples), ...usedUp(contenders, samples)]),
  ]
}

const TOKENS = [
  `New tokens were sent to a second Entrance, ${MANY_TOKENS.toLocaleString('en')} others in turn to the first, each of which it had verified before. All were made by the library’s own issuing under the server’s key, for the grant of one real sign-in: the gate reads no store, and cannot tell them from those of refreshes.`,
]

function placeOf(): string {
  const why = whyUnpinned()
  return why === undefined
    ? 'Each server is kept to the first processor and everything else to the second.'
    : `The system decides which processor runs what (${why}).`
}

/** The generator is shown not to be the limit. */
function generatorLoad({ entrance, fixed }: Contenders, samples: Samples): string {
  const share = (name: string) => median(samples.of(GENERATOR, name)).toFixed(0)
  const rate = (name: string) => median(samples.of(WARM.rate, name))
  const times = (rate(fixed.name) / rate(entrance.name)).toFixed(1)
  return `The load generator used ${share(entrance.name)} % of its own processor while Entrance was measured, and got ${times} × as many answers from ${fixed.name} with ${share(fixed.name)} %.`
}

/** Of its processor, in percent: what a server lacks of it was another's, or it waited. */
const UNDISTURBED = 95

/** Whether something else ran where the servers did; nothing where the system does not tell. */
function shareOfProcessor({ entrance, unchecked }: Contenders, samples: Samples): string[] {
  const shares = [entrance, unchecked].flatMap(({ name }) => samples.of(WARM.share, name))
  const { lowest, median: middle, highest } = spread(shares)
  if (!Number.isFinite(middle)) return []
  const had = `At saturation Entrance and Unchecked had ${middle.toFixed(0)} % of their processor (${lowest.toFixed(0)}..${highest.toFixed(0)} %)`
  return [
    lowest >= UNDISTURBED
      ? `${had}: nothing else ran there.`
      : `${had}: in some rounds something else ran there, which lowers what gets through, and the processor time of a call but little.`,
  ]
}

/** Half of one server's load is more of another's that gets less through. */
function halfLoad({ unchecked, bare }: Contenders, samples: Samples): string {
  const beside = samples
    .of(WARM.rate, unchecked.name)
    .map((rate, i) => (50 * rate) / (samples.of(WARM.rate, bare.name)[i] ?? Number.NaN))
  return `At half the load requests are due at a fixed rate, half of what got through ${unchecked.name} in the same round; latency begins when a request is due, so that a wait counts. To ${bare.name} that is ${median(beside).toFixed(0)} % of what gets through there, and its latencies are those of a server that has so much less room.`
}

/** In which rounds there is no figure of new tokens. */
function usedUp({ entrance }: Contenders, samples: Samples): string[] {
  const rounds = samples.of(WARM.rate, entrance.name).length
  const missing = rounds - samples.of(NEW.rate, entrance.name).length
  if (missing === 0) return []
  return [
    `In ${missing} of ${rounds} rounds more new tokens were used than had been made: nothing of new tokens is said of them.`,
  ]
}
