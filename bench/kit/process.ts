// Programs that are measured: started, asked how much they use, and ended.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'

export type Program = {
  readonly command: string
  readonly args: readonly string[]
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** The processor that it is kept to, where that can be done: what is measured, on 0; all else beside it. */
  readonly cpu?: number
}

export type Running = AsyncDisposable & {
  readonly pid: number
  readonly child: ChildProcess
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
    const { exitCode, signalCode } = running.child
    const isGone = exitCode !== null || signalCode !== null
    if (isGone || performance.now() > deadline) {
      await running.stop()
      const what = isGone ? `ended (${exitCode ?? signalCode})` : 'was not ready in time'
      throw new Error(`${program.command} ${program.args.join(' ')} ${what}:\n${running.output()}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  return running
}

function spawnProgram({ command, args, cwd, env, cpu }: Program): Running {
  const isPinned = cpu !== undefined && canPin()
  const [file, ...rest] = isPinned
    ? ['taskset', '-c', String(cpu % availableParallelism()), command, ...args]
    : [command, ...args]
  const child = spawn(file as string, rest, {
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
  child.on('error', (error) => keep(Buffer.from(String(error))))
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
    const gone = once(child, 'exit')
    child.kill('SIGTERM')
    const late = setTimeout(() => child.kill('SIGKILL'), 5000)
    await gone
    clearTimeout(late)
  }
  return {
    pid: child.pid ?? 0,
    child,
    output: () => output,
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

/** Linux, with util-linux: elsewhere the system decides who runs where. */
export function canPin(): boolean {
  return process.platform === 'linux' && availableParallelism() > 1
}

/**
 * Seconds of the processor that a process and all below it have used, at a resolution of 10 ms;
 * NaN where the system has no /proc.
 */
export function cpuSeconds(pid: number): number {
  const ticks = family(pid).reduce((sum, one) => {
    const fields = statOf(one)
    // proc(5): utime, stime, and those of children that have ended.
    return sum + [11, 12, 13, 14].reduce((all, at) => all + Number(fields[at] ?? 0), 0)
  }, 0)
  return process.platform === 'linux' ? ticks / 100 : Number.NaN
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

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // It has ended meanwhile.
    return ''
  }
}
