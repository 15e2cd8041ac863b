/** The error codes that go on the wire, each from an RFC, with its status at a direct endpoint. */
const STATUS = {
  // RFC 6749 §4.1.2.1, §5.2
  invalid_request: 400,
  invalid_client: 401,
  invalid_grant: 400,
  unauthorized_client: 400,
  unsupported_grant_type: 400,
  unsupported_response_type: 400,
  invalid_scope: 400,
  access_denied: 403,
  server_error: 500,
  temporarily_unavailable: 503,
  invalid_target: 400, // RFC 8707 §2
  invalid_redirect_uri: 400, // RFC 7591 §3.2.2
  invalid_client_metadata: 400,
  invalid_token: 401, // RFC 6750 §3.1
  insufficient_scope: 403,
} as const

export type OAuthErrorCode = keyof typeof STATUS

export type OAuthErrorOptions = {
  /** Another status than the code's own, e.g. 405 or 413 under `invalid_request`. */
  status?: number
  /** Seconds after which trying again makes sense; sent as Retry-After. */
  retryAfter?: number
  /** Headers that this refusal carries besides. */
  headers?: Readonly<Record<string, string>>
  /** What a person is told to do, where the advice that goes with the code is not it. */
  cure?: string
  cause?: unknown
}

/**
 * What has a name in an RFC. `message` is the `error_description`: one ASCII sentence or two that
 * name the parameter, say what was expected and what to do. How it leaves (JSON, page, redirect,
 * challenge) is decided by the route.
 */
export class OAuthError extends Error {
  override readonly name = 'OAuthError'
  readonly code: OAuthErrorCode
  readonly status: number
  readonly retryAfter: number | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly cure: string | undefined

  constructor(code: OAuthErrorCode, description: string, options: OAuthErrorOptions = {}) {
    super(toDescription(description), { cause: options.cause })
    this.code = code
    this.status = options.status ?? STATUS[code]
    this.retryAfter = options.retryAfter
    this.headers = options.headers ?? {}
    this.cure = options.cure
  }
}

/** RFC 6749 §5.2 allows %x20-21 / %x23-5B / %x5D-7E in a description. */
function toDescription(text: string): string {
  return text
    .replaceAll('"', "'")
    .replaceAll('\\', '/')
    .replace(/[^\x20-\x7e]/g, '?')
}

/**
 * Of what was made with a key that other replicas have: it is good, and whoever were told that it is
 * not would throw it away.
 */
export function madeElsewhere(): OAuthError {
  const text = 'This server has not got the key yet that other replicas use. Try again shortly.'
  return new OAuthError('temporarily_unavailable', text, { retryAfter: 5 })
}

export type EntraErrorOptions = {
  /** The number behind AADSTS, where Entra gave one. */
  code?: number | undefined
  /** Entra's OAuth error word, e.g. `invalid_grant`. */
  error?: string | undefined
  suberror?: string | undefined
  /** What a sign-in that is to succeed has to ask for (OpenID Connect Core §5.5): JSON. */
  claims?: string | undefined
  traceId?: string | undefined
  correlationId?: string | undefined
  /** Whether the same call may succeed later, with nothing changed. */
  isTransient: boolean
  /** What the operator, or the person, can do. */
  cure: string
  /** Whether Entra was not even asked, for want of a credential. */
  isOurs?: boolean | undefined
  /** Whether Entra's code is used up: the same answer of Entra's will not do a second time. */
  isSpent?: boolean | undefined
  cause?: unknown
}

/** Entra said no, said something we must not accept, or said nothing. */
export class EntraError extends Error {
  override readonly name = 'EntraError'
  readonly code: number | undefined
  readonly error: string | undefined
  readonly suberror: string | undefined
  readonly claims: string | undefined
  readonly traceId: string | undefined
  readonly correlationId: string | undefined
  readonly isTransient: boolean
  readonly isOurs: boolean
  readonly isSpent: boolean
  readonly cure: string

  constructor(message: string, options: EntraErrorOptions) {
    super(message, { cause: options.cause })
    this.code = options.code
    this.error = options.error
    this.suberror = options.suberror
    this.claims = options.claims
    this.traceId = options.traceId
    this.correlationId = options.correlationId
    this.isTransient = options.isTransient
    this.isOurs = options.isOurs === true
    this.isSpent = options.isSpent === true
    this.cure = options.cure
  }
}

/** One thing that is wrong with the configuration, and what to do. */
export type ConfigProblem = {
  /** The option of `createEntrance`, e.g. `entra.clientSecret`. */
  readonly option: string
  /** What was given, what was expected. Never a secret. */
  readonly problem: string
  readonly cure: string
}

/** The operator can fix it. Lists every problem at once; never reaches a client. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly ConfigProblem[]

  constructor(problems: readonly ConfigProblem[]) {
    super(problems.map((p) => `${p.option}: ${p.problem} ${p.cure}`).join('\n'))
    this.problems = problems
  }
}
