import type { Client, Prompt } from '@modelcontextprotocol/client'
import type { ModelMessage } from 'ai'
import { CommandError } from '../exit-codes.ts'
import { printable, printableLine } from '../terminal.ts'
import type { Offer } from './offer.ts'
import type { Complete } from './read-message.ts'

/** What the chat itself knows; of a server's prompts with these names, the chat's own counts. */
export const OWN_COMMANDS: ReadonlyMap<string, string> = new Map([
  ['help', 'What can be typed here.'],
  ['tools', 'The server’s tools.'],
  ['clear', 'Begin a new conversation.'],
  ['exit', 'End; Ctrl-D does too.'],
])

/** `/name rest`; undefined where it is none. */
export function parseCommand(text: string): { name: string; rest: string } | undefined {
  const match = /^\/([\w.:-]+)(?:\s+([\s\S]*))?$/.exec(text.trim())
  return match ? { name: match[1] as string, rest: match[2] ?? '' } : undefined
}

/** What a prompt's arguments are, from `name=value name="two words"`; what is wrong is named at once. */
export function parsePromptArguments(prompt: Prompt, text: string): Record<string, string> {
  const known = prompt.arguments ?? []
  const given = new Map<string, string>()
  const problems: string[] = []
  for (const [word, name, quoted, plain] of text.matchAll(/([^\s=]+)=(?:"([^"]*)"|(\S*))|\S+/g)) {
    if (name === undefined) problems.push(`"${word}" is not written as name=value`)
    else if (!known.some((one) => one.name === name)) problems.push(`${name}: is not an argument`)
    else given.set(name, quoted ?? plain ?? '')
  }
  for (const { name, required } of known) {
    if (required && !given.has(name)) problems.push(`${name}: is missing`)
  }
  if (problems.length === 0) return Object.fromEntries(given)
  const lines = problems.map((problem) => `  ${problem}`).join('\n')
  throw new CommandError(`/${prompt.name} cannot be used like this:\n${lines}`, {
    cure: `It is written ${usageOf(prompt)}`,
  })
}

/** The prompt's messages, as the server writes them with these arguments. */
export async function fetchPrompt(
  client: Client,
  name: string,
  args: Record<string, string>,
  signal: AbortSignal,
): Promise<ModelMessage[]> {
  const { messages } = await client.getPrompt({ name, arguments: args }, { signal })
  return messages.map(({ role, content }): ModelMessage => {
    if (content.type === 'text') return { role, content: content.text }
    if (content.type === 'resource' && 'text' in content.resource) {
      return { role, content: `${content.resource.uri}:\n${content.resource.text}` }
    }
    return { role, content: `[${content.type} that cannot be shown here]` }
  })
}

/** What `/help` says. */
export function showHelp({ name, prompts }: Offer): string {
  const rows = [
    ...[...OWN_COMMANDS].map(([command, about]) => [`/${command}`, about]),
    ...prompts.map((prompt) => [usageOf(prompt), prompt.description ?? prompt.title ?? '']),
  ]
  const shown = rows.map(([usage = '', about = '']) => [printableLine(usage), printableLine(about)])
  const width = Math.min(Math.max(...shown.map(([usage = '']) => usage.length)), 28)
  return [
    `Ask ${printableLine(name)} in plain words, or type:`,
    ...shown.map(([usage = '', about]) => `  ${usage.padEnd(width)}  ${about}`),
    'Pasted lines are one message; a line that ends with \\ goes on in the next. Tab completes.',
    'Ctrl-C stops an answer; twice, or Ctrl-D, ends the chat.',
  ].join('\n')
}

/** What `/tools` says. */
export function showToolNames({ tools }: Offer): string {
  if (tools.length === 0) return 'The server has no tools.'
  return tools
    .map(
      (tool) => `${printableLine(tool.name)}  ${printable(tool.description ?? '').split('\n')[0]}`,
    )
    .join('\n')
}

/** `/name required=… [optional=…]` */
function usageOf({ name, arguments: known = [] }: Prompt): string {
  const words = known.map((one) => (one.required ? `${one.name}=…` : `[${one.name}=…]`))
  return [`/${name}`, ...words].join(' ')
}

/** Completes commands, the arguments of prompts, and their values, for which the server is asked. */
export function completer(
  offer: () => Offer | undefined,
  ask: (prompt: string, argument: string, value: string) => Promise<readonly string[]>,
): Complete {
  return async (line) => {
    const present = offer()
    const command = /^\/(\S*)$/.exec(line)
    if (!present || !line.startsWith('/')) return [[], line]
    if (command) return [startingWith(line, commandsOf(present)), line]
    const [, name = '', part = ''] = /^\/(\S+)\s(?:.*\s)?(\S*)$/.exec(line) ?? []
    const prompt = present.prompts.find((one) => one.name === name)
    const [, argument, value = ''] = /^([^=]+)=(.*)$/.exec(part) ?? []
    if (!prompt) return [[], line]
    if (argument === undefined) {
      const names = (prompt.arguments ?? []).map((one) => `${one.name}=`)
      return [startingWith(part, names), part]
    }
    const values = present.canComplete ? await ask(name, argument, value) : []
    return [
      startingWith(
        part,
        values.map((one) => `${argument}=${quote(printableLine(one))}`),
      ),
      part,
    ]
  }
}

function commandsOf({ prompts }: Offer): readonly string[] {
  return [...OWN_COMMANDS.keys(), ...prompts.map((prompt) => prompt.name)].map((name) => `/${name}`)
}

/** What would act on the terminal is not completed: readline writes it as it is. */
function startingWith(part: string, found: readonly string[]): string[] {
  return [...new Set(found)].filter((one) => one.startsWith(part) && printableLine(one) === one)
}

function quote(value: string): string {
  return /\s/.test(value) ? `"${value}"` : value
}
