import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { LogEvent } from '../../src/index.ts'
import { within } from './deadline.ts'
import { noteSecret, watchLog } from './secrets.ts'

export type StartServeOptions = {
  /** Variables besides PATH; nothing of this process's own gets through. */
  env?: Readonly<Record<string, string>>
  /** Arguments after `serve`. @default ['--emulator'] */
  args?: readonly string[]
  /** The working directory, which is kept. @default a new one, which goes with the server */
  folder?: string
  /** What the command is run by, such as `prlimit` with its options. @default nothing */
  by?: readonly string[]
}

/** The command `entrance serve`, running. */
export type RunningServe = AsyncDisposable & {
  /** The public base URL, without a trailing slash. */
  readonly url: string
  readonly port: number
  /** Of the process. */
  readonly pid: number | undefined
  /** The emulator's origin, or the name of the real Entra. */
  readonly signInWith: string
  /** The working directory; the data is in `.entrance` below it. */
  readonly folder: string
  /** Each line it wrote: an event where it is one, else the text. */
  readonly logs: readonly (LogEvent | string)[]
  /** Ends it and gives its exit code; null when the signal itself ended it. */
  stop(signal?: NodeJS.Signals): Promise<number | null>
}

/** The command as it is built. */
export const COMMAND = join(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.js')

/** Whatever it is told to sign in with, nothing of a test leaves this machine. */
const QUIET = { ENTRANCE_CLIENT_DOCUMENTS: 'pinned' }

/** Starts the built command on free ports and waits until it is ready. */
export async function startServe(options: StartServeOptions = {}): Promise<RunningServe> {
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'entrance-serve-'))
  const remove = () => {
    if (!options.folder) rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
  const { args = ['--emulator'], env, by = [] } = options
  const [program = '', ...rest] = [...by, process.execPath, COMMAND, 'serve', ...args]
  const child = spawn(program, rest, {
    cwd: folder,
    env: { ...FREE_PORTS, ...QUIET, PATH: process.env.PATH, HOME: folder, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exit = new Promise<number | null>((resolve) => child.once('close', resolve))
  const logs: (LogEvent | string)[] = []
  watchLog('serve', logs)
  noteSecret("Entra's client secret", env?.ENTRA_PROXY_AZURE_CLIENT_SECRET)
  noteSecret('the master key', env?.ENTRANCE_SECRET)
  const stop = async (signal: NodeJS.Signals = 'SIGTERM') => {
    child.kill(signal)
    const code = await within(STOP_TIMEOUT, `serve to end after ${signal}`, exit).catch((error) => {
      child.kill('SIGKILL')
      throw error
    })
    remove()
    return code
  }
  try {
    const { url, port, signInWith } = await within(
      START_TIMEOUT,
      'serve to listen',
      ready(child, exit, logs),
    )
    noteKeys(env?.ENTRANCE_DATA ?? join(folder, '.entrance'))
    const base = new URL(url).origin
    const dispose = async () => void (await stop())
    const { pid } = child
    return { url: base, port, pid, signInWith, folder, logs, stop, [Symbol.asyncDispose]: dispose }
  } catch (error) {
    await stop()
    throw error
  }
}

/** The master keys that it made itself. */
function noteKeys(data: string): void {
  const path = join(data, 'keys.json')
  if (!existsSync(path)) return
  for (const [, secret] of readFileSync(path, 'utf8').matchAll(/"secret": ?"([^"]+)"/g)) {
    noteSecret('the master key', secret)
  }
}

/** How long it may take over its start, and over its end, in milliseconds. */
const START_TIMEOUT = 60_000
const STOP_TIMEOUT = 30_000

const FREE_PORTS = { PORT: '0', EMULATOR_PORT: '0', LOG_FORMAT: 'json' }

type ServerListening = { url: string; port: number; signInWith: string }

/** Reads its lines for as long as it runs; settles with the line that says it is ready. */
function ready(
  child: ChildProcess,
  exit: Promise<number | null>,
  logs: (LogEvent | string)[],
): Promise<ServerListening> {
  return new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      if (!stream) continue
      createInterface({ input: stream }).on('line', (line) => {
        const entry = parseLine(line)
        logs.push(entry)
        if (typeof entry === 'object' && entry.event === 'server.listening') {
          resolve(entry as unknown as ServerListening)
        }
      })
    }
    child.once('error', reject)
    void exit.then((code) => {
      const lines = logs.map((entry) => (typeof entry === 'string' ? entry : entry.message))
      reject(new Error(`serve ended with ${code}:\n${lines.join('\n')}`))
    })
  })
}

function parseLine(line: string): LogEvent | string {
  try {
    return JSON.parse(line) as LogEvent
  } catch {
    return line
  }
}
