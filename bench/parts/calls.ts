// Tool calls through Entrance, beside the same server without a check, other people's servers and
// what HTTP alone costs.

import { conditionsOf } from '../calls/conditions.ts'
import { type Contenders, startContenders } from '../calls/contenders.ts'
import { WARM } from '../calls/measures.ts'
import { ratiosAtHalf, ratiosBeside, ratiosOfTokens } from '../calls/ratios.ts'
import { changeTokens, halve, type Pace, saturate } from '../calls/rounds.ts'
import { createSamples, type Samples } from '../calls/samples.ts'
import type { Ratio } from '../kit/figure.ts'
import type { Measured, Part, Run, TargetResult } from '../kit/part.ts'
import type { TargetId } from '../kit/targets.ts'

/** Many short rounds: of what disturbs, a ratio of one round takes the least. */
const ROUNDS = 3
const FULL: Pace = { warmUp: 0.2, saturated: 1, half: 1.5 }
const QUICK: Pace = { warmUp: 0.2, saturated: 0.8, half: 0 }

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
  for (let round = 0; round < rounds; round++) {
    const isReversed = round % 2 === 1
    await saturate(contenders, samples, pace, isReversed)
    if (!run.isQuick) {
      await changeTokens(contenders, samples, pace, round)
      await halve(contenders, samples, pace, isReversed)
    }
    run.say(`round ${round + 1} of ${rounds}: ${summary(contenders, samples)}`)
  }
  return toMeasured(run, contenders, samples)
}

function summary({ entrance, unchecked }: Contenders, samples: Samples): string {
  const [guarded, open] = [entrance, unchecked].map(({ name }) =>
    samples.of(WARM.rate, name).at(-1)?.toFixed(0),
  )
  return `${guarded} calls/s guarded, ${open} unchecked`
}

function toMeasured(run: Run, contenders: Contenders, samples: Samples): Measured {
  const { absent } = contenders
  const unchecked = ratiosBeside(contenders.unchecked, contenders, samples)
  const others = [contenders.bare, ...contenders.peers]
  return {
    conditions: conditionsOf(run, contenders, samples),
    figures: samples.figures(),
    ratios: [
      ...unchecked,
      ...others.flatMap((other) => ratiosBeside(other, contenders, samples)),
      ...(run.isQuick ? [] : ratiosOfTokens(contenders, samples)),
      ...(run.isQuick ? [] : ratiosAtHalf(contenders, samples)),
    ],
    targets: [
      { id: 'call-unchecked', samples: (unchecked[0] as Ratio).samples },
      ...[...PEERS].map(([id, name]) => besidePeer(id, name, run, contenders, samples)),
    ],
    absent,
  }
}

function besidePeer(
  id: TargetId,
  name: string,
  run: Run,
  contenders: Contenders,
  samples: Samples,
): TargetResult {
  const peer = contenders.peers.find((one) => one.name === name)
  if (!peer) {
    const { why } = contenders.absent.find(({ subject }) => subject === name) ?? {
      why: 'It was not measured.',
    }
    return { id, samples: null, why: run.isQuick ? 'The quick form starts no peers.' : why }
  }
  const [rate] = ratiosBeside(peer, contenders, samples)
  return { id, samples: (rate as Ratio).samples }
}
