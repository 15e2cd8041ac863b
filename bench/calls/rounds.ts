// One round: everybody in turns, back and forth, each for less than half a second at a time, so that
// what disturbs hits them alike.
import { applyInTurns } from '../load/apply-load.ts'
import type { Order } from '../load/order.ts'
import type { Subject } from '../subjects/subject.ts'
import { PROOF } from '../subjects/tool-call.ts'
import { askedOf, type Contenders } from './contenders.ts'
import { GENERATOR, HALF, MANY, NEW, noteAll, WARM, type Workload } from './measures.ts'
import type { Samples } from './samples.ts'

/** How many turns each has in a round, and how long they are, in seconds. */
export type Pace = {
  readonly turns: number
  readonly warmUp: number
  readonly saturated: number
  readonly half: number
}

/** Enough to keep a server busy that answers one request at a time. */
export const CONNECTIONS = 16

/** Who is asked, how, and as whose what comes of it is noted. */
type Lane = {
  readonly of: Workload
  readonly subject: Subject
  readonly as: string
  readonly order: Partial<Order>
}

/** As fast as they go: everybody with one token; Entrance with others, too. */
export async function saturate(
  contenders: Contenders,
  samples: Samples,
  pace: Pace,
  round: number,
): Promise<void> {
  const everybody = askedOf(contenders, samples).map((subject) => laneOf(WARM, subject, {}))
  const others = lanesOfTokens(contenders, samples, pace, round)
  await measure([...everybody, ...others], contenders, samples, pace, round)
}

/** At half of what goes through unchecked, in this very round. */
export async function halve(
  contenders: Contenders,
  samples: Samples,
  pace: Pace,
  round: number,
): Promise<void> {
  const { entrance, unchecked, bare } = contenders
  const rate = (samples.of(WARM.rate, unchecked.name).at(-1) ?? 0) / 2
  const lanes = [entrance, unchecked, bare].map((subject) => laneOf(HALF, subject, { rate }))
  await measure(lanes, contenders, samples, { ...pace, saturated: pace.half }, round)
}

/** Requests per second that new tokens last for at least, on a machine of which nothing is known yet. */
const LEAST_NEW = 5000

/** Entrance with tokens that it has never seen, and with so many that it may not remember each. */
function lanesOfTokens(
  { entrance, unchecked, tokens }: Contenders,
  samples: Samples,
  { turns, warmUp, saturated }: Pace,
  round: number,
): Lane[] {
  if (!tokens) return []
  // Twice what ever got through with no check at all: one round may have been disturbed.
  const rate = Math.max(LEAST_NEW, ...samples.of(WARM.rate, unchecked.name).map((one) => 2 * one))
  const most = Math.ceil(rate * turns * (warmUp + saturated))
  // Each round goes on elsewhere, so that none is sent more often than the others.
  const at = (round * most) % tokens.many.length
  const many = [...tokens.many.slice(at), ...tokens.many.slice(0, at)]
  return [
    { ...laneOf(NEW, tokens.fresh, { tokens: tokens.fresh.tokens(most) }), as: entrance.name },
    laneOf(MANY, entrance, { tokens: many }),
  ]
}

function laneOf(of: Workload, subject: Subject, order: Partial<Order>): Lane {
  return { of, subject, as: subject.name, order }
}

/** All of them in turns; every second round the last one comes first. */
async function measure(
  given: readonly Lane[],
  { peers }: Contenders,
  samples: Samples,
  { turns, warmUp, saturated: seconds }: Pace,
  round: number,
): Promise<void> {
  const lanes = round % 2 === 0 ? given : given.toReversed()
  const orders = lanes.map(({ subject: { call, pid }, order }) => ({
    ...{ ...call, contains: PROOF, connections: CONNECTIONS },
    ...{ warmUp, seconds, server: pid, ...order },
  }))
  const taken = await applyInTurns(orders, turns)
  for (const [at, { of, subject, as, order }] of lanes.entries()) {
    const one = taken[at]
    if (one && 'outcome' in one) {
      const { sent, generatorCpu } = one.outcome
      // A token that is sent twice is new but once: this round says nothing of new ones.
      if (of === NEW && sent > (order.tokens?.length ?? 0)) continue
      noteAll(samples, of, { subject: as, round }, one.outcome)
      if (of === WARM) samples.note(GENERATOR, as, round, generatorCpu * 100)
    } else if (peers.includes(subject)) samples.leaveOut(as, failedBy(one?.failure))
    else throw new Error(`${as}: ${one?.failure}`)
  }
}

/** Why a peer is not measured any more. */
export function failedBy(failure = 'it did not say why'): string {
  return `It failed while it was measured: ${failure}`
}
