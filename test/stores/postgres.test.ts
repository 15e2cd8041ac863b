import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import pg from 'pg'
import { ConfigError, type Store } from '../../src/index.ts'
import { statementsOf } from '../../src/stores/postgres/statements.ts'
import { postgresStore } from '../../src/stores/postgres.ts'
import { type RunningPostgres, startPostgres, withoutPostgres } from '../support/postgres.ts'
import { recordOf, storeContract } from './contract.ts'
import { crashContract } from './crash.ts'

let postgres: RunningPostgres

suite('PostgreSQL', { skip: withoutPostgres }, () => {
  before(async () => {
    postgres = await startPostgres()
  })
  after(() => postgres[Symbol.asyncDispose]())

  storeContract({ name: 'postgres', open: async () => postgresStore(await postgres.database()) })
  crashContract({ name: 'postgres', address: async () => ({ store: await postgres.database() }) })

  test('eight replicas that start together make one schema, and one of them replaces a version', async () => {
    const url = await postgres.database()
    const file = join(import.meta.dirname, 'postgres-process.ts')
    const processes = Array.from({ length: 8 }, () => fork(file, [url]))
    await Promise.all(processes.map((child) => once(child, 'message')))
    const answers = processes.map(answerOf)
    for (const child of processes) child.send('go')
    const done = (await Promise.all(answers)).filter(([isDone]) => isDone)
    assert.equal(done.length, 1)
    await using store = await opened(url)
    assert.equal((await store.get('grant:1'))?.version, 2)
  })

  test('a schema of a later release is refused, and left as it is', async () => {
    const url = await postgres.database()
    await (await opened(url)).close()
    const database = new URL(url).pathname.slice(1)
    await postgres.query('INSERT INTO entrance.migrations (version) VALUES (99)', database)
    await refused(url, /schema entrance at version 99; this release knows 1/)
  })

  test('a revocation that is written late is not passed over', async () => {
    const url = await postgres.database()
    await using store = await opened(url)
    const rule = (id: string) =>
      store.revoke({ kind: 'grant', id, issuedUntil: 1, expiresAt: 4_000_000_000 })
    await rule('1')
    // As many replicas at once as there are connections: their numbers and commits may cross.
    let cursor: string | undefined
    const seen = new Set<string>()
    const writing = Promise.all(Array.from({ length: 200 }, (_, i) => rule(`late ${i}`)))
    let isWritten = false
    void writing.then(() => {
      isWritten = true
    })
    for (let isLast = false; ; ) {
      const page = await store.revocations(cursor)
      for (const { id } of page.revocations) seen.add(id)
      cursor = page.cursor
      if (isLast) break
      isLast = isWritten
    }
    assert.equal(seen.size, 201)
  })

  test('what has expired goes with what comes after, four at each write, until all is as it was', async (t) => {
    t.mock.timers.enable({ apis: ['Date'], now: Date.UTC(2026, 0, 1) })
    const url = await postgres.database()
    const rows = rowsOf(url)
    await using store = await opened(url)
    const start = Date.now() / 1000
    for (let i = 0; i < 80; i++) {
      await store.create(recordOf(`grant:${i}`, { expiresAt: start + 60, client: `client ${i}` }))
      await store.revoke({ kind: 'grant', id: `${i}`, issuedUntil: 1, expiresAt: start + 60 })
    }
    t.mock.timers.setTime(Date.UTC(2026, 0, 1, 0, 1))
    for (let i = 0; i < 20; i++) {
      await store.create(recordOf(`live:${i}`))
      await store.revoke({ kind: 'grant', id: `live ${i}`, issuedUntil: 1, expiresAt: start + 600 })
      const left = 80 - 3 * (i + 1)
      assert.deepEqual([await rows('records'), await rows('revocations')], [left, left])
    }
    assert.equal(await rows('records'), 20)
  })

  test('a walk by client and the clearing of the expired go by an index, and sort nothing', async () => {
    const url = await postgres.database()
    await (await opened(url)).close()
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    try {
      // A table of few rows is read as a whole; it is the plans of many that count.
      await client.query('SET enable_seqscan = off; SET enable_bitmapscan = off')
      const { pageOfClient, create, revocations } = statementsOf('entrance')
      for (const [text, values, index] of [
        [pageOfClient, ['grant:', '', 10, 'one'], /records_client/],
        [create, ['grant:1', '', 1, null, null, 1], /records_expiry/],
        [revocations, ['0'], /revocations_pkey/],
      ] as const) {
        const { rows } = await client.query(`EXPLAIN ${text}`, [...values])
        const plan = rows.map((row) => row['QUERY PLAN']).join('\n')
        assert.match(plan, index)
        assert.doesNotMatch(plan, /Sort|Seq Scan on records/)
      }
    } finally {
      await client.end()
    }
  })

  test('a replica that outlives a restore or a lossy fail-over learns what is revoked after it', async () => {
    const url = await postgres.database()
    await using store = await opened(url)
    const rule = (id: string) =>
      store.revoke({ kind: 'grant', id, issuedUntil: 1, expiresAt: 4_000_000_000 })
    for (let i = 0; i < 100; i++) await rule(`lost ${i}`)
    const { cursor } = await store.revocations()
    // As it is when the data is older than what was read before: rows and their numbers are gone.
    const database = new URL(url).pathname.slice(1)
    await postgres.query('TRUNCATE entrance.revocations RESTART IDENTITY', database)
    await rule('after')
    const page = await store.revocations(cursor)
    assert.deepEqual(
      page.revocations.map(({ id }) => id),
      ['after'],
    )
    await rule('later')
    const next = await store.revocations(page.cursor)
    assert.deepEqual(
      next.revocations.map(({ id }) => id),
      ['later'],
    )
  })

  test('what one replica revokes is called out to the others', async () => {
    const url = await postgres.database()
    await using here = await opened(url)
    await using there = await opened(url)
    const told = Promise.withResolvers<void>()
    let isReady = false
    const ready = Promise.withResolvers<void>()
    const end = there.watch?.(() => {
      // The first call is that it listens by now.
      if (isReady) told.resolve()
      isReady = true
      ready.resolve()
    })
    await ready.promise
    await here.revoke({ kind: 'all', id: '', issuedUntil: 1, expiresAt: 4_000_000_000 })
    await told.promise
    end?.()
  })

  test('a password that is wrong, a database that is not there, rights that are missing: each is said', async () => {
    const url = await postgres.database()
    const wrong = (change: (at: URL) => void) => {
      const at = new URL(url)
      change(at)
      return at.href
    }
    await refused(
      wrong((at) => {
        at.pathname = '/nowhere'
      }),
      /has no such database \(3D000\)/,
    )
    await refused(
      wrong((at) => {
        at.searchParams.set('sslmode', 'verify-full')
      }),
      /speaks no TLS/,
    )
    await postgres.query('CREATE ROLE guest LOGIN')
    await refused(
      wrong((at) => {
        at.username = 'guest'
      }),
      /rights that are needed \(42501\).*GRANT CREATE/s,
    )
  })

  test('an address that is none is refused without being repeated', () => {
    for (const [text, expected] of [
      ['postgres://u:hunter2@h', /names no database/],
      ['postgres://u:hunter2@h/d?schema=A-b', /'schema' that is not 1 to 40/],
      ['postgres://u:hunter2@h/d?connections=0', /'connections' that is not/],
      ['postgres://[hunter2', /is not the address/],
      ['postgres:hunter2/d', /is not the address/],
      ['postgres://u:12/hunter2@h/d', /has an @ or a \/ behind the host/],
    ] as const) {
      assert.throws(
        () => postgresStore(text),
        (error: Error) => {
          assert.match(error.message, expected)
          assert.doesNotMatch(error.message, /hunter2/)
          return error instanceof ConfigError
        },
      )
    }
  })

  test('a server that answers nothing is away, not wrong for good', async () => {
    const silent = createServer(() => {}).listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const { port } = silent.address() as { port: number }
    const store = postgresStore(`postgres://u:p@127.0.0.1:${port}/d`)
    try {
      await assert.rejects(
        store.connect(),
        (error) => error instanceof Error && !(error instanceof ConfigError),
      )
    } finally {
      await store.close()
      silent.close()
    }
  })
})

suite('PostgreSQL that goes away', { skip: withoutPostgres }, () => {
  test('in a crash: what was confirmed is there afterwards, and the store goes on by itself', async () => {
    await using own = await startPostgres()
    await using store = await opened(await own.database())
    const confirmed: string[] = []
    const writing = writeUntilFailure(store, confirmed)
    while (confirmed.length < 50) await new Promise(setImmediate)
    await own.crash()
    await writing
    await assert.rejects(store.get('grant:0'))
    await own.start()
    for (const key of confirmed) assert.equal((await store.get(key))?.value, `value of ${key}`)
    assert.equal(await store.create(recordOf('after')), true)
  })

  test('by hanging: operations reject in time, and work again when it is back', async () => {
    await using own = await startPostgres()
    await using store = await opened(await own.database())
    await store.create(recordOf('grant:1'))
    own.pause()
    try {
      await assert.rejects(store.get('grant:1'), Error)
    } finally {
      own.resume()
    }
    assert.equal((await store.get('grant:1'))?.version, 1)
  })

  test('one that answers before it has written is refused', async () => {
    await using own = await startPostgres(['synchronous_commit=off'])
    await refused(await own.database(), /synchronous_commit is off.*ALTER ROLE/s)
  })
})

/** Fails when the process ends in place of speaking. */
async function answerOf(child: ChildProcess): Promise<unknown[]> {
  const exit = once(child, 'exit').then(([code]) => {
    throw new Error(`The process ended with ${code}.`)
  })
  exit.catch(() => {})
  return Promise.race([once(child, 'message'), exit])
}

async function writeUntilFailure(store: Store, confirmed: string[]): Promise<void> {
  for (let i = 0; ; i++) {
    const key = `grant:${i}`
    try {
      await store.create(recordOf(key))
    } catch {
      return
    }
    confirmed.push(key)
  }
}

async function opened(url: string): Promise<Store & AsyncDisposable> {
  const store = postgresStore(url)
  await store.connect()
  return { ...store, [Symbol.asyncDispose]: () => store.close() }
}

async function refused(url: string, expected: RegExp): Promise<void> {
  const store = postgresStore(url)
  try {
    await assert.rejects(store.connect(), (error: Error) => {
      assert.match(error.message, expected)
      return error instanceof ConfigError
    })
  } finally {
    await store.close()
  }
}

/** Counts the rows of a table. */
function rowsOf(url: string): (table: string) => Promise<number> {
  const database = new URL(url).pathname.slice(1)
  return async (table) => {
    const text = `SELECT count(*)::int AS n FROM entrance.${table}`
    const [row] = await postgres.query(text, database)
    return Number(row?.n)
  }
}
