import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { ConfigError, type Store } from '../../src/index.ts'
import { redisStore } from '../../src/stores/redis.ts'
import { startRedis, withoutRedis } from '../support/redis.ts'
import { startCluster, startSentinels, until } from '../support/redis-topologies.ts'
import { recordOf } from './contract.ts'

const KEYS = Array.from({ length: 30 }, (_, i) => `grant:${i}`)

suite('a fail-over of Redis', { skip: withoutRedis, timeout: 120_000 }, () => {
  test('by Sentinels: the store goes on at the new master, with what it had', async () => {
    await using group = await startSentinels()
    await using store = opened(group.url)
    await store.connect()
    const heard = listen(store)
    for (const key of KEYS) await store.create(recordOf(key))
    await until('the replica has all', async () => {
      const copied = await group.replica.command('DBSIZE')
      return copied === (await group.master.command('DBSIZE'))
    })
    await group.master.crash()
    await until('the store writes again', async () => store.create(recordOf('after')))
    for (const key of KEYS) assert.equal((await store.get(key))?.version, 1, key)
    assert.match(await group.replica.command('INFO', 'replication'), /role:master/)
    // The first Sentinel may be gone as well.
    await group.sentinels[0]?.crash()
    await using another = opened(group.url)
    await another.connect()
    const before = heard.count
    await until('what is revoked is called out at the new master', async () => {
      await another.revoke({ kind: 'grant', id: '1', issuedUntil: 1, expiresAt: 4_000_000_000 })
      return heard.count > before + 1
    })
    heard.end()
  })

  test('in a cluster: the store goes on at the replica, and the other masters meanwhile', async () => {
    await using cluster = await startCluster(1)
    await using store = opened(cluster.url)
    await store.connect()
    for (const key of KEYS) await store.create(recordOf(key))
    for (const node of cluster.nodes) await node.command('WAIT', '1', '1000')
    const masters = []
    for (const node of cluster.nodes) {
      if (/role:master/.test(await node.command('INFO', 'replication'))) masters.push(node)
    }
    assert.equal(masters.length, 3)
    await masters[0]?.crash()
    for (const key of KEYS) {
      await until(`${key} is read`, async () => (await store.get(key))?.version === 1)
      await until(`${key} is written`, async () => store.replace(recordOf(key), 1))
    }
    assert.equal(await walked(store), KEYS.length)
    await using another = opened(cluster.url)
    await another.connect()
    assert.equal((await another.get('grant:0'))?.version, 2)
  })

  test('a master’s name that the Sentinels do not know, and a Sentinel taken for Redis', async () => {
    await using sentinel = await startRedis(['--sentinel'])
    const at = `127.0.0.1:${sentinel.port}`
    await refused(`redis+sentinel://${at}/other`, /a master that the Sentinels do not know/)
    await refused(`redis://${at}`, /the host is a Sentinel/)
  })
})

function listen(store: Store): { count: number; end: () => void } {
  const heard = { count: 0, end: () => {} }
  heard.end = store.watch?.(() => void heard.count++) ?? heard.end
  return heard
}

async function walked(store: Store): Promise<number> {
  const keys = new Set<string>()
  let after: string | undefined
  do {
    const page = await store.page({ prefix: 'grant:', after, limit: 10 })
    for (const { key } of page.records) keys.add(key)
    after = page.next
  } while (after !== undefined)
  return keys.size
}

function opened(url: string): Store & AsyncDisposable {
  const store = redisStore(url)
  return { ...store, [Symbol.asyncDispose]: () => store.close() }
}

async function refused(url: string, expected: RegExp): Promise<void> {
  await using store = opened(url)
  await assert.rejects(store.connect(), (error: Error) => {
    assert.match(error.message, expected)
    return error instanceof ConfigError
  })
}
