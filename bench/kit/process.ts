// Programs that are measured: started, asked how much they use, and ended.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { pinTo } from './processors.ts'

export type Program = {
  readonly command: string
  readonly args: readonly string[]
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** The processor that it is kept to, where that can be done: MEASURED or BESIDE. */
  readonly cpu?: number
}

export type Running = AsyncDisposable & {
  readonly pid: number
  readonly child: ChildProcess
  /** What became of it: how it ended, or why it could not be started; undefined while it runs. */
  end(): string | undefined
  /** What it has said so far, both outputs. */
  output(): string
  stop(): Promise<void>
}

/** Starts a program that `isReady` can tell to be there; throws with its output where it ends before. */
export async function start(
  program: Program,
  isReady: () => Promise<boolean>,
  patience = 60_000,
): Promise<Running> {
  const running = spawnProgram(program)
  const deadline = performance.now() + patience
  while (!(await isReady().catch(() => false))) {
    const end = running.end()
    if (end !== undefined || performance.now() > deadline) {
      await running.stop()
      const what = end ?? 'was not ready in time'
      throw new Error(`${program.command} ${program.args.join(' ')} ${what}:\n${running.output()}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  return running
}

function spawnProgram({ command, args, cwd, env, cpu }: Program): Running {
  const [file = '', ...rest] = [...(cpu === undefined ? [] : pinTo(cpu)), command, ...args]
  const child = spawn(file, rest, {
    ...(cwd && { cwd }),
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const keep = (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-20_000)
  }
  child.stdout?.on('data', keep)
  child.stderr?.on('data', keep)
  let failure: string | undefined
  child.on('error', ({ message }) => {
    failure = `could not be started (${message})`
  })
  const end = () => {
    const how = child.exitCode ?? child.signalCode
    return failure ?? (how === null ? undefined : `ended (${how})`)
  }
  const stop = async () => {
    if (end() !== undefined || child.pid === undefined) return
    const gone = once(child, 'exit')
    child.kill('SIGTERM')
    const late = setTimeout(() => child.kill('SIGKILL'), 5000)
    await gone
    clearTimeout(late)
  }
  return {
    pid: child.pid ?? 0,
    child,
    end,
    output: () => output,
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

/** Seconds of the processor that a process and all below it have used; NaN where the system has no /proc. */
export function cpuSeconds(pid: number): number {
  return createCpuClock(pid)()
}

/** Gives the same again and again. Who is below the process is found once, which takes longer than the rest. */
export function createCpuClock(pid: number): () => number {
  const pids = family(pid)
  if (process.platform !== 'linux') return () => Number.NaN
  return () => pids.reduce((sum, one) => sum + secondsOf(one), 0)
}

/** A process's own, to the nanosecond, and of its children that have ended, to 10 ms. */
function secondsOf(pid: number): number {
  const fields = statOf(pid)
  const ticks = (...at: number[]) => at.reduce((sum, i) => sum + Number(fields[i] ?? 0), 0) / 100
  // proc(5): utime and stime count threads that have ended, too; then those of children.
  return Math.max(ticks(11, 12), scheduledSeconds(pid)) + ticks(13, 14)
}

/** What the scheduler has counted of the threads that there are. */
function scheduledSeconds(pid: number): number {
  const threads = list(`/proc/${pid}/task`)
  const of = (id: string) => Number(read(`/proc/${pid}/task/${id}/schedstat`).split(' ')[0])
  return threads.reduce((sum, id) => sum + of(id), 0) / 1e9
}

/** Resident memory of a process and all below it, in MB of 2^20 bytes; NaN without /proc. */
export function residentMegabytes(pid: number): number {
  if (process.platform !== 'linux') return Number.NaN
  const kilobytes = family(pid).reduce((sum, one) => {
    const [, rss = '0'] = /^VmRSS:\s+(\d+)/m.exec(read(`/proc/${one}/status`)) ?? []
    return sum + Number(rss)
  }, 0)
  return kilobytes / 1024
}

/** A process, and all that it started, and so on; none where the system has no /proc. */
export function family(pid: number): number[] {
  if (process.platform !== 'linux') return []
  const parents = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => [Number(name), Number(statOf(Number(name))[1])] as const)
  const below = (one: number): number[] => [
    one,
    ...parents.filter(([, parent]) => parent === one).flatMap(([child]) => below(child)),
  ]
  return below(pid)
}

/** The fields of /proc/PID/stat after the name, which may hold anything: the state is the first. */
export function statOf(pid: number): string[] {
  const stat = read(`/proc/${pid}/stat`)
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

function list(path: string): string[] {
  try {
    return readdirSync(path)
  } catch {
    // It has ended meanwhile.
    return []
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // It has ended meanwhile.
    return ''
  }
}
