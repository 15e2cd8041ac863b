import { randomUUID } from 'node:crypto'
import { wantsPage } from '../http/accept.ts'
import { json } from '../http/responses.ts'
import type { Log } from '../log.ts'
import { OAuthError } from './errors.ts'
import type { Config } from './options.ts'
import { clientNotRegisteredPage, errorPage } from './pages/error-page.ts'
import type { Site } from './site.ts'

/** How errors leave a route: as JSON (RFC 6749 §5.2), or as a page where a person may be looking. */
export type ErrorForm = 'json' | 'page'

/** The answer to what an endpoint threw. */
export function errorResponse(
  thrown: unknown,
  form: ErrorForm,
  request: Request,
  site: Site,
  { log, registration }: Pick<Config, 'log' | 'registration'>,
): Response {
  const error = thrown instanceof OAuthError ? thrown : unexpected(thrown, request, log)
  // Of too many requests the limiter tells, once for all.
  if (error === thrown && error.status !== 429) tell(error, request, log)
  // Nobody authenticates at a page: 400, which clients that look before they open a browser take
  // for a registration that is lost.
  const status = form === 'page' && error.status === 401 ? 400 : error.status
  const isPage = form === 'page' && wantsPage(request)
  return isPage ? toPage(error, status) : toJson(error, status, site, registration)
}

/** Why a client does not get on: descriptions hold nothing that must not be written down. */
function tell(error: OAuthError, request: Request, log: Log): void {
  const { pathname } = new URL(request.url)
  const message = `A request was refused: ${error.message}`
  log({ event: 'request.refused', level: 'warn', message, error: error.code, path: pathname })
}

/** A fault of ours: the client gets a number, the log gets everything. */
function unexpected(thrown: unknown, request: Request, log: Log): OAuthError {
  const id = randomUUID()
  const message = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)
  const { pathname } = new URL(request.url)
  log({ event: 'error.unexpected', level: 'error', message, requestId: id, path: pathname })
  return new OAuthError(
    'server_error',
    `Something went wrong. The log has it under the request id ${id}.`,
  )
}

function toJson(
  error: OAuthError,
  status: number,
  site: Site,
  { mode }: Config['registration'],
): Response {
  const canRegister = error.code === 'invalid_client' && mode !== 'off'
  const body = {
    error: error.code,
    error_description: error.message,
    // What a client that lost its registration needs to heal by itself.
    ...(canRegister && { registration_endpoint: `${site.issuer}/register` }),
  }
  return json(body, status, headersOf(error))
}

function toPage(error: OAuthError, status: number): Response {
  const { code, cure } = error
  if (code === 'invalid_client' && !cure) return clientNotRegisteredPage(status, error.message)
  return errorPage({
    title: TITLES.get(code) ?? 'This request cannot be answered',
    status,
    message: error.message,
    cure: cure ?? CURES.get(code) ?? 'Go back to the application and start the sign-in again.',
    details: [['Error', code]],
    headers: headersOf(error),
  })
}

const TITLES: ReadonlyMap<string, string> = new Map([
  ['unauthorized_client', 'This application is not let in here'],
  ['access_denied', 'This sign-in cannot go on'],
  ['invalid_client', 'This application cannot be recognised'],
  ['temporarily_unavailable', 'Not available at the moment'],
  ['server_error', 'Something went wrong'],
])

const CURES: ReadonlyMap<string, string> = new Map([
  ['unauthorized_client', 'Ask the operator of this server.'],
  ['temporarily_unavailable', 'Wait a moment, then reload this page.'],
  [
    'server_error',
    'Try again. If it happens again, tell the operator of this server the request id.',
  ],
])

function headersOf(error: OAuthError): Record<string, string> {
  const retry = error.retryAfter === undefined ? {} : { 'retry-after': String(error.retryAfter) }
  return { ...error.headers, ...retry }
}
