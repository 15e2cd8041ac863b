import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Entra } from '../entra.ts'
import { findFreePort, type Product } from './profile.ts'

export type ProcessOptions = {
  readonly version: string
  readonly command: string
  readonly args: readonly string[]
  /** Where Entra sends people back to, below the base URL. */
  readonly callbackPath: string
  /** Variables besides those that say which application at which Entra it is. */
  readonly env: (folder: string, entra: Entra) => Readonly<Record<string, string>>
  /** The value of `AUTHORITY`. */
  readonly authority: string
}

const START_LIMIT = 60_000

/** Starts somebody else's server in a process and a folder of its own, and waits until it answers. */
export async function startProcess(entra: Entra, options: ProcessOptions): Promise<Product> {
  const { emulator } = entra
  const folder = mkdtempSync(join(tmpdir(), 'attacked-'))
  const port = await findFreePort()
  const url = `http://localhost:${port}`
  const [application] = emulator.directory.applications
  if (application) application.web.redirectUris = [`${url}${options.callbackPath}`]
  const env = {
    PATH: process.env.PATH,
    HOME: folder,
    PORT: String(port),
    CLIENT_ID: emulator.application.clientId,
    CLIENT_SECRET: emulator.application.clientSecret,
    TENANT_ID: emulator.tenantId,
    AUTHORITY: options.authority,
    ...options.env(folder, entra),
  }
  const run = async () => {
    const child = spawn(options.command, options.args, {
      cwd: folder,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    await isAnswering(child, `${url}/mcp`)
    return child
  }
  let child = await run()
  return {
    version: options.version,
    mcpUrl: `${url}/mcp`,
    get pid() {
      return child.pid
    },
    folder,
    restart: async () => {
      await stop(child)
      child = await run()
    },
    [Symbol.asyncDispose]: async () => {
      await stop(child)
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

async function isAnswering(child: ChildProcess, url: string): Promise<void> {
  let written = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      written = (written + chunk).slice(-2000)
    })
  }
  child.once('error', (error) => {
    written = String(error)
  })
  const end = performance.now() + START_LIMIT
  while (performance.now() < end && child.exitCode === null) {
    try {
      const response = await fetch(url, { method: 'POST' })
      await response.body?.cancel()
      return
    } catch {
      await wait(100)
    }
  }
  await stop(child)
  throw new Error(`it does not start: ${written}`)
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
  const exit = once(child, 'exit')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), 5000)
  await exit
  clearTimeout(timer)
}
