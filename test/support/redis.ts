import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { find, howToInstall, redis } from '../../scripts/needs.js'
import { fixedPort } from './fixed-port.ts'

const command = find(redis)

/** The `skip` option of a test that needs Redis: false where there is one, else what to do. */
export const withoutRedis: string | false = command
  ? false
  : `Redis is not on this machine. ${howToInstall(redis)}`

/** A Redis server of a test's own. */
export type RunningRedis = AsyncDisposable & {
  readonly port: number
  readonly pid: number
  /** With a key prefix: an empty store each. */
  store(): string
  /** As at a power failure, and back. */
  crash(): Promise<void>
  start(): Promise<void>
  /** Makes it hang: connections stay, and nothing is answered. */
  pause(): void
  resume(): void
  /** Sends one command over a connection of its own, and gives what comes back. */
  command(...words: readonly string[]): Promise<string>
}

const START_TIMEOUT = 15_000

/** That nothing confirmed is lost: each write is on the disk before it is answered. */
const DURABLE = ['--appendonly', 'yes', '--appendfsync', 'always', '--save', '']

let stores = 0

/** Starts Redis on a port of loopback, in a folder of its own; `settings` as on its command line. */
export async function startRedis(settings: readonly string[] = DURABLE): Promise<RunningRedis> {
  if (!command) throw new Error(String(withoutRedis))
  const folder = mkdtempSync(join(tmpdir(), 'entrance-redis-'))
  let port = await fixedPort()
  let child: ChildProcess | undefined
  let exit: Promise<unknown> = Promise.resolve()

  // A Sentinel keeps what it knows in its file, which has to be there.
  const isSentinel = settings.includes('--sentinel')
  const file = isSentinel ? [join(folder, 'sentinel.conf')] : []
  for (const path of file) writeFileSync(path, '')

  async function start(): Promise<void> {
    const own = [...file, '--port', String(port), '--bind', '127.0.0.1', '--dir', folder]
    child = spawn(command as string, [...own, '--daemonize', 'no', ...settings], {
      stdio: 'ignore',
    })
    exit = once(child, 'exit')
    for (const deadline = Date.now() + START_TIMEOUT; Date.now() < deadline; await wait(20)) {
      if (child.exitCode !== null) throw new Error(`redis-server ended with ${child.exitCode}.`)
      const answer = await ask(port, ['PING']).catch(() => '')
      if (/^(\+PONG|-NOAUTH)/.test(answer)) return
    }
    throw new Error('redis-server does not answer.')
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    child?.kill(signal)
    await exit
  }

  // The port of a cluster's own talk, 10,000 above, may be somebody's: another is as good.
  for (let attempt = 1; ; attempt++) {
    try {
      await start()
      break
    } catch (error) {
      if (attempt === 5) throw error
      port = await fixedPort()
    }
  }
  return {
    port,
    get pid() {
      return child?.pid ?? 0
    },
    start,
    store: () => `redis://127.0.0.1:${port}/0?prefix=t${process.pid}-${stores++}:`,
    crash: () => end('SIGKILL'),
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
    command: (...words) => ask(port, words),
    async [Symbol.asyncDispose]() {
      child?.kill('SIGCONT')
      await end('SIGKILL')
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

async function ask(port: number, words: readonly string[]): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`)
    socket.write(`*${words.length}\r\n${parts.join('')}`)
    const [answer] = await once(socket, 'data', { signal: AbortSignal.timeout(2000) })
    return String(answer)
  } finally {
    socket.destroy()
  }
}
