import { type Client, clientsFor } from '../../connect/clients.ts'
import { toServerName } from '../../connect/server-name.ts'
import { suggest } from '../../emulator/configuration/suggest.ts'
import { defaultServerUrl, parseServerUrl } from '../client/server-url.ts'
import { connectByFile } from '../connect/by-file.ts'
import { connectByWords } from '../connect/by-words.ts'
import { findServer } from '../connect/find-server.ts'
import { findPath, type Scope, scopeOf } from '../connect/place.ts'
import { UsageError } from '../exit-codes.ts'
import { commandName, type Terminal } from '../terminal.ts'

export type ConnectOptions = {
  readonly name?: string
  readonly user?: boolean
  readonly project?: boolean
  readonly dryRun?: boolean
  readonly print?: boolean
  readonly force?: boolean
  readonly offline?: boolean
}

/** `entrance connect [CLIENT] [URL]` */
export async function connect(
  word: string | undefined,
  address: string | undefined,
  options: ConnectOptions,
  terminal: Terminal,
): Promise<void> {
  if (word === undefined) return listClients(new URL(defaultServerUrl(terminal.env)), terminal)
  checkWord(word, options, terminal)
  const url = parseServerUrl(address ?? defaultServerUrl(terminal.env))
  checkName(options.name, url)
  const client = await findClient(word, url, options, terminal)
  const { file } = client
  const scope = scopeAsked(options) ?? (file && scopeOf(file))
  const path = scope && findPath(client, scope, terminal.env)
  if (!file || !scope || path === undefined) return connectByWords(client, url, scope, terminal)
  await connectByFile({ client, file, path, scope, options }, terminal)
}

/** The client, with the server called as the person wants, or as it calls itself. */
async function findClient(
  word: string,
  url: URL,
  options: ConnectOptions,
  { signal, note, formatNote }: Terminal,
): Promise<Client> {
  let name = options.name ?? ''
  if (!options.offline) {
    const found = await findServer(url, signal)
    if (found.warning !== undefined) note(formatNote('yellow', found.warning))
    name ||= found.name ?? ''
  }
  return clientsFor({ name, url: url.href }).find(({ id }) => id === word) as Client
}

function scopeAsked({ user, project }: ConnectOptions): Scope | undefined {
  if (user) return 'user'
  return project ? 'project' : undefined
}

function checkWord(word: string, options: ConnectOptions, { env }: Terminal): void {
  const clients = clientsFor({ name: '', url: 'http://localhost/mcp' })
  const client = clients.find(({ id }) => id === word)
  const scope = scopeAsked(options)
  if (client && !client.file && scope) {
    throw new UsageError(`${client.title} has no file to write to.`, `Leave out --${scope}.`)
  }
  if (client) return
  const words = clients.map(({ id }) => id)
  const meant = suggest(word, words)
  const list = `There are: ${words.join(', ')}`
  if (URL.canParse(word) && word.includes('/')) {
    const example = `${commandName(env)} connect vscode ${word}`
    throw new UsageError('The client comes first, then the URL.', `${example}\n${list}`)
  }
  const problem = `There is no client "${word.slice(0, 100)}".`
  throw new UsageError(problem, meant ? `Did you mean ${meant}?\n${list}` : list)
}

/** Each client takes other names; all take these. */
function checkName(name: string | undefined, url: URL): void {
  if (name === undefined) return
  const possible = toServerName({ name, url: url.href })
  if (name === possible) return
  throw new UsageError(
    `"${name.slice(0, 100)}" is not a name that every client takes.`,
    `Up to 32 of a-z, 0-9 and single hyphens between them, such as --name ${possible}`,
  )
}

function listClients(url: URL, terminal: Terminal): void {
  const clients = clientsFor({ name: '', url: url.href })
  const [idWidth, titleWidth] = [
    Math.max(...clients.map(({ id }) => id.length)),
    Math.max(...clients.map(({ title }) => title.length)),
  ]
  for (const client of clients) {
    const { id, title, file } = client
    const way = file ? `writes ${file.path}` : 'says what to do'
    const name = terminal.format('bold', id.padEnd(idWidth))
    terminal.out(`${name}  ${title.padEnd(titleWidth)}  ${terminal.format('dim', way)}`)
  }
  terminal.note(`\nSuch as: ${commandName(terminal.env)} connect vscode ${url.href}`)
}
