import assert from 'node:assert/strict'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { suite, test } from 'node:test'
import { FileFault, toFileFault } from '../../src/files/file-fault.ts'
import { openSqliteFile } from '../../src/files/sqlite-file.ts'
import { newFolder } from '../support/disk.ts'

const OPTIONS = {
  migrations: ['CREATE TABLE thing (value TEXT) STRICT', 'CREATE INDEX things ON thing (value)'],
  busyTimeout: 200,
}

suite('opening an SQLite file', () => {
  test('makes its schema once, and counts its version', (t) => {
    const path = join(newFolder(t), 'new.db')
    for (let i = 0; i < 2; i++) {
      const db = openSqliteFile(path, OPTIONS)
      db.prepare('INSERT INTO thing VALUES (?)').run('kept')
      assert.deepEqual({ ...db.prepare('PRAGMA user_version').get() }, { user_version: 2 })
      assert.equal(db.prepare('SELECT count(*) AS n FROM thing').get()?.n, i + 1)
      db.close()
    }
  })

  test('waits for a program that holds the file, and then says who it may be', (t) => {
    const path = join(newFolder(t), 'held.db')
    const holder = new DatabaseSync(path)
    holder.exec('BEGIN EXCLUSIVE; CREATE TABLE theirs (value TEXT)')
    const refused = { name: 'FileFault', message: /held\.db is locked by another program.*fuser/ }
    assert.throws(() => openSqliteFile(path, OPTIONS), refused)
    holder.close()
    openSqliteFile(path, OPTIONS).close()
  })

  test('refuses a log that belongs to another file, and writes nothing of it into this one', (t) => {
    const folder = newFolder(t)
    const [ours, theirs] = ['ours.db', 'theirs.db'].map((name) => join(folder, name)) as [
      string,
      string,
    ]
    fill(ours, 50)
    fill(theirs, 400)
    // Theirs was not closed: what it did last is in its log only.
    const crashed = openSqliteFile(theirs, OPTIONS)
    crashed.exec("UPDATE thing SET value = 'theirs' || value WHERE rowid > 300")
    writeFileSync(`${ours}-wal`, readFileSync(`${theirs}-wal`))
    crashed.close()
    const before = readFileSync(ours)
    assert.throws(() => openSqliteFile(ours, OPTIONS), /ours\.db is damaged/)
    assert.deepEqual(readFileSync(ours), before)
    rmSync(`${ours}-wal`)
    rmSync(`${ours}-shm`, { force: true })
    const mended = openSqliteFile(ours, OPTIONS)
    assert.equal(mended.prepare('SELECT count(*) AS n FROM thing').get()?.n, 50)
    mended.close()
  })

  test('refuses an empty file whose log is not, which SQLite would remove', (t) => {
    const path = join(newFolder(t), 'emptied.db')
    const db = openSqliteFile(path, OPTIONS)
    db.exec("INSERT INTO thing VALUES ('confirmed')")
    const [file, log] = [readFileSync(path), readFileSync(`${path}-wal`)]
    db.close()
    writeFileSync(path, '')
    writeFileSync(`${path}-wal`, log)
    assert.throws(() => openSqliteFile(path, OPTIONS), /emptied\.db is empty, and the log/)
    assert.deepEqual(readFileSync(`${path}-wal`), log)
    // With its file it is all there again.
    writeFileSync(path, file)
    const restored = openSqliteFile(path, OPTIONS)
    assert.equal(restored.prepare('SELECT value FROM thing').get()?.value, 'confirmed')
    restored.close()
  })
})

test('each thing that can be wrong with a file has words of its own, and a cure', () => {
  const codes = ['ENOSPC', 'EDQUOT', 'EFBIG', 'EROFS', 'EACCES', 'EPERM', 'EISDIR']
  const errnos = [...codes, 'ENOTDIR', 'ELOOP', 'EMFILE', 'EIO'].map((code) => ({ code }))
  const results = [5, 11, 14, 15, 26].map((errcode) => ({ code: 'ERR_SQLITE_ERROR', errcode }))
  const said = [...errnos, ...results].map((error) => {
    const fault = toFileFault('/data/a.db', error)
    assert.ok(fault instanceof FileFault)
    assert.match(fault.problem, /^\/data\/a\.db (is|cannot) .*\.$/)
    assert.match(fault.cure, /^[A-Z].*\.$/)
    return fault.problem.replace(/\([^)]*\)\.$/, '')
  })
  assert.equal(new Set(said).size, said.length)
  const other = new Error('of our own making')
  assert.equal(toFileFault('/data/a.db', other), other)
})

function fill(path: string, rows: number): void {
  const db = openSqliteFile(path, OPTIONS)
  const insert = db.prepare('INSERT INTO thing VALUES (?)')
  for (let i = 0; i < rows; i++) insert.run(`${i} `.padEnd(500, 'x'))
  db.close()
}
