import { OperatorError } from './operator-error.ts'

/** Some of a list, and where it goes on: `after` is `next` of the part before. */
export type Paging = { readonly after?: string | undefined; readonly limit?: number | undefined }

/** How many entries a part has where nothing is said. */
const LIMIT = 100

/** How many it may have. */
export const MAX_LIMIT = 1000

/** How many records are held at once, whatever is asked for. */
const STEP = 100

/** How many steps one part takes at most: of many records few may be asked for. */
const MAX_STEPS = 40

export function limitOf({ limit = LIMIT }: Paging): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= MAX_LIMIT) return limit
  const cure = `Give a whole number from 1 to ${MAX_LIMIT}.`
  throw new OperatorError('invalid', `${limit} is no number of entries.`, cure)
}

/** One step of a walk over the store. */
export type Step<T> = (query: {
  after?: string | undefined
  limit: number
}) => Promise<{ readonly entries: readonly T[]; readonly next?: string | undefined }>

/** Every entry, once or more, a few held at a time. */
export async function* walk<T>(step: Step<T>): AsyncGenerator<T> {
  let after: string | undefined
  do {
    const { entries, next } = await step({ after, limit: STEP })
    yield* entries
    after = next
  } while (after !== undefined)
}

/**
 * A part of a walk: the entries that are asked for, of some steps. There may be more or fewer than
 * the limit, for a step is taken whole; there is more as long as there is `next`.
 */
export async function partOf<T>(
  step: Step<T>,
  isAsked: (entry: T) => boolean,
  paging: Paging,
): Promise<{ entries: T[]; next?: string | undefined }> {
  const limit = limitOf(paging)
  const entries: T[] = []
  let { after } = paging
  for (let steps = 0; steps < MAX_STEPS; steps++) {
    const part = await step({ after, limit: Math.min(limit, STEP) })
    entries.push(...part.entries.filter(isAsked))
    after = part.next
    if (after === undefined || entries.length >= limit) break
  }
  return { entries, ...(after !== undefined && { next: after }) }
}

/** One walk after the other. Where a part ends is `<which walk>.<where that ended>`. */
export function inTurn<T>(...walks: readonly Step<T>[]): Step<T> {
  return async ({ after = '0.', limit }) => {
    const [, which = '', inner] = /^(\d)\.(.*)$/s.exec(after) ?? []
    const step = walks[Number(which || walks.length)]
    if (!step) throw notWhereAPartEnded()
    const { entries, next } = await step({ after: inner || undefined, limit })
    if (next !== undefined) return { entries, next: `${which}.${next}` }
    const other = Number(which) + 1
    return { entries, next: other < walks.length ? `${other}.` : undefined }
  }
}

/** A part of a list that is at hand: it goes on at a number. */
export function sliceOf<T>(
  all: readonly T[],
  paging: Paging,
): { entries: readonly T[]; next?: string | undefined } {
  const from = Number(paging.after ?? 0)
  if (!Number.isInteger(from) || from < 0) throw notWhereAPartEnded()
  const to = from + limitOf(paging)
  return { entries: all.slice(from, to), ...(to < all.length && { next: String(to) }) }
}

function notWhereAPartEnded(): OperatorError {
  return new OperatorError('invalid', 'after is not where a part ended.', 'Give what next was.')
}
