import assert from 'node:assert/strict'
import { test } from 'node:test'
import { redisStore } from '../../src/stores/redis.ts'
import { until } from '../cli/waiting-server.ts'
import { startRedis, withoutRedis } from '../support/redis.ts'

const sockets = () =>
  process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length

test('a Redis that takes connections and never answers costs no socket for each attempt', {
  skip: withoutRedis,
}, async () => {
  await using redis = await startRedis()
  const store = redisStore(redis.store())
  await store.connect()
  const before = sockets()
  redis.pause()
  for (let i = 0; i < 3; i++) await assert.rejects(store.get('key'))
  await until('they are closed', () => sockets() <= before, 10)
  redis.resume()
  await store.close()
})
