import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'
import { find, howToInstall, postgres } from '../../scripts/needs.js'
import { fixedPort } from './fixed-port.ts'

const command = find(postgres)

/** The `skip` option of a test that needs PostgreSQL: false where there is one, else what to do. */
export const withoutPostgres: string | false = command
  ? false
  : `PostgreSQL is not on this machine. ${howToInstall(postgres)}`

/** A PostgreSQL server of a test's own. */
export type RunningPostgres = AsyncDisposable & {
  /** Of the process that starts the others. */
  readonly pid: number
  /** The address of a new, empty database. */
  database(): Promise<string>
  /** Asks something of the server, as its administrator. */
  query(text: string, database?: string): Promise<Record<string, unknown>[]>
  /** As at a power failure, and back. */
  crash(): Promise<void>
  /** Likewise, without so much as a word to any of its processes. */
  kill(): Promise<void>
  start(): Promise<void>
  /** Makes it hang: connections stay, and nothing is answered. */
  pause(): void
  resume(): void
}

const START_TIMEOUT = 30_000
const PASSWORD = 'a-test-password'

/** PostgreSQL refuses to run as root: then it runs as Debian's own user of it, or nobody. */
function identity(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {}
  const name = ['postgres', 'nobody'].find((each) => idOf(each, '-u') !== undefined) ?? 'nobody'
  return { uid: idOf(name, '-u') ?? 65_534, gid: idOf(name, '-g') ?? 65_534 }
}

function idOf(name: string, which: '-u' | '-g'): number | undefined {
  try {
    return Number(execFileSync('id', [which, name], { stdio: ['ignore', 'pipe', 'ignore'] }))
  } catch {
    return undefined
  }
}

/** Backends come and go: one that has gone in between needs none. */
function sendSignal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

/** Makes a cluster in a folder of its own and starts it on a port of loopback. */
export async function startPostgres(settings: readonly string[] = []): Promise<RunningPostgres> {
  if (!command) throw new Error(String(withoutPostgres))
  const user = identity()
  const folder = mkdtempSync(join(tmpdir(), 'entrance-postgres-'))
  chmodSync(folder, 0o700)
  if (user.uid !== undefined) chownSync(folder, user.uid, user.gid ?? user.uid)
  const data = join(folder, 'data')
  const init = ['-D', data, '-U', 'admin', '--no-sync', '-A', 'trust', '-E', 'UTF8', '--locale=C']
  execFileSync(join(dirname(command), 'initdb'), init, { ...user, cwd: folder, stdio: 'ignore' })
  const port = await fixedPort()
  let child: ChildProcess | undefined
  let exit: Promise<unknown> = Promise.resolve()

  async function query(text: string, database = 'postgres') {
    const client = new pg.Client({ host: '127.0.0.1', port, user: 'admin', database })
    client.on('error', () => {})
    await client.connect()
    try {
      return (await client.query(text)).rows
    } finally {
      await client.end()
    }
  }

  async function start(): Promise<void> {
    const args = ['-D', data, '-p', String(port), '-k', folder, '-h', '127.0.0.1']
    const set = settings.flatMap((setting) => ['-c', setting])
    child = spawn(command as string, [...args, ...set], { ...user, cwd: folder, stdio: 'ignore' })
    exit = once(child, 'exit')
    for (const deadline = Date.now() + START_TIMEOUT; Date.now() < deadline; await wait(30)) {
      if (child.exitCode !== null) throw new Error(`postgres ended with ${child.exitCode}.`)
      if (
        await query('SELECT 1').then(
          () => true,
          () => false,
        )
      )
        return
    }
    throw new Error('postgres does not answer.')
  }

  /** Its own processes: the postmaster first, which would replace the others, and those that it made. */
  function signal(name: NodeJS.Signals): number[] {
    const own = child?.pid ?? 0
    const made = readFileSync(`/proc/${own}/task/${own}/children`, 'utf8')
    const pids = [own, ...made.split(' ').map(Number)].filter((pid) => pid > 0)
    for (const pid of pids) sendSignal(pid, name)
    return pids
  }

  async function kill(): Promise<void> {
    const pids = signal('SIGKILL')
    await exit
    // While one of them is there, another server may not have the data.
    while (pids.some(isAlive)) await wait(5)
  }

  await start()
  await query(`CREATE ROLE app LOGIN PASSWORD '${PASSWORD}'`)
  return {
    get pid() {
      return child?.pid ?? 0
    },
    query,
    start,
    async database() {
      const name = `test_${randomBytes(6).toString('hex')}`
      await query(`CREATE DATABASE ${name} OWNER app`)
      return `postgres://app:${PASSWORD}@127.0.0.1:${port}/${name}`
    },
    async crash() {
      child?.kill('SIGQUIT')
      await exit
    },
    kill,
    pause: () => void signal('SIGSTOP'),
    resume: () => void signal('SIGCONT'),
    async [Symbol.asyncDispose]() {
      // One that hangs hears nothing. Fast shutdown: it waits for no connection.
      if (child?.exitCode === null) signal('SIGCONT')
      child?.kill('SIGINT')
      await exit
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}
