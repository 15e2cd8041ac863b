import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, type TestContext, test } from 'node:test'
import { ConfigError, type Store } from '../../src/index.ts'
import { redisStore } from '../../src/stores/redis.ts'
import { createCertificate } from '../support/certificate.ts'
import { fixedPort } from '../support/fixed-port.ts'
import { type RunningRedis, startRedis, withoutRedis } from '../support/redis.ts'
import { until } from '../support/redis-topologies.ts'
import { recordOf } from './contract.ts'
import { crashContract } from './crash.ts'

let redis: RunningRedis

suite('Redis, more closely', { skip: withoutRedis, timeout: 120_000 }, () => {
  before(async () => {
    redis = await startRedis()
  })
  after(() => redis[Symbol.asyncDispose]())

  crashContract({ name: 'redis', address: async () => ({ store: redis.store() }) })

  test('eight processes that count up in one record lose no count', async (t) => {
    const url = redis.store()
    const children = Array.from({ length: 8 }, () => forkProcess(t, url))
    await Promise.all(children.map(nextMessage))
    const counts = children.map(nextMessage)
    for (const child of children) child.send('go')
    assert.deepEqual(await Promise.all(counts), Array(8).fill(100))
    await using store = opened(url)
    assert.equal((await store.get('count'))?.value, '800')
  })

  test('a user with the rights that the refusal names may do everything, and no more', async () => {
    const url = `${redis.store().replace('//', '//entrance:right@')}`
    const prefix = new URL(url).searchParams.get('prefix') ?? ''
    await redis.command('ACL', 'SETUSER', 'entrance', 'on', '>right', '+ping')
    const { message, cure } = await refused(url, /a user who may not run/)
    assert.doesNotMatch(message, /right@/)
    const rights = /Allow this user (.*) \(in a cluster/
      .exec(cure)?.[1]
      ?.replaceAll('<prefix>', prefix)
    const words = rights?.split(' ') ?? []
    await redis.command('ACL', 'SETUSER', 'entrance', 'reset', 'on', '>right', ...words)
    await using store = opened(url)
    await store.connect()
    await useAll(store)
    assert.deepEqual(
      (await store.check()).filter(({ severity }) => severity === 'error'),
      [],
    )
    for (const command of ['FLUSHALL', 'SHUTDOWN', 'CONFIG GET requirepass']) {
      const answer = await redis.command('ACL', 'DRYRUN', 'entrance', ...command.split(' '))
      assert.match(answer, /no permissions|has no/i, command)
    }
    await using other = opened(url.replace(prefix, 'another:'))
    await assert.rejects(other.get('grant:1'), /NOPERM|No permissions/)
  })

  test('a record stays an hour longer than it lives, by a clock of its own, and then goes', async (t) => {
    t.mock.timers.enable({ apis: ['Date'], now: Date.UTC(2020, 0, 1) })
    const url = redis.store()
    const prefix = new URL(url).searchParams.get('prefix')
    await using store = opened(url)
    const now = Date.now() / 1000
    await store.create(recordOf('grant:1', { expiresAt: now + 60, person: 'a/1' }))
    for (const key of ['record:grant:1', 'person:a/1', 'client:digest']) {
      const life = Number((await redis.command('PTTL', `${prefix}${key}`)).slice(1))
      assert.ok(life > 3_600_000 && life <= 3_660_000, `${key} ${life}`)
    }
    t.mock.timers.setTime(Date.now() + 61_000)
    await store.create(recordOf('grant:2', { person: 'a/1' }))
    assert.match(await redis.command('ZCARD', `${prefix}person:a/1`), /^:1\b/)
  })

  test('revocations that have expired are cleared away by those that come', async (t) => {
    t.mock.timers.enable({ apis: ['Date'], now: Date.UTC(2020, 0, 1) })
    const url = redis.store()
    const prefix = new URL(url).searchParams.get('prefix')
    await using store = opened(url)
    const revoke = (i: number) => {
      const expiresAt = Date.now() / 1000 + 60
      return store.revoke({ kind: 'grant', id: String(i), issuedUntil: 1, expiresAt })
    }
    for (let i = 0; i < 150; i++) await revoke(i)
    t.mock.timers.setTime(Date.now() + 61_000)
    for (let i = 0; i < 3; i++) await revoke(i)
    for (const key of ['feed', 'expiries']) {
      assert.match(await redis.command('ZCARD', `${prefix}{revocations}:${key}`), /^:3\b/)
    }
  })

  test('a reader learns of what is revoked after Redis has lost its data', async () => {
    await using own = await startRedis()
    await using store = opened(own.store())
    const rule = { kind: 'grant', issuedUntil: 1, expiresAt: 4_000_000_000 } as const
    for (let i = 0; i < 200; i++) await store.revoke({ ...rule, id: String(i) })
    const { cursor } = await store.revocations()
    await own.command('FLUSHALL')
    await store.revoke({ ...rule, id: 'new' })
    const { revocations } = await store.revocations(cursor)
    assert.deepEqual(
      revocations.map(({ id }) => id),
      ['new'],
    )
  })

  test('a walk during which Redis starts again misses nothing', async () => {
    await using own = await startRedis()
    await using store = opened(own.store())
    const keys = Array.from({ length: 300 }, (_, i) => `grant:${i}`)
    for (const key of keys) await store.create(recordOf(key))
    const found = new Set<string>()
    let after: string | undefined
    for (let page = 0; page === 0 || after !== undefined; page++) {
      assert.ok(page < 1000, 'no end')
      const given = await store.page({ prefix: 'grant:', after, limit: 20 })
      for (const { key } of given.records) found.add(key)
      after = given.next
      if (page !== 5) continue
      await own.crash()
      await own.start()
      await until('it is back', async () => (await store.get('grant:0'))?.version === 1)
    }
    assert.deepEqual([...found].sort(), keys.sort())
  })

  test('what hangs is given up within three seconds, and nobody waits behind it', async () => {
    await using own = await startRedis()
    await using store = opened(own.store())
    await store.create(recordOf('grant:1'))
    own.pause()
    for (let round = 0; round < 2; round++) {
      const began = performance.now()
      const asked = await Promise.allSettled([
        store.replace(recordOf('grant:1'), 1),
        ...Array.from({ length: 50 }, () => store.get('grant:1')),
      ])
      assert.ok(asked.every(({ status }) => status === 'rejected'))
      const took = performance.now() - began
      assert.ok(took < 3000, `${took} ms`)
    }
    own.resume()
    await until('it is back', async () => (await store.get('grant:1')) !== undefined)
  })

  test('the channel is listened to again after Redis was away', async () => {
    await using own = await startRedis()
    const url = own.store()
    await using store = opened(url)
    let heard = 0
    const end = store.watch?.(() => void heard++)
    await until('it listens', async () => heard > 0)
    await own.crash()
    await own.start()
    const before = heard
    await until('it listens again, and hears', async () => {
      await store.revoke({ kind: 'all', id: '', issuedUntil: 1, expiresAt: 4_000_000_000 })
      return heard > before + 1
    })
    end?.()
  })
})

suite('Redis over TLS', { skip: withoutRedis, timeout: 60_000 }, () => {
  test('is spoken to where its certificate is trusted, and refused where not', async (t) => {
    const { url, ca } = await startTls(t)
    await refused(url, /certificate is not trusted/)
    const child = forkProcess(t, url, { NODE_EXTRA_CA_CERTS: ca })
    assert.equal(await nextMessage(child), 'opened')
    const counted = nextMessage(child)
    child.send('go')
    assert.equal(await counted, 100)
  })

  test('is refused at a port that does not speak it, and the password is not sent', async () => {
    await using own = await startRedis()
    const host = `:hunter2@127.0.0.1:${own.port}`
    await refused(`rediss://${host}`, /asks for TLS \(rediss\), and the port does not speak it/)
    await refused(`rediss+cluster://${host}`, /the port does not speak it/)
    assert.doesNotMatch(await own.command('INFO', 'commandstats'), /cmdstat_(auth|hello)/)
  })
})

test('a Redis that is not there may come: it is no fault of the settings', async () => {
  await using store = opened(`redis://127.0.0.1:${await fixedPort()}`)
  await assert.rejects(store.connect(), (error) => !(error instanceof ConfigError))
})

async function startTls(t: TestContext): Promise<{ url: string; ca: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'entrance-redis-tls-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const { key, cert } = await createCertificate(['localhost'])
  const [keyFile, ca] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  writeFileSync(keyFile, key, { mode: 0o600 })
  writeFileSync(ca, cert)
  const port = await fixedPort()
  const files = ['--tls-cert-file', ca, '--tls-key-file', keyFile, '--tls-auth-clients', 'no']
  const tls = ['--tls-port', String(port), ...files]
  const own = await startRedis(['--appendonly', 'yes', '--save', '', ...tls])
  t.after(() => own[Symbol.asyncDispose]())
  return { url: `rediss://localhost:${port}`, ca }
}

async function useAll(store: Store): Promise<void> {
  assert.equal(await store.create(recordOf('grant:1')), true)
  assert.equal(await store.replace(recordOf('grant:1'), 1), true)
  assert.equal((await store.list({ person: 'tid/oid' })).length, 1)
  assert.equal((await store.page({ prefix: '', limit: 10 })).records.length, 1)
  let heard = 0
  const end = store.watch?.(() => void heard++)
  await until('it listens', async () => heard > 0)
  await store.revoke({ kind: 'all', id: '', issuedUntil: 1, expiresAt: 4_000_000_000 })
  await until('it hears', async () => heard > 1)
  end?.()
  assert.equal((await store.revocations()).revocations.length, 1)
  await store.delete('grant:1')
}

function opened(url: string): Store & AsyncDisposable {
  const store = redisStore(url)
  return { ...store, [Symbol.asyncDispose]: () => store.close() }
}

async function refused(url: string, expected: RegExp): Promise<{ message: string; cure: string }> {
  await using store = opened(url)
  const error: unknown = await store.connect().then(
    () => undefined,
    (reason) => reason,
  )
  assert.ok(error instanceof ConfigError, String(error))
  assert.match(error.message, expected)
  return { message: error.message, cure: error.problems[0]?.cure ?? '' }
}

function forkProcess(t: TestContext, url: string, env: NodeJS.ProcessEnv = {}): ChildProcess {
  const script = join(import.meta.dirname, 'redis-process.ts')
  const child = fork(script, [url], { env: { ...process.env, ...env } })
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
