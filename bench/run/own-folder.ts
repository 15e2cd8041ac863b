// A run's own folder and processes, of which nothing is left, however it ends.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { family, statOf } from '../kit/process.ts'

/** Somebody wants it to end: Ctrl-C, or a signal. */
export class Interrupted extends Error {
  readonly exitCode: number

  constructor(signal: NodeJS.Signals) {
    super(`ended by ${signal}`)
    this.exitCode = 128 + constants.signals[signal]
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** How long a process has to end by itself, and a part to clear away what it made. */
const PATIENCE = 3000

/**
 * Gives `work` a folder, in which everything temporary lands, and ends and removes what is left. On a
 * signal `work` is told by `signal`, and what it has started is ended at once.
 */
export async function inOwnFolder<T>(
  work: (folder: string, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'entrance-bench-'))
  // PostgreSQL does not run as root: another user has to get through to its folder.
  chmodSync(folder, 0o711)
  const abort = new AbortController()
  const interruption = Promise.withResolvers<never>()
  const interrupt = (signal: NodeJS.Signals) => {
    const reason = new Interrupted(signal)
    abort.abort(reason)
    interruption.reject(reason)
  }
  for (const signal of SIGNALS) process.on(signal, interrupt)
  process.on('uncaughtException', ignore)
  const restore = moveTemporaryFiles(folder)
  try {
    const working = work(folder, abort.signal)
    return await Promise.race([working, interruption.promise]).finally(async () => {
      await endChildren()
      // Its programs are gone: it finds out, and puts away what else it has.
      await Promise.race([working.catch(() => {}), wait(PATIENCE)])
      await endChildren()
    })
  } finally {
    for (const signal of SIGNALS) process.off(signal, interrupt)
    process.off('uncaughtException', ignore)
    restore()
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** What a part that is over still has to say, when its programs are ended, must not end the run. */
function ignore(): void {}

/** Ends what this process has started: it, and what that started, and so on. Gives how many there were. */
export async function endChildren(): Promise<number> {
  const [, ...below] = family(process.pid)
  const alive = new Map(below.map((pid) => [pid, startedAt(pid)]))
  const isAlive = (pid: number) => !isZombie(pid) && startedAt(pid) === alive.get(pid)
  const left = () => below.filter(isAlive)
  const count = left().length
  for (const pid of left()) send(pid, 'SIGTERM')
  const deadline = performance.now() + PATIENCE
  while (left().length > 0 && performance.now() < deadline) await wait(20)
  for (const pid of left()) send(pid, 'SIGKILL')
  while (left().length > 0 && performance.now() < deadline + PATIENCE) await wait(5)
  return count
}

/** Whatever asks for a temporary folder from now on, here or in a child, gets one in `folder`. */
function moveTemporaryFiles(folder: string): () => void {
  const names = process.platform === 'win32' ? ['TEMP', 'TMP'] : ['TMPDIR']
  const before = names.map((name) => [name, process.env[name]] as const)
  for (const name of names) process.env[name] = folder
  return () => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
  }
}

/** A number is given again; together with the time it is nobody else's. */
function startedAt(pid: number): string | undefined {
  return statOf(pid)[19]
}

function isZombie(pid: number): boolean {
  return /^[XZ]?$/.test(statOf(pid)[0] ?? '')
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It has just ended.
  }
}
