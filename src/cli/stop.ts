import type { Listening } from '../adapters/listen.ts'
import { EXIT } from './exit-codes.ts'

/** What a server does with what is under way when it is told to stop; times are milliseconds. */
export type Draining = {
  /** How long requests are waited for. */
  readonly requests: number
  /** How long answers may go on that are streamed. */
  readonly streams: number
  /** How long a connection on which nothing is under way may be used once more. */
  readonly idle: number
}

type Signal = (typeof SIGNALS)[number]

const SIGNALS = ['SIGINT', 'SIGTERM'] as const

/** A Ctrl-C that reaches us by the terminal and by `npx` as well comes twice within so long. */
const SAME = 300

/** Streams that have been ended are gone within so long. */
const FAREWELL = 500

/** How long the last lines of the log are waited for. */
const LAST_WORDS = 1000

/** A proxy may have sent a request on a connection that it keeps: it is answered. */
const LINGER = 2000

/** Resolves with the first signal to stop. A second one ends the process at once. */
export function nextSignal(): Promise<Signal> {
  const { promise, resolve } = Promise.withResolvers<Signal>()
  let since: number | undefined
  const take = (signal: Signal) => {
    const now = performance.now()
    since ??= now
    if (now - since > SAME) process.exit(EXIT.interrupted)
    resolve(signal)
  }
  // Listened to until the end: the first process of a container gets no other signals.
  for (const name of SIGNALS) process.on(name, take)
  return promise
}

/** Whoever reads the log may hang: what is left of it holds up no end. */
export function endSoon(): void {
  setTimeout(() => process.exit(EXIT.ok), LAST_WORDS)
}

/** Whoever presses Ctrl-C wants the terminal back; an orchestrator wants nothing lost. */
export function drainingFor(
  signal: Signal,
  { drain, trustedProxyHops }: { readonly drain: number; readonly trustedProxyHops: number },
): Draining {
  const limit = drain * 1000
  if (signal === 'SIGINT') {
    return { requests: Math.min(limit, 5000), streams: Math.min(limit, 1000), idle: 0 }
  }
  const idle = trustedProxyHops > 0 ? Math.min(limit, LINGER) : 0
  return { requests: limit + FAREWELL, streams: limit, idle }
}

/** Takes in nothing new; resolves when what is under way has come to its end, or was ended. */
export async function drain(
  listening: Listening,
  { requests, streams, idle }: Draining,
  endStreams: () => void,
): Promise<void> {
  const timer = setTimeout(endStreams, streams)
  await listening.close(requests, idle)
  clearTimeout(timer)
}
