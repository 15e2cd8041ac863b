import { findAadsts } from '../../aadsts/find.ts'
import { type Html, html } from '../../http/html.ts'
import type { Log } from '../../log.ts'
import type { AuditEvent } from '../audit-event.ts'
import { describeForLog } from '../entra/entra-errors.ts'
import { type EntraError, OAuthError } from '../errors.ts'
import { errorPage, type Problem } from '../pages/error-page.ts'

/** Tells the operator why Entra let nobody in. */
export function logRefusal(error: EntraError, transaction: string | undefined, log: Log): void {
  log({
    event: 'entra.refused',
    level: 'warn',
    ...(transaction && { transaction }),
    message: describeForLog(error),
    aadsts: error.code,
    error: error.error,
    entraTraceId: error.traceId,
    entraCorrelationId: error.correlationId,
  })
}

/** The line of the audit log about a sign-in that came to nothing at Entra. */
export function failedSignIn(error: EntraError): AuditEvent {
  const isPersons = toOAuthError(error).code === 'access_denied'
  return {
    event: 'sign_in.failed',
    outcome: isPersons ? 'denied' : 'failure',
    reason: reasonOf(error),
    aadsts: error.code,
    entraTraceId: error.traceId,
  }
}

/** Entra's word, where it is one of those that are known: it comes through the browser. */
function reasonOf({ error = '', isTransient }: EntraError): string {
  if (KNOWN_ERRORS.has(error)) return error
  return isTransient ? 'entra_unavailable' : 'entra_error'
}

const KNOWN_ERRORS: ReadonlySet<string> = new Set([
  ...['access_denied', 'consent_required', 'interaction_required', 'invalid_client'],
  ...['invalid_grant', 'invalid_request', 'invalid_scope', 'login_required'],
  ...['server_error', 'temporarily_unavailable', 'unauthorized_client'],
])

/** What the client is told of it. */
export function toOAuthError(error: EntraError): OAuthError {
  const number = error.code ? `AADSTS${error.code}: ` : ''
  const trace = error.traceId ? ` Trace ID: ${error.traceId}` : ''
  const words = error.message.replace(/^AADSTS\d+: /, '')
  const text = `Microsoft Entra ID: ${number}${words} ${error.cure}${trace}`
  if (error.isTransient) return new OAuthError('temporarily_unavailable', text, { cause: error })
  const isPersons = findAadsts(error.code, error.error).isPersons
  return new OAuthError(isPersons ? 'access_denied' : 'server_error', text, { cause: error })
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
  /** Where an administrator can consent for everybody. */
  readonly consentAddress?: string | undefined
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
    ...(ending.consentAddress && { more: forAdministrator(ending.consentAddress) }),
    // What passes leaves the transaction as it is, so that the same answer can be tried again.
    headers: {
      ...(canReload && { 'retry-after': '10' }),
      ...(!canReload && ending.endCookie && { 'set-cookie': ending.endCookie }),
    },
  })
}

/** To be passed on: whoever sees this page is mostly not the one who can open it. */
function forAdministrator(address: string): Html {
  return html`<div class="callout neutral">
<p class="callout-title">For an administrator of the organisation</p>
<p>At this address they consent for everybody. Send it to them:</p>
<p class="address"><a href="${address}" rel="noreferrer">${address}</a></p>
</div>`
}
