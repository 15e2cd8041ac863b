import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'

const root = dirname(dirname(dirname(import.meta.dirname)))

/** The built command, as the package's `bin` runs it. */
export const MAIN = join(root, 'dist', 'cli', 'main.js')

export type Finished = {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A command that runs; `using` ends it where a test fails in between. */
export type Running = Disposable & {
  readonly child: ChildProcess
  /** Waits until stderr has this in it; fails when the command ends without. */
  said(pattern: RegExp): Promise<RegExpExecArray>
  /** The same for stdout. */
  wrote(pattern: RegExp): Promise<RegExpExecArray>
  readonly finished: Promise<Finished>
}

export type RunOptions = {
  env?: Readonly<Record<string, string>>
  cwd?: string
  /** What the command is run by, such as `prlimit` with its options. @default nothing */
  by?: readonly string[]
}

/** Runs `entrance ARGS` to its end. */
export async function entrance(args: readonly string[], options: RunOptions = {}) {
  const running = startEntranceCommand(args, options)
  running.child.stdin?.end()
  return running.finished
}

/** Starts `entrance ARGS`; its input stays open. Nothing of this process's environment but PATH. */
export function startEntranceCommand(args: readonly string[], options: RunOptions = {}): Running {
  assert.ok(existsSync(MAIN), 'build first: node scripts/build.js')
  const env = { PATH: process.env.PATH ?? '', ...options.env }
  const { cwd, by = [] } = options
  const [program = '', ...rest] = [...by, process.execPath, MAIN, ...args]
  const child = spawn(program, rest, { cwd, env, stdio: 'pipe' })
  const stdout = collect(child.stdout)
  const stderr = collect(child.stderr)
  const finished = once(child, 'close').then(([code]) => {
    return { code: code as number | null, stdout: stdout.text(), stderr: stderr.text() }
  })
  const awaiting =
    (stream: typeof stdout, name: 'stdout' | 'stderr') => async (pattern: RegExp) => {
      for (;;) {
        const match = pattern.exec(stream.text())
        if (match) return match
        const more = await Promise.race([stream.more(), finished])
        if (more) assert.match(more[name], pattern, `ended with ${more.code}`)
      }
    }
  const said = awaiting(stderr, 'stderr')
  const wrote = awaiting(stdout, 'stdout')
  return { child, said, wrote, finished, [Symbol.dispose]: () => void child.kill('SIGKILL') }
}

function collect(stream: Readable) {
  let text = ''
  let next = Promise.withResolvers<undefined>()
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
    next.resolve(undefined)
    next = Promise.withResolvers()
  })
  return { text: () => text, more: () => next.promise }
}
