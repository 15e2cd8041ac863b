import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { find, redis } from '../../scripts/needs.js'
import { ConfigError } from '../../src/index.ts'
import { redisStore } from '../../src/stores/redis.ts'
import { type RunningRedis, startRedis, withoutRedis } from '../support/redis.ts'
import { storeContract } from './contract.ts'

const SETTINGS = ['--cluster-enabled', 'yes', '--appendonly', 'yes', '--save', '']

let nodes: readonly RunningRedis[] = []
let stores = 0

suite('a Redis Cluster of three masters', { skip: withoutRedis }, () => {
  before(async () => {
    nodes = await Promise.all([0, 1, 2].map(() => startRedis(SETTINGS)))
    const hosts = nodes.map(({ port }) => `127.0.0.1:${port}`)
    const cli = join(dirname(String(find(redis))), 'redis-cli')
    execFileSync(cli, ['--cluster', 'create', ...hosts, '--cluster-yes'], { stdio: 'ignore' })
    for (const node of nodes) await joined(node)
  })
  after(async () => {
    for (const node of nodes) await node[Symbol.asyncDispose]()
  })

  storeContract({
    name: 'redis cluster',
    open: () => redisStore(`redis+cluster://127.0.0.1:${nodes[0]?.port}?prefix=c${stores++}:`),
  })

  test('is not taken for a single Redis', async () => {
    const store = redisStore(`redis://127.0.0.1:${nodes[0]?.port}`)
    await assert.rejects(store.connect(), (error: Error) => {
      assert.match(error.message, /node of a cluster.*redis\+cluster/s)
      return error instanceof ConfigError
    })
    await store.close()
  })
})

/** Until the node knows where every slot is. */
async function joined(node: RunningRedis): Promise<void> {
  for (const deadline = Date.now() + 20_000; Date.now() < deadline; await wait(50)) {
    if (/cluster_state:ok/.test(await node.command('CLUSTER', 'INFO'))) return
  }
  throw new Error('The cluster does not come about.')
}
