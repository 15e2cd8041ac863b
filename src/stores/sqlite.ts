import type { DatabaseSync, SQLOutputValue } from 'node:sqlite'
import { setImmediate as nextRound } from 'node:timers/promises'
import { explainFaults } from '../files/file-fault.ts'
import { createGroupCommit } from '../files/group-commit.ts'
import { openForReading, openSqliteFile } from '../files/sqlite-file.ts'
import { waitForLock } from '../files/wait-for-lock.ts'
import type { RecordPage, Revocation, Store, StoredRecord, StoreFinding } from './store.ts'

/** How far back a revocations page reaches behind its cursor, in rows. */
const OVERLAP = 64

/** How many revocations one page has at most. */
const PAGE_ROWS = 1000

/** How many records of a person are read in one go: others are waiting meanwhile. */
const LIST_ROWS = 100

/** How many expired records one write clears away: more than it makes, and no more than must be. */
const SWEEP_ROWS = 2

/**
 * From how many pages on a write moves the log into the file: a few milliseconds of work. SQLite
 * itself waits for 1000, which hold up everybody for four times as long.
 */
const CHECKPOINT_PAGES = 200

/** To what the write-ahead log is cut back after a burst. */
const WAL_BYTES = 16 * 1024 * 1024

// Files from before its changes were counted have the first without a number.
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS records (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    version INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    person TEXT,
    client TEXT
  ) STRICT;
  CREATE INDEX IF NOT EXISTS records_expiry ON records (expires_at);
  CREATE INDEX IF NOT EXISTS records_person ON records (person) WHERE person IS NOT NULL;
  CREATE INDEX IF NOT EXISTS records_client ON records (client) WHERE client IS NOT NULL;
  CREATE TABLE IF NOT EXISTS revocations (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    issued_until INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS revocations_expiry ON revocations (expires_at);
`

export type SqliteStoreOptions = {
  /** How long an operation waits for another process's lock, in milliseconds. @default 5000 */
  busyTimeout?: number
  /** Looks at a file that is there, and changes nothing of it. @default false */
  isReadOnly?: boolean
}

/**
 * The embedded store: one SQLite file (WAL), for any number of processes on one machine.
 * The file is made 0600 with its folder; `:memory:` is taken too.
 */
export function sqliteStore(path: string, options: SqliteStoreOptions = {}): Store {
  const { busyTimeout = 5000, isReadOnly = false } = options
  const db = isReadOnly
    ? openForReading(path, { migrations: [SCHEMA], busyTimeout })
    : openDatabase(path, busyTimeout)
  const { write, flush } = createGroupCommit(db)
  const statements = prepare(db)
  const seconds = () => Math.floor(Date.now() / 1000)

  function put(record: Omit<StoredRecord, 'version'>): boolean {
    const { key, value, expiresAt, person = null, client = null } = record
    statements.sweep.run(seconds(), SWEEP_ROWS)
    // An expired record that has not been swept yet is absent, and so gives way.
    const done = statements.create.run(key, value, expiresAt, person, client, seconds())
    return done.changes === 1
  }

  function replace(record: Omit<StoredRecord, 'version'>, version: number): boolean {
    const { key, value, expiresAt, person = null, client = null } = record
    const done = statements.replace.run(value, expiresAt, person, client, key, version, seconds())
    return done.changes === 1
  }

  const operations: Store = {
    name: `sqlite:${path}`,
    isShared: false,
    // The file is open by now: whoever names one that cannot be is told so at once.
    async connect() {
      statements.get.get('', seconds())
    },
    async check() {
      return statements.check.all().flatMap(toFinding)
    },
    async inspect() {
      return { expired: Number(statements.countExpired.get(seconds())?.count) }
    },
    async get(key) {
      return toRecord(statements.get.get(key, seconds()))
    },
    create: (record) => write(() => put(record)),
    createAll: (records) => write(() => records.map(put)),
    replace: (record, version) => write(() => replace(record, version)),
    async delete(key) {
      await write(() => statements.delete.run(key))
    },
    async list({ person }) {
      const found: StoredRecord[] = []
      for (let after: string | undefined = '0'; after !== undefined; ) {
        await nextRound()
        const rows = statements.pageOfPerson.all(person, after, LIST_ROWS)
        const part = toPage(rows, LIST_ROWS, 'place')
        found.push(...part.records)
        after = part.next
      }
      return found
    },
    async count({ person }) {
      return Number(statements.countOfPerson.get(person)?.count)
    },
    async page({ prefix, client, after, limit }) {
      await nextRound()
      if (client === undefined) {
        return toPage(statements.page.all(prefix, prefix, after ?? '', limit), limit, 'key')
      }
      const page = toPage(statements.pageOfClient.all(client, after ?? '0', limit), limit, 'place')
      return { ...page, records: page.records.filter(({ key }) => key.startsWith(prefix)) }
    },
    async revoke({ kind, id, issuedUntil, expiresAt }) {
      await write(() => {
        statements.sweepRevocations.run(seconds(), SWEEP_ROWS)
        statements.revoke.run(kind, id, issuedUntil, expiresAt)
      })
    },
    async revocations(cursor = '0') {
      await nextRound()
      const rows = statements.revocations.all(Number(cursor) - OVERLAP, PAGE_ROWS)
      const last = Number(rows.at(-1)?.seq ?? 0)
      return {
        revocations: rows.map(toRevocation).filter(({ expiresAt }) => expiresAt > seconds()),
        cursor: String(Math.max(Number(cursor), last)),
        isMore: rows.length === PAGE_ROWS,
      }
    },
    async close() {
      // Nothing else goes on any more that could be held up.
      if (db.isOpen) db.exec(`PRAGMA busy_timeout = ${busyTimeout}`)
      flush()
      if (db.isOpen) db.close()
    },
  }
  return explainFaults(path, waitForLock(db, busyTimeout, operations))
}

function openDatabase(path: string, busyTimeout: number): DatabaseSync {
  const db = openSqliteFile(path, { migrations: [SCHEMA], busyTimeout })
  db.exec(`PRAGMA journal_size_limit = ${WAL_BYTES}`)
  db.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`)
  return db
}

function prepare(db: DatabaseSync) {
  const columns = 'key, value, version, expires_at, person, client'
  return {
    get: db.prepare(`SELECT ${columns} FROM records WHERE key = ? AND expires_at > ?`),
    create: db.prepare(`
      INSERT INTO records (key, value, version, expires_at, person, client)
      VALUES (?, ?, 1, ?, ?, ?)
      ON CONFLICT (key) DO UPDATE SET value = excluded.value, version = 1,
        expires_at = excluded.expires_at, person = excluded.person, client = excluded.client
      WHERE records.expires_at <= ?`),
    replace: db.prepare(`
      UPDATE records SET value = ?, version = version + 1, expires_at = ?, person = ?, client = ?
      WHERE key = ? AND version = ? AND expires_at > ?`),
    delete: db.prepare('DELETE FROM records WHERE key = ?'),
    check: db.prepare('PRAGMA quick_check'),
    countExpired: db.prepare('SELECT count(*) AS count FROM records WHERE expires_at <= ?'),
    // The index alone tells: no record is looked at.
    countOfPerson: db.prepare('SELECT count(*) AS count FROM records WHERE person = ?'),
    // What has expired is left out afterwards: a step looks at no more rows than it may give.
    page: db.prepare(`
      SELECT ${columns} FROM records
      WHERE key >= ? AND key < ? || char(1114111) AND key > ? ORDER BY key LIMIT ?`),
    pageOfPerson: db.prepare(pageBy('person')),
    pageOfClient: db.prepare(pageBy('client')),
    sweep: db.prepare(
      'DELETE FROM records WHERE key IN (SELECT key FROM records WHERE expires_at <= ? LIMIT ?)',
    ),
    revoke: db.prepare(
      'INSERT INTO revocations (kind, id, issued_until, expires_at) VALUES (?, ?, ?, ?)',
    ),
    revocations: db.prepare('SELECT * FROM revocations WHERE seq > ? ORDER BY seq LIMIT ?'),
    sweepRevocations: db.prepare(
      'DELETE FROM revocations WHERE seq IN (SELECT seq FROM revocations WHERE expires_at <= ? LIMIT ?)',
    ),
  }
}

/** In the order of the rows themselves, which is that of the index: nothing is sorted. */
function pageBy(column: 'person' | 'client'): string {
  return `
    SELECT rowid AS place, key, value, version, expires_at, person, client FROM records
    WHERE ${column} = ? AND rowid > ? ORDER BY rowid LIMIT ?`
}

type Row = Record<string, SQLOutputValue>

/** The live ones of the rows that one step looked at; it goes on at the `mark` of the last row. */
function toPage(rows: readonly Row[], limit: number, mark: 'key' | 'place'): RecordPage {
  const records = rows.map((row) => toRecord(row) as StoredRecord)
  const now = Math.floor(Date.now() / 1000)
  return {
    records: records.filter(({ expiresAt }) => expiresAt > now),
    next: rows.length < limit ? undefined : String(rows.at(-1)?.[mark]),
  }
}

function toRecord(row: Row | undefined): StoredRecord | undefined {
  if (!row) return undefined
  return {
    key: row.key as string,
    value: row.value as string,
    version: row.version as number,
    expiresAt: row.expires_at as number,
    person: (row.person as string | null) ?? undefined,
    client: (row.client as string | null) ?? undefined,
  }
}

/** Of `PRAGMA quick_check`, which says `ok`, or what is damaged. */
function toFinding({ quick_check: said }: Row): StoreFinding[] {
  if (said === 'ok') return []
  const problem = `The file is damaged: ${said}.`
  return [{ severity: 'error', problem, cure: 'Stop the server and restore it from a backup.' }]
}

function toRevocation(row: Row): Revocation {
  return {
    kind: row.kind as Revocation['kind'],
    id: row.id as string,
    issuedUntil: row.issued_until as number,
    expiresAt: row.expires_at as number,
  }
}
