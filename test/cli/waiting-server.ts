import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import type { LogEvent } from '../../src/index.ts'
import { fixedPort } from '../support/fixed-port.ts'
import { COMMAND } from '../support/serve.ts'

/** `entrance serve` before it is ready, and after. */
export type WaitingServer = {
  readonly url: string
  /** Where `/healthz` and `/readyz` are. */
  readonly operator: string
  readonly pid: number
  readonly logs: readonly LogEvent[]
  /** Everything that it wrote, its errors included. */
  written(): string
  kill(signal: NodeJS.Signals): void
  /** Exit code and signal. */
  readonly exit: Promise<readonly unknown[]>
}

/**
 * Starts it, for the length of a test, and waits for nothing; a free port unless there is one. What
 * it writes goes to `stdout`, a file's number, where that is given.
 */
export async function startWaiting(
  t: TestContext,
  env: Readonly<Record<string, string>>,
  args: readonly string[] = [],
  stdout: number | 'pipe' = 'pipe',
): Promise<WaitingServer> {
  const cwd = mkdtempSync(join(tmpdir(), 'entrance-waiting-'))
  const [port, operatorPort] = [env.PORT ?? String(await fixedPort()), String(await fixedPort())]
  const ports = { PORT: port, ENTRANCE_OPERATOR_PORT: operatorPort, EMULATOR_PORT: '0' }
  const quiet = { ENTRANCE_CLIENT_DOCUMENTS: 'pinned', LOG_FORMAT: 'json' }
  const child = spawn(process.execPath, [COMMAND, 'serve', ...args], {
    cwd,
    env: { PATH: process.env.PATH, ...quiet, ...env, ...ports },
    stdio: ['ignore', stdout, 'pipe'],
  })
  const exit = once(child, 'close')
  t.after(async () => {
    child.kill('SIGKILL')
    await exit
    rmSync(cwd, { recursive: true, force: true, maxRetries: 5 })
  })
  const lines: string[] = []
  const logs: LogEvent[] = []
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) continue
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line)
      if (line.startsWith('{')) logs.push(JSON.parse(line))
    })
  }
  return {
    url: `http://localhost:${port}`,
    operator: `http://127.0.0.1:${operatorPort}`,
    pid: child.pid ?? 0,
    logs,
    written: () => lines.join('\n'),
    kill: (signal) => void child.kill(signal),
    exit,
  }
}

/** Polls until a condition holds; says what it was waiting for where it never does. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  seconds = 30,
): Promise<void> {
  const deadline = Date.now() + seconds * 1000
  while (!(await holds())) {
    assert.ok(Date.now() < deadline, `It never came about: ${what}`)
    await wait(20)
  }
}

/** What `/readyz` says; undefined while nobody answers. */
export async function readiness({ operator }: WaitingServer) {
  const response = await fetch(`${operator}/readyz`).catch(() => undefined)
  if (!response) return undefined
  const parts = (await response.json()) as Record<string, unknown>
  return { code: response.status, ...parts } as { code: number; store?: string; entra?: string }
}

/** Whether nobody listens at an address any more. */
export async function isRefused(url: string): Promise<boolean> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  try {
    await once(socket, 'connect')
    return false
  } catch {
    return true
  } finally {
    socket.destroy()
  }
}
