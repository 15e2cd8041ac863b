import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { type Browser, createBrowser, type Page } from './browser.ts'

/**
 * The machine of one person, as a program sees it: a home of its own, and a browser that opens
 * when the program asks the system to open an address. The person signs in there.
 */
export type Desktop = {
  /** The environment to start programs with; nothing of this process's own is in it but PATH. */
  readonly env: Readonly<Record<string, string>>
  readonly home: string
  readonly account: string
  readonly browser: Browser
  /** Where each sign-in ended, or why it did not. */
  readonly signIns: readonly PromiseSettledResult<Page>[]
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * A desktop whose person is `account`; `network` is how their browser reaches servers. For Linux
 * and macOS: Windows opens addresses otherwise.
 */
export async function createDesktop(
  account: string,
  network: typeof fetch = fetch,
): Promise<Desktop> {
  const folder = mkdtempSync(join(tmpdir(), 'entrance-desktop-'))
  const home = join(folder, 'home')
  const browser = createBrowser(network)
  const signIns: PromiseSettledResult<Page>[] = []
  const server = createServer((request, response) => {
    // As with a real browser, the program goes on at once and the person takes their time.
    response.end()
    const url = new URL(request.url ?? '/', 'http://localhost').searchParams.get('url') ?? ''
    browser.signIn(url, { account }).then(
      (value) => signIns.push({ status: 'fulfilled', value }),
      (reason) => signIns.push({ status: 'rejected', reason }),
    )
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const opener = writeOpener(join(folder, 'bin'), (server.address() as AddressInfo).port)
  const close = async () => {
    server.close()
    server.closeAllConnections()
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
  mkdirSync(home)
  return {
    env: environment(folder, home, opener),
    home,
    account,
    browser,
    signIns,
    [Symbol.asyncDispose]: close,
  }
}

/** The commands by which programs open an address: `xdg-open` on Linux, `open` on macOS. */
function writeOpener(folder: string, port: number): string {
  const script = `fetch("http://127.0.0.1:${port}/?url=" + encodeURIComponent(process.argv.at(-1)))`
  mkdirSync(folder)
  for (const name of ['open', 'xdg-open']) {
    writeFileSync(join(folder, name), `#!/bin/sh\nexec '${process.execPath}' -e '${script}' "$@"\n`)
    chmodSync(join(folder, name), 0o755)
  }
  return join(folder, 'xdg-open')
}

function environment(folder: string, home: string, opener: string): Record<string, string> {
  return {
    PATH: [join(folder, 'bin'), process.env.PATH].join(delimiter),
    HOME: home,
    XDG_CONFIG_HOME: join(home, '.config'),
    XDG_CACHE_HOME: join(home, '.cache'),
    XDG_DATA_HOME: join(home, '.local', 'share'),
    XDG_STATE_HOME: join(home, '.local', 'state'),
    // What a bundled `xdg-open` asks.
    BROWSER: opener,
  }
}
