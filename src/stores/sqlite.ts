import { chmodSync, closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type SQLOutputValue } from 'node:sqlite'
import type { Revocation, Store, StoredRecord, StoreFinding } from './store.ts'

/** How far back a revocations page reaches behind its cursor, in rows. */
const OVERLAP = 64

/** How many revocations one page has at most. */
const PAGE_ROWS = 1000

/** How many expired records one write clears away. */
const SWEEP_ROWS = 4

/** To what the write-ahead log is cut back after a burst. */
const WAL_BYTES = 16 * 1024 * 1024

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
`

export type SqliteStoreOptions = {
  /** How long a write waits for another process's, in milliseconds. @default 5000 */
  busyTimeout?: number
}

/**
 * The embedded store: one SQLite file (WAL), for any number of processes on one machine.
 * The file is made 0600 with its folder; `:memory:` is taken too.
 */
export function sqliteStore(path: string, options: SqliteStoreOptions = {}): Store {
  const db = openDatabase(path, options.busyTimeout ?? 5000)
  const statements = prepare(db)
  const seconds = () => Math.floor(Date.now() / 1000)

  function put(record: Omit<StoredRecord, 'version'>): boolean {
    const { key, value, expiresAt, person = null, client = null } = record
    statements.sweep.run(seconds(), SWEEP_ROWS)
    // An expired record that has not been swept yet is absent, and so gives way.
    const done = statements.create.run(key, value, expiresAt, person, client, seconds())
    return done.changes === 1
  }

  return {
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
    create: async (record) => atOnce(db, () => put(record)),
    createAll: async (records) => atOnce(db, () => records.map(put)),
    async replace(record, version) {
      const { key, value, expiresAt, person = null, client = null } = record
      const done = statements.replace.run(value, expiresAt, person, client, key, version, seconds())
      return done.changes === 1
    },
    async delete(key) {
      statements.delete.run(key)
    },
    async list(by) {
      const rows =
        'person' in by
          ? statements.listByPerson.all(by.person, seconds())
          : statements.listByClient.all(by.client, seconds())
      return rows.map((row) => toRecord(row) as StoredRecord)
    },
    async page({ prefix, after = '', limit }) {
      const rows = statements.page.all(prefix, prefix, prefix, after, seconds(), limit)
      const records = rows.map((row) => toRecord(row) as StoredRecord)
      return { records, next: records.length < limit ? undefined : records.at(-1)?.key }
    },
    async revoke({ kind, id, issuedUntil, expiresAt }) {
      atOnce(db, () => {
        statements.sweepRevocations.run(seconds(), SWEEP_ROWS)
        statements.revoke.run(kind, id, issuedUntil, expiresAt)
      })
    },
    async revocations(cursor = '0') {
      const rows = statements.revocations.all(Number(cursor) - OVERLAP, seconds(), PAGE_ROWS)
      const last = Number(rows.at(-1)?.seq ?? 0)
      return {
        revocations: rows.map(toRevocation),
        cursor: String(Math.max(Number(cursor), last)),
        isMore: rows.length === PAGE_ROWS,
      }
    },
    async close() {
      if (db.isOpen) db.close()
    },
  }
}

function openDatabase(path: string, timeout: number): DatabaseSync {
  if (path !== ':memory:') createPrivately(path)
  const db = new DatabaseSync(path, { timeout })
  try {
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;')
    db.exec(`PRAGMA journal_size_limit = ${WAL_BYTES}`)
    db.exec(SCHEMA)
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

/** Does all of it or nothing, and waits for the disk once. */
function atOnce<T>(db: DatabaseSync, change: () => T): T {
  db.exec('BEGIN IMMEDIATE')
  try {
    const done = change()
    db.exec('COMMIT')
    return done
  } catch (error) {
    // A full disk has rolled back by itself.
    if (db.isTransaction) db.exec('ROLLBACK')
    throw error
  }
}

/** SQLite would make the file with the process's umask; it holds people's sign-ins. */
function createPrivately(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  closeSync(openSync(path, 'a', 0o600))
  chmodSync(path, 0o600)
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
    listByPerson: db.prepare(`SELECT ${columns} FROM records WHERE person = ? AND expires_at > ?`),
    listByClient: db.prepare(`SELECT ${columns} FROM records WHERE client = ? AND expires_at > ?`),
    check: db.prepare('PRAGMA quick_check'),
    countExpired: db.prepare('SELECT count(*) AS count FROM records WHERE expires_at <= ?'),
    page: db.prepare(`
      SELECT ${columns} FROM records
      WHERE key >= ? AND substr(key, 1, length(?)) = ? AND key > ? AND expires_at > ?
      ORDER BY key LIMIT ?`),
    sweep: db.prepare(
      'DELETE FROM records WHERE key IN (SELECT key FROM records WHERE expires_at <= ? LIMIT ?)',
    ),
    revoke: db.prepare(
      'INSERT INTO revocations (kind, id, issued_until, expires_at) VALUES (?, ?, ?, ?)',
    ),
    revocations: db.prepare(
      'SELECT * FROM revocations WHERE seq > ? AND expires_at > ? ORDER BY seq LIMIT ?',
    ),
    sweepRevocations: db.prepare(
      'DELETE FROM revocations WHERE seq IN (SELECT seq FROM revocations WHERE expires_at <= ? LIMIT ?)',
    ),
  }
}

type Row = Record<string, SQLOutputValue>

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
