import { randomUUID } from 'node:crypto'
import { readFile, stat, unlink, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { CommandError } from '../exit-codes.ts'

export type LockOptions = {
  /** Seconds after which a lock that nobody gave back counts as left behind. @default 60 */
  readonly staleTtl?: number
  readonly signal?: AbortSignal
}

type Holder = { readonly nonce: string; readonly pid: number; readonly host: string }

/**
 * Runs `work` while this process, alone of all on the machine, holds the lock file. A lock whose
 * process is gone, or that is older than `staleTtl`, is taken over.
 */
export async function withLock<T>(
  path: string,
  options: LockOptions,
  work: () => Promise<T>,
): Promise<T> {
  const staleTtl = options.staleTtl ?? 60
  const holder: Holder = { nonce: randomUUID(), pid: process.pid, host: hostname() }
  await acquire(path, holder, staleTtl, options.signal)
  try {
    return await work()
  } finally {
    await release(path, holder)
  }
}

async function acquire(
  path: string,
  holder: Holder,
  staleTtl: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  // Whoever holds it lets go, dies or turns stale within this time; then it is ours at some point.
  const deadline = Date.now() + 4 * staleTtl * 1000
  while (!(await createExclusively(path, holder))) {
    if (await isStale(path, staleTtl)) await takeAway(path, staleTtl)
    else if (Date.now() > deadline) throw lockedError(path)
    else await delay(10 + Math.random() * 40, undefined, signal ? { signal } : {})
  }
}

async function createExclusively(path: string, holder: Holder): Promise<boolean> {
  try {
    await writeFile(path, JSON.stringify(holder), { flag: 'wx', mode: 0o600 })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

async function isStale(path: string, staleTtl: number): Promise<boolean> {
  const age = await ageOf(path)
  if (age === undefined) return false
  if (age > staleTtl) return true
  const holder = await readHolder(path)
  // A process id means something on its own machine only.
  return holder?.host === hostname() && !isAlive(holder.pid)
}

/**
 * Removes a stale lock. Two that both find it stale must not remove, one after the other, first the
 * old lock and then the other's new one: so they take turns, and look again.
 */
async function takeAway(path: string, staleTtl: number): Promise<void> {
  const turn = `${path}.stale`
  const holder: Holder = { nonce: randomUUID(), pid: process.pid, host: hostname() }
  if (await createExclusively(turn, holder)) {
    try {
      if (await isStale(path, staleTtl)) await remove(path)
    } finally {
      await remove(turn)
    }
  } else {
    // Somebody died between these few lines; nobody needs ten seconds for them.
    if (((await ageOf(turn)) ?? 0) > 10) await remove(turn)
    await delay(10)
  }
}

async function release(path: string, holder: Holder): Promise<void> {
  // Held too long, it may be another's by now.
  if ((await readHolder(path))?.nonce === holder.nonce) await remove(path)
}

async function ageOf(path: string): Promise<number | undefined> {
  try {
    return (Date.now() - (await stat(path)).mtimeMs) / 1000
  } catch {
    return undefined
  }
}

async function readHolder(path: string): Promise<Holder | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Holder
  } catch {
    // Gone, or not yet written to.
    return undefined
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it is there, and another person's.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

async function remove(path: string): Promise<void> {
  await unlink(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
  })
}

function lockedError(path: string): CommandError {
  return new CommandError(`Another entrance command holds ${path} and does not let go.`, {
    cure: 'When no other is running, delete that file and try again.',
  })
}
