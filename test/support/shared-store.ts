import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as wait } from 'node:timers/promises'
import { type RunningPostgres, startPostgres, withoutPostgres } from './postgres.ts'
import { startRedis, withoutRedis } from './redis.ts'

/** A store that replicas have in common, with what can be done to it. */
export type SharedStore = AsyncDisposable & {
  readonly kind: string
  /** Of the processes that keep it, and the expenses; none where the replicas do so themselves. */
  readonly pids: readonly number[]
  /** The variables that have `serve` use it. */
  readonly env: Readonly<Record<string, string>>
  /** Whether it can be read, and so what was revoked be learnt, while it is cut off. */
  readonly isReadable: boolean
  /** Lets nobody get an answer, or only who reads, until the function that it gives is called. */
  cutOff(): Promise<() => Promise<void>>
  /** The descriptions of all expenses that there are. */
  expenses(): Promise<readonly string[]>
  /** Ends it and starts it again, with what it has; absent where nothing runs. */
  readonly restart?: () => Promise<void>
}

/** How long it may take to get the lock of a file that others write to, in milliseconds. */
const LOCK_TIMEOUT = 20_000

/** SQLite's result code. */
const SQLITE_BUSY = 5

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
  { kind: 'PostgreSQL', skip: withoutPostgres, start: startPostgresStore },
  { kind: 'Redis', skip: withoutRedis || withoutPostgres, start: startRedisStore },
]

/** The file of the common data folder. A process that holds its lock is what cuts it off. */
async function startSqlite(data: string): Promise<SharedStore> {
  return {
    kind: 'SQLite',
    pids: [],
    isReadable: true,
    env: {},
    expenses: () => expensesOfFile(data),
    cutOff: () => lock(join(data, 'entrance.db')),
    async [Symbol.asyncDispose]() {},
  }
}

/** What is in the file of expenses that replicas of one machine share. */
async function expensesOfFile(data: string): Promise<readonly string[]> {
  using db = new DatabaseSync(join(data, 'expenses.db'))
  return db
    .prepare('SELECT description FROM expense')
    .all()
    .map((row) => String(row.description))
}

/** A busy timeout would hold up everybody else in this process. */
async function lock(path: string): Promise<() => Promise<void>> {
  const db = new DatabaseSync(path, { timeout: 0 })
  for (const deadline = performance.now() + LOCK_TIMEOUT; ; await wait(5)) {
    try {
      db.exec('BEGIN IMMEDIATE')
      return async () => db.close()
    } catch (error) {
      // Somebody writes.
      if (isLocked(error) && performance.now() < deadline) continue
      db.close()
      throw new Error(`${path} cannot be locked.`, { cause: error })
    }
  }
}

function isLocked(error: unknown): boolean {
  return (error as { errcode?: number }).errcode === SQLITE_BUSY
}

/** A server of its own; SIGSTOP is what cuts it off, and a restart is a crash. */
async function startPostgresStore(): Promise<SharedStore> {
  const server = await startPostgres()
  const address = await server.database()
  return {
    kind: 'PostgreSQL',
    get pids() {
      return [server.pid]
    },
    isReadable: false,
    // The expenses are there too, by default.
    env: { ENTRANCE_STORE: address },
    expenses: () => expensesOfDatabase(server, address),
    async cutOff() {
      server.pause()
      return async () => server.resume()
    },
    async restart() {
      await server.crash()
      await server.start()
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

/** What is in the database of expenses at an address. */
async function expensesOfDatabase(
  server: RunningPostgres,
  address: string,
): Promise<readonly string[]> {
  const rows = await server.query(
    'SELECT description FROM entrance.expenses',
    new URL(address).pathname.slice(1),
  )
  return rows.map((row) => String(row.description))
}

/**
 * Likewise, with the expenses in a PostgreSQL beside it. It writes to its disk before it answers, for
 * a crash may not take back anything.
 */
async function startRedisStore(): Promise<SharedStore> {
  await using started = new AsyncDisposableStack()
  const server = started.use(await startRedis())
  const postgres = started.use(await startPostgres())
  const address = await postgres.database()
  const running = started.move()
  return {
    kind: 'Redis',
    get pids() {
      return [server.pid, postgres.pid]
    },
    isReadable: false,
    env: { ENTRANCE_STORE: server.store(), EXPENSES_STORE: address },
    expenses: () => expensesOfDatabase(postgres, address),
    async cutOff() {
      server.pause()
      return async () => server.resume()
    },
    async restart() {
      await server.crash()
      await server.start()
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}
