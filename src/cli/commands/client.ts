import { parseArguments } from '../client/arguments.ts'
import { withConnection } from '../client/connect.ts'
import { openCredentialStore } from '../client/credential-store.ts'
import { type ClientOptions, parseGivenClient } from '../client/known-client.ts'
import { login } from '../client/login.ts'
import { logout } from '../client/logout.ts'
import { parseServerUrl } from '../client/server-url.ts'
import { showResult, toJson } from '../client/show-result.ts'
import { showTools } from '../client/show-tools.ts'
import { CommandError, UsageError } from '../exit-codes.ts'
import { printable, printableJson, type Terminal } from '../terminal.ts'

export type LoginCommandOptions = ClientOptions & {
  readonly browser: boolean
  readonly timeout?: number
  readonly scope?: string
  readonly callbackPort?: number
}

export type OutputOptions = { readonly json?: boolean }

/** `entrance client login URL` */
export async function clientLogin(
  address: string,
  options: LoginCommandOptions,
  terminal: Terminal,
): Promise<void> {
  const url = parseServerUrl(address)
  const client = parseGivenClient(options, terminal.env)
  const store = openCredentialStore(terminal.env)
  const tokens = await login(url, { ...options, client }, terminal, store)
  const scope = tokens.scope ? ` (${printable(tokens.scope)})` : ''
  terminal.note(terminal.formatNote('green', `Signed in to ${url.href}${scope}.`))
}

/** `entrance client tools URL` */
export async function clientTools(
  address: string,
  options: OutputOptions,
  terminal: Terminal,
): Promise<void> {
  const url = parseServerUrl(address)
  const store = openCredentialStore(terminal.env)
  const { tools } = await withConnection(url, terminal, store, (client) => client.listTools())
  terminal.out(options.json ? printableJson({ tools }) : showTools(tools, terminal))
}

/** `entrance client call URL TOOL name=value …` */
export async function clientCall(
  address: string,
  name: string,
  words: readonly string[],
  options: OutputOptions,
  terminal: Terminal,
): Promise<void> {
  const url = parseServerUrl(address)
  const { signal } = terminal
  const store = openCredentialStore(terminal.env)
  const result = await withConnection(url, terminal, store, async (client) => {
    const { tools } = await client.listTools()
    const tool = tools.find((one) => one.name === name)
    if (!tool) throw unknownTool(name, tools)
    // A tool may take its time; Ctrl-C tells the server to stop.
    const timeout = 10 * 60 * 1000
    return client.callTool(
      { name, arguments: parseArguments(words, tool) },
      { signal, timeout, resetTimeoutOnProgress: true },
    )
  })
  if (options.json) terminal.out(printableJson(toJson(result)))
  if (result.isError) throw new CommandError(`${name} failed: ${showResult(result)}`)
  if (options.json) return
  const text = showResult(result)
  // What goes into a file or a pipe goes there as it is.
  terminal.out(terminal.stdout.isTTY ? printable(text) : text)
}

/** `entrance client logout URL` */
export async function clientLogout(address: string, terminal: Terminal): Promise<void> {
  const url = parseServerUrl(address)
  const { wasKnown, reason } = await logout(url, terminal, openCredentialStore(terminal.env))
  if (!wasKnown) return terminal.note(`You were not signed in to ${url.href}.`)
  terminal.note(`Signed out of ${url.href}.`)
  if (reason === undefined) return
  terminal.note(terminal.formatNote('yellow', `The server could not be told: ${printable(reason)}`))
  terminal.note('What it gave is forgotten here, but stays valid there until it expires.')
}

/** `entrance client list` */
export async function clientList(options: OutputOptions, terminal: Terminal): Promise<void> {
  const entries = [...(await openCredentialStore(terminal.env).list())]
  const servers = entries.map(([url, { issuer, tokens }]) => ({
    url,
    issuer,
    isSignedIn: tokens !== undefined,
    scope: tokens?.scope,
  }))
  if (options.json) return terminal.out(printableJson({ servers }))
  if (servers.length === 0) terminal.note('You are not signed in to any server.')
  for (const { url, isSignedIn, scope } of servers) {
    const state = isSignedIn ? `signed in (${printable(scope ?? 'no scope')})` : 'signed out'
    terminal.out(`${url}  ${terminal.format('dim', state)}`)
  }
}

function unknownTool(name: string, tools: readonly { readonly name: string }[]): UsageError {
  const names = tools.map((tool) => tool.name).join(', ') || 'none'
  return new UsageError(`The server has no tool "${name}".`, `It has: ${names}`)
}
