import { setTimeout as wait } from 'node:timers/promises'
import type { RedisAddress } from './address.ts'
import { openConnection, type RedisConnection } from './connection.ts'

/** Keeps one connection, and opens another where it was lost. */
export type RedisSession = {
  /** Runs a call on the connection; rejects soon when Redis is away. */
  use<T>(call: (connection: RedisConnection) => Promise<T>): Promise<T>
  /** Calls back at each message of a channel, and when some may have been missed. */
  watch(channel: string, onMessage: () => void): () => void
  close(): void
}

/** How long one command may take, in milliseconds: less than the core's patience. */
const COMMAND_TIMEOUT = 2000
/** After an attempt that failed, none for this long, in milliseconds: it would fail likewise. */
const PAUSE = 100
const LONGEST_PAUSE = 2000

/** A node that became a replica, or that is not in its cluster any more: ask anew who is who. */
const ELSEWHERE = /^(READONLY|MASTERDOWN|CLUSTERDOWN|UNBLOCKED)/

type Held = { readonly connection: Promise<RedisConnection>; isLost: boolean }

export function createSession(address: RedisAddress): RedisSession {
  let held: Held | undefined
  let failed:
    | { readonly error: unknown; readonly until: number; readonly pause: number }
    | undefined
  let isClosed = false
  const watches = new Set<() => void>()

  function drop(lost: Held): void {
    if (lost.isLost) return
    lost.isLost = true
    if (held === lost) held = undefined
    lost.connection.then((connection) => connection.close()).catch(() => {})
  }

  function hold(): Held {
    if (isClosed) throw new Error('The store is closed.')
    if (held) return held
    if (failed && performance.now() < failed.until) throw failed.error
    const opened: Held = {
      connection: openConnection(address, () => drop(opened)),
      isLost: false,
    }
    opened.connection.then(
      () => {
        failed = undefined
      },
      (error: unknown) => {
        const pause = Math.min((failed?.pause ?? PAUSE / 2) * 2, LONGEST_PAUSE)
        failed = { error, pause, until: performance.now() + pause }
        drop(opened)
      },
    )
    held = opened
    return opened
  }

  return {
    async use(call) {
      const used = hold()
      const connection = await used.connection
      try {
        return await inTime(call(connection), () => drop(used))
      } catch (error) {
        if (ELSEWHERE.test((error as Error).message)) drop(used)
        throw error
      }
    },
    watch(channel, onMessage) {
      const end = keepWatching(address, channel, onMessage)
      watches.add(end)
      return () => {
        watches.delete(end)
        end()
      }
    },
    close() {
      isClosed = true
      for (const end of watches) end()
      if (held) drop(held)
    },
  }
}

/** On a connection of its own, which is opened again whenever it is lost. */
function keepWatching(address: RedisAddress, channel: string, onMessage: () => void): () => void {
  const end = new AbortController()

  async function watchOnce(): Promise<void> {
    const { promise: lost, resolve: lose } = Promise.withResolvers<void>()
    const connection = await openConnection(address, lose)
    try {
      if (end.signal.aborted) return
      end.signal.addEventListener('abort', () => lose(), { once: true })
      await inTime(connection.subscribe(channel, onMessage), lose)
      // What was said before this moment has been missed.
      onMessage()
      await lost
    } finally {
      connection.close()
    }
  }

  async function watch(): Promise<void> {
    for (let pause = PAUSE; !end.signal.aborted; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
      const began = performance.now()
      await watchOnce().catch(() => {})
      if (performance.now() - began > LONGEST_PAUSE * 2) pause = PAUSE
      await wait(pause, undefined, { signal: end.signal, ref: false }).catch(() => {})
    }
  }

  void watch()
  return () => end.abort()
}

async function inTime<T>(promise: Promise<T>, onLate: () => void): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    onLate()
    reject(new Error(`Redis did not answer within ${COMMAND_TIMEOUT} ms.`))
  }, COMMAND_TIMEOUT)
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
