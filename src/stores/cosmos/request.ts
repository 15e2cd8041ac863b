import type { ErrorResponse } from '@azure/cosmos'

/** How long one operation may go on, in milliseconds: less than whoever waits for it does. */
const PATIENCE = 4000

/** Retries within an operation; the time it has ends them sooner. */
export const THROTTLING = { maxRetryAttemptCount: 50, maxWaitTimeInSeconds: 3 }

/** Of one operation, with all that it asks. */
export type Deadline = { readonly abortSignal: AbortSignal }

/** Does an operation in the time it has; what goes wrong says so without the request's details. */
export async function inTime<T>(operation: (deadline: Deadline) => Promise<T>): Promise<T> {
  const deadline = { abortSignal: AbortSignal.timeout(PATIENCE) }
  try {
    return await operation(deadline)
  } catch (cause) {
    if (deadline.abortSignal.aborted) throw new Error(`Cosmos DB took over ${PATIENCE} ms.`)
    if (statusOf(cause) === undefined) throw cause
    const { substatus } = cause as ErrorResponse
    throw new Error(`Cosmos DB answered ${statusOf(cause)}${substatus ? `/${substatus}` : ''}.`, {
      cause,
    })
  }
}

/** The HTTP status that a rejection came with. */
export function statusOf(error: unknown): number | undefined {
  const { code } = error as ErrorResponse
  return typeof code === 'number' ? code : undefined
}

/**
 * Whether an answer says that the item is absent. With a substatus a 404 says something else: the
 * container is gone (1003), or the replica asked is behind (1002).
 */
export function isAbsent(answer: { statusCode?: number; substatus?: number }): boolean {
  if (answer.statusCode !== 404) return false
  if (answer.substatus) throw new Error(`Cosmos DB answered 404/${answer.substatus}.`)
  return true
}

/**
 * Whether a write was refused for what is there: taken (409), another etag (412), or gone (404).
 * Rethrows every other rejection.
 */
export function isConflict(error: unknown): boolean {
  const status = statusOf(error)
  if (status === 409 || status === 412) return true
  if (status === 404 && !(error as ErrorResponse).substatus) return true
  throw error
}
