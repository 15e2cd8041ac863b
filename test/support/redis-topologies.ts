import { execFile } from 'node:child_process'
import { dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { promisify } from 'node:util'
import { find, redis } from '../../scripts/needs.js'
import { type RunningRedis, startRedis } from './redis.ts'

const DURABLE = ['--appendonly', 'yes', '--save', ''] as const
const TIMEOUT = 20_000

export type RunningCluster = AsyncDisposable & {
  readonly nodes: readonly RunningRedis[]
  /** Its address without a query. */
  readonly url: string
}

/** A cluster of three masters, each with so many replicas. */
export async function startCluster(replicas: number): Promise<RunningCluster> {
  await using started = new AsyncDisposableStack()
  const settings = [...DURABLE, '--cluster-enabled', 'yes', '--cluster-node-timeout', '1000']
  const nodes: RunningRedis[] = []
  // One by one: should one not start, those before it are ended.
  while (nodes.length < 3 * (1 + replicas)) nodes.push(started.use(await startRedis(settings)))
  const hosts = nodes.map(({ port }) => `127.0.0.1:${port}`)
  const cli = join(dirname(String(find(redis))), 'redis-cli')
  const create = ['--cluster', 'create', ...hosts, '--cluster-replicas', String(replicas)]
  await promisify(execFile)(cli, [...create, '--cluster-yes'])
  await until('every node knows its part', async () => {
    const told = await Promise.all(
      nodes.map(async (node) => {
        const replication = await node.command('INFO', 'replication')
        const isInStep = replication.includes('role:master')
          ? replication.includes(`connected_slaves:${replicas}`)
          : replication.includes('master_link_status:up')
        return isInStep && (await node.command('CLUSTER', 'INFO')).includes('cluster_state:ok')
      }),
    )
    return told.every(Boolean)
  })
  const running = started.move()
  const url = `redis+cluster://${hosts.join()}`
  return { nodes, url, [Symbol.asyncDispose]: () => running.disposeAsync() }
}

export type RunningSentinels = AsyncDisposable & {
  readonly url: string
  readonly master: RunningRedis
  readonly replica: RunningRedis
  readonly sentinels: readonly RunningRedis[]
}

/** A master, its replica, and three Sentinels that call the master `mymaster`. */
export async function startSentinels(): Promise<RunningSentinels> {
  await using started = new AsyncDisposableStack()
  const master = started.use(await startRedis(DURABLE))
  const following = ['--replicaof', `127.0.0.1 ${master.port}`, '--repl-diskless-sync-delay', '0']
  const replica = started.use(await startRedis([...DURABLE, ...following]))
  const sentinels: RunningRedis[] = []
  for (let i = 0; i < 3; i++) {
    const sentinel = started.use(await startRedis(['--sentinel']))
    await sentinel.command('SENTINEL', 'MONITOR', 'mymaster', '127.0.0.1', `${master.port}`, '2')
    await sentinel.command('SENTINEL', 'SET', 'mymaster', 'down-after-milliseconds', '500')
    sentinels.push(sentinel)
  }
  await until('the Sentinels know each other, and the replica has everything', async () => {
    const link = await replica.command('INFO', 'replication')
    const told = await Promise.all(sentinels.map((s) => s.command('INFO', 'sentinel')))
    const isKnown = told.every((text) => /status=ok,[^\n]*slaves=1,sentinels=3/.test(text))
    return isKnown && link.includes('master_link_status:up')
  })
  const running = started.move()
  const hosts = sentinels.map(({ port }) => `127.0.0.1:${port}`)
  const url = `redis+sentinel://${hosts.join()}/mymaster`
  return { url, master, replica, sentinels, [Symbol.asyncDispose]: () => running.disposeAsync() }
}

/** Asks again and again until it is so. */
export async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  for (const deadline = performance.now() + TIMEOUT; performance.now() < deadline; await wait(20)) {
    if (await isSo().catch(() => false)) return
  }
  throw new Error(`Not within ${TIMEOUT} ms: ${what}.`)
}
