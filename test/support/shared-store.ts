import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** A store that replicas have in common, with what can be done to it. */
export type SharedStore = AsyncDisposable & {
  readonly kind: string
  /** The variables that have `serve` use it. */
  readonly env: Readonly<Record<string, string>>
  /** Lets nobody get an answer until the function that it gives is called. */
  cutOff(): Promise<() => Promise<void>>
  /** Ends it and starts it again, with what it has; absent where nothing runs. */
  readonly restart?: () => Promise<void>
}

/** A kind of store, and why it is skipped where it is not on this machine. */
export type SharedStoreKind = {
  readonly kind: string
  readonly skip: string | false
  /** Starts one; `data` is the folder that the replicas of this machine have in common. */
  start(data: string): Promise<SharedStore>
}

/** Every store that is good for several replicas on one machine. */
export const SHARED_STORES: readonly SharedStoreKind[] = [
  { kind: 'SQLite', skip: false, start: startSqlite },
]

/** The file of the common data folder. A process that holds its lock is what cuts it off. */
async function startSqlite(data: string): Promise<SharedStore> {
  return {
    kind: 'SQLite',
    env: {},
    async cutOff() {
      const db = new DatabaseSync(join(data, 'entrance.db'), { timeout: 5000 })
      db.exec('BEGIN IMMEDIATE')
      return async () => db.close()
    },
    async [Symbol.asyncDispose]() {},
  }
}
