// The stores that are filled: quickly, and then used as a server uses them.
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Store } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { postgresStore } from '../../src/stores/postgres.ts'
import { redisStore } from '../../src/stores/redis.ts'
import { sqliteStore } from '../../src/stores/sqlite.ts'
import { startPostgres, withoutPostgres } from '../../test/support/postgres.ts'
import { startRedis, withoutRedis } from '../../test/support/redis.ts'
import { type Batches, pourIntoPostgres, pourIntoRedis, pourIntoSqlite } from './pour.ts'

/** An empty store that is filled once. */
export type Subject = AsyncDisposable & {
  /** As `ENTRANCE_STORE` names it; undefined where another process cannot have it. */
  readonly address: string | undefined
  /** The process that keeps it, with what that has started; undefined where the server does so itself. */
  readonly pid: number | undefined
  /** Puts what nobody has put before; afterwards it is as durable as what a server writes. */
  fill(batches: Batches): Promise<void>
  /** It as the library has it. */
  open(): Store
  /** What is kept, in bytes; undefined where nobody can say. */
  size(): Promise<number | undefined>
  /** How many records there are, expired ones included. */
  count(): Promise<number | undefined>
  /** Has every record end at this moment, where another clock than ours says when. */
  readonly expire?: () => Promise<void>
}

/** A kind of store, and why it is left out where it is not on this machine. */
export type Kind = { readonly skip: string | false; readonly open: () => Promise<Subject> }

/** In the order in which they are measured. */
export const KINDS: ReadonlyMap<string, Kind> = new Map([
  ['memory', { skip: false, open: openMemory }],
  ['sqlite', { skip: false, open: openSqlite }],
  ['postgresql', { skip: withoutPostgres, open: openPostgres }],
  ['redis', { skip: withoutRedis, open: openRedis }],
])

async function openMemory(): Promise<Subject> {
  const store = memoryStore()
  return {
    address: undefined,
    pid: undefined,
    async fill(batches) {
      for await (const batch of batches) for (const record of batch) await store.create(record)
    },
    open: () => store,
    size: async () => undefined,
    count: async () => undefined,
    async [Symbol.asyncDispose]() {},
  }
}

async function openSqlite(): Promise<Subject> {
  const folder = mkdtempSync(join(tmpdir(), 'entrance-bench-'))
  const path = join(folder, 'entrance.db')
  // It makes the file and its tables.
  await sqliteStore(path).close()
  return {
    address: `sqlite:${path}`,
    pid: undefined,
    fill: (batches) => pourIntoSqlite(path, batches),
    open: () => sqliteStore(path),
    size: async () => statSync(path).size,
    async count() {
      using db = new DatabaseSync(path, { readOnly: true })
      return Number(db.prepare('SELECT count(*) AS n FROM records').get()?.n)
    },
    async [Symbol.asyncDispose]() {
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function openPostgres(): Promise<Subject> {
  const server = await startPostgres()
  const url = await server.database()
  const database = new URL(url).pathname.slice(1)
  const store = postgresStore(url)
  await store.connect()
  await store.close()
  const set = async (setting: string) => {
    await server.query(`ALTER SYSTEM ${setting}`)
    await server.query('SELECT pg_reload_conf()')
  }
  return {
    address: url,
    pid: server.pid,
    async fill(batches) {
      // Else it has to stop for a checkpoint at each GB of its log.
      await set("SET max_wal_size = '8GB'")
      await pourIntoPostgres(url, batches)
      await set('RESET max_wal_size')
      await server.query('CHECKPOINT')
      // What autovacuum does by and by.
      await server.query('VACUUM ANALYZE', database)
    },
    open: () => postgresStore(url),
    async size() {
      const [row] = await server.query(`SELECT pg_database_size('${database}')::text AS n`)
      return Number(row?.n)
    },
    async count() {
      const text = 'SELECT count(*)::text AS n FROM entrance.records'
      return Number((await server.query(text, database))[0]?.n)
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

/** Durable as Redis is by default; it does not write its log anew in the midst of a measurement. */
const REDIS = ['--appendonly', 'yes', '--save', '', '--auto-aof-rewrite-percentage', '0']

async function openRedis(): Promise<Subject> {
  const server = await startRedis(REDIS)
  const address = server.store()
  const info = async (section: string, name: RegExp) =>
    Number(name.exec(await server.command('INFO', section))?.[1])
  return {
    address,
    pid: server.pid,
    fill: (batches) => pourIntoRedis(address, batches),
    open: () => redisStore(address),
    size: () => info('memory', /^used_memory:(\d+)/m),
    count: () => info('keyspace', /keys=(\d+)/),
    async expire() {
      const text = `
        for _, key in ipairs(redis.call('KEYS', '*record:grant:*')) do redis.call('PEXPIRE', key, 1) end`
      await server.command('EVAL', text, '0').catch(() => {})
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}
