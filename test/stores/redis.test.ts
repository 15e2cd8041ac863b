import { after, before, describe } from 'node:test'
import type { Store } from '../../src/index.ts'
import { redisStore } from '../../src/stores/redis.ts'
import { type RunningRedis, startCluster, startRedis, withoutRedis } from '../support/redis.ts'
import { storeContract } from './contract.ts'

describe('redis', { skip: withoutRedis }, () => {
  let server: RunningRedis
  before(async () => {
    server = await startRedis()
  })
  after(() => server[Symbol.asyncDispose]())

  storeContract({ name: 'redis', open: () => emptyStore(server.url()) })
})

describe('a cluster', { skip: withoutRedis }, () => {
  let cluster: Awaited<ReturnType<typeof startCluster>>
  before(async () => {
    cluster = await startCluster()
  })
  after(() => cluster[Symbol.asyncDispose]())

  storeContract({ name: 'redis cluster', open: () => emptyStore(cluster.url) })
})

let stores = 0

/** Every test has keys of its own: nothing is there. */
function emptyStore(url: string): Store {
  return redisStore(`${url}?prefix=test-${++stores}:`)
}
