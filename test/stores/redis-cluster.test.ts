import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { ConfigError } from '../../src/index.ts'
import { redisStore } from '../../src/stores/redis.ts'
import { withoutRedis } from '../support/redis.ts'
import { type RunningCluster, startCluster } from '../support/redis-topologies.ts'
import { storeContract } from './contract.ts'

let cluster: RunningCluster
let stores = 0

suite('a Redis Cluster of three masters', { skip: withoutRedis }, () => {
  before(async () => {
    cluster = await startCluster(0)
  })
  after(() => cluster[Symbol.asyncDispose]())

  storeContract({
    name: 'redis cluster',
    open: () => redisStore(`${cluster.url}?prefix=c${stores++}:`),
  })

  test('is not taken for a single Redis', async () => {
    const store = redisStore(`redis://127.0.0.1:${cluster.nodes[0]?.port}`)
    await assert.rejects(store.connect(), (error: Error) => {
      assert.match(error.message, /node of a cluster.*redis\+cluster/s)
      return error instanceof ConfigError
    })
    await store.close()
  })
})
