import { setTimeout as wait } from 'node:timers/promises'
import { ConfigError } from '../core/errors.ts'
import type { Log } from '../log.ts'

/** The pauses between attempts double from the first to the last, in milliseconds. */
const PAUSE = { first: 250, last: 10_000 }

/** How often the log says again that the same thing is still wrong, in milliseconds. */
const REMINDER = 60_000

export type StoreWait = {
  /** Resolves when the server is to stop, which ends the wait. */
  readonly stopped: Promise<unknown>
  /** Called once, when the first attempt has failed. */
  readonly onAway: () => void
  readonly log: Log
  /** What the log says of it. @default of Entrance's own store */
  readonly message?: string
}

const MESSAGE = 'Waiting for the store. Nobody can sign in until it answers.'

/**
 * Tries until the store answers; tells whether it does, for a stop ends the wait. What is wrong for
 * good rejects with its `ConfigError` at once.
 */
export async function waitForStore(
  connect: () => Promise<void>,
  { stopped, onAway, log, message = MESSAGE }: StoreWait,
): Promise<boolean> {
  const stop = new AbortController()
  void stopped.then(() => stop.abort())
  const tell = createTeller(message, log)
  for (let pause = PAUSE.first; ; pause = Math.min(pause * 2, PAUSE.last)) {
    const attempt = connect().then(() => undefined, toError)
    const error = await Promise.race([attempt, stopped.then(() => 'stopped' as const)])
    if (error === 'stopped') return false
    if (error === undefined) return true
    if (error instanceof ConfigError) throw error
    if (pause === PAUSE.first) onAway()
    tell(error)
    await wait(pause, undefined, { signal: stop.signal }).catch(() => {})
    if (stop.signal.aborted) return false
  }
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}

/** Says a reason when it is new, and then once a minute. What a client would be told hides the store's own. */
function createTeller(message: string, log: Log): (error: Error) => void {
  let last: { readonly reason: string; readonly at: number } | undefined
  return (error) => {
    const reason = error.cause instanceof Error ? error.cause.message : error.message
    const now = performance.now()
    if (last?.reason === reason && now - last.at < REMINDER) return
    last = { reason, at: now }
    log({ event: 'server.waiting', level: 'warn', message, reason })
  }
}
