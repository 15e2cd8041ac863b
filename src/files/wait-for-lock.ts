import type { DatabaseSync } from 'node:sqlite'
import { setTimeout as wait } from 'node:timers/promises'

/** SQLite's primary result code for "another process has the lock": nothing has been done. */
const SQLITE_BUSY = 5

/** The pauses between attempts double from the first to the last, in milliseconds. */
const PAUSE = { first: 2, last: 50 }

/**
 * Operations on an SQLite file that wait for another process's lock, `patience` milliseconds each at
 * most. They wait in the event loop: SQLite's own busy timeout stops the whole process meanwhile, so
 * that whoever asks for something else is not answered either.
 */
export function waitForLock<T extends object>(
  db: DatabaseSync,
  patience: number,
  operations: T,
): T {
  db.exec('PRAGMA busy_timeout = 0')
  const waiting = Object.entries(operations).map(([name, operation]) => [
    name,
    typeof operation === 'function' ? patient(operation as Operation, patience) : operation,
  ])
  return Object.fromEntries(waiting) as T
}

type Operation = (...args: unknown[]) => Promise<unknown>

function patient(operation: Operation, patience: number): Operation {
  return async (...args) => {
    const deadline = performance.now() + patience
    for (let pause = PAUSE.first; ; pause = Math.min(2 * pause, PAUSE.last)) {
      try {
        return await operation(...args)
      } catch (error) {
        // Those who wait do not all come back in the same moment.
        const rest = pause * (0.5 + Math.random())
        if (!isLocked(error) || performance.now() + rest > deadline) throw error
        await wait(rest)
      }
    }
  }
}

/** What is above the lower eight bits says why. */
function isLocked(error: unknown): boolean {
  const { errcode } = error as { errcode?: unknown }
  return typeof errcode === 'number' && (errcode & 0xff) === SQLITE_BUSY
}
