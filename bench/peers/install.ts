import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PeerAbsent } from './peer.ts'

/** Below `node_modules`: nothing of theirs belongs to this project, and it is still here the next time. */
const CACHE = join(import.meta.dirname, '../../node_modules/.cache/entrance/peers')

/** What the last step of an installation said, in the peer's folder. */
const LOG = 'install.log'

/** How long one command of an installation may take, in milliseconds. */
const PATIENCE = 180_000

export type Installation = {
  readonly name: string
  readonly version: string
  /** All that is pinned, as text. What was installed by other pins is installed anew. */
  readonly pins: string
  /** Run in the peer's folder, one after the other. */
  readonly steps: readonly Step[]
  /** Variables of the steps besides this process's own. */
  readonly env?: (folder: string) => Readonly<Record<string, string>>
  /** Written there before the first step, by name. */
  readonly files?: Readonly<Record<string, string>>
}

export type Step = readonly [command: string, ...args: string[]]

/** Where it is done otherwise: another folder, another patience. */
export type InstallOptions = { readonly cache?: string; readonly patience?: number }

/** Brings a peer into a folder of its own, once for each version and its pins; gives the folder. */
export async function install(
  { name, version, pins, steps, env, files = {} }: Installation,
  { cache = CACHE, patience = PATIENCE }: InstallOptions = {},
): Promise<string> {
  const folder = join(cache, `${name}-${version}`)
  const stamp = join(folder, '.installed')
  try {
    if (existsSync(stamp) && readFileSync(stamp, 'utf8') === pins) return folder
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    mkdirSync(folder, { recursive: true })
    for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text)
    for (const step of steps) await take(step, { folder, env: env?.(folder), patience })
    writeFileSync(stamp, pins)
    return folder
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    throw new PeerAbsent(`The folder it is installed into cannot be written (${code}).`)
  }
}

type Place = {
  readonly folder: string
  readonly env: Readonly<Record<string, string>> | undefined
  readonly patience: number
}

/** What a step says goes to a file: it may name hosts and paths, which the reason must not. */
async function take([command, ...args]: Step, { folder, env, patience }: Place): Promise<void> {
  const child = spawn(command, args, {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // What it started ends with it. On Windows, `npm` is a script, which a shell has to run.
    ...(process.platform === 'win32' ? { shell: true } : { detached: true }),
  })
  let output = ''
  const keep = (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-20_000)
  }
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)
  const stop = () => end(child.pid)
  process.once('exit', stop)
  let isLate = false
  const late = setTimeout(() => {
    isLate = true
    stop()
  }, patience)
  const [status] = await once(child, 'close')
    .catch((error: unknown) => {
      throw new PeerAbsent(explainStart(command, error as NodeJS.ErrnoException))
    })
    .finally(() => {
      clearTimeout(late)
      process.removeListener('exit', stop)
    })
  writeFileSync(join(folder, LOG), output)
  if (isLate) throw new PeerAbsent(`Its installation took longer than ${patience / 1000} seconds.`)
  if (status !== 0) throw new PeerAbsent(explainEnd(command, status, output))
}

function end(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL')
  } catch {
    // It has ended meanwhile.
  }
}

function explainStart(command: string, { code }: NodeJS.ErrnoException): string {
  const name = `\`${nameOf(command)}\``
  if (code === 'ENOENT') return `It needs ${name}, which is not on this machine.`
  return `It needs ${name}, which cannot be started here (${code}).`
}

/** Known causes, by what the tools say. */
const CAUSES: readonly (readonly [RegExp, string])[] = [
  [
    /ensurepip is not available|No module named venv/i,
    "It needs Python's venv, which is not on this machine.",
  ],
  [
    /Requires-Python|No matching distribution/i,
    'The packages it is pinned to are not to be had for the Python of this machine.',
  ],
  [
    /module version is not available|403 Forbidden|410 Gone/i,
    'The source of its packages that this machine uses refuses them.',
  ],
  [
    /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|Temporary failure in name resolution|no such host|unreachable/i,
    'The source of its packages cannot be reached from this machine.',
  ],
]

function explainEnd(command: string, status: number | null, output: string): string {
  const known = CAUSES.find(([said]) => said.test(output))?.[1]
  const how = status === null ? 'by a signal' : `with ${status}`
  return (
    known ??
    `Its installation failed: \`${nameOf(command)}\` ended ${how}; ${LOG} in its folder says why.`
  )
}

function nameOf(command: string): string {
  return command.split(/[\\/]/).at(-1) as string
}
