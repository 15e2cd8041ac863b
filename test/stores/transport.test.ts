import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import pg from 'pg'
import { readAddress } from '../../src/stores/postgres/address.ts'
import { findInTransport } from '../../src/stores/postgres/faults.ts'
import { connectionConfig } from '../../src/stores/postgres/pool.ts'
import { parseRedisAddress } from '../../src/stores/redis/address.ts'
import { findInTransport as findInRedis } from '../../src/stores/redis/settings.ts'

const PLAIN = /without TLS/
const UNVERIFIED = /certificate is not looked at/

suite('PostgreSQL: somebody on the way to the store', () => {
  const CASES: readonly (readonly [address: string, expected: RegExp | undefined])[] = [
    ['postgres://u:p@db.example.com/d', PLAIN],
    ['postgres://u:p@db.example.com/d?sslmode=disable', PLAIN],
    ['postgres://u:p@localhost/d?host=db.example.com', PLAIN],
    ['postgres://u:p@db.example.com/d?ssl=0', PLAIN],
    ['postgres://u:p@db.example.com/d?sslmode=no-verify', UNVERIFIED],
    ['postgres://u:p@db.example.com/d?sslmode=require&uselibpqcompat=true', UNVERIFIED],
    ['postgres://u:p@db.example.com/d?sslmode=verify-full', undefined],
    ['postgres://u:p@db.example.com/d?ssl=true', undefined],
    ['postgres://u:p@localhost/d', undefined],
    ['postgres://u:p@127.0.0.1:5433/d', undefined],
    ['postgres://u:p@[::1]/d', undefined],
    ['postgres://u:p@%2Fvar%2Frun%2Fpostgresql/d', undefined],
    ['postgres://u:p@localhost/d?host=/var/run/postgresql', undefined],
  ]
  for (const [address, expected] of CASES) {
    test(`${expected ? 'is warned of' : 'has nothing'} at ${address}`, () => {
      // The driver's own reading of it.
      const [finding, ...more] = findInTransport(
        new pg.Client(connectionConfig(readAddress(address))),
      )
      assert.equal(more.length, 0)
      if (expected) assert.match(finding?.problem ?? '', expected)
      else assert.equal(finding, undefined)
    })
  }
})

suite('Redis: somebody on the way to the store', () => {
  const CASES: readonly (readonly [address: string, isWarned: boolean])[] = [
    ['redis://:p@cache.example.com', true],
    ['redis+cluster://localhost,cache.example.com', true],
    ['redis+sentinel://cache.example.com/main', true],
    ['rediss://:p@cache.example.com', false],
    ['redis://localhost', false],
    ['redis://[::1]:6380', false],
  ]
  for (const [address, isWarned] of CASES) {
    test(`${isWarned ? 'is warned of' : 'has nothing'} at ${address}`, () => {
      const found = findInRedis(parseRedisAddress(address)).map(({ severity }) => severity)
      assert.deepEqual(found, isWarned ? ['warning'] : [])
    })
  }
})
