import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Credentials } from '../../../src/cli/client/credentials.ts'
import { createDesktop, type Desktop } from '../../support/desktop.ts'
import type { RunningEntrance } from '../../support/start.ts'
import { entrance, type Running, startEntranceCommand } from './command.ts'

/** Somebody at their machine, using `entrance client` with one server. */
export type Person = AsyncDisposable & {
  readonly desktop: Desktop
  /** Runs `entrance client WORD URL …` to its end. */
  run(word: string, ...more: string[]): ReturnType<typeof entrance>
  /** Starts it, without the browser that opens by itself. */
  start(word: string, ...more: string[]): Running
  /** What the command keeps about the server. */
  kept(): Credentials | undefined
  /** Changes what is kept, e.g. makes the token expire. */
  keep(change: (credentials: Credentials) => Credentials): void
}

export async function createPerson(
  server: Pick<RunningEntrance, 'url'>,
  account = 'Alice',
): Promise<Person> {
  const desktop = await createDesktop(account)
  const url = `${server.url}/mcp`
  const file = join(desktop.home, '.config', 'entrance', 'client.json')
  const started: Running[] = []
  const read = () => JSON.parse(readFileSync(file, 'utf8'))
  return {
    desktop,
    run: (word, ...more) => entrance(['client', word, url, ...more], { env: desktop.env }),
    start: (word, ...more) => {
      const { BROWSER: _, ...env } = desktop.env
      const running = startEntranceCommand(['client', word, url, ...more], { env })
      started.push(running)
      return running
    },
    kept: () => read().servers[url],
    keep: (change) => {
      const content = read()
      content.servers[url] = change(content.servers[url])
      writeFileSync(file, JSON.stringify(content))
    },
    [Symbol.asyncDispose]: async () => {
      for (const running of started) running[Symbol.dispose]()
      await desktop[Symbol.asyncDispose]()
    },
  }
}

/** The address that a sign-in printed. */
export async function printedAddress(running: Running): Promise<string> {
  const [, url] = await running.said(/^ {2}(http\S+)\n/m)
  return url as string
}

/** Where that sign-in listens. */
export function redirectUriOf(address: string): string {
  return new URL(address).searchParams.get('redirect_uri') as string
}

/** Makes the access token one that has run out. */
export function expired(credentials: Credentials): Credentials {
  const { tokens } = credentials
  return tokens ? { ...credentials, tokens: { ...tokens, expiresAt: 1 } } : credentials
}
