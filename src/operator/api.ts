import { hash, randomUUID, timingSafeEqual } from 'node:crypto'
import { json } from '../http/responses.ts'
import {
  type Connection,
  EntraError,
  OAuthError,
  type OperatorAccess,
  OperatorError,
} from '../index.ts'
import type { Log } from '../log.ts'
import { ApiError } from './api-error.ts'
import { checkOrigin, readJson } from './api-request.ts'
import { findRoute } from './api-routes.ts'

export type OperatorApiOptions = {
  /** `entrance.operator` */
  readonly operator: OperatorAccess
  /** The operator's token. Without it only an access token of Entra's opens the API. */
  readonly token?: string | undefined
  /** Names besides loopback ones and addresses that requests may come by. @default none */
  readonly hosts?: readonly string[]
  readonly log?: Log
}

/** How many wrong tokens a minute are told so; more of them are told to wait. */
const WRONG_TOKENS = 20

const WINDOW = 60_000

/**
 * The operator's API, `/api/…`: what the commands do, for programs. No cookie opens it and no page
 * may call it; nothing is looked at before the token is good.
 */
export function createOperatorApi(
  options: OperatorApiOptions,
): (request: Request, connection?: Connection) => Promise<Response> {
  const { operator, log = () => {} } = options
  const authenticate = createAuthenticator(options)

  async function answer(request: Request, connection?: Connection): Promise<unknown> {
    checkOrigin(request, options.hosts ?? [])
    const actor = await authenticate(request.headers.get('authorization'), connection)
    const url = new URL(request.url)
    const route = findRoute(request.method, url.pathname)
    const given = request.method === 'POST' ? await readJson(request) : url.searchParams
    return route(operator.as(actor, connection), given)
  }

  return async (request, connection) => {
    try {
      return json(await answer(request, connection))
    } catch (thrown) {
      return toResponse(toApiError(thrown, log))
    }
  }
}

const NO_BEARER = "The Authorization header is not 'Bearer' and one token."
const NOT_OURS = 'The token is not the one of this server.'

function createAuthenticator(options: OperatorApiOptions) {
  const { operator, token, log = () => {} } = options
  const expected = token ? digestOf(token) : undefined
  let wrong = 0
  let since = Number.NEGATIVE_INFINITY

  /** What guesses learn by and by is to wait; a token that is good is never held up. */
  function refuse(why: string, reason: string, connection?: Connection): ApiError {
    operator.refused(reason, connection)
    const now = performance.now()
    if (now - since > WINDOW) [wrong, since] = [0, now]
    if (++wrong > WRONG_TOKENS) {
      const text = 'Too many wrong tokens; try again in a minute.'
      return new ApiError(429, 'too_many_requests', text, { headers: { 'retry-after': '60' } })
    }
    const message = `A request to the operator's API was refused: ${why}`
    log({ event: 'operator.refused', level: 'warn', message })
    // Who it is, is known; what is missing, another token would not mend.
    return reason === 'no_role' ? new ApiError(403, 'forbidden', why) : unauthorized(why)
  }

  return async (authorization: string | null, connection?: Connection): Promise<string> => {
    if (!authorization)
      throw unauthorized('A token is needed: Authorization: Bearer and the token.')
    const [, presented] = /^bearer +([\w.~+/=-]{1,16384})$/i.exec(authorization) ?? []
    if (presented === undefined) throw refuse(NO_BEARER, 'no_bearer', connection)
    if (expected && timingSafeEqual(digestOf(presented), expected)) return 'token'
    // What is no JWT is not brought before Entra's keys.
    if (presented.split('.').length !== 3) throw refuse(NOT_OURS, 'wrong_token', connection)
    try {
      return `role:${await operator.verifyToken(presented)}`
    } catch (error) {
      if (!(error instanceof EntraError) || error.isTransient) throw error
      const reason = error.error === 'access_denied' ? 'no_role' : 'wrong_token'
      throw refuse(`${error.message} ${error.cure}`, reason, connection)
    }
  }
}

/** Of one length, whatever is presented. */
function digestOf(text: string): Buffer {
  return hash('sha256', text, 'buffer')
}

function unauthorized(text: string): ApiError {
  return new ApiError(401, 'unauthorized', text, { headers: { 'www-authenticate': 'Bearer' } })
}

const STATUS = { unknown: 404, ambiguous: 409, invalid: 400 } as const

function toApiError(thrown: unknown, log: Log): ApiError {
  if (thrown instanceof ApiError) return thrown
  if (thrown instanceof OperatorError) {
    return new ApiError(STATUS[thrown.code], thrown.code, thrown.message, { cure: thrown.cure })
  }
  const isAway =
    (thrown instanceof OAuthError && thrown.code === 'temporarily_unavailable') ||
    (thrown instanceof EntraError && thrown.isTransient)
  if (isAway) {
    const { message } = thrown as Error
    return new ApiError(503, 'unavailable', message, { headers: { 'retry-after': '5' } })
  }
  const id = randomUUID()
  const message = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)
  log({ event: 'error.unexpected', level: 'error', message, requestId: id })
  return new ApiError(500, 'error', `Something went wrong. The log has it under ${id}.`)
}

function toResponse({ status, code, message, cure, headers }: ApiError): Response {
  return json({ error: code, message, ...(cure !== undefined && { cure }) }, status, headers)
}
