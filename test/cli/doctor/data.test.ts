import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import type { Finding } from '../../../src/cli/doctor/finding.ts'
import { createEntrance } from '../../../src/index.ts'
import { postgresStore } from '../../../src/stores/postgres.ts'
import { redisStore } from '../../../src/stores/redis.ts'
import { sqliteStore } from '../../../src/stores/sqlite.ts'
import type { Store } from '../../../src/stores/store.ts'
import { newFolder } from '../../support/disk.ts'
import { startPostgres, withoutPostgres } from '../../support/postgres.ts'
import { startRedis, withoutRedis } from '../../support/redis.ts'
import { entrance } from '../client/command.ts'

const SECRET = randomBytes(32).toString('base64url')
const ENTRA = {
  AZURE_TENANT_ID: '6f0e7a3c-7a0d-4b57-9d57-0f1f3f0c9a11',
  ENTRA_PROXY_AZURE_CLIENT_ID: '0d9d0c55-3a5f-4b6e-8f3f-7f6f3f1b2c22',
  ENTRA_PROXY_AZURE_CLIENT_SECRET: 'Aa0~the-value-of-a-client-secret',
  ENTRANCE_SECRET: SECRET,
  // Nothing of a test leaves this machine.
  ENTRANCE_AUTHORITY: 'http://127.0.0.1:9',
  ENTRANCE_URL: 'http://localhost:9',
}

/** What `doctor` says of these checks, with all its texts in one. */
async function findings(
  t: TestContext,
  only: string,
  env: Readonly<Record<string, string>>,
  cwd = newFolder(t),
) {
  const { stdout, stderr } = await entrance(['doctor', '--json', '--only', only], {
    cwd,
    env: { ...ENTRA, ...env },
  })
  const report = JSON.parse(stdout || '{}') as { findings?: Finding[] }
  assert.ok(report.findings, stderr)
  assert.doesNotMatch(stdout, /the-password/)
  return report.findings.map((finding) => ({
    ...finding,
    text: [finding.what, finding.expected, finding.found, ...(finding.portal ?? [])].join(' '),
  }))
}

/** The one finding, and what it says. */
async function finds(
  t: TestContext,
  only: string,
  env: Readonly<Record<string, string>>,
  cwd: string | undefined,
  id: string,
  says: RegExp,
): Promise<void> {
  const found = await findings(t, only, env, cwd)
  assert.deepEqual(
    found.map((finding) => finding.id),
    [id],
    JSON.stringify(found),
  )
  assert.match(found[0]?.text ?? '', says)
}

/** What a server's first start leaves in a store. */
async function use(store: Store): Promise<void> {
  const server = createEntrance({
    url: 'http://localhost:9',
    entra: {
      tenantId: ENTRA.AZURE_TENANT_ID,
      clientId: ENTRA.ENTRA_PROXY_AZURE_CLIENT_ID,
      clientSecret: 'secret',
    },
    secret: SECRET,
    store,
  })
  await server.ready()
  await server.close()
}

suite('doctor looks at the store', () => {
  test('in a file, and leaves no trace: damage, another key, and all well', async (t) => {
    const cwd = newFolder(t)
    const data = join(cwd, '.entrance')
    await finds(t, 'data.store', {}, cwd, 'data.store', /is made at the first start/)
    assert.deepEqual(readdirSync(cwd), [])
    mkdirSync(data)
    const path = join(data, 'entrance.db')
    await use(sqliteStore(path))
    const before = readFileSync(path)
    await finds(t, 'data.store', {}, cwd, 'data.store', /answers, and is set up well/)
    const another = { ENTRANCE_SECRET: randomBytes(32).toString('base64url') }
    await finds(
      t,
      'data.store',
      another,
      cwd,
      'data.store.key',
      /behind the current one, or restore/,
    )
    assert.deepEqual(readdirSync(data), ['entrance.db'])
    assert.deepEqual(readFileSync(path), before)
    writeFileSync(path, Buffer.from(before).fill(0x5a, 4096))
    await finds(t, 'data.store', {}, cwd, 'data.store.broken', /entrance\.db is damaged/)
    assert.deepEqual(readdirSync(data), ['entrance.db'])
  })

  test('in Redis: what drops records, what answers nobody, another key', {
    skip: withoutRedis,
  }, async (t) => {
    await using redis = await startRedis()
    const env = { ENTRANCE_STORE: redis.store() }
    await use(redisStore(env.ENTRANCE_STORE))
    const size = await redis.command('DBSIZE')
    await finds(t, 'data.store', env, undefined, 'data.store', /answers, and is set up well/)
    const another = { ...env, ENTRANCE_SECRET: randomBytes(32).toString('base64url') }
    await finds(
      t,
      'data.store',
      another,
      undefined,
      'data.store.key',
      /under a key that is not here/,
    )
    await redis.command('CONFIG', 'SET', 'maxmemory', '100mb')
    await redis.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru')
    const drops =
      /drops records when its memory is full \(maxmemory-policy allkeys-lru\).*noeviction/
    await finds(t, 'data.store', env, undefined, 'data.store.settings', drops)
    await redis.command('CONFIG', 'SET', 'maxmemory-policy', 'noeviction')
    await redis.command('CONFIG', 'SET', 'appendfsync', 'everysec')
    await finds(t, 'data.store', env, undefined, 'data.store.risky', /appendfsync everysec/)
    assert.equal(await redis.command('DBSIZE'), size)
    await redis.command('CONFIG', 'SET', 'requirepass', 'the-password-of-redis')
    await finds(t, 'data.store', env, undefined, 'data.store.broken', /no password, and Redis asks/)
  })

  test('in PostgreSQL: no schema yet, what confirms too soon, a database that is not there', {
    skip: withoutPostgres,
  }, async (t) => {
    await using postgres = await startPostgres()
    const address = await postgres.database()
    const env = { ENTRANCE_STORE: address }
    await finds(
      t,
      'data.store',
      env,
      undefined,
      'data.store',
      /schema in postgres is made at the first/,
    )
    await use(postgresStore(address))
    await finds(t, 'data.store', env, undefined, 'data.store', /answers, and is set up well/)
    const { username } = new URL(address)
    await postgres.query(`ALTER ROLE "${username}" SET synchronous_commit = off`)
    const early = /synchronous_commit is off.*ALTER ROLE/
    await finds(t, 'data.store', env, undefined, 'data.store.settings', early)
    await postgres.query(`ALTER ROLE "${username}" SET synchronous_commit = on`)
    const wrong = new URL(address)
    wrong.pathname = '/nowhere'
    const refused = { ENTRANCE_STORE: wrong.href }
    await finds(
      t,
      'data.store',
      refused,
      undefined,
      'data.store.broken',
      /no such database \(3D000\)\. Create it/,
    )
  })

  test('that is away, or has no key of its own', async (t) => {
    const away = { ENTRANCE_STORE: 'redis://user:the-password@127.0.0.1:9' }
    await finds(t, 'data.store', away, undefined, 'data.store.broken', /runs and can be reached/)
    const keyless = { ...away, ENTRANCE_SECRET: '' }
    const missing = /ENTRANCE_SECRET is missing, and ENTRANCE_STORE is one that replicas share/
    await finds(t, 'config.server', keyless, undefined, 'config.server.missing', missing)
  })
})

suite('doctor looks at files and ports', () => {
  test('room on the disk', async (t) => {
    const cwd = newFolder(t)
    for (const [mebibytes, id, says] of [
      [1, 'data.disk.full', /100 MiB 1 MiB Make room/],
      [50, 'data.disk.low', /nearly full.*50 MiB/],
      [5000, 'data.disk', /There is room/],
    ] as const) {
      const stand = join(cwd, `${mebibytes}.cjs`)
      const stats = `{ type: 0xef53, bavail: ${mebibytes * 256}, bsize: 4096 }`
      writeFileSync(
        stand,
        `require('node:fs').statfsSync = () => (${stats})\nrequire('node:module').syncBuiltinESMExports()\n`,
      )
      await finds(t, 'data.disk', { NODE_OPTIONS: `--require=${stand}` }, cwd, id, says)
    }
  })

  test('an audit log that cannot be written, and files that others can read', async (t) => {
    const cwd = newFolder(t)
    const audit = { ENTRANCE_AUDIT: `file:${join(cwd, 'nowhere', 'audit.jsonl')}` }
    const nowhere = /audit\.jsonl cannot be written.*ENOENT/
    await finds(t, 'data.files', audit, cwd, 'data.files.unwritable', nowhere)
    assert.deepEqual(readdirSync(cwd), [])
    mkdirSync(join(cwd, '.entrance'))
    const path = join(cwd, '.entrance', 'expenses.db')
    writeFileSync(path, '', { mode: 0o644 })
    await finds(t, 'data.files', {}, cwd, 'data.files.readable', /expenses\.db.*mode 600 mode 644/)
    assert.equal(statSync(path).mode & 0o777, 0o644)
  })

  test('replicas where several may be, and how many there are', async (t) => {
    const several = { WEBSITE_SITE_NAME: 'expenses' }
    await finds(
      t,
      'data.replicas',
      several,
      undefined,
      'data.replicas.local',
      /App Service.*ENTRANCE_REPLICAS=1/,
    )
    const one = { ...several, ENTRANCE_REPLICAS: '1' }
    await finds(t, 'data.replicas', one, undefined, 'data.replicas', /ENTRANCE_REPLICAS is 1/)
    const three = { ENTRANCE_REPLICAS: '3' }
    await finds(
      t,
      'config.server',
      three,
      undefined,
      'config.server.wrong',
      /sign-ins are in the file/,
    )
  })

  test('the operator’s port', async (t) => {
    const port = { PORT: '8000', ENTRANCE_OPERATOR_PORT: '9464' }
    for (const [env, id, says] of [
      [port, 'config.operator', /Port 9464, for this machine only/],
      [
        { ...port, ENTRANCE_OPERATOR_PORT: '8000' },
        'config.operator.same-port',
        /is 8000, as PORT is/,
      ],
      [{ ...port, ENTRANCE_OPERATOR_HOST: '0.0.0.0' }, 'config.operator.exposed', /need no token/],
      [{ ENTRANCE_OPERATOR_HOST: '0.0.0.0' }, 'config.operator.unused', /nothing is opened/],
    ] as const) {
      await finds(t, 'config.operator', env, undefined, id, says)
    }
    const blank = { ENTRANCE_OPERATOR_TOKEN: 'a token of many words, and of 32 characters' }
    await finds(t, 'config.server', blank, undefined, 'config.server.wrong', /has blanks/)
  })
})
