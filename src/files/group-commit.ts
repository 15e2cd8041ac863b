import type { DatabaseSync } from 'node:sqlite'
import { atOnce } from './sqlite-file.ts'

export type GroupCommit = {
  /** Does a change with others; resolves once it is on the disk. */
  write<T>(change: () => T): Promise<T>
  /** Does now what is waiting. */
  flush(): void
}

type Waiting = {
  readonly change: () => unknown
  readonly resolve: (done: unknown) => void
  readonly reject: (error: unknown) => void
}

/**
 * One commit, hence one wait for the disk, for all changes that arrive in the same turn of the event
 * loop, in their order. Nobody is answered before it. Where one fails, none is done.
 */
export function createGroupCommit(db: DatabaseSync): GroupCommit {
  let waiting: Waiting[] = []

  function flush(): void {
    const batch = waiting
    waiting = []
    if (batch.length === 0) return
    let done: unknown[]
    try {
      done = atOnce(db, () => batch.map(({ change }) => change()))
    } catch (error) {
      for (const { reject } of batch) reject(error)
      return
    }
    for (const [i, { resolve }] of batch.entries()) resolve(done[i])
  }

  function write<T>(change: () => T): Promise<T> {
    return new Promise<unknown>((resolve, reject) => {
      if (!db.isOpen) throw new Error('The store is closed.')
      if (waiting.length === 0) setImmediate(flush)
      waiting.push({ change, resolve, reject })
    }) as Promise<T>
  }

  return { write, flush }
}
