import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { promisify } from 'node:util'
import { createClient } from 'redis'
import { find, howToInstall, redis } from '../../scripts/needs.js'
import { fixedPort } from './fixed-port.ts'

const command = find(redis)

/** The `skip` option of a test that needs Redis: false where there is one, else what to do. */
export const withoutRedis: string | false = command
  ? false
  : `Redis is not on this machine. ${howToInstall(redis)}`

/** A Redis of the test's own, on a free port of loopback, with its data in a temporary folder. */
export type RunningRedis = AsyncDisposable & {
  readonly port: number
  /** Its address; `login` is what stands before `@`. */
  url(login?: string): string
  /** Gives a command to it, as an operator would. */
  ask(...args: string[]): Promise<unknown>
  /** Ends it at once, as a crash would. */
  crash(): Promise<void>
  /** Starts it again with the data that it has. */
  start(): Promise<void>
  /** Stops its process (SIGSTOP) until the function that it gives is called. */
  freeze(): () => void
}

const TIMEOUT = 15_000

/** The settings that Entrance asks for. */
export const DURABLE = ['--appendonly', 'yes', '--maxmemory-policy', 'noeviction'] as const

/** Starts one; `settings` are those of its command line. */
export async function startRedis(settings: readonly string[] = DURABLE): Promise<RunningRedis> {
  const folder = mkdtempSync(join(tmpdir(), 'entrance-redis-'))
  const port = await fixedPort()
  let child: ChildProcess | undefined
  const start = async () => {
    child = await launch(folder, port, settings)
  }
  const crash = async () => {
    await end(child)
    child = undefined
  }
  await start()
  return {
    port,
    url: (login) => `redis://${login ? `${login}@` : ''}127.0.0.1:${port}`,
    ask: (...args) => askRedis(port, args),
    start,
    crash,
    freeze() {
      const frozen = child
      frozen?.kill('SIGSTOP')
      return () => frozen?.kill('SIGCONT')
    },
    async [Symbol.asyncDispose]() {
      await crash()
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

async function launch(folder: string, port: number, settings: readonly string[]) {
  if (!command) throw new Error(String(withoutRedis))
  const own = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '']
  // A Sentinel writes to its file, which has to be there.
  const file = settings.includes('--sentinel') ? [join(folder, 'sentinel.conf')] : []
  for (const path of file) writeFileSync(path, '')
  const child = spawn(command, [...file, ...own, ...settings], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let written = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      written = (written + text).slice(-4000)
    })
  }
  try {
    await until(`Redis listens on ${port}`, async () => {
      if (child.exitCode !== null) throw new Error(`Redis ended: ${written}`)
      return (await isListening(port)) && (await isLoaded(port, settings))
    })
  } catch (error) {
    await end(child)
    throw error
  }
  return child
}

/** One that reads its file still answers, but with an error. */
async function isLoaded(port: number, settings: readonly string[]): Promise<boolean> {
  if (settings.includes('--tls-port')) return true
  const answer = await askRedis(port, ['PING']).catch((error: Error) => error.message)
  return !/LOADING|ECONN|closed/i.test(String(answer))
}

async function end(child: ChildProcess | undefined): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'close')
  child.kill('SIGKILL')
  await exit
}

async function askRedis(port: number, args: readonly string[]): Promise<unknown> {
  const client = createClient({
    socket: { host: '127.0.0.1', port, reconnectStrategy: false },
    RESP: 2,
    disableClientInfo: true,
    maintNotifications: 'disabled',
  })
  client.on('error', () => {})
  try {
    await client.connect()
    return await client.sendCommand([...args])
  } finally {
    if (client.isOpen) client.destroy()
  }
}

/** A cluster of three masters, without replicas. */
export async function startCluster(): Promise<
  AsyncDisposable & { readonly url: string; readonly nodes: readonly RunningRedis[] }
> {
  await using started = new AsyncDisposableStack()
  const settings = [...DURABLE, '--cluster-enabled', 'yes', '--cluster-node-timeout', '2000']
  const nodes: RunningRedis[] = []
  for (let i = 0; i < 3; i++) nodes.push(started.use(await startRedis(settings)))
  const hosts = nodes.map(({ port }) => `127.0.0.1:${port}`)
  const cli = (command ?? '').replace(/-server(?=[^/\\]*$)/, '-cli')
  await promisify(execFile)(cli, ['--cluster', 'create', ...hosts, '--cluster-yes'])
  for (const node of nodes) {
    await until('the cluster is whole', async () =>
      String(await node.ask('CLUSTER', 'INFO')).includes('cluster_state:ok'),
    )
  }
  const running = started.move()
  const url = `redis+cluster://${hosts.join()}`
  return { url, nodes, [Symbol.asyncDispose]: () => running.disposeAsync() }
}

/** A master, a replica of it, and three Sentinels that call the master `mymaster`. */
export async function startSentinels(): Promise<
  AsyncDisposable & {
    readonly url: string
    readonly master: RunningRedis
    readonly replica: RunningRedis
    readonly sentinels: readonly RunningRedis[]
  }
> {
  await using started = new AsyncDisposableStack()
  const master = started.use(await startRedis())
  const follow = ['--replicaof', `127.0.0.1 ${master.port}`, '--repl-diskless-sync-delay', '0']
  const replica = started.use(await startRedis([...DURABLE, ...follow]))
  await until('the replica has everything', async () =>
    String(await replica.ask('INFO', 'replication')).includes('master_link_status:up'),
  )
  const sentinels: RunningRedis[] = []
  for (let i = 0; i < 3; i++) {
    const sentinel = started.use(await startRedis(['--sentinel']))
    await sentinel.ask('SENTINEL', 'MONITOR', 'mymaster', '127.0.0.1', String(master.port), '2')
    await sentinel.ask('SENTINEL', 'SET', 'mymaster', 'down-after-milliseconds', '500')
    await sentinel.ask('SENTINEL', 'SET', 'mymaster', 'failover-timeout', '3000')
    sentinels.push(sentinel)
  }
  for (const sentinel of sentinels) {
    await until('the Sentinels know each other and the replica', async () => {
      const told = (await sentinel.ask('SENTINEL', 'MASTER', 'mymaster')) as string[]
      const field = (name: string) => told[told.indexOf(name) + 1]
      return field('num-other-sentinels') === '2' && field('num-slaves') === '1'
    })
  }
  const running = started.move()
  const url = `redis+sentinel://${sentinels.map(({ port }) => `127.0.0.1:${port}`)}/mymaster`
  return { url, master, replica, sentinels, [Symbol.asyncDispose]: () => running.disposeAsync() }
}

/** Asks again and again until it is so. */
export async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + TIMEOUT; Date.now() < deadline; await wait(20)) {
    if (await isSo()) return
  }
  throw new Error(`Not within ${TIMEOUT} ms: ${what}.`)
}

async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
