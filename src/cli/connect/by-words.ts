import type { Client } from '../../connect/clients.ts'
import { isLoopback } from '../client/server-url.ts'
import { commandName, type Terminal } from '../terminal.ts'
import type { Scope } from './place.ts'

/** Writes what a person types or clicks where there is no file to write: commands, or the address. */
export function connectByWords(
  client: Client,
  url: URL,
  scope: Scope | undefined,
  terminal: Terminal,
): void {
  const { title, isHosted, words } = client
  const commands = scope === 'user' ? userCommands(client) : client.commands
  for (const line of commands.length > 0 ? commands : [url.href]) {
    terminal.out(line.replace(/^entrance(?= )/, commandName(terminal.env)))
  }
  terminal.note(emphasize(words, terminal))
  if (isHosted && isLoopback(url)) {
    const warning = `${title} calls the server from the internet, and cannot reach ${url.host}.`
    terminal.note(terminal.formatNote('yellow', warning))
  }
}

/** The same commands for all that the person does: Claude Code's alone, whose file is its own. */
function userCommands({ commands }: Client): readonly string[] {
  return commands.map((line) => line.replace(' mcp add ', ' mcp add --scope user '))
}

/** What is to be typed or clicked, without its back quotes. */
export function emphasize(words: string, { formatNote }: Terminal): string {
  return words.replace(/`([^`]+)`/g, (_, word: string) => formatNote('bold', word))
}
