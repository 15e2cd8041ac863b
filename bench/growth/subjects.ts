// The stores that are filled: quickly, and by their own hand.
import { copyFileSync, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Store } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { postgresStore } from '../../src/stores/postgres.ts'
import { redisStore } from '../../src/stores/redis.ts'
import { sqliteStore } from '../../src/stores/sqlite.ts'
import { startPostgres, withoutPostgres } from '../../test/support/postgres.ts'
import { startRedis, withoutRedis } from '../../test/support/redis.ts'

/** A store that is filled without waiting for the disk, and then used as a server uses it. */
export type Subject = AsyncDisposable & {
  readonly filling: Store
  /** How many are written at once. */
  readonly width: number
  /** Ends the filling. */
  filled(): Promise<Store>
  /** What is kept, in bytes; undefined where nobody can say. */
  size(): Promise<number | undefined>
  /** How many records there are, expired ones included. */
  count(): Promise<number | undefined>
  /** Has every record end at this moment, where another clock than ours says when. */
  readonly expire?: () => Promise<void>
}

/** Each kind of store, and why it is left out where it is not on this machine. */
export const KINDS: ReadonlyMap<string, { skip: string | false; open: () => Promise<Subject> }> =
  new Map([
    ['memory', { skip: false, open: openMemory }],
    ['sqlite', { skip: false, open: openSqlite }],
    ['postgresql', { skip: withoutPostgres, open: openPostgres }],
    ['redis', { skip: withoutRedis, open: openRedis }],
  ])

async function openMemory(): Promise<Subject> {
  const store = memoryStore()
  return {
    filling: store,
    width: 1,
    filled: async () => store,
    size: async () => undefined,
    count: async () => undefined,
    async [Symbol.asyncDispose]() {},
  }
}

/** Filled where there is no disk, and copied. */
async function openSqlite(): Promise<Subject> {
  const folder = mkdtempSync(join(tmpdir(), 'entrance-bench-'))
  const memory = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : folder, 'entrance-bench-'))
  const [source, path] = [join(memory, 'entrance.db'), join(folder, 'entrance.db')]
  const filling = sqliteStore(source)
  let store = filling
  return {
    filling,
    width: 1,
    async filled() {
      await filling.close()
      copyFileSync(source, path)
      rmSync(memory, { recursive: true })
      store = sqliteStore(path)
      return store
    },
    size: async () => statSync(path).size,
    async count() {
      const { DatabaseSync } = await import('node:sqlite')
      using db = new DatabaseSync(path, { readOnly: true })
      return Number(db.prepare('SELECT count(*) AS n FROM records').get()?.n)
    },
    async [Symbol.asyncDispose]() {
      await store.close()
      rmSync(memory, { recursive: true, force: true })
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function openPostgres(): Promise<Subject> {
  const server = await startPostgres()
  const url = await server.database()
  const database = new URL(url).pathname.slice(1)
  const store = postgresStore(url)
  const setFsync = async (word: string) => {
    await server.query(`ALTER SYSTEM ${word}`)
    await server.query('SELECT pg_reload_conf()')
  }
  await setFsync('SET fsync = off')
  await store.connect()
  return {
    filling: store,
    width: 10,
    async filled() {
      await setFsync('RESET fsync')
      await server.query('CHECKPOINT')
      // What autovacuum does by and by.
      await server.query('VACUUM ANALYZE', database)
      return store
    },
    async size() {
      const [row] = await server.query(`SELECT pg_database_size('${database}')::text AS n`)
      return Number(row?.n)
    },
    async count() {
      const text = 'SELECT count(*)::text AS n FROM entrance.records'
      return Number((await server.query(text, database))[0]?.n)
    },
    async [Symbol.asyncDispose]() {
      await store.close()
      await server[Symbol.asyncDispose]()
    },
  }
}

async function openRedis(): Promise<Subject> {
  const server = await startRedis(['--appendonly', 'yes', '--appendfsync', 'no', '--save', ''])
  const store = redisStore(server.store())
  const info = async (section: string, name: RegExp) =>
    Number(name.exec(await server.command('INFO', section))?.[1])
  return {
    filling: store,
    width: 50,
    async filled() {
      await server.command('CONFIG', 'SET', 'appendfsync', 'everysec')
      return store
    },
    size: () => info('memory', /^used_memory:(\d+)/m),
    count: () => info('keyspace', /keys=(\d+)/),
    async expire() {
      const text = `
        for _, key in ipairs(redis.call('KEYS', '*record:grant:*')) do redis.call('PEXPIRE', key, 1) end`
      await server.command('EVAL', text, '0').catch(() => {})
    },
    async [Symbol.asyncDispose]() {
      await store.close()
      await server[Symbol.asyncDispose]()
    },
  }
}
