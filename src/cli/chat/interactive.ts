import type { ModelMessage } from 'ai'
import { explain } from '../client/explain.ts'
import { CommandError, Interrupted } from '../exit-codes.ts'
import { printable, type Terminal } from '../terminal.ts'
import { answer, type Chat, refreshOffer, type Stage } from './answer.ts'
import { readMessage } from './read-message.ts'
import {
  completer,
  fetchPrompt,
  OWN_COMMANDS,
  parseCommand,
  parsePromptArguments,
  showHelp,
  showToolNames,
} from './slash.ts'

export type Interactive = {
  readonly chat: Chat
  readonly terminal: Terminal
  /** Where answers are shown, on the terminal of one answer. */
  readonly stageOn: (terminal: Terminal) => Stage
  /** Has Ctrl-C abort it while `work` runs. */
  readonly interruptible: <T>(work: (signal: AbortSignal) => Promise<T>) => Promise<T>
}

/** How long one message may be, in characters. */
export const MAX_MESSAGE = 50_000

/** Talks with the person until they end it. */
export async function talk(talking: Interactive): Promise<void> {
  const { terminal, chat } = talking
  const history: string[] = []
  let wasInterrupted = false
  const ask = (prompt: string, argument: string, value: string) =>
    chat.server.use(
      async (client) => {
        const ref = { type: 'ref/prompt' as const, name: prompt }
        const { completion } = await client.complete(
          { ref, argument: { name: argument, value } },
          { timeout: 5_000 },
        )
        return completion.values
      },
      { ...terminal, isInteractive: false },
    )
  const complete = completer(() => chat.offer, ask)
  for (;;) {
    terminal.note('')
    const reading = await readMessage(terminal, history, complete)
    if (terminal.signal.aborted || reading.kind === 'end') return
    if (reading.kind === 'interrupt') {
      if (wasInterrupted) return
      wasInterrupted = true
      terminal.note('Ctrl-C once more, or Ctrl-D, ends the chat.')
      continue
    }
    wasInterrupted = false
    if (reading.text.trim() === '') continue
    const isOver = await telling(talking, (own) => take(reading.text, talking, own))
    if (isOver) return
  }
}

/** Runs what one message asks for; a failure is told, and the chat goes on. */
async function telling(
  { terminal, chat, interruptible }: Interactive,
  work: (own: Terminal) => Promise<boolean>,
): Promise<boolean> {
  try {
    return await interruptible((signal) => work({ ...terminal, signal }))
  } catch (error) {
    if (terminal.signal.aborted) throw new Interrupted()
    if (error instanceof Interrupted) terminal.note(terminal.formatNote('yellow', 'Stopped.'))
    else tell(explain(error, `Talking to ${chat.server.url.href} failed`), terminal)
    return false
  }
}

function tell({ message, cure }: CommandError, terminal: Terminal): void {
  terminal.note(`${terminal.formatNote('red', 'Error:')} ${printable(message)}`)
  if (cure) terminal.note(printable(cure))
}

/** Whether the chat is over. */
async function take(text: string, talking: Interactive, own: Terminal): Promise<boolean> {
  const { chat } = talking
  if (text.length > MAX_MESSAGE) throw tooLong('The message', text.length)
  const command = parseCommand(text)
  if (command?.name === 'exit') return true
  if (command && OWN_COMMANDS.has(command.name)) {
    runOwn(command.name, talking)
    return false
  }
  const said = command ? await fromPrompt(command, chat, own) : [toMessage(text)]
  await answer(chat, said, talking.stageOn(own), own)
  return false
}

function toMessage(text: string): ModelMessage {
  return { role: 'user', content: text }
}

function runOwn(name: string, { chat, terminal }: Interactive): void {
  if (name === 'help' && chat.offer) terminal.note(showHelp(chat.offer))
  if (name === 'tools' && chat.offer) terminal.note(showToolNames(chat.offer))
  if (name !== 'clear') return
  chat.turns = []
  chat.began = undefined
  terminal.note('A new conversation begins.')
}

async function fromPrompt(
  { name, rest }: { readonly name: string; readonly rest: string },
  chat: Chat,
  own: Terminal,
): Promise<readonly ModelMessage[]> {
  const { prompts } = await refreshOffer(chat, own)
  const prompt = prompts.find((one) => one.name === name)
  if (!prompt) {
    throw new CommandError(`There is no /${name}.`, { cure: '/help lists what can be typed.' })
  }
  const args = parsePromptArguments(prompt, rest)
  const said = await chat.server.use((client) => fetchPrompt(client, name, args, own.signal), own)
  const { length } = JSON.stringify(said)
  if (length > MAX_MESSAGE) throw tooLong(`/${name}`, length)
  return said
}

/** A message that is more than a model is given. */
export function tooLong(what: string, length: number): CommandError {
  return new CommandError(`${what} has ${length} characters; ${MAX_MESSAGE} are the most.`)
}
