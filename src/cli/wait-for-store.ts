import { setTimeout as wait } from 'node:timers/promises'
import { ConfigError } from '../index.ts'
import type { Log } from '../log.ts'

/** The pauses between attempts double from the first to the last, in milliseconds. */
const PAUSE = { first: 250, last: 10_000 }

export type StoreWait = {
  /** Resolves when the server is to stop, which ends the wait. */
  readonly stopped: Promise<unknown>
  /** Called once, when the first attempt has failed. */
  readonly onAway: () => void
  readonly log: Log
}

/**
 * Says that it waits, and tries until the store answers; tells whether it does, for a stop ends the wait. What is wrong for
 * good rejects with its `ConfigError` at once. Why an attempt failed, the guarded store says.
 */
export async function waitForStore(
  connect: () => Promise<void>,
  { stopped, onAway, log }: StoreWait,
): Promise<boolean> {
  const stop = new AbortController()
  void stopped.then(() => stop.abort())
  for (let pause = PAUSE.first; ; pause = Math.min(pause * 2, PAUSE.last)) {
    const attempt = connect().then(() => undefined, toError)
    const error = await Promise.race([attempt, stopped.then(() => 'stopped' as const)])
    if (error === 'stopped') return false
    if (error === undefined) return true
    if (error instanceof ConfigError) throw error
    if (pause === PAUSE.first) {
      onAway()
      const message = 'Waiting for the store. Nobody can sign in until it answers.'
      log({ event: 'server.waiting', level: 'warn', message })
    }
    await wait(pause, undefined, { signal: stop.signal }).catch(() => {})
    if (stop.signal.aborted) return false
  }
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
