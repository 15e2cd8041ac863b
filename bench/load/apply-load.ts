// Load from a process of its own, so that nothing else runs in the one that is timed.
import { startOrdered } from '../kit/ordered.ts'
import type { Order, Outcome, Taken, Turns } from './order.ts'

/**
 * Applies load and tells what came of it. Throws at the first answer that is not 2xx (but with
 * `mayRefuse`), lacks what it should contain, or does not come.
 */
export async function applyLoad(order: Order): Promise<Outcome> {
  const [taken] = await applyInTurns([order], 1)
  if (taken && 'outcome' in taken) return taken.outcome
  throw new Error(`${order.url}: ${taken?.failure}`)
}

/**
 * Applies load to some in turns: the first, the second …, then back from the last to the first, as
 * often as there are passes. Tells of each what came of all its turns, or why they came to an end:
 * that keeps none of the others from theirs.
 */
export async function applyInTurns(
  orders: readonly Order[],
  passes: number,
): Promise<readonly Taken[]> {
  await using generator = startOrdered<Turns, readonly Taken[]>('load/generator.ts')
  return await generator.order({ orders, passes })
}
