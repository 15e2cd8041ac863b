/** Something that goes wrong on the way, not in the directory: an outage. */
export type Fault = {
  /** Which requests it meets. @default every request */
  match?: FaultMatch
  action: FaultAction
}

/** All that is given has to fit. */
export type FaultMatch = {
  /**
   * An endpoint by its name, as `seen` has it (`token`, `keys` …), `graph` for all of Microsoft
   * Graph, or a path that the request's begins with, such as `/v1.0/applications`.
   */
  endpoint?: string
  /** The `grant_type` of a token request. */
  grant?: string
  /** The client id, in query, form or Basic header. */
  clientId?: string
  /** Only this one of the requests that fit, counted from 1. @default all of them */
  nth?: number
}

/** What happens to such a request. The parts may be combined. */
export type FaultAction = {
  /** Milliseconds to wait first, 60,000 at most. */
  delay?: number
  /**
   * The connection ends without an answer: `request` before anything was done, `response` after
   * it, so that the client cannot know.
   */
  drop?: 'request' | 'response'
  /** The status of the answer, 400 to 599, in place of what the endpoint would say. */
  status?: number
  /** The body that goes with `status`: text, or a value that is sent as JSON. @default Entra's own for the status */
  body?: unknown
  /** An HTML page as body, as a front door sends it in place of JSON. `status` is 503 unless given. */
  html?: boolean
  /** Seconds, sent as `Retry-After`. */
  retryAfter?: number
  /** The body ends half way. */
  truncate?: boolean
  /** Seconds by which the `Date` header is wrong. */
  dateSkew?: number
}

/** A fault in force. */
export type ActiveFault = Fault & {
  readonly id: string
  /** How many requests fitted. */
  readonly matched: number
  /** How many of them it happened to: with `nth` one at most. */
  readonly applied: number
}

/** The faults of an emulator. */
export type Faults = {
  /** Puts a fault in force until it is removed. Where several fit a request, the oldest counts. */
  add(fault: Fault): ActiveFault
  /** Ends a fault; false where there is none of this id. */
  remove(id: string): boolean
  clear(): void
  /** Those in force, oldest first. */
  list(): readonly ActiveFault[]
}
