import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { createRevocations } from '../../../src/core/protected-resource/revocations.ts'
import type { AccessTokenClaims } from '../../../src/core/tokens/access-token.ts'
import type { Revocation, Store } from '../../../src/index.ts'
import { memoryStore } from '../../../src/stores/memory.ts'

const NOW = 1_700_000_000
const claims = (change: Partial<AccessTokenClaims> = {}) =>
  ({ gid: 'g', oid: 'o', tid: 't', client_id: 'c', iat: NOW, ...change }) as AccessTokenClaims
const REVOKED = {
  code: 'invalid_token',
  message: 'The access token has been revoked. Sign in again.',
}
const SILENT = { code: 'temporarily_unavailable', message: /cannot tell at the moment/ }

function start(store: Store = memoryStore()) {
  const clientDigest = (id: string) => `digest of ${id}`
  const options = { store, grantMaxTtl: 86_400, storeSilenceTtl: 30, clientDigest, log: () => {} }
  const revocations = createRevocations(options)
  return { store, revocations }
}

function rule(kind: Revocation['kind'], id: string, change: Partial<Revocation> = {}): Revocation {
  return { kind, id, issuedUntil: NOW, expiresAt: NOW + 3600, ...change }
}

suite('what has been revoked', () => {
  const RULES: readonly (readonly [Revocation, other: Partial<AccessTokenClaims>])[] = [
    [rule('grant', 'g'), { gid: 'h' }],
    [rule('person', 't/o'), { oid: 'p' }],
    [rule('client', 'digest of c'), { client_id: 'd' }],
  ]
  for (const [given, other] of RULES) {
    test(`is refused by ${given.kind}, for tokens up to the moment it was revoked`, async (t) => {
      t.mock.timers.enable({ apis: ['Date', 'setTimeout'], now: NOW * 1000 })
      const { store, revocations } = start()
      await store.revoke(given)
      await revocations.start()
      assert.throws(() => revocations.check(claims()), REVOKED)
      const later = () => revocations.check(claims({ iat: NOW + 1 }))
      // A grant does not come back.
      if (given.kind === 'grant') assert.throws(later, REVOKED)
      else assert.doesNotThrow(later)
      assert.doesNotThrow(() => revocations.check(claims(other)))
      revocations.stop()
    })
  }

  test('is refused though the clock of the replica that ended the grant is far behind', async (t) => {
    t.mock.timers.enable({ apis: ['Date', 'setTimeout'], now: (NOW - 300) * 1000 })
    const behind = start()
    await behind.revocations.add('g')
    t.mock.timers.setTime(NOW * 1000)
    const { revocations } = start(behind.store)
    await revocations.start()
    assert.throws(() => revocations.check(claims()), REVOKED)
    assert.doesNotThrow(() => revocations.check(claims({ gid: 'h' })))
    revocations.stop()
  })

  test('is everything, where all is revoked', async (t) => {
    t.mock.timers.enable({ apis: ['Date', 'setTimeout'], now: NOW * 1000 })
    const { store, revocations } = start()
    await store.revoke(rule('all', ''))
    await revocations.start()
    assert.throws(() => revocations.check(claims({ gid: 'x', oid: 'y' })), REVOKED)
    revocations.stop()
  })

  test('is not mistaken for another kind with the same id', async (t) => {
    t.mock.timers.enable({ apis: ['Date', 'setTimeout'], now: NOW * 1000 })
    const { store, revocations } = start()
    for (const kind of ['grant', 'person', 'client'] as const) await store.revoke(rule(kind, 'x'))
    await revocations.start()
    assert.doesNotThrow(() => revocations.check(claims()))
    revocations.stop()
  })

  test('is known here at once, also where the store fails, and told to the store at the next try', async (t) => {
    t.mock.timers.enable({ apis: ['Date', 'setTimeout'], now: NOW * 1000 })
    const inner = memoryStore()
    let isAway = true
    const revoke: Store['revoke'] = (given) =>
      isAway ? Promise.reject(new Error('away')) : inner.revoke(given)
    const { revocations } = start({ ...inner, revoke })
    await revocations.start()
    await assert.rejects(revocations.add('g'), { message: 'away' })
    assert.throws(() => revocations.check(claims()), REVOKED)
    isAway = false
    await revocations.add('g')
    await revocations.add('g')
    assert.equal((await inner.revocations()).revocations.length, 1)
    revocations.stop()
  })

  test('is learnt from the store within a second, and forgotten when it no longer matters', async (t) => {
    t.mock.timers.enable({ apis: ['Date', 'setTimeout'], now: NOW * 1000 })
    const { store, revocations } = start()
    await revocations.start()
    await store.revoke(rule('grant', 'g', { issuedUntil: NOW + 9e9 }))
    t.mock.timers.tick(1000)
    await settle()
    assert.throws(() => revocations.check(claims()), REVOKED)
    for (let second = 0; second < 3600; second += 20) {
      t.mock.timers.tick(20_000)
      await settle()
    }
    assert.doesNotThrow(() => revocations.check(claims()))
    revocations.stop()
  })
})

suite('a store that says nothing', () => {
  test('has everything answered with 503 after 30 seconds, never 401, until it speaks again', async (t) => {
    t.mock.timers.enable({ apis: ['Date', 'setTimeout'], now: NOW * 1000 })
    let elapsed = 0
    t.mock.method(performance, 'now', () => elapsed)
    const pass = async (seconds: number) => {
      elapsed += seconds * 1000
      t.mock.timers.tick(seconds * 1000)
      await settle()
    }
    const inner = memoryStore()
    let isAway = false
    const revocationsOf: Store['revocations'] = (cursor) =>
      isAway ? Promise.reject(new Error('away')) : inner.revocations(cursor)
    const { revocations } = start({ ...inner, revocations: revocationsOf })
    assert.throws(() => revocations.check(claims()), SILENT, 'before it is ready')
    await revocations.start()
    isAway = true
    for (let second = 1; second <= 30; second++) {
      await pass(1)
      assert.doesNotThrow(() => revocations.check(claims()), `second ${second}`)
    }
    await pass(1)
    assert.throws(() => revocations.check(claims()), SILENT)
    isAway = false
    await pass(1)
    assert.doesNotThrow(() => revocations.check(claims()))
    revocations.stop()
  })

  test('for so long that its answer is old when it comes is not vouched for by it', async (t) => {
    let elapsed = 0
    t.mock.method(performance, 'now', () => elapsed)
    const inner = memoryStore()
    const revocationsOf: Store['revocations'] = async (cursor) => {
      const page = await inner.revocations(cursor)
      elapsed += 31_000
      return page
    }
    const { revocations } = start({ ...inner, revocations: revocationsOf })
    await revocations.catchUp()
    assert.throws(() => revocations.check(claims()), SILENT)
  })

  test('is told from a clock that was set, forwards or back', async (t) => {
    t.mock.timers.enable({ apis: ['Date', 'setTimeout'], now: NOW * 1000 })
    const { revocations } = start()
    await revocations.start()
    for (const leap of [86_400, -86_400]) {
      t.mock.timers.setTime((NOW + leap) * 1000)
      assert.doesNotThrow(() => revocations.check(claims()))
    }
    revocations.stop()
  })
})

suite('what is ended together', () => {
  test('refuses tokens by when their grant was made, however late they were issued', async (t) => {
    t.mock.timers.enable({ apis: ['Date', 'setTimeout'], now: NOW * 1000 })
    const { revocations } = start()
    await revocations.start()
    const { issuedUntil } = await revocations.end('person', 't/o')
    const renewed = claims({ gat: NOW - 5, iat: issuedUntil + 100 })
    assert.throws(() => revocations.check(renewed), REVOKED)
    assert.doesNotThrow(() => revocations.check(claims({ ...renewed, oid: 'p' })))
    revocations.stop()
  })

  test('reaches what a replica signed in whose clock is 30 s ahead, and nobody who comes after', async (t) => {
    t.mock.timers.enable({ apis: ['Date', 'setTimeout'], now: NOW * 1000 })
    const { revocations } = start()
    await revocations.start()
    await revocations.end('all', '')
    const ahead = claims({ gat: NOW + 30, iat: NOW + 30 })
    assert.throws(() => revocations.check(ahead), REVOKED)
    const gat = revocations.endedUntil('t/o', 'digest of c') + 1
    assert.doesNotThrow(() => revocations.check(claims({ gat, iat: NOW })))
    revocations.stop()
  })

  test('holds for as long as a grant can live', async (t) => {
    t.mock.timers.enable({ apis: ['Date', 'setTimeout'], now: NOW * 1000 })
    const { store, revocations } = start()
    const rule = await revocations.end('all', '')
    assert.ok(rule.expiresAt >= NOW + 86_400)
    assert.deepEqual((await store.revocations()).revocations, [rule])
  })
})

suite('the feed', () => {
  test('is read to its end before anything is answered, page by page', async (t) => {
    t.mock.timers.enable({ apis: ['Date', 'setTimeout'], now: NOW * 1000 })
    const all = Array.from({ length: 10 }, (_, i) => rule('grant', `g${i}`))
    const revocationsOf: Store['revocations'] = async (cursor = '0') => {
      const to = Number(cursor) + 3
      const page = all.slice(Number(cursor), to)
      return { revocations: page, cursor: String(to), isMore: to < all.length }
    }
    const { revocations } = start({ ...memoryStore(), revocations: revocationsOf })
    await revocations.start()
    for (const { id } of all) assert.throws(() => revocations.check(claims({ gid: id })), REVOKED)
    revocations.stop()
  })

  test('is read every second though one reading hangs', async (t) => {
    t.mock.timers.enable({ apis: ['Date', 'setTimeout'], now: NOW * 1000 })
    const inner = memoryStore()
    let readings = 0
    const revocationsOf: Store['revocations'] = (cursor) =>
      ++readings === 2 ? new Promise(() => {}) : inner.revocations(cursor)
    const { revocations } = start({ ...inner, revocations: revocationsOf })
    await revocations.start()
    t.mock.timers.tick(1000)
    await settle()
    assert.equal(readings, 2)
    await inner.revoke(rule('grant', 'g'))
    t.mock.timers.tick(1000)
    await settle()
    assert.throws(() => revocations.check(claims()), REVOKED)
    revocations.stop()
  })

  test('is not asked by more and more where all of them hang', async (t) => {
    t.mock.timers.enable({ apis: ['Date', 'setTimeout'], now: NOW * 1000 })
    const inner = memoryStore()
    let readings = 0
    const revocationsOf: Store['revocations'] = (cursor) =>
      ++readings > 1 ? new Promise(() => {}) : inner.revocations(cursor)
    const { revocations } = start({ ...inner, revocations: revocationsOf })
    await revocations.start()
    for (let second = 0; second < 60; second++) {
      t.mock.timers.tick(1000)
      await settle()
    }
    assert.equal(readings, 7)
    revocations.stop()
  })

  test('is read at once where the store tells, once for many', async (t) => {
    t.mock.timers.enable({ apis: ['Date', 'setTimeout'], now: NOW * 1000 })
    const inner = memoryStore()
    let readings = 0
    let isWatched = false
    let tell = () => {}
    const { revocations } = start({
      ...inner,
      revocations: (cursor) => {
        readings++
        return inner.revocations(cursor)
      },
      watch: (onRevoked) => {
        isWatched = true
        tell = onRevoked
        return () => {
          isWatched = false
        }
      },
    })
    await revocations.start()
    await inner.revoke(rule('grant', 'g'))
    for (let i = 0; i < 1000; i++) tell()
    t.mock.timers.tick(20)
    await settle()
    assert.throws(() => revocations.check(claims()), REVOKED)
    assert.equal(readings, 2)
    revocations.stop()
    assert.equal(isWatched, false)
  })
})

/** What has been set going by a timer gets to its end. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve()
}
