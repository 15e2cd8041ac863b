import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { ConfigError, type Store } from '../../src/index.ts'
import { redisStore } from '../../src/stores/redis.ts'
import { type RunningRedis, startRedis, withoutRedis } from '../support/redis.ts'
import { recordOf, storeContract } from './contract.ts'

const RULE = { kind: 'all', id: '', issuedUntil: 1, expiresAt: 4_000_000_000 } as const

let redis: RunningRedis

suite('Redis', { skip: withoutRedis }, () => {
  before(async () => {
    redis = await startRedis()
  })
  after(() => redis[Symbol.asyncDispose]())

  storeContract({ name: 'redis', open: () => redisStore(redis.store()) })

  test('of many stores on one Redis, one replaces a version', async () => {
    const url = redis.store()
    const stores = await Promise.all(Array.from({ length: 8 }, () => opened(url)))
    await stores[0]?.create(recordOf('grant:1'))
    const done = await Promise.all(
      stores.map((store, i) => store.replace(recordOf('grant:1', { value: String(i) }), 1)),
    )
    assert.equal(done.filter(Boolean).length, 1)
    await Promise.all(stores.map((store) => store.close()))
  })

  test('what one replica revokes is called out to the others', async () => {
    const url = redis.store()
    await using here = await opened(url)
    await using there = await opened(url)
    const told = Promise.withResolvers<void>()
    const end = there.watch?.(() => told.resolve())
    // When the other listens is not known: it is told until it has heard.
    let isTold = false
    void told.promise.then(() => {
      isTold = true
    })
    for (let i = 0; !isTold; i++) {
      assert.ok(i < 2000, 'never told')
      await here.revoke({ ...RULE, kind: 'grant', id: String(i) })
    }
    end?.()
  })

  test('what expires leaves nothing: each key has its end, and of the indices a few go at each write', async (t) => {
    t.mock.timers.enable({ apis: ['Date'], now: Date.UTC(2026, 0, 1) })
    const url = redis.store()
    const prefix = new URL(url).searchParams.get('prefix') ?? ''
    const ask = async (...words: string[]) =>
      Number(/:(-?\d+)/.exec(await redis.command(...words))?.[1])
    const sizes = async () => [
      await ask('ZCARD', `${prefix}person:tid/oid`),
      await ask('ZCARD', `${prefix}client:digest`),
    ]
    await using store = await opened(url)
    const end = Date.now() / 1000 + 60
    for (let i = 0; i < 100; i++) await store.create(recordOf(`grant:${i}`, { expiresAt: end }))
    assert.deepEqual(await sizes(), [100, 100])
    const HOUR = 3_600_000
    for (const name of ['record:grant:7', 'person:tid/oid', 'client:digest']) {
      const left = await ask('PTTL', prefix + name)
      assert.ok(left > 0 && left <= HOUR + 60_000, `${name}: ${left}`)
    }
    t.mock.timers.setTime(Date.UTC(2026, 0, 1, 0, 1))
    for (let i = 1; i <= 5; i++) {
      await store.create(recordOf(`live:${i}`))
      assert.deepEqual(await sizes(), [100 - 20 * i + i, 100 - 20 * i + i])
    }
  })

  test('scripts that Redis has forgotten are sent again', async () => {
    await using store = await opened(redis.store())
    await store.create(recordOf('grant:1'))
    await redis.command('SCRIPT', 'FLUSH')
    assert.equal(await store.replace(recordOf('grant:1', { value: 'new' }), 1), true)
  })

  test('two prefixes are two stores', async () => {
    await using one = await opened(redis.store())
    await using other = await opened(redis.store())
    await one.create(recordOf('grant:1'))
    await one.revoke(RULE)
    assert.equal(await other.get('grant:1'), undefined)
    assert.deepEqual((await other.revocations()).revocations, [])
    assert.deepEqual((await other.page({ prefix: '', limit: 100 })).records, [])
  })

  test('an address that is none is refused without being repeated', () => {
    for (const [text, expected] of [
      ['redis://u:hunter2@h/x', /a path that is not the number of a database/],
      ['redis://u:hunter2@h?prefix={', /a prefix that keys cannot begin with/],
      ['redis://u:hunter2@h?retries=3', /an option that is not known/],
      ['redis://u:hunter2@a,b', /several hosts under redis:\/\//],
      ['redis+sentinel://u:hunter2@h', /which master/],
      ['redis+cluster://u:hunter2@h/2', /a cluster has only number 0/],
      ['redis://u:%hunter2@h', /cannot be decoded/],
      ['redis+sentinel://u:12/hunter2@h', /an @ behind the hosts/],
    ] as const) {
      assert.throws(
        () => redisStore(text),
        (error: Error) => {
          assert.match(error.message, expected)
          assert.doesNotMatch(error.message, /hunter2/)
          return error instanceof ConfigError
        },
      )
    }
  })

  test('a password, a database and Sentinels that are not there: each is said', async () => {
    const { port } = redis
    await refused(`redis://u:p@127.0.0.1:${port}`, /user name or password that Redis refuses/)
    await refused(`redis://127.0.0.1:${port}/999`, /a database that this Redis does not have/)
    await refused(`redis+sentinel://127.0.0.1:${port}/main`, /a Redis, not a Sentinel/)
  })
})

suite('a Redis that may lose what it confirmed', { skip: withoutRedis }, () => {
  test('is refused: no append-only file', async () => {
    await using own = await startRedis(['--appendonly', 'no', '--save', ''])
    await refused(own.store(), /appendonly/)
    await using store = await opened(`${own.store()}&durability=none`)
    assert.equal(await store.create(recordOf('grant:1')), true)
  })

  test('is refused: an eviction policy that throws records away', async () => {
    const evicting = ['--maxmemory', '100mb', '--maxmemory-policy', 'allkeys-lru']
    await using own = await startRedis(['--appendonly', 'yes', '--save', '', ...evicting])
    await refused(own.store(), /maxmemory-policy/)
  })

  test('and one that asks for a password is told apart from a wrong one', async () => {
    await using own = await startRedis(['--appendonly', 'yes', '--requirepass', 'right'])
    await refused(own.store(), /Redis asks for one/)
    await refused(own.store().replace('//', '//:wrong@'), /password that Redis refuses/)
    await using store = await opened(own.store().replace('//', '//:right@'))
    assert.equal(await store.create(recordOf('grant:1')), true)
  })
})

suite('Redis that goes away', { skip: withoutRedis }, () => {
  test('in a crash: what was confirmed is there afterwards, and the store goes on by itself', async () => {
    await using own = await startRedis()
    await using store = await opened(own.store())
    const confirmed: string[] = []
    const writing = writeUntilFailure(store, confirmed)
    while (confirmed.length < 50) await new Promise(setImmediate)
    await own.crash()
    await writing
    await assert.rejects(store.get('grant:0'))
    await own.start()
    await eventually(() => store.get('grant:0'))
    for (const key of confirmed) assert.equal((await store.get(key))?.value, `value of ${key}`)
    assert.equal(await store.create(recordOf('after')), true)
  })

  test('by hanging: operations reject in time, and work again when it is back', async () => {
    await using own = await startRedis()
    await using store = await opened(own.store())
    await store.create(recordOf('grant:1'))
    own.pause()
    await assert.rejects(store.get('grant:1'), Error)
    own.resume()
    await eventually(() => store.get('grant:1'))
    assert.equal((await store.get('grant:1'))?.version, 1)
  })
})

/** Until it no longer rejects; ten seconds are more than it may take. */
async function eventually(call: () => Promise<unknown>): Promise<void> {
  const deadline = performance.now() + 10_000
  while (performance.now() < deadline) {
    try {
      await call()
      return
    } catch {
      await new Promise(setImmediate)
    }
  }
  await call()
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
  const store = redisStore(url)
  await store.connect()
  return { ...store, [Symbol.asyncDispose]: () => store.close() }
}

async function refused(url: string, expected: RegExp): Promise<void> {
  const store = redisStore(url)
  try {
    await assert.rejects(store.connect(), (error: Error) => {
      assert.match(error.message, expected)
      return error instanceof ConfigError
    })
  } finally {
    await store.close()
  }
}
