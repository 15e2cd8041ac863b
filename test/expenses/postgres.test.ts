import assert from 'node:assert/strict'
import { after, before, suite, type TestContext, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'
import { statementsOf } from '../../src/expenses/postgres/statements.ts'
import {
  type ExpenseStore,
  type PostgresExpensesOptions,
  postgresExpenseStore,
  UncertainError,
} from '../../src/expenses/server.ts'
import { ConfigError } from '../../src/index.ts'
import { postgresStore } from '../../src/stores/postgres.ts'
import { fixedPort } from '../support/fixed-port.ts'
import { type RunningPostgres, startPostgres, withoutPostgres } from '../support/postgres.ts'
import { ALICE, EXPENSE, expensesContract } from './contract.ts'
import { startLossyProxy } from './lossy-proxy.ts'

let postgres: RunningPostgres

suite('expenses in PostgreSQL', { skip: withoutPostgres }, () => {
  before(async () => {
    postgres = await startPostgres()
  })
  after(() => postgres[Symbol.asyncDispose]())

  let contractUrl: string | undefined
  let schemas = 0
  // A schema is made much sooner than a database.
  const openSchema = async (_: TestContext, options?: PostgresExpensesOptions) => {
    contractUrl ??= await postgres.database()
    return opened(`${contractUrl}?schema=contract_${++schemas}`, options)
  }
  expensesContract({ name: 'postgres', open: openSchema })

  test('replicas that start together make the tables once, beside those of the grants', async () => {
    const url = await postgres.database()
    const stores = Array.from({ length: 4 }, () => [postgresStore(url), postgresExpenseStore(url)])
    await Promise.all(stores.flat().map((store) => store.connect()))
    const versions = (table: string) =>
      postgres.query(`SELECT version FROM entrance.${table}`, new URL(url).pathname.slice(1))
    const made = (await versions('expenses_migrations')).map(({ version }) => version)
    assert.deepEqual(made, [1, 2, 3])
    assert.deepEqual(await versions('migrations'), [{ version: 1 }])
    for (const store of stores.flat()) await store.close()
  })

  test('schemas of one database have their expenses apart', async () => {
    const url = await postgres.database()
    await using one = await opened(`${url}?schema=one`)
    await using two = await opened(`${url}?schema=two`)
    await one.add(ALICE, EXPENSE)
    assert.deepEqual((await two.list(ALICE)).expenses, [])
  })

  test('a schema that an administrator has made needs no right to the database', async () => {
    const url = await postgres.database()
    const database = new URL(url).pathname.slice(1)
    await postgres.query('CREATE ROLE clerk LOGIN')
    await postgres.query('CREATE SCHEMA entrance AUTHORIZATION clerk', database)
    await using store = await opened(url.replace(/app:[^@]*@/, 'clerk@'))
    await store.add(ALICE, EXPENSE)
  })

  test('expenses of a later release are refused, and left as they are', async () => {
    const url = await postgres.database()
    await (await opened(url)).close()
    const database = new URL(url).pathname.slice(1)
    await postgres.query('INSERT INTO entrance.expenses_migrations VALUES (99)', database)
    await refused(url, /expenses_migrations of the schema entrance at version 99; this release/)
  })

  test('a wrong password, a database that is not there, missing rights: each is said, without the password', async () => {
    const url = await postgres.database()
    await postgres.query("CREATE ROLE locked LOGIN PASSWORD 'right'")
    await askPasswordOf('locked')
    await refused(url.replace(/app:[^@]*@/, 'locked:hunter2@'), /refuses this user or password/)
    await refused(url.replace(/\/test_\w+$/, '/nowhere'), /has no such database \(3D000\)/)
    await postgres.query('CREATE ROLE visitor LOGIN')
    await refused(url.replace(/app:[^@]*@/, 'visitor:hunter2@'), /rights that are needed \(42501\)/)
    assert.throws(() => postgresExpenseStore('postgres://u:hunter2@h'), /EXPENSES_STORE.*database/)
  })

  test('where nobody listens, by either address of a name, that is said', async () => {
    const store = postgresExpenseStore(`postgres://u:hunter2@localhost:${await fixedPort()}/d`)
    const said = /^Error: postgres:\/\/localhost:\d+\/d cannot be reached: .*ECONNREFUSED/
    await assert.rejects(store.connect(), said)
    await assert.rejects(store.add(ALICE, EXPENSE), said)
    await store.close()
  })

  test('an expense whose answer was lost is there once, and is confirmed', async () => {
    const url = new URL(await postgres.database())
    await using proxy = await startLossyProxy(Number(url.port))
    url.port = String(proxy.port)
    await using store = await opened(url.href)
    proxy.loseAnswersTo('INSERT INTO entrance.expenses')
    const adding = store.add(ALICE, EXPENSE)
    while (proxy.lost === 0) await wait(5)
    proxy.loseAnswersTo(undefined)
    const stored = await adding
    assert.deepEqual((await store.list(ALICE)).expenses, [stored])
  })

  test('an expense whose session is ended by an administrator is there once, and is confirmed', async () => {
    const url = await postgres.database()
    const database = new URL(url).pathname.slice(1)
    await using store = await opened(url)
    const holder = new pg.Client(url.replace(/app:[^@]*@/, 'admin@'))
    await holder.connect()
    await holder.query('BEGIN; LOCK entrance.expenses')
    const adding = store.add(ALICE, EXPENSE)
    const waiting = `FROM pg_stat_activity WHERE datname = '${database}' AND wait_event_type = 'Lock'`
    const isWaiting = async () => (await postgres.query(`SELECT pid ${waiting}`)).length === 1
    while (!(await isWaiting())) await wait(5)
    await postgres.query(`SELECT pg_terminate_backend(pid) ${waiting}`)
    await holder.end()
    const stored = await adding
    assert.deepEqual((await store.list(ALICE)).expenses, [stored])
  })

  test('what the database refuses is refused, and not sent again', async () => {
    const url = await postgres.database()
    await using store = await opened(url)
    const database = new URL(url).pathname.slice(1)
    await postgres.query('REVOKE INSERT ON entrance.expenses FROM app', database)
    await assert.rejects(store.add(ALICE, EXPENSE), /permission denied for table expenses/)
    await postgres.query('GRANT INSERT ON entrance.expenses TO app', database)
    assert.deepEqual((await store.list(ALICE)).expenses, [])
  })

  test('where every answer is lost, it is said that the expense may be there', async () => {
    const url = new URL(await postgres.database())
    await using proxy = await startLossyProxy(Number(url.port))
    url.port = String(proxy.port)
    await using store = await opened(url.href, { patience: 300 })
    proxy.loseAnswersTo('INSERT INTO entrance.expenses')
    await assert.rejects(store.add(ALICE, EXPENSE), UncertainError)
    assert.ok(proxy.lost > 1, 'it was sent again')
    proxy.loseAnswersTo(undefined)
    assert.equal((await store.list(ALICE)).expenses.length, 1)
  })
})

suite('changes whose answer is lost', { skip: withoutPostgres }, () => {
  before(async () => {
    postgres = await startPostgres()
  })
  after(() => postgres[Symbol.asyncDispose]())

  /** A store whose answers can be lost, with one expense in it. */
  async function openLossy(patience?: number) {
    const url = new URL(await postgres.database())
    const proxy = await startLossyProxy(Number(url.port))
    url.port = String(proxy.port)
    const store = await opened(url.href, patience === undefined ? {} : { patience })
    const stored = await store.add(ALICE, EXPENSE)
    return {
      ...{ store, proxy, stored, url: url.href },
      async [Symbol.asyncDispose]() {
        await store.close()
        await proxy[Symbol.asyncDispose]()
      },
    }
  }

  test('a change whose answer was lost is done once, and is confirmed', async () => {
    await using lossy = await openLossy()
    const { store, proxy, stored } = lossy
    proxy.loseAnswersTo('UPDATE entrance.expenses')
    const changing = store.update(ALICE, stored.id, { minorUnits: 1 })
    while (proxy.lost === 0) await wait(5)
    proxy.loseAnswersTo(undefined)
    assert.deepEqual(await changing, { ...stored, minorUnits: 1 })
    const { items } = await store.page({ limit: 1 })
    assert.equal(items[0]?.version, 2)
    assert.equal((await store.list(ALICE)).totals[0]?.minorUnits, 1n)
  })

  test('a deletion whose answer was lost answers what is gone', async () => {
    await using lossy = await openLossy()
    const { store, proxy, stored } = lossy
    proxy.loseAnswersTo('DELETE FROM entrance.expenses')
    const deleting = store.delete(ALICE, stored.id)
    while (proxy.lost === 0) await wait(5)
    proxy.loseAnswersTo(undefined)
    assert.deepEqual(await deleting, stored)
    assert.deepEqual(await store.list(ALICE), { expenses: [], totals: [] })
  })

  test('where every answer is lost, it is said that the change may have been made', async () => {
    await using lossy = await openLossy(300)
    const { store, proxy, stored } = lossy
    proxy.loseAnswersTo('UPDATE entrance.expenses')
    await assert.rejects(store.update(ALICE, stored.id, { minorUnits: 1 }), UncertainError)
    proxy.loseAnswersTo('DELETE FROM entrance.expenses')
    await assert.rejects(store.delete(ALICE, stored.id), UncertainError)
    proxy.loseAnswersTo(undefined)
    assert.deepEqual((await store.list(ALICE)).expenses, [])
  })

  test('a repetition that comes late does not bring back what was deleted', async () => {
    await using lossy = await openLossy()
    const { store, stored } = lossy
    await store.delete(ALICE, stored.id)
    const statement = statementsOf('entrance').add
    const client = new pg.Client(lossy.url)
    await client.connect()
    const { date, minorUnits, currency, category, description, payment_method, created } = stored
    const fields = [date, minorUnits, currency, category, description, payment_method, created]
    const values = [stored.id, ALICE.tid, ALICE.oid, ...fields, 1, description, 10]
    assert.equal((await client.query(statement, values)).rowCount, 0)
    await client.end()
    assert.deepEqual((await store.list(ALICE)).expenses, [])
  })
})

suite('PostgreSQL that goes away under the expenses', { skip: withoutPostgres }, () => {
  test('killed and started again: what was confirmed is there once, what was refused is not, and it goes on', async () => {
    await using own = await startPostgres()
    await using store = await opened(await own.database(), { patience: 60_000 })
    const confirmed: string[] = []
    let isOver = false
    const add = async (writer: number) => {
      for (let i = 0; !isOver; i++) {
        const description = `${writer}.${i}`
        await store.add(ALICE, { ...EXPENSE, description }).then(
          () => confirmed.push(description),
          async (error) => {
            if (error instanceof UncertainError) throw error
            await wait(20)
          },
        )
      }
    }
    const adding = Promise.all(Array.from({ length: 8 }, (_, i) => add(i)))
    for (let round = 1; round <= 2; round++) {
      await reached(() => confirmed.length > round * 100)
      await own.kill()
      await own.start()
    }
    const before = confirmed.length
    await reached(() => confirmed.length > before + 20)
    isOver = true
    await adding
    const stored = (await store.list(ALICE)).expenses.map(({ description }) => description)
    assert.deepEqual(stored.toSorted(), confirmed.toSorted())
  })

  test('an expense is on the disk when it is confirmed, though the server has been set to answer earlier', async () => {
    // Nobody else has the log written soon: what the expense does not wait for is lost in a crash.
    await using own = await startPostgres(['wal_writer_delay=10000', 'autovacuum=off'])
    const url = await own.database()
    await (await opened(url)).close()
    const store = postgresExpenseStore(url)
    await own.query('ALTER ROLE app SET synchronous_commit = off')
    const stored = await store.add(ALICE, EXPENSE)
    await own.kill()
    await own.start()
    assert.deepEqual((await store.list(ALICE)).expenses, [stored])
    await store.close()
  })

  test('while it hangs an expense is refused as not reachable, and it works again when it is back', async () => {
    await using own = await startPostgres()
    await using store = await opened(await own.database(), { patience: 100 })
    await store.add(ALICE, EXPENSE)
    own.pause()
    try {
      // It was sent on a connection that is there: nobody knows.
      await assert.rejects(store.add(ALICE, EXPENSE), UncertainError)
      // From now on no connection comes about.
      await assert.rejects(
        store.add(ALICE, EXPENSE),
        /127\.0\.0\.1:\d+\/test_\w+ cannot be reached/,
      )
    } finally {
      own.resume()
    }
    await store.add(ALICE, EXPENSE)
  })
})

/** Has the server ask one user for the password; all others are let in as before. */
async function askPasswordOf(user: string): Promise<void> {
  const [row] = await postgres.query('SHOW hba_file')
  const lines = [`host all ${user} 127.0.0.1/32 scram-sha-256`, 'host all all 127.0.0.1/32 trust']
  const rows = lines.map((line) => `('${line}')`).join(', ')
  await postgres.query(`COPY (VALUES ${rows}) TO '${row?.hba_file}'`)
  await postgres.query('SELECT pg_reload_conf()')
}

async function reached(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 60_000
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('It did not come to that.')
    await wait(5)
  }
}

async function opened(
  url: string,
  options?: PostgresExpensesOptions,
): Promise<ExpenseStore & AsyncDisposable> {
  const store = postgresExpenseStore(url, options)
  await store.connect()
  return { ...store, [Symbol.asyncDispose]: () => store.close() }
}

async function refused(url: string, expected: RegExp): Promise<void> {
  const store = postgresExpenseStore(url)
  try {
    await assert.rejects(store.connect(), (error: Error) => {
      assert.match(error.message, expected)
      assert.match(error.message, /EXPENSES_STORE/)
      assert.doesNotMatch(error.message, /hunter2/)
      return error instanceof ConfigError
    })
  } finally {
    await store.close()
  }
}
