/**
 * One thing that happened, for the log. `event` is a stable name such as `consent.allowed`;
 * `transaction` joins the lines of one sign-in. Values are safe to write down: no token, code,
 * verifier or secret is ever put into one.
 */
export type LogEvent = {
  readonly event: string
  readonly level?: 'debug' | 'info' | 'warn' | 'error'
  readonly transaction?: string | undefined
  /** What happened, as a sentence for a person. */
  readonly message: string
  readonly [field: string]: unknown
}

/** Where log events go. Must not throw. */
export type Log = (event: LogEvent) => void
