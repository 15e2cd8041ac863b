import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, type TestContext, test } from 'node:test'
import { openKeyFile } from '../../src/cli/key-file.ts'
import { createKeyring } from '../../src/core/keys/keyring.ts'
import { seal } from '../../src/core/keys/sealed.ts'
import { sqliteStore } from '../../src/stores/sqlite.ts'
import { KEY, startStandIn } from '../stores/cosmos-stand-in/server.ts'
import { type RunningPostgres, startPostgres, withoutPostgres } from '../support/postgres.ts'
import { startRedis, withoutRedis } from '../support/redis.ts'
import { entrance } from './client/command.ts'

const NOW = Math.floor(Date.now() / 1000)
const LATER = NOW + 86_400

function newFolder(t: TestContext): string {
  const cwd = mkdtempSync(join(tmpdir(), 'entrance-check-'))
  t.after(() => rmSync(cwd, { recursive: true, force: true, maxRetries: 5 }))
  return cwd
}

/** A server's folder, with something of each kind in its store. */
async function filledFolder(t: TestContext) {
  const cwd = newFolder(t)
  const data = join(cwd, '.entrance')
  const keyring = createKeyring(openKeyFile(data).map(({ secret }) => secret))
  const sealed = (key: string, purpose: string) => ({
    ...{ key, value: seal(keyring, purpose, '{}', key), expiresAt: LATER },
    ...{ person: 'tid/oid', client: 'digest' },
  })
  const plain = { value: '', expiresAt: LATER }
  const store = sqliteStore(join(data, 'entrance.db'))
  const records = [
    sealed('barred:person:x', 'barred'),
    sealed('client:x', 'adopted client'),
    { ...sealed('client:moved', 'adopted client'), key: 'client:y' },
    { key: 'grant:old', value: 'aaaaaaaa.AAAA', expiresAt: LATER },
    { ...plain, key: 'assertion:x' },
    { ...plain, key: 'keyring', value: `${keyring.current.id}:${NOW}` },
  ]
  for (const record of records) await store.create(record)
  for (const i of [1, 2, 3])
    await store.create({ ...plain, key: `assertion:${i}`, expiresAt: LATER })
  await store.revoke({ kind: 'all', id: '', issuedUntil: 1, expiresAt: LATER })
  for (const i of [1, 2])
    await store.replace({ ...plain, key: `assertion:${i}`, expiresAt: NOW }, 1)
  await store.close()
  return { cwd, id: keyring.current.id }
}

const check = (cwd: string, ...args: string[]) =>
  entrance(['store', 'check', '--emulator', ...args], { cwd })

suite('store check', () => {
  test('counts what is there by kind and key, and names what cannot be opened', async (t) => {
    const { cwd, id } = await filledFolder(t)
    const { code, stdout, stderr } = await check(cwd, '--json')
    assert.equal(code, 0, stderr)
    const { findings, ...report } = JSON.parse(stdout)
    assert.deepEqual(report, {
      ...{ store: `sqlite:${join('.entrance', 'entrance.db')}`, isShared: false },
      state: { expired: 2 },
      count: {
        kinds: { assertion: 2, barred: 1, client: 2, grant: 1, keyring: 1 },
        keys: [
          { id, isHere: true, records: 3 },
          { id: 'aaaaaaaa', isHere: false, records: 1 },
        ].toSorted((a, b) => (a.id < b.id ? -1 : 1)),
        unopened: { count: 2, keys: ['client:y', 'grant:old'] },
        revocations: 1,
      },
    })
    assert.deepEqual(
      findings.map(({ severity }: { severity: string }) => severity),
      ['warning'],
    )
    const text = await check(cwd)
    assert.match(text.stdout, /^RECORDS +COUNT\nassertion +2\nbarred +1\n/m)
    assert.match(text.stdout, new RegExp(`^${id} +here +3$`, 'm'))
    assert.match(text.stdout, /^aaaaaaaa +gone +1$/m)
    assert.match(
      text.stdout,
      /^warning: 2 of its records cannot be opened .* client:y, grant:old$/m,
    )
  })

  test('fails where a server would not start, for its keys are not those of the store', async (t) => {
    const { cwd, id } = await filledFolder(t)
    const args = ['store', 'check', '--emulator']
    const env = { ENTRANCE_SECRET: 'another-key-than-the-one-of-the-store' }
    const { code, stdout } = await entrance(args, { cwd, env })
    assert.equal(code, 1)
    assert.match(
      stdout,
      new RegExp(`^error: It was last written with key ${id}; the keys here are: `, 'm'),
    )
  })

  test('says that the keys are gone, and makes none', async (t) => {
    const { cwd } = await filledFolder(t)
    rmSync(join(cwd, '.entrance', 'keys.json'))
    const { code, stderr } = await check(cwd)
    assert.equal(code, 1)
    assert.match(stderr, /There are no keys: .*keys\.json is not there\.\nRestore it from a backup/)
    assert.ok(!existsSync(join(cwd, '.entrance', 'keys.json')))
  })

  test('fails on a file that is damaged, or is none of SQLite’s, and leaves it as it is', async (t) => {
    const { cwd } = await filledFolder(t)
    const path = join(cwd, '.entrance', 'entrance.db')
    truncateSync(path, 3 * 4096)
    const damaged = await check(cwd)
    assert.notEqual(damaged.code, 0)
    assert.match(damaged.stdout + damaged.stderr, /damaged|malformed/)
    writeFileSync(path, 'no database '.repeat(400))
    const none = await check(cwd)
    assert.equal(none.code, 2)
    assert.match(none.stderr, /cannot be opened: file is not a database/)
  })

  test('of a store that is not there says so, and makes none', async (t) => {
    const cwd = newFolder(t)
    const { code, stderr } = await check(cwd)
    assert.equal(code, 1)
    assert.match(stderr, /There is no store at/)
    assert.deepEqual(readdirSync(cwd), [])
  })

  test('says that nobody answers, without the password', async (t) => {
    const cwd = newFolder(t)
    for (const command of [
      ['check', '--emulator'],
      ['migrate'],
      ['export', 'x'],
      ['import', 'y', '--emulator'],
    ]) {
      writeFileSync(join(cwd, 'y'), EMPTY)
      const env = {
        ENTRANCE_STORE: 'postgres://app:hunter2hunter2@127.0.0.1:1/none',
        ENTRANCE_SECRET: 'a-key-of-forty-characters-or-so-for-this',
      }
      const { code, stdout, stderr } = await entrance(['store', ...command], { cwd, env })
      assert.match(
        stderr,
        /The store postgres:\/\/127\.0\.0\.1:1\/none does not answer: .*ECONNREFUSED/,
      )
      assert.equal(code, 1)
      assert.doesNotMatch(stdout + stderr, /hunter2/)
      assert.ok(!existsSync(join(cwd, 'x')))
    }
  })
})

/** An export of nothing. */
const EMPTY = (() => {
  const about = { format: 'entrance-store', version: 1, exportedAt: new Date().toISOString() }
  const counts = { records: 0, revocations: 0 }
  const header = `${JSON.stringify({ ...about, store: 'sqlite', keys: [], ...counts })}\n`
  const sha256 = createHash('sha256').update(header).digest('hex')
  return `${header}${JSON.stringify({ end: { ...counts, sha256 } })}\n`
})()

suite('on PostgreSQL', { skip: withoutPostgres }, () => {
  let postgres: RunningPostgres
  before(async () => {
    postgres = await startPostgres()
  })
  after(() => postgres[Symbol.asyncDispose]())

  const run = (cwd: string, store: string, ...args: string[]) => {
    const env = {
      ENTRANCE_STORE: store,
      ENTRANCE_SECRET: 'a-key-of-forty-characters-or-so-for-this',
    }
    return entrance(['store', ...args], { cwd, env })
  }

  test('check changes nothing, migrate makes the schema, and says so once', async (t) => {
    const cwd = newFolder(t)
    const url = await postgres.database()
    const before_ = await run(cwd, url, 'check', '--emulator')
    assert.equal(before_.code, 1)
    assert.match(
      before_.stdout,
      /^error: has its schema at version 0; 1 is expected\.\n +Run: entrance store migrate$/m,
    )
    const database = new URL(url).pathname.slice(1)
    const schemas = () =>
      postgres.query("SELECT FROM pg_namespace WHERE nspname = 'entrance'", database)
    assert.equal((await schemas()).length, 0, 'a look made the schema')

    // Several at once, as where every replica's start has the command in front.
    const first = await Promise.all(Array.from({ length: 3 }, () => run(cwd, url, 'migrate')))
    assert.deepEqual(
      first.map(({ code, stderr }) => [code, stderr]),
      [0, 0, 0].map((code) => [code, '']),
    )
    assert.match(
      first.map(({ stdout }) => stdout).join(''),
      /Brought the schema of postgres:\/\/.* from version 0 to 1\.\n/,
    )
    assert.match((await run(cwd, url, 'migrate')).stdout, /^Nothing to do: postgres:/)
    const after_ = await run(cwd, url, 'check', '--emulator')
    assert.equal(after_.code, 0, after_.stderr)
    assert.match(after_.stdout, /^Schema: version 1$/m)
    assert.match(after_.stdout, /Nothing stands against it\.\n$/)
  })

  test('a schema of a later release, a wrong password and a database that is not there are told', async (t) => {
    const cwd = newFolder(t)
    const url = await postgres.database()
    await run(cwd, url, 'migrate')
    const database = new URL(url).pathname.slice(1)
    await postgres.query('INSERT INTO entrance.migrations (version) VALUES (99)', database)
    assert.match(
      (await run(cwd, url, 'check', '--emulator')).stdout,
      /at version 99; 1 is expected\.\n +Use the release/,
    )
    const migrate = await run(cwd, url, 'migrate')
    assert.match(migrate.stderr, /at version 99; this release knows 1/)
    assert.equal(migrate.code, 2)
    const gone = url.replace(database, 'nowhere')
    for (const command of [['check', '--emulator'], ['migrate'], ['export', 'x']]) {
      const { code, stderr } = await run(cwd, gone, ...command)
      assert.match(stderr, /has no such database/)
      assert.equal(code, 2)
    }
  })
})

test('migrate has nothing to do for SQLite, and makes no file', async (t) => {
  const cwd = newFolder(t)
  const { code, stdout } = await entrance(['store', 'migrate'], { cwd })
  assert.match(stdout, /^Nothing to do: sqlite:.*entrance\.db is made at the first start\.\n$/)
  assert.equal(code, 0)
  assert.deepEqual(readdirSync(cwd), [])
})

test('SQLite, PostgreSQL, Redis and Cosmos DB export the same, and each imports it', {
  skip: withoutPostgres || withoutRedis,
}, async (t) => {
  await using postgres = await startPostgres()
  await using redis = await startRedis()
  const { cwd } = await filledFolder(t)
  mkdirSync(join(cwd, 'files'))
  const [{ secret = '' } = {}] = openKeyFile(join(cwd, '.entrance'))
  const cosmos = await startStandIn(t)
  const stores = [
    ['postgres', await postgres.database()],
    ['redis', redis.store()],
    ['cosmos', cosmos.url],
    ['sqlite', 'sqlite:last.db'],
  ] as const
  const command = async (store: string, ...args: string[]) => {
    const env = { ENTRANCE_STORE: store, ENTRANCE_SECRET: secret, ENTRANCE_COSMOS_KEY: KEY }
    const { code, stdout, stderr } = await entrance(['store', ...args], { cwd, env })
    assert.equal(code, 0, stderr)
    return stdout
  }
  const linesOf = (whole: string) => whole.split('\n').slice(1, -2).toSorted()
  const first = await command(`sqlite:${join('.entrance', 'entrance.db')}`, 'export')
  let before_ = first
  for (const [kind, store] of stores) {
    writeFileSync(join(cwd, 'files', kind), before_)
    await command(store, 'import', join('files', kind), '--emulator', '--without-keys')
    before_ = await command(store, 'export')
    assert.deepEqual(linesOf(before_), linesOf(first), kind)
    assert.equal(JSON.parse(before_.split('\n')[0] ?? '').store, kind)
    const report = JSON.parse(await command(store, 'check', '--emulator', '--json'))
    assert.equal(report.isShared, kind !== 'sqlite')
    assert.deepEqual(report.count.kinds, {
      assertion: 2,
      barred: 1,
      client: 2,
      grant: 1,
      keyring: 1,
    })
  }
})
