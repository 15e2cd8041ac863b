import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { OAuthError } from '../../src/core/errors.ts'
import { createRateLimiter, type LimitKind } from '../../src/core/rate-limit.ts'
import type { LogEvent } from '../../src/log.ts'

const LIMITS = { registrations: 30, signIns: 60, failures: 10 }

function create(limits: typeof LIMITS | undefined = LIMITS, trustedProxyHops = 0) {
  let now = 1e9
  const logs: LogEvent[] = []
  const log = (event: LogEvent) => void logs.push(event)
  const limiter = createRateLimiter({ limits, trustedProxyHops, log, clock: () => now })
  const take = (kind: LimitKind, route: string, network?: string) => {
    try {
      limiter.take(kind, route, network)
    } catch (error) {
      assert.ok(error instanceof OAuthError)
      return error
    }
    return undefined
  }
  /** How many of so many are let through. */
  const ask = (count: number, kind: LimitKind, route: string, network?: string) => {
    let passed = 0
    for (let i = 0; i < count; i++) {
      if (!take(kind, route, network)) passed++
    }
    return passed
  }
  const forward = (seconds: number) => {
    now += seconds * 1000
  }
  return { limiter, take, ask, forward, logs }
}

suite('an address', () => {
  test('has so many at once, and as many again within a minute', () => {
    const { ask, forward } = create()
    assert.equal(ask(100, 'registrations', '/register', 'a'), 30)
    forward(1.9)
    assert.equal(ask(100, 'registrations', '/register', 'a'), 0)
    forward(0.1)
    assert.equal(ask(100, 'registrations', '/register', 'a'), 1)
    forward(10)
    assert.equal(ask(100, 'registrations', '/register', 'a'), 5)
    forward(3600)
    assert.equal(ask(100, 'registrations', '/register', 'a'), 30, 'and no more for a long wait')
  })

  test('that asks at the rate of its limit is never refused', () => {
    const { ask, forward } = create()
    for (let i = 0; i < 1000; i++) {
      assert.equal(ask(1, 'registrations', '/register', 'a'), 1)
      forward(2)
    }
  })

  test('does not use up what another has, nor another route', () => {
    const { ask } = create()
    assert.equal(ask(100, 'signIns', '/authorize', 'a'), 60)
    assert.equal(ask(100, 'signIns', '/consent', 'a'), 60)
    assert.equal(ask(100, 'signIns', '/authorize', 'b'), 60)
  })

  test('that is not known shares twenty times as much with all such', () => {
    const { ask } = create()
    assert.equal(ask(1000, 'registrations', '/register'), 600)
    assert.equal(ask(100, 'registrations', '/register', 'a'), 30)
  })

  test('whose failures came all at once owes nothing beyond a full minute', () => {
    const { ask, forward } = create()
    assert.equal(ask(500, 'failures', '/token', 'a'), 10)
    forward(6)
    assert.equal(ask(10, 'failures', '/token', 'a'), 1)
  })
})

test('a refusal is 429 with Retry-After under a code that no client signs out for (RFC 6585 §4)', () => {
  const { ask, take } = create()
  ask(30, 'registrations', '/register', 'a')
  const refusal = take('registrations', '/register', 'a')
  assert.equal(refusal?.code, 'temporarily_unavailable')
  assert.equal(refusal?.status, 429)
  assert.equal(refusal?.retryAfter, 10)
  assert.equal(refusal?.message, 'Too many requests from this address; try again in 10 seconds.')
})

test('the log has a line a minute, and says how proxies are trusted where none is', () => {
  const { ask, forward, logs } = create()
  ask(100, 'registrations', '/register', '203.0.113.7')
  assert.equal(logs.length, 1)
  assert.partialDeepStrictEqual(logs[0], {
    event: 'request.limited',
    level: 'warn',
    path: '/register',
    address: '203.0.113.7',
  })
  assert.match(logs[0]?.message ?? '', /limits\.registrations.* unless trustedProxyHops is set\.$/)
  forward(60)
  ask(100, 'registrations', '/register', '203.0.113.7')
  assert.equal(logs.length, 2)
  const proxied = create(LIMITS, 1)
  proxied.ask(100, 'registrations', '/register', '203.0.113.7')
  assert.doesNotMatch(proxied.logs[0]?.message ?? '', /trustedProxyHops/)
})

test('switched off, it refuses nobody', () => {
  const { limiter } = create()
  assert.ok(limiter)
  const off = createRateLimiter({ limits: undefined, trustedProxyHops: 0, log: () => {} })
  for (let i = 0; i < 100_000; i++) off.take('failures', '/token', 'a')
})
