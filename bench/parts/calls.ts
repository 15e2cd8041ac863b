// Tool calls through Entrance, beside the same server without a check, other people's servers and
// what HTTP alone costs.

import { conditionsOf } from '../calls/conditions.ts'
import { askedOf, type Contenders, startContenders } from '../calls/contenders.ts'
import { WARM } from '../calls/measures.ts'
import { ratiosAtHalf, ratiosBeside, ratiosOfTokens } from '../calls/ratios.ts'
import { halve, type Pace, saturate } from '../calls/rounds.ts'
import { createSamples, type Samples } from '../calls/samples.ts'
import { FULL_WARM_UP, QUICK_WARM_UP, warmUp } from '../calls/warm-up.ts'
import type { Measured, Part, Run, TargetResult } from '../kit/part.ts'
import type { TargetId } from '../kit/targets.ts'
import { write } from '../report/numbers.ts'

/** Many short rounds: of what disturbs, a ratio of one round takes the least. */
const ROUNDS = 3
const FULL: Pace = { turns: 4, warmUp: 0.05, saturated: 0.3, half: 0.4 }
const QUICK: Pace = { turns: 2, warmUp: 0.05, saturated: 0.2, half: 0 }

const NOT_WARM =
  'the quick form does not wait until all is compiled, which takes Entrance longest: it guards, and the full form measures'

const PEERS: ReadonlyMap<TargetId, string> = new Map([
  ['call-fastmcp-python', 'FastMCP (Python)'],
  ['call-fastmcp-typescript', 'FastMCP (TypeScript)'],
])

export const calls: Part = {
  name: 'calls',
  title: 'Tool calls, guarded and not',
  isQuick: true,
  targets: ['call-unchecked', ...PEERS.keys()],
  measure,
}

async function measure(run: Run): Promise<Measured> {
  await using contenders = await startContenders(run)
  const samples = createSamples()
  const pace = run.isQuick ? QUICK : FULL
  const rounds = run.rounds * ROUNDS
  run.say('warming up')
  await warmUp(contenders, samples, run.isQuick ? QUICK_WARM_UP : FULL_WARM_UP)
  // A round that is thrown away: in turns, and with new tokens, there is more to compile.
  await saturate(contenders, createSamples(), pace, 0)
  for (let round = 0; round < rounds; round++) {
    await saturate(contenders, samples, pace, round)
    if (!run.isQuick) await halve(contenders, samples, pace, round)
    run.say(`round ${round + 1} of ${rounds}: ${summary(contenders, samples)}`)
  }
  for (const { subject, why } of samples.leftOut()) run.say(`${subject}: ${why}`)
  return toMeasured(run, contenders, samples)
}

function summary({ entrance, unchecked }: Contenders, samples: Samples): string {
  const [guarded, open] = [entrance, unchecked].map(({ name }) =>
    samples.of(WARM.rate, name).at(-1)?.toFixed(0),
  )
  return `${guarded} calls/s guarded, ${open} unchecked`
}

/** All that is said, of those who came to the end. */
export function toMeasured(
  run: Pick<Run, 'isQuick'>,
  contenders: Contenders,
  samples: Samples,
): Measured {
  const { entrance, unchecked, fixed } = contenders
  const others = askedOf(contenders, samples).filter((one) => one !== entrance && one !== fixed)
  return {
    conditions: conditionsOf(run, contenders, samples),
    figures: samples.figures(),
    ratios: [
      ...others.flatMap((other) => ratiosBeside(other, contenders, samples)),
      ...(run.isQuick ? [] : ratiosOfTokens(contenders, samples)),
      ...(run.isQuick ? [] : ratiosAtHalf(contenders, samples)),
    ],
    targets: [
      beside('call-unchecked', unchecked.name, run, contenders, samples),
      ...[...PEERS].map(([id, name]) =>
        others.some((one) => one.name === name)
          ? beside(id, name, run, contenders, samples)
          : { id, samples: null, why: whyAbsent(name, run, contenders, samples) },
      ),
    ],
    absent: [...contenders.absent, ...samples.leftOut()],
  }
}

/**
 * By the processor time of a call, where the system tells it. At saturation a server has a processor to
 * itself, and what gets through is a second over what a call takes of it; but what gets through
 * suffers at once from all else that runs there.
 */
function beside(
  id: TargetId,
  name: string,
  { isQuick }: Pick<Run, 'isQuick'>,
  contenders: Contenders,
  samples: Samples,
): TargetResult {
  const [rate, cpu] = ratiosBeside({ name }, contenders, samples)
  if (!rate || !cpu) return { id, samples: rate?.samples ?? [] }
  const { median, range } = write(rate.samples, rate.unit)
  const note = `by the processor time of a call; by what got through, which all else that runs lowers, ${median}${range && ` (${range})`}`
  return { id, samples: cpu.samples, note: isQuick ? `${note}; ${NOT_WARM}` : note }
}

function whyAbsent(
  name: string,
  { isQuick }: Pick<Run, 'isQuick'>,
  { absent }: Contenders,
  samples: Samples,
): string {
  if (isQuick) return 'The quick form starts no peers.'
  const known = [...absent, ...samples.leftOut()].find(({ subject }) => subject === name)
  return known?.why ?? 'It was not measured.'
}
