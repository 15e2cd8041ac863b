import type { Log } from '../../log.ts'
import type { EntraError } from '../errors.ts'
import { errorPage, type Problem } from '../pages/error-page.ts'

/** Tells the operator why Entra let nobody in. */
export function logRefusal(error: EntraError, transaction: string | undefined, log: Log): void {
  log({
    event: 'entra.refused',
    level: 'warn',
    ...(transaction && { transaction }),
    message: `${error.message} ${error.cure}`,
    aadsts: error.code,
    error: error.error,
    entraTraceId: error.traceId,
    entraCorrelationId: error.correlationId,
  })
}

/** A fault of the server is one that the browser did not bring along: a code can be made up. */
export function statusOf(error: EntraError): number {
  if (error.isTransient) return 503
  return error.error === 'invalid_grant' || error.error === 'invalid_request' ? 400 : 500
}

function titleOf(error: EntraError, canReload: boolean): string {
  if (error.isOurs || !canReload) return 'The sign-in could not be completed'
  return 'Microsoft Entra ID is not answering'
}

export type Ending = Pick<Problem, 'link'> & {
  /** Deletes the cookie of what Entra has answered. */
  readonly endCookie?: string
  readonly transaction?: string
}

/** The page that says why Entra let nobody in. */
export function entraProblem(error: EntraError, status: number, ending: Ending): Response {
  const canReload = status === 503 && !error.isSpent
  return errorPage({
    title: titleOf(error, canReload),
    status,
    message: error.message,
    cure: canReload ? `${error.cure} Reload this page to go on.` : error.cure,
    details: [
      ['Entra error', error.code ? `AADSTS${error.code}` : error.error],
      ['Trace ID', error.traceId],
      ['Correlation ID', error.correlationId],
      ['Transaction', ending.transaction],
    ],
    link: ending.link,
    // What passes leaves the transaction as it is, so that the same answer can be tried again.
    headers: {
      ...(canReload && { 'retry-after': '10' }),
      ...(!canReload && ending.endCookie && { 'set-cookie': ending.endCookie }),
    },
  })
}
