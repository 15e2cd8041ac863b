import { CORS_HEADERS } from '../../http/cors.ts'
import { NO_STORE } from '../../http/responses.ts'
import { OAuthError } from '../errors.ts'
import type { Site } from '../site.ts'

/** A refusal at the gate, as values: an adapter needs no `Request` and no `Response` to give it. */
export type Refusal = {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/**
 * The challenge to a request without a token (RFC 6750 §3.1: no error code), or with one that
 * will not do. It names the metadata (RFC 9728 §5.1) and the scope to ask for.
 */
export function challenge(error: OAuthError | undefined, site: Site, scope: string): Refusal {
  // RFC 6750 §3.1: who has sent no token has made no error.
  const body = error
    ? { error: error.code, error_description: error.message }
    : { error_description: 'A sign-in is needed: send an access token as a Bearer token.' }
  const header = writeChallenge(error, site.resourceMetadata, scope)
  return refusal(error?.status ?? 401, body, { 'www-authenticate': header })
}

/**
 * The refusal of a token that is good and has too little scope (RFC 6750 §3.1). Its challenge asks
 * for all that the operation needs at once, and for what the token has: a client that asks for
 * nothing else than the challenge loses nothing.
 */
export function insufficientScope(
  has: readonly string[],
  asked: readonly string[],
  resourceMetadata: string,
): OAuthError {
  const missing = asked.filter((name) => !has.includes(name)).join(' ')
  const description = `The access token has the scope '${has.join(' ')}'; ${missing} is needed.`
  const error = new OAuthError('insufficient_scope', description)
  const header = writeChallenge(error, resourceMetadata, [...new Set(asked)].join(' '))
  return new OAuthError('insufficient_scope', description, {
    headers: { 'www-authenticate': header },
  })
}

/** An error that brings its own challenge. */
export function refusalOf(error: OAuthError): Refusal {
  const body = { error: error.code, error_description: error.message }
  return refusal(error.status, body, error.headers)
}

function writeChallenge(
  error: OAuthError | undefined,
  resourceMetadata: string,
  scope: string,
): string {
  const params = [
    ...(error ? [`error="${error.code}"`, `error_description="${error.message}"`] : []),
    `resource_metadata="${resourceMetadata}"`,
    `scope="${scope}"`,
  ]
  return `Bearer ${params.join(', ')}`
}

/**
 * A refusal of where a request came from, in the form that the MCP transport has for it: a
 * JSON-RPC error response without an id.
 */
export function forbid(message: string): Refusal {
  return refusal(403, { jsonrpc: '2.0', error: { code: -32000, message }, id: null })
}

/** A refusal that no token would change. */
export function refusal(
  status: number,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): Refusal {
  return {
    status,
    headers: { ...NO_STORE, ...CORS_HEADERS, 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  }
}

export function toResponse({ status, headers, body }: Refusal): Response {
  return new Response(body, { status, headers })
}
