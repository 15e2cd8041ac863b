import * as oauth from 'oauth4webapi'
import { findAadsts } from '../../aadsts/find.ts'
import { parseDescription } from '../../aadsts/parse.ts'
import { EntraError } from '../errors.ts'
import { explainUnreachable } from './unreachable.ts'

/** The error that Entra put into an authorization response. */
export function entraErrorOf(response: URLSearchParams): EntraError {
  return toEntraError({
    error: response.get('error') ?? undefined,
    error_description: response.get('error_description') ?? undefined,
    suberror: response.get('error_subcode') ?? undefined,
  })
}

/** The same for the operator, in a line of the log: the command knows more than has room there. */
export function describeForLog({ message, cure, code }: EntraError): string {
  const more = code === undefined ? '' : ` More: entrance doctor explain AADSTS${code}.`
  return `${message} ${cure}${more}`
}

/** An authorization response that is not one of this Entra's, for this sign-in (RFC 9207). */
export function validate<T>(check: () => T): T {
  try {
    return check()
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new EntraError(`Entra's answer cannot be accepted: ${why}.`, {
      error: 'invalid_request',
      isTransient: false,
      cure: 'Sign in again; if it happens again, report it.',
      cause,
    })
  }
}

/** Runs a call of Entra's token endpoint; what it throws is an `EntraError`. */
export async function translateErrors<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    if (error instanceof EntraError) throw error
    if (error instanceof oauth.ResponseBodyError) {
      throw toEntraError({ ...error.cause, status: error.status }, error)
    }
    throw noAnswer(error)
  }
}

type EntraErrorBody = {
  error?: unknown
  error_description?: unknown
  error_codes?: unknown
  suberror?: unknown
  claims?: unknown
  status?: number
}

function toEntraError(body: EntraErrorBody, cause?: unknown): EntraError {
  const text = (value: unknown) => (typeof value === 'string' ? value : undefined)
  // What is no word of OAuth's is not repeated: it comes through a browser, and goes into a log.
  const word = (value: unknown) => /^[a-z_]{1,64}$/.exec(text(value) ?? '')?.[0]
  const error = word(body.error)
  const { sentence, ...ids } = parseDescription(text(body.error_description))
  const [first] = Array.isArray(body.error_codes) ? body.error_codes : []
  const code = ids.code ?? (typeof first === 'number' ? first : undefined)
  const known = findAadsts(code, error)
  const isTransient = known.isTransient || body.status === 429 || (body.status ?? 0) >= 500
  const message = sentence || `Entra answered with the error ${error ?? 'it did not name'}.`
  const { cure } = known
  return new EntraError(message, {
    ...ids,
    code,
    error,
    suberror: word(body.suberror),
    claims: readClaims(body.claims),
    isTransient,
    cure,
    cause,
  })
}

/** More than any challenge is long, and less than what an address can carry, in characters. */
const CLAIMS_MAX_LENGTH = 2048

/** A claims challenge, which is a JSON object; what is not is none. */
function readClaims(value: unknown): string | undefined {
  if (typeof value !== 'string' || value.length > CLAIMS_MAX_LENGTH) return undefined
  try {
    const parsed: unknown = JSON.parse(value)
    const isObject = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
    return isObject ? JSON.stringify(parsed) : undefined
  } catch {
    return undefined
  }
}

const CLOCK_CURE = "Check the clock of this server's machine, and sign in again."

/**
 * Nothing came, or nothing that OAuth knows: a time-out, a front door's HTML page, a 502.
 * A response that was understood and is wrong (an unexpected issuer or nonce) stays wrong.
 */
function noAnswer(cause: unknown): EntraError {
  const isWrong = cause instanceof oauth.OperationProcessingError && !isHttpTrouble(cause)
  if (isWrong || cause instanceof oauth.UnsupportedOperationError) {
    const isTime = 'code' in cause && cause.code === oauth.JWT_TIMESTAMP_CHECK
    return new EntraError(`Entra's answer cannot be accepted: ${cause.message}.`, {
      isTransient: false,
      cure: isTime ? CLOCK_CURE : 'Sign in again; if it happens again, report it.',
      cause,
    })
  }
  const { why, cure } = explainUnreachable(cause)
  const reason = isHttpTrouble(cause) ? 'what it answers is no answer of Entra' : why
  const message = `Entra's token endpoint is not answering: ${reason}.`
  return new EntraError(message, { isTransient: true, cure, cause })
}

const HTTP_TROUBLE: ReadonlySet<string | undefined> = new Set([
  oauth.RESPONSE_IS_NOT_CONFORM,
  oauth.RESPONSE_IS_NOT_JSON,
  oauth.PARSE_ERROR,
])

function isHttpTrouble(error: unknown): boolean {
  return error instanceof oauth.OperationProcessingError && HTTP_TROUBLE.has(error.code)
}
