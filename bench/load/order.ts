// What goes between a bench and the process that applies load for it.

/** What is to be sent, to whom, and how fast. */
export type Order = {
  /** `http:` only. */
  readonly url: string
  /** @default 'GET', or 'POST' with a body */
  readonly method?: string | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly body?: string | undefined
  /** Taken in turn, each as the Bearer token of one request. */
  readonly tokens?: readonly string[] | undefined
  /** Every answer's body has to have it in it: an error of a tool is a 200, too. */
  readonly contains?: string | undefined
  /** How many connections are kept open; each has one request under way at most. */
  readonly connections: number
  /** How long a turn counts. */
  readonly seconds: number
  /** Seconds before that, in which nothing is counted. @default 0.5 */
  readonly warmUp?: number | undefined
  /**
   * Requests per second, whether the answers come or not (open loop): each is due at its time, and
   * its latency begins then, so that a wait for a free connection counts.
   * @default none: each connection sends the next when its answer is whole (closed loop)
   */
  readonly rate?: number | undefined
  /** How long the last answers may take when all has been sent, in milliseconds. @default 5000 */
  readonly patience?: number | undefined
  /** Whether answers other than 2xx are counted, as what is measured; else the first ends it. */
  readonly mayRefuse?: boolean | undefined
  /** The process whose use of the processor is asked for, with all below it. */
  readonly server?: number | undefined
}

/** Some that take turns, back and forth, so many times. */
export type Turns = { readonly orders: readonly Order[]; readonly passes: number }

/** What came of an order, or why it came to an end. */
export type Taken = { readonly outcome: Outcome } | { readonly failure: string }

/** What came of all turns of an order; latencies in milliseconds. */
export type Outcome = {
  /** Answers per second. */
  readonly rate: number
  /** Answers in the measured time, those that were refused among them. */
  readonly count: number
  /** How many of them were not 2xx. */
  readonly failures: number
  /** Requests that were sent, those before the measured time among them. */
  readonly sent: number
  readonly p50: number
  readonly p99: number
  readonly p999: number
  /** What `server` used of the processor for each answer, those of the warm-up among them, in µs; NaN where it was not asked for or cannot be told. */
  readonly serverCpu: number
  /** What of one processor it used. At saturation, less than all of it tells that something else ran there, or that it was let wait. */
  readonly serverShare: number
  /** The share of one processor that the generator itself used. In the open loop it is all of it: it waits for the moment awake. */
  readonly generatorCpu: number
  /** Open loop: by how much the generator was late, 99 of a hundred; else 0. */
  readonly late: number
}
