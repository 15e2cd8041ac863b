import {
  IssuerMismatchError,
  OAuthError,
  RegistrationRejectedError,
  SdkHttpError,
} from '@modelcontextprotocol/client'
import { CommandError } from '../exit-codes.ts'
import { printableLine } from '../terminal.ts'

/** The authorization server does not know our client id, or knows it no longer. */
export class ClientNotRegistered extends CommandError {
  override readonly name = 'ClientNotRegistered'

  constructor(options: { cause?: unknown } = {}) {
    super('The authorization server does not know this client.', options)
  }
}

/** The person, or the authorization server on its own, said no. */
export class AccessDenied extends CommandError {
  override readonly name = 'AccessDenied'
}

/** What an error response of the authorization endpoint means (RFC 6749 §4.1.2.1). */
export function toRefusal(error: string, description: string | undefined): CommandError {
  const said = description ? printableLine(description) : undefined
  if (error === 'invalid_client' || error === 'unauthorized_client') {
    return new ClientNotRegistered({ cause: said })
  }
  if (error === 'access_denied') {
    return new AccessDenied(`Access was denied${said ? `: ${said}` : '.'}`)
  }
  return new CommandError(`The sign-in failed: ${said ?? printableLine(error)}`)
}

/** What a server answered, or the MCP SDK found wrong with it, as a sentence for the person. */
export function explain(error: unknown, doing: string): CommandError {
  if (error instanceof CommandError) return error
  const hidden = findCommandError(error)
  if (hidden) return hidden
  const cure = isOfOperator(error) ? OPERATOR_CURE : undefined
  return new CommandError(`${doing}: ${reasonOf(error)}`, { cause: error, cure })
}

/** Where the person cannot do anything. */
export const OPERATOR_CURE =
  'Tell whoever runs the server; they see more with: entrance doctor --public URL'

/** What the server is, or somebody in front of it, whoever signs in. */
function isOfOperator(error: unknown): boolean {
  if (error instanceof SdkHttpError) return statusOf(error) >= 300 && statusOf(error) !== 429
  const isRefused = error instanceof RegistrationRejectedError
  const isOther = error instanceof IssuerMismatchError || error instanceof SyntaxError
  return isRefused || isOther || issuesOf(error) !== undefined
}

/** 0 where there was no answer. */
function statusOf(error: SdkHttpError): number {
  return (error.data as { status?: number }).status ?? 0
}

/** The OAuth error code that the authorization server answered with, if it did. */
export function oauthCodeOf(error: unknown): string | undefined {
  return error instanceof OAuthError ? error.code : undefined
}

/** The SDK wraps what `fetch` threw; our own sentence about it is the better one. */
function findCommandError(error: unknown): CommandError | undefined {
  for (let at = error, depth = 0; at instanceof Error && depth < 8; depth++) {
    if (at instanceof CommandError) return at
    at = at.cause ?? ('data' in at && (at.data as { cause?: unknown })?.cause)
  }
  return undefined
}

function reasonOf(error: unknown): string {
  if (error instanceof RegistrationRejectedError) {
    return `the server refuses the registration (${error.status}): ${describeBody(error.body)}`
  }
  if (error instanceof IssuerMismatchError) {
    return 'the authorization server’s metadata is not its own (issuer mismatch)'
  }
  if (error instanceof OAuthError) return describeOAuthError(error)
  if (error instanceof SdkHttpError) {
    const { text } = error.data as { text?: string | null }
    const status = statusOf(error)
    if (status >= 300 && status < 400)
      return `the server redirects (${status}), which is not followed`
    const answer = `the server answered ${status || 'with an error'}`
    // A page, such as a proxy's own, is for a browser.
    return text && !/^\s*</.test(text) ? `${answer}: ${describeBody(text)}` : answer
  }
  if (error instanceof SyntaxError) return 'where JSON was expected, something else came'
  const issues = issuesOf(error)
  if (issues) return `what the server tells about itself is not complete, or wrong (${issues})`
  return printableLine(error instanceof Error ? error.message : String(error)).slice(0, 500)
}

/** What a schema of the SDK's has against a document, each by the name of the member. */
function issuesOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('issues' in error) || !Array.isArray(error.issues)) return
  const names = error.issues.flatMap(({ path }: { path?: unknown }) =>
    Array.isArray(path) ? path.join('.') : [],
  )
  return printableLine(names.join(', ')).slice(0, 200)
}

/** The SDK puts the whole body into the message of what is no OAuth error at all. */
function describeOAuthError({ code, message }: OAuthError): string {
  const status = /^HTTP (\d{3}): Invalid OAuth error response/.exec(message)?.[1]
  return status ? `the server answered ${status}` : `${code}: ${printableLine(message)}`
}

/** The error's description in a JSON body, else the beginning of the body. */
function describeBody(body: string): string {
  try {
    const { error, error_description, message } = JSON.parse(body)
    const found = error_description ?? message ?? error?.message ?? error
    if (typeof found === 'string') return printableLine(found)
  } catch {
    // Not JSON.
  }
  return printableLine(body).slice(0, 200)
}
