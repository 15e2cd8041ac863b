import { setTimeout as wait } from 'node:timers/promises'
import { UnansweredError } from '../../stores/postgres.ts'
import { TooManyError, UncertainError } from '../expense-store.ts'

/** The pause before the first repetition, in milliseconds; each one doubles it. */
const FIRST_PAUSE = 100

export type Patience = {
  /** What the database is called. */
  readonly name: string
  /** For how long a write whose answer was lost is repeated, in milliseconds. */
  readonly patience: number
  /** Nobody waits any longer. */
  readonly closing: AbortSignal
}

/**
 * Does a write, and where its answer is lost repeats it until one is answered: which of them did it
 * must not matter. Throws `UncertainError` where none is.
 */
export async function untilKnown<T>(
  write: (isRepeated: boolean) => Promise<T>,
  { name, patience, closing }: Patience,
): Promise<T> {
  try {
    return await write(false)
  } catch (error) {
    if (!(error instanceof UnansweredError)) throw error
  }
  const deadline = performance.now() + patience
  for (let pause = FIRST_PAUSE; performance.now() < deadline; pause *= 2) {
    await wait(pause, undefined, { signal: closing }).catch(() => {})
    if (closing.aborted) break
    try {
      return await write(true)
    } catch (error) {
      // What else refuses this one says nothing of the one before.
      if (error instanceof TooManyError) throw error
    }
  }
  throw new UncertainError(`${name} did not say whether it has done what it was asked.`)
}
