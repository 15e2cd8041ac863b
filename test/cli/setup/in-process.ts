import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { setup as runSetup } from '../../../src/cli/commands/setup.ts'
import type { SetupTools } from '../../../src/cli/setup/run.ts'
import type { SetupOptions } from '../../../src/cli/setup/settings.ts'
import type { Terminal } from '../../../src/cli/terminal.ts'
import type { Place } from './support.ts'

export type InProcess = {
  readonly out: string[]
  readonly notes: string[]
  /** Types a line, or presses what it says. */
  type(text: string): void
  /** Waits until a note, or a question, has this in it. */
  said(pattern: RegExp): Promise<void>
  readonly finished: Promise<void>
}

export type InProcessOptions = SetupOptions & {
  /** Whether a person sits there. @default false */
  isInteractive?: boolean
  signal?: AbortSignal
} & SetupTools

/** Runs `entrance setup` in this process, where its clock and its person are the test's. */
export function setupHere(place: Place, options: InProcessOptions = {}): InProcess {
  const { isInteractive = false, signal, wait, ...rest } = options
  const out: string[] = []
  const notes: string[] = []
  const stdin = new PassThrough()
  const stderr = new PassThrough()
  let asked = ''
  let changed = Promise.withResolvers<void>()
  const tell = () => {
    changed.resolve()
    changed = Promise.withResolvers()
  }
  stderr.on('data', (chunk) => {
    asked += chunk
    tell()
  })
  const terminal = {
    ...{ stdin, stderr, stdout: new PassThrough(), env: place.env, isInteractive },
    signal: signal ?? new AbortController().signal,
    out: (text: string) => void out.push(text),
    note: (text: string) => {
      notes.push(text)
      tell()
    },
    format: (_: unknown, text: string) => text,
    formatNote: (_: unknown, text: string) => text,
  } as unknown as Terminal
  const files = { dotenv: join(place.folder, '.env'), data: join(place.folder, '.entrance') }
  const finished = runSetup({ ...files, ...rest }, terminal, wait && { wait })
  const said = async (pattern: RegExp) => {
    while (!pattern.test(`${notes.join('\n')}\n${asked}`)) {
      await Promise.race([
        changed.promise,
        finished.then(() => Promise.reject(new Error(`ended: ${notes.join('\n')}`))),
      ])
    }
  }
  return { out, notes, type: (text) => void stdin.write(text), said, finished }
}
