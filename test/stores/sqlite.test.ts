import assert from 'node:assert/strict'
import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { setImmediate as nextRound } from 'node:timers/promises'
import { sqliteStore } from '../../src/stores/sqlite.ts'
import { recordOf, storeContract } from './contract.ts'
import { crashContract } from './crash.ts'

// File modes and limits are those of POSIX.
const withoutModes = process.platform === 'win32' && 'Windows has other ones.'

storeContract({ name: 'sqlite file', open: (t) => sqliteStore(newPath(t)) })
storeContract({ name: 'sqlite in memory', open: () => sqliteStore(':memory:') })
crashContract({ name: 'sqlite', address: async (t) => ({ store: `sqlite:${newPath(t)}` }) })

test('sqlite: what was written is there for the next process, and for one beside it', async (t) => {
  const path = newPath(t)
  const first = sqliteStore(path)
  await first.create(recordOf('grant:1'))
  await first.replace(recordOf('grant:1', { value: 'second' }), 1)
  const beside = sqliteStore(path)
  assert.equal((await beside.get('grant:1'))?.value, 'second')
  await beside.close()
  await first.close()
  const next = sqliteStore(path)
  assert.equal((await next.get('grant:1'))?.version, 2)
  await next.close()
})

test('sqlite: of two stores on one file, one replaces a version', async (t) => {
  const path = newPath(t)
  const stores = [sqliteStore(path), sqliteStore(path)] as const
  await stores[0].create(recordOf('grant:1'))
  for (let version = 1; version <= 50; version++) {
    const order = version % 2 === 0 ? stores : stores.toReversed()
    const attempts = order.map((store) => store.replace(recordOf('grant:1'), version))
    assert.deepEqual(await Promise.all(attempts), [true, false])
  }
  for (const store of stores) await store.close()
})

test('sqlite: three processes that count up in one record lose no count', async (t) => {
  const path = newPath(t)
  const children = Array.from({ length: 3 }, () => forkProcess(t, path, 'count'))
  const opened = await Promise.all(children.map(nextMessage))
  assert.deepEqual(opened, ['opened', 'opened', 'opened'])
  const counts = children.map(nextMessage)
  for (const child of children) child.send('go')
  assert.deepEqual(await Promise.all(counts), [100, 100, 100])
  const store = sqliteStore(path)
  assert.deepEqual((await store.get('count'))?.value, '300')
  await store.close()
})

test('sqlite: a write that another process holds up is rejected, not lost in silence', async (t) => {
  const path = newPath(t)
  const store = sqliteStore(path, { busyTimeout: 20 })
  await store.create(recordOf('grant:1'))
  const other = new DatabaseSync(path)
  other.exec('BEGIN IMMEDIATE')
  await assert.rejects(store.create(recordOf('grant:2')), /locked/)
  await assert.rejects(store.replace(recordOf('grant:1'), 1), /locked/)
  await assert.rejects(store.delete('grant:1'), /locked/)
  // Readers go on.
  assert.equal((await store.get('grant:1'))?.version, 1)
  other.exec('ROLLBACK')
  assert.equal(await store.create(recordOf('grant:2')), true)
  other.close()
  await store.close()
})

test('sqlite: a write waits for another process’s lock, and the process goes on meanwhile', async (t) => {
  const path = newPath(t)
  const store = sqliteStore(path)
  await store.create(recordOf('grant:1'))
  const other = new DatabaseSync(path)
  other.exec('BEGIN IMMEDIATE')
  t.after(() => other.close())
  const writes = [
    store.create(recordOf('grant:2')),
    store.replace(recordOf('grant:1', { value: 'second' }), 1),
    store.revoke({ kind: 'grant', id: 'grant:3', issuedUntil: 0, expiresAt: 2 ** 40 }),
  ]
  let isDone = false
  const done = Promise.all(writes).finally(() => {
    isDone = true
  })
  let longest = 0
  for (let last = performance.now(), end = last + 600; last < end; ) {
    assert.equal((await store.get('grant:1'))?.value, 'value of grant:1')
    await nextRound()
    longest = Math.max(longest, performance.now() - last)
    last = performance.now()
  }
  assert.equal(isDone, false)
  assert.ok(longest < 2500, `nothing else was done for ${longest} ms`)
  other.exec('ROLLBACK')
  assert.deepEqual(await done, [true, true, undefined])
  assert.equal((await store.get('grant:1'))?.value, 'second')
  await store.close()
})

test('sqlite: a full disk rejects the write, and what was written before is read', {
  skip: withoutModes,
}, async (t) => {
  const script = join(import.meta.dirname, 'sqlite-process.ts')
  // A limit on the size of files, in blocks of 512 bytes, stands in for the disk.
  const line = `ulimit -f 2000 && exec "$0" "$@"`
  const child = spawn('sh', ['-c', line, process.execPath, script, newPath(t), 'fill'], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  t.after(() => child.kill('SIGKILL'))
  assert.equal(await nextMessage(child), 'opened')
  const message = nextMessage(child)
  child.send('go')
  const { refused, written, read } = (await message) as Record<string, unknown>
  assert.match(String(refused), /full|disk I\/O/)
  assert.ok(Number(written) > 0)
  assert.equal(read, written)
})

test('sqlite: the journal is a WAL, and each commit waits for the disk', async (t) => {
  const { mock } = t.mock.method(DatabaseSync.prototype, 'prepare')
  const store = sqliteStore(newPath(t))
  const db = mock.calls[0]?.this as DatabaseSync
  assert.deepEqual({ ...db.prepare('PRAGMA journal_mode').get() }, { journal_mode: 'wal' })
  const FULL = 2
  assert.deepEqual({ ...db.prepare('PRAGMA synchronous').get() }, { synchronous: FULL })
  await store.close()
})

test('sqlite: the file, those beside it and a folder that it made are the owner’s only', {
  skip: withoutModes,
}, async (t) => {
  const path = newPath(t, 'new', 'folder', 'entrance.db')
  const before = process.umask(0)
  t.after(() => process.umask(before))
  const store = sqliteStore(path)
  await store.create(recordOf('grant:1'))
  const folder = dirname(path)
  assert.deepEqual(readdirSync(folder).sort(), [
    'entrance.db',
    'entrance.db-shm',
    'entrance.db-wal',
  ])
  for (const name of readdirSync(folder)) {
    assert.equal((statSync(join(folder, name)).mode & 0o777).toString(8), '600', name)
  }
  assert.equal((statSync(folder).mode & 0o777).toString(8), '700')
  await store.close()
})

test('sqlite: a file that others could read is closed to them', {
  skip: withoutModes,
}, async (t) => {
  const path = newPath(t)
  writeFileSync(path, '', { mode: 0o644 })
  await sqliteStore(path).close()
  assert.equal((statSync(path).mode & 0o777).toString(8), '600')
})

test('sqlite: expired rows go, two with each new one, until all is as it was', async (t) => {
  const path = newPath(t)
  t.mock.timers.enable({ apis: ['Date'], now: 0 })
  const store = sqliteStore(path)
  for (let i = 0; i < 40; i++) await store.create(recordOf(`dead ${i}`, { expiresAt: 60 }))
  for (let i = 0; i < 40; i++) {
    await store.revoke({ kind: 'grant', id: String(i), issuedUntil: 0, expiresAt: 60 })
  }
  t.mock.timers.setTime(60_000)
  for (let i = 0; i < 20; i++) await store.create(recordOf(`live ${i}`))
  for (let i = 0; i < 20; i++) {
    await store.revoke({ kind: 'grant', id: 'live', issuedUntil: 60, expiresAt: 120 })
  }
  const db = new DatabaseSync(path, { readOnly: true })
  const rowsOf = (table: string) => db.prepare(`SELECT count(*) AS rows FROM ${table}`).get()?.rows
  assert.deepEqual([rowsOf('records'), rowsOf('revocations')], [20, 20])
  db.close()
  await store.close()
})

test('sqlite: 50,000 rows that expire together go with what comes after, two at each write', async (t) => {
  const { mock } = t.mock.method(DatabaseSync.prototype, 'prepare')
  const store = sqliteStore(':memory:')
  const db = mock.calls[0]?.this as DatabaseSync
  const count = db.prepare('SELECT count(*) AS rows FROM records')
  const insert = db.prepare(
    "INSERT INTO records (key, value, version, expires_at) VALUES (?, 'value', 1, 60)",
  )
  db.exec('BEGIN')
  for (let i = 0; i < 50_000; i++) insert.run(`dead ${i}`)
  db.exec('COMMIT')
  for (let i = 0; i < 25_000; i++) {
    await store.create(recordOf(`live ${i}`))
    // Each step adds one and takes two away.
    if (i % 500 === 0) assert.equal(count.get()?.rows, 50_000 - (i + 1))
  }
  assert.equal(count.get()?.rows, 25_000)
  await store.close()
})

test('sqlite: the log goes into the file in small parts', async (t) => {
  const { mock } = t.mock.method(DatabaseSync.prototype, 'prepare')
  const store = sqliteStore(newPath(t))
  const db = mock.calls[0]?.this as DatabaseSync
  assert.deepEqual(
    { ...db.prepare('PRAGMA wal_autocheckpoint').get() },
    { wal_autocheckpoint: 200 },
  )
  await store.close()
})

test('sqlite: lists, walks and writes in a row let others in at every step', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: 0 })
  const store = sqliteStore(':memory:')
  for (let i = 0; i < 1000; i++) await store.create(recordOf(`grant:${i}`))
  const rounds = countRounds(t)
  const during = async (work: () => Promise<unknown>) => {
    const before = rounds()
    await work()
    return rounds() - before
  }
  assert.ok((await during(() => store.list({ person: 'tid/oid' }))) >= 10)
  for (const client of [undefined, 'digest']) {
    const walk = async () => {
      let after: string | undefined
      do after = (await store.page({ prefix: 'grant:', client, after, limit: 100 })).next
      while (after !== undefined)
    }
    assert.ok((await during(walk)) >= 10)
  }
  const write = async () => {
    for (let i = 0; i < 20; i++) {
      await store.create(recordOf(`new ${i}`))
      await store.replace(recordOf(`new ${i}`), 1)
      await store.delete(`new ${i}`)
      await store.revoke({ kind: 'grant', id: `${i}`, issuedUntil: 0, expiresAt: 60 })
    }
  }
  assert.ok((await during(write)) >= 80)
  await store.close()
})

test('sqlite: every statement goes by an index, and sorts nothing', async (t) => {
  const { mock } = t.mock.method(DatabaseSync.prototype, 'prepare')
  const store = sqliteStore(':memory:')
  const texts = mock.calls.map(({ arguments: [text] }) => String(text))
  const db = mock.calls[0]?.this as DatabaseSync
  const known = texts.filter((text) => /^\s*(SELECT|UPDATE|DELETE|INSERT)/.test(text))
  assert.ok(known.length >= 11, `${known.length} statements`)
  for (const text of known) {
    const plan = db.prepare(`EXPLAIN QUERY PLAN ${text}`).all()
    const steps = plan.map(({ detail }) => String(detail))
    assert.deepEqual(
      steps.filter((step) => /^SCAN|TEMP B-TREE/.test(step)),
      [],
      text,
    )
  }
  await store.close()
})

test('sqlite: what expires and what comes after share one file, which does not grow', async (t) => {
  const path = newPath(t)
  t.mock.timers.enable({ apis: ['Date'], now: 0 })
  const store = sqliteStore(path)
  const db = new DatabaseSync(path, { readOnly: true })
  const pages = () => Number(db.prepare('PRAGMA page_count').get()?.page_count)
  const sizes: number[] = []
  for (let age = 0; age < 6; age++) {
    t.mock.timers.setTime(age * 60_000)
    for (let i = 0; i < 200; i++) {
      const owner = { person: `tid/${i}`, client: `client ${age} ${i}` }
      const expiresAt = (age + 1) * 60
      const value = 'x'.repeat(2000)
      await store.create(recordOf(`grant:${age} ${i}`, { ...owner, value, expiresAt }))
    }
    sizes.push(pages())
  }
  assert.ok((sizes.at(-1) ?? 0) <= (sizes[1] ?? 0) * 1.1, sizes.join())
  assert.equal(db.prepare('SELECT count(*) AS rows FROM records').get()?.rows, 200)
  db.close()
  await store.close()
})

test('sqlite: what is no database, or cannot be one, is refused when it is opened', (t) => {
  const path = newPath(t)
  writeFileSync(path, 'This is a letter, and no database at all. '.repeat(50))
  assert.throws(() => sqliteStore(path), /not a database/)
  const folder = newPath(t, 'folder')
  mkdirSync(folder)
  assert.throws(() => sqliteStore(folder), { code: 'EISDIR' })
  assert.throws(() => sqliteStore(join(path, 'entrance.db')), { code: /ENOTDIR|EEXIST/ })
})

test('sqlite: the name has the path, for logs', async (t) => {
  const path = newPath(t)
  const store = sqliteStore(path)
  assert.equal(store.name, `sqlite:${path}`)
  await store.close()
})

function newPath(t: TestContext, ...names: string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'entrance-store-'))
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
  return join(folder, ...(names.length > 0 ? names : ['entrance.db']))
}

function forkProcess(t: TestContext, path: string, task: string): ChildProcess {
  const child = fork(join(import.meta.dirname, 'sqlite-process.ts'), [path, task])
  t.after(() => child.kill('SIGKILL'))
  return child
}

/** Fails when the process ends in place of speaking. */
async function nextMessage(child: ChildProcess): Promise<unknown> {
  const exit = once(child, 'exit').then(([code, signal]) => {
    throw new Error(`The process ended with ${code ?? signal}.`)
  })
  const [message] = await Promise.race([once(child, 'message'), exit])
  return message
}

/** How often the event loop has come round. */
function countRounds(t: TestContext): () => number {
  let rounds = 0
  let isOver = false
  t.after(() => {
    isOver = true
  })
  const count = () => {
    rounds++
    if (!isOver) setImmediate(count)
  }
  setImmediate(count)
  return () => rounds
}
