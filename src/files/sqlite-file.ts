import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  statSync,
} from 'node:fs'
import { dirname, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { FileFault, onFile } from './file-fault.ts'

/** One change of a schema: statements, or what has to be done besides. */
export type SqliteMigration = string | ((db: DatabaseSync) => void)

export type SqliteFileOptions = {
  /**
   * The schema's changes, in order; one that was released is never changed. A file of a later
   * release, which has more of them, is refused.
   */
  readonly migrations: readonly SqliteMigration[]
  /** How long a write waits for another process's, in milliseconds. */
  readonly busyTimeout: number
}

/** Files up to this size are read through at the start: that takes less than half a second. */
const READ_THROUGH_BYTES = 128 * 1024 * 1024

/** How long a start waits for another process's that brings the file up to date, in milliseconds. */
const UPGRADE_TIMEOUT = 60_000

/**
 * Opens an SQLite file with a write-ahead log, each commit waiting for the disk; it is made 0600
 * with its folder. A file that is damaged or of a later release is refused before a byte of it is
 * changed. `:memory:` is taken too. Throws `FileFault`.
 */
export function openSqliteFile(path: string, options: SqliteFileOptions): DatabaseSync {
  return onFile(path, () => {
    if (path !== ':memory:') {
      createPrivately(path)
      examine(path, options)
    }
    const db = new DatabaseSync(path, {
      timeout: options.busyTimeout,
      enableForeignKeyConstraints: false,
    })
    try {
      const mode = db.prepare('PRAGMA journal_mode = WAL').get()?.journal_mode
      if (mode !== 'wal' && path !== ':memory:') throw unlockable(path)
      db.exec('PRAGMA synchronous = FULL')
      prepareSchema(db, path, options)
      return db
    } catch (error) {
      db.close()
      throw error
    }
  })
}

/**
 * Opens a file that is there, to look at it only: nothing is made, and nothing changed, also of what
 * stands beside it. Throws `FileFault`.
 */
export function openForReading(path: string, options: SqliteFileOptions): DatabaseSync {
  return onFile(path, () => {
    refuseEmptied(path)
    // Without a log nobody has it open; SQLite would make one, and an index, to be ready.
    const url = pathToFileURL(resolve(path))
    url.searchParams.set('immutable', '1')
    const isInUse = existsSync(`${path}-wal`)
    const timeout = options.busyTimeout
    const db = new DatabaseSync(isInUse ? path : url, { readOnly: true, timeout })
    try {
      refuseLater(db, path, options)
      return db
    } catch (error) {
      db.close()
      throw error
    }
  })
}

/** SQLite would make it with the process's umask, and gives its side files the mode of this one. */
function createPrivately(path: string): void {
  const folder = dirname(resolve(path))
  onFile(folder, () => {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    // The log and its index come and go beside the file.
    accessSync(folder, constants.W_OK | constants.X_OK)
  })
  closeSync(openSync(path, 'a', 0o600))
  // One that was there before may be anybody's to read.
  if ((statSync(path).mode & 0o777) !== 0o600) chmodSync(path, 0o600)
}

/**
 * Looks before anything is written. A connection that may only read leaves a log alone that does
 * not belong to the file, which the last one to close would otherwise write into it.
 */
function examine(path: string, options: SqliteFileOptions): void {
  refuseEmptied(path)
  const { size } = statSync(path)
  if (size === 0) return
  const db = new DatabaseSync(path, { readOnly: true, timeout: options.busyTimeout })
  try {
    refuseLater(db, path, options)
    if (size > READ_THROUGH_BYTES) return
    const said = db.prepare('PRAGMA quick_check(1)').get()?.quick_check
    if (said !== 'ok') throw damaged(path, String(said))
  } finally {
    db.close()
  }
}

/** SQLite would take it for a new one, and remove the log with all that was confirmed. */
function refuseEmptied(path: string): void {
  if (statSync(path).size > 0) return
  const log = statSync(`${path}-wal`, { throwIfNoEntry: false })
  if (!log || log.size === 0) return
  throw new FileFault(
    `${path} is empty, and the log ${path}-wal that belongs to it is not.`,
    'Restore both from a backup. To begin anew, move both away.',
  )
}

function damaged(path: string, said: string): FileFault {
  const cure =
    'Restore it from a backup, without the files -wal and -shm beside it. To begin anew, move all three away. Nothing has been changed.'
  return new FileFault(`${path} is damaged: ${said.replace(/\s+/g, ' ').slice(0, 200)}.`, cure)
}

/** SQLite says so of a file system that gives it no memory to share between processes. */
function unlockable(path: string): FileFault {
  const problem = `${path} is on a file system where processes cannot share it.`
  return new FileFault(problem, 'Put it on a disk of this machine.')
}

function prepareSchema(db: DatabaseSync, path: string, options: SqliteFileOptions): void {
  const { migrations, busyTimeout } = options
  const before = versionOf(db)
  if (before === migrations.length) return
  if (before > 0) db.exec(`PRAGMA busy_timeout = ${UPGRADE_TIMEOUT}`)
  atOnce(db, () => {
    // Another process may have been quicker, and of a later release.
    refuseLater(db, path, options)
    for (const migration of migrations.slice(versionOf(db))) {
      if (typeof migration === 'string') db.exec(migration)
      else migration(db)
    }
    db.exec(`PRAGMA user_version = ${migrations.length}`)
  })
  db.exec(`PRAGMA busy_timeout = ${busyTimeout}`)
}

function refuseLater(db: DatabaseSync, path: string, { migrations }: SqliteFileOptions): void {
  const version = versionOf(db)
  if (version <= migrations.length) return
  throw new FileFault(
    `${path} has schema version ${version}; this release knows ${migrations.length}.`,
    'Start the release that wrote it, or name another file.',
  )
}

/** How many of its schema's changes a file has. */
export function versionOf(db: DatabaseSync): number {
  return Number(db.prepare('PRAGMA user_version').get()?.user_version)
}

/** Does all of it or nothing, and waits for the disk once. */
export function atOnce<T>(db: DatabaseSync, change: () => T): T {
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
