// One round: everybody once, each for a second or two, so that a disturbance hits them alike.
import { applyLoad, type Loaded } from '../load/apply-load.ts'
import type { Order } from '../load/order.ts'
import type { Subject } from '../subjects/subject.ts'
import { PROOF } from '../subjects/tool-call.ts'
import { CONNECTIONS, type Contenders } from './contenders.ts'
import { GENERATOR, HALF, MANY, NEW, noteAll, WARM } from './measures.ts'
import type { Samples } from './samples.ts'

/** In seconds. */
export type Pace = {
  readonly warmUp: number
  readonly saturated: number
  readonly half: number
}

/** Everybody with one token, as fast as they go; every second round the other way round. */
export async function saturate(
  { entrance, unchecked, bare, fixed, peers }: Contenders,
  samples: Samples,
  pace: Pace,
  isReversed: boolean,
): Promise<void> {
  const all = [entrance, unchecked, bare, fixed, ...peers]
  for (const subject of isReversed ? all.toReversed() : all) {
    const loaded = await ask(subject, pace, {})
    noteAll(samples, WARM, subject.name, loaded)
    samples.note(GENERATOR, subject.name, loaded.generatorCpu * 100)
  }
}

/** Entrance with tokens that it has never seen, and with so many that it may not remember each. */
export async function changeTokens(
  { entrance, unchecked, tokens }: Contenders,
  samples: Samples,
  pace: Pace,
  round: number,
): Promise<void> {
  if (!tokens) return
  const seconds = pace.warmUp + pace.saturated
  // Nobody gets through more than with no check at all.
  const most = Math.ceil(lastOf(samples, unchecked) * 1.5 * seconds)
  const unseen = tokens.fresh.tokens(most)
  const loaded = await ask(tokens.fresh, pace, { tokens: unseen })
  if (loaded.rate * seconds > most) throw new Error('More new tokens were used than there were.')
  noteAll(samples, NEW, entrance.name, loaded)
  // Each round goes on elsewhere, so that none is sent more often than the others.
  const at = (round * most) % tokens.many.length
  const many = [...tokens.many.slice(at), ...tokens.many.slice(0, at)]
  noteAll(samples, MANY, entrance.name, await ask(entrance, pace, { tokens: many }))
}

/** At half of what goes through unchecked, in this very round. */
export async function halve(
  { entrance, unchecked, bare }: Contenders,
  samples: Samples,
  pace: Pace,
  isReversed: boolean,
): Promise<void> {
  const rate = lastOf(samples, unchecked) / 2
  const all = [entrance, unchecked, bare]
  const slower = { ...pace, saturated: pace.half }
  for (const subject of isReversed ? all.toReversed() : all) {
    noteAll(samples, HALF, subject.name, await ask(subject, slower, { rate }))
  }
}

/** How much got through in this round, with one token. */
function lastOf(samples: Samples, { name }: Subject): number {
  return samples.of(WARM.rate, name).at(-1) ?? 0
}

function ask(
  { call, pid }: Subject,
  { warmUp, saturated }: Pace,
  order: Partial<Order>,
): Promise<Loaded> {
  const own = { ...call, connections: CONNECTIONS, warmUp, seconds: saturated, contains: PROOF }
  return applyLoad({ ...own, ...order, server: pid })
}
