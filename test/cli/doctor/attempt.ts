import assert from 'node:assert/strict'
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { withConnection } from '../../../src/cli/client/connect.ts'
import {
  type CredentialStore,
  openCredentialStore,
} from '../../../src/cli/client/credential-store.ts'
import { login } from '../../../src/cli/client/login.ts'
import { Interrupted } from '../../../src/cli/exit-codes.ts'
import type { Terminal } from '../../../src/cli/terminal.ts'
import { ConfigError } from '../../../src/core/errors.ts'
import { createBrowser, type Page } from '../../support/browser.ts'
import type { SignInEnding } from './fault.ts'
import { createTestTerminal, type World } from './world.ts'

/** Where a sign-in ended, and what was said there. */
export type Ending = {
  readonly where: SignInEnding['where'] | 'none'
  /** What the person reads there. */
  readonly text: string
  /** What the client says: at once, or when the person has gone back to it. */
  readonly client?: string | undefined
  readonly page?: Page
}

/** How somebody signs in who is not the first person of the directory at a terminal of their own. */
export type Attempt = {
  /** Whom they choose at Entra. @default 'Alice' */
  readonly account?: string
  /** What the client calls itself. */
  readonly userAgent?: string
}

/** One sign-in with the product's own client, from nothing: what a person goes through. */
export async function attemptSignIn(
  world: World,
  base: string,
  attempt: Attempt = {},
): Promise<Ending> {
  try {
    await world.start()
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return { where: 'start', text: error.message }
  }
  return world.withNetwork(attempt.userAgent, () => signIn(world, base, attempt))
}

async function signIn(world: World, base: string, { account }: Attempt): Promise<Ending> {
  const url = new URL(`${base}/mcp`)
  const over = new AbortController()
  const home = mkdtempSync(join(world.folder, 'client-'))
  const store = openCredentialStore({ ENTRANCE_CLIENT_DATA: home })
  const address = Promise.withResolvers<string>()
  const terminal = {
    ...createTestTerminal({}).terminal,
    signal: over.signal,
    note: (text: string) => {
      const [, found] = /^ {2}(http\S+)$/m.exec(text) ?? []
      if (found !== undefined) address.resolve(found)
    },
  }
  const client = login(url, { browser: false }, terminal, store).then(
    () => undefined,
    (error: unknown) => error,
  )
  try {
    const opened = await Promise.race([address.promise, client])
    if (typeof opened !== 'string') return atClient(opened)
    const page = await browse(opened, account)
    if (page instanceof Error) {
      over.abort()
      return { where: 'browser', text: textOf(page.cause) ?? '' }
    }
    if (isCallback(page.url, opened)) return await ofClient(await client, url, terminal, store)
    const back = wayBack(page, opened)
    if (back) await createBrowser().open(back)
    else over.abort()
    return { where: whereOf(page, world), text: page.text, page, client: textOf(await client) }
  } finally {
    over.abort()
    await client
  }
}

/** What the browser says of its own where nobody answers. */
function browse(address: string, account: string | undefined): Promise<Page | Error> {
  const options = account === undefined ? {} : { account }
  return createBrowser()
    .signIn(address, options)
    .catch((error: unknown) => {
      if (error instanceof TypeError && error.message === 'fetch failed') return error
      throw error
    })
}

/** Every page of the server's has its headers; what stands in front of it has pages of its own. */
function whereOf({ url, headers }: Page, { emulator }: World): Ending['where'] {
  if (url.origin === emulator.origin) return 'entra'
  return headers.get('x-robots-tag') === 'noindex' ? 'page' : 'front'
}

/** The client has heard of the end: what it was told, or whether its token is good for anything. */
async function ofClient(
  error: unknown,
  url: URL,
  terminal: Terminal,
  store: CredentialStore,
): Promise<Ending> {
  if (error !== undefined) return atClient(error)
  const token = (await store.find(url.href))?.tokens?.access_token
  for (let calls = 0; calls < 2; calls++) {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    const response = await fetch(url, { method: 'POST', headers, body: '{}', redirect: 'manual' })
    await response.body?.cancel()
    // No client can do more with it than to say it, and to sign in again.
    if (response.status === 401) return toldAtCall(response)
    if (!response.ok) return atClient(await listTools(url, terminal, store))
  }
  return { where: 'none', text: '' }
}

function toldAtCall({ headers }: Response): Ending {
  const text = headers.get('www-authenticate') ?? ''
  return { where: 'client', text, client: text }
}

/** What the command says of a call that fails. */
async function listTools(url: URL, terminal: Terminal, store: CredentialStore): Promise<unknown> {
  try {
    return await withConnection(url, terminal, store, (client) => client.listTools())
  } catch (error) {
    return error
  }
}

function atClient(error: unknown): Ending {
  const text = textOf(error) ?? ''
  return { where: 'client', text, client: text }
}

/** As the command writes it to stderr. */
function textOf(error: unknown): string | undefined {
  if (error === undefined || error instanceof Interrupted) return undefined
  assert.ok(error instanceof Error)
  const cure = 'cure' in error && typeof error.cure === 'string' ? error.cure : ''
  return `${error.message} ${cure}`.trim()
}

function isCallback(url: URL, opened: string): boolean {
  return url.href.startsWith(redirectUriOf(opened))
}

function redirectUriOf(opened: string): string {
  return new URL(opened).searchParams.get('redirect_uri') ?? 'none:'
}

/** What "Return to the application" leads to. */
function wayBack({ html }: Page, opened: string): string | undefined {
  const links = [...html.matchAll(/<a [^>]*href="([^"]+)"/g)].map(([, href]) =>
    (href as string).replaceAll('&amp;', '&').replaceAll('&#39;', "'"),
  )
  return links.find((href) => href.startsWith(redirectUriOf(opened)))
}
