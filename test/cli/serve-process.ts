import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { COMMAND } from '../support/serve.ts'

export type StartProcessOptions = {
  /** What node runs. @default the built command */
  command?: string
  env?: Readonly<Record<string, string>>
  /** Arguments after `serve`. @default ['--emulator'] */
  args?: readonly string[]
}

/** `serve` as a person or a collector sees it: by what it writes. */
export type ServeProcess = {
  /** The base URL that it names first. */
  readonly url: string
  /** Everything on stdout and stderr so far. */
  written(): string
  /** Gives the exit code; null when the signal itself ended it. */
  stop(signal?: NodeJS.Signals): Promise<number | null>
}

/** Whatever it is told to sign in with, nothing of a test leaves this machine. */
const QUIET = { ENTRANCE_CLIENT_DOCUMENTS: 'pinned' }

/** Starts it on free ports, for the length of a test, in a folder of its own. */
export async function startProcess(
  t: TestContext,
  { command = COMMAND, env, args = ['--emulator'] }: StartProcessOptions = {},
): Promise<ServeProcess> {
  const cwd = mkdtempSync(join(tmpdir(), 'entrance-process-'))
  const child = spawn(process.execPath, [command, 'serve', ...args], {
    cwd,
    env: { ...QUIET, PATH: process.env.PATH, PORT: '0', EMULATOR_PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exit = once(child, 'close')
  t.after(async () => {
    // Not SIGKILL: a script that started the server would leave it behind.
    child.kill('SIGTERM')
    await exit
    rmSync(cwd, { recursive: true, force: true, maxRetries: 5 })
  })
  let written = ''
  const ready = Promise.withResolvers<unknown>()
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      written += chunk
      if (/Ctrl-C\n|server\.listening.*\n/.test(written)) ready.resolve(undefined)
    })
  }
  await Promise.race([ready.promise, exit])
  const url = /https?:\/\/[^/\s"]+(?=\/[\w/]*mcp)/.exec(written)?.[0]
  assert.ok(url, written)
  const stop = async (signal: NodeJS.Signals = 'SIGTERM') => {
    child.kill(signal)
    return (await exit)[0]
  }
  return { url, written: () => written, stop }
}
