import { AADSTS } from './aadsts.ts'
import { type Behaviour, DEFAULT_BEHAVIOUR } from './behaviour.ts'

const MAX_QUOTED = 500

/** Entra says no. How it leaves (page, redirect, JSON) is the endpoint's to decide. */
export class AadstsError extends Error {
  override readonly name = 'AadstsError'
  readonly code: number
  readonly error: string
  readonly suberror: string | undefined
  readonly isPageOnly: boolean
  readonly hasErrorUri: boolean
  readonly claims: string | undefined

  constructor(code: number, values: Readonly<Record<string, string>>, change: AadstsChange) {
    const entry = AADSTS.get(code)
    if (!entry) throw new RangeError(`AADSTS${code} is not in the table.`)
    super(`AADSTS${code}: ${fillIn(entry.text, values)}`)
    this.code = code
    this.error = change.error ?? entry.error
    this.suberror = change.error ? change.suberror : entry.suberror
    this.isPageOnly = change.isPageOnly ?? entry.isPageOnly
    this.hasErrorUri = entry.hasErrorUri
    this.claims = change.claims
  }
}

/** Where the same code goes out under another word, by another way, or with a challenge. */
export type AadstsChange = {
  error?: string
  suberror?: string
  isPageOnly?: boolean
  claims?: string
}

/** Makes the error with this number; `values` fill the blanks of its text. */
export function aadsts(
  code: number,
  values: Readonly<Record<string, string>> = {},
  change: AadstsChange = {},
): AadstsError {
  return new AadstsError(code, values, change)
}

/** What Entra adds to every error, so that its support can find it again. */
export type Trace = { traceId: string; correlationId: string; timestamp: string }

/** Starts a trace; the correlation id is the client's own, where it sent one. */
export function newTrace(correlationId: string, now: number): Trace {
  return { traceId: crypto.randomUUID(), correlationId, timestamp: toTimestamp(now) }
}

/** The whole `error_description`. */
export function describeError(
  error: AadstsError,
  trace: Trace,
  { errorSeparator }: Pick<Behaviour, 'errorSeparator'> = DEFAULT_BEHAVIOUR,
): string {
  const { traceId, correlationId, timestamp } = trace
  return [
    error.message,
    `Trace ID: ${traceId}`,
    `Correlation ID: ${correlationId}`,
    `Timestamp: ${timestamp}`,
  ].join(errorSeparator === 'crlf' ? '\r\n' : ' ')
}

/** The address of the page that explains a code. */
export function errorUri(error: AadstsError, origin: string): string | undefined {
  return error.hasErrorUri ? `${origin}/error?code=${error.code}` : undefined
}

/** `YYYY-MM-DD HH:mm:ssZ`, as Entra writes a time in an error. */
export function toTimestamp(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')}Z`
}

function fillIn(text: string, values: Readonly<Record<string, string>>): string {
  const known = new Map(Object.entries(values))
  return text.replace(/\{(\w+)\}/g, (blank, name: string) => {
    const value = known.get(name)
    return value === undefined ? blank : quotable(value)
  })
}

/** What a request said, fit for a line of a log or a terminal. */
function quotable(value: string): string {
  return value.slice(0, MAX_QUOTED).replace(/\p{Cc}/gu, ' ')
}
