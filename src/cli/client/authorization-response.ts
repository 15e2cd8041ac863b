import { timingSafeEqual } from 'node:crypto'
import { validateAuthorizationResponseIssuer } from '@modelcontextprotocol/client'

/** What the authorization server says at the callback address (RFC 6749 §4.1.2). */
export type AuthorizationResponse =
  | { readonly kind: 'code'; readonly code: string; readonly iss: string | undefined }
  | {
      readonly kind: 'error'
      readonly error: string
      readonly description: string | undefined
    }

/** What the response must match, known before the browser is sent off. */
export type Expected = {
  readonly state: string
  readonly issuer: string
  /** Whether the server announced that it sends `iss` (RFC 9207 §3). */
  readonly sendsIssuer: boolean
}

/** Says why a response is not one to the sign-in that waits; the waiting goes on. */
export class ForeignResponse extends Error {
  override readonly name = 'ForeignResponse'
}

/**
 * Reads an authorization response. Nothing in it is looked at before `state` proves that it
 * answers our own request: anybody can make this browser open our callback address.
 */
export function parseAuthorizationResponse(
  params: URLSearchParams,
  expected: Expected,
): AuthorizationResponse {
  const state = params.getAll('state')
  if (state.length !== 1 || !isSame(state[0] as string, expected.state)) {
    throw new ForeignResponse('This is not the answer to the sign-in that is waiting here.')
  }
  const codes = params.getAll('code')
  const errors = params.getAll('error')
  if (codes.length === 0 && errors.length === 0) {
    throw new ForeignResponse('This address has no answer in it: sign in first.')
  }
  const iss = params.getAll('iss')
  if (codes.length + errors.length !== 1 || iss.length > 1) {
    return failure('The answer has the same parameter more than once.')
  }
  if (!isIssuerRight(iss[0], expected)) {
    return failure('The answer came from another authorization server than the one asked.')
  }
  if (errors[0] !== undefined) {
    const description = params.get('error_description') ?? undefined
    return { kind: 'error', error: errors[0], description }
  }
  return { kind: 'code', code: codes[0] as string, iss: iss[0] }
}

/**
 * The parameters in what a person copied: the whole address, its query, or the address as a
 * terminal or chat wraps it.
 */
export function parsePastedResponse(line: string): URLSearchParams {
  const text = line.trim().replace(/^[<"'`]+|[>"'`]+$/g, '')
  const query = text.includes('?') ? text.slice(text.indexOf('?') + 1) : text
  return new URLSearchParams(query.replace(/#.*$/, ''))
}

function isSame(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}

function isIssuerRight(iss: string | undefined, expected: Expected): boolean {
  try {
    validateAuthorizationResponseIssuer({
      iss,
      expectedIssuer: expected.issuer,
      issParameterSupported: expected.sendsIssuer,
    })
    return true
  } catch {
    return false
  }
}

function failure(description: string): AuthorizationResponse {
  return { kind: 'error', error: 'invalid_response', description }
}
