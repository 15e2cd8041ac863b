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
 * loop, in their order. Nobody is answered before it. One that fails takes no other with it; where
 * the commit fails, none is done.
 */
export function createGroupCommit(db: DatabaseSync): GroupCommit {
  let waiting: Waiting[] = []

  function flush(): void {
    const batch = waiting
    waiting = []
    if (batch.length === 0) return
    try {
      const settled = atOnce(db, () => batch.map((one) => attempt(db, one)))
      for (const settle of settled) settle()
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
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

/** Does a change or nothing of it; gives what tells who waits, once the others are done too. */
function attempt(db: DatabaseSync, { change, resolve, reject }: Waiting): () => void {
  db.exec('SAVEPOINT change')
  try {
    const done = change()
    db.exec('RELEASE change')
    return () => resolve(done)
  } catch (error) {
    // A full disk has rolled back by itself what the others did.
    if (!db.isTransaction) throw error
    db.exec('ROLLBACK TO change; RELEASE change')
    return () => reject(error)
  }
}
