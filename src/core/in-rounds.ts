import { setImmediate as nextRound } from 'node:timers/promises'

/** How many are done in one go: a millisecond or two of opening what is sealed. */
const ROUND = 50

/** What `each` makes of the items, left out where it makes nothing; others come in between. */
export async function inRounds<T, R>(
  items: readonly T[],
  each: (item: T) => R | undefined,
): Promise<R[]> {
  const made: R[] = []
  for (let from = 0; from < items.length; from += ROUND) {
    if (from > 0) await nextRound()
    made.push(...items.slice(from, from + ROUND).flatMap((item) => each(item) ?? []))
  }
  return made
}
