import { text as textOf } from 'node:stream/consumers'
import { answer, type Chat, refreshOffer } from '../chat/answer.ts'
import { MAX_MESSAGE, talk, tooLong } from '../chat/interactive.ts'
import { createKnownThings } from '../chat/known-things.ts'
import { resolveModel } from '../chat/model.ts'
import { type ChatRecord, createRecord, recording } from '../chat/record.ts'
import { createScreen } from '../chat/screen.ts'
import { createChatServer } from '../chat/server.ts'
import { ownTimeZone } from '../chat/today.ts'
import { openCredentialStore } from '../client/credential-store.ts'
import { explain } from '../client/explain.ts'
import { defaultServerUrl, parseServerUrl, staysHere } from '../client/server-url.ts'
import { isFromDotEnv } from '../env.ts'
import { CommandError, UsageError } from '../exit-codes.ts'
import { printable, printableJson, printableLine, type Terminal } from '../terminal.ts'

export type ChatOptions = {
  readonly once?: string
  readonly json?: boolean
  readonly yes?: boolean
  readonly browser: boolean
  readonly model?: string
}

/** The chat's terminal: its signal ends the chat, Ctrl-C in `interruptible` only what runs there. */
export type ChatTerminal = Terminal & {
  interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T>
}

/** `entrance chat [URL]` */
export async function runChat(
  address: string | undefined,
  options: ChatOptions,
  terminal: ChatTerminal,
  now = () => new Date(),
): Promise<void> {
  const isOnce = options.once !== undefined || !terminal.stdin.isTTY
  if (options.json && !isOnce) {
    throw new UsageError('--json is for one question.', 'Give it with --once "…", or on stdin.')
  }
  const url = parseServerUrl(address ?? defaultServerUrl(terminal.env))
  const { signal, note } = terminal
  if (address === undefined && isFromDotEnv('ENTRANCE_URL') && !staysHere(url)) {
    const told = `You talk to ${url.host}: this folder’s .env says so.`
    note(terminal.formatNote('yellow', told))
  }
  const finding = resolveModel(terminal.env, { model: options.model, signal, note })
  const model = await finding.catch((error: unknown) => {
    if (options.json) tellFailure(createRecord(url, null), error, terminal)
    throw error
  })
  const question = isOnce ? await readQuestion(options, terminal) : ''
  if (model.warning) note(terminal.formatNote('yellow', printable(model.warning)))
  const store = openCredentialStore(terminal.env)
  const server = createChatServer({ url, browser: options.browser, store, terminal })
  const timeZone = ownTimeZone()
  const chat: Chat = { model, server, now, timeZone, turns: [], began: undefined, offer: undefined }
  try {
    if (isOnce) await answerOnce(question, { chat, options, terminal })
    else await converse({ chat, options, terminal })
  } finally {
    await server.close()
  }
}

type Started = {
  readonly chat: Chat
  readonly options: ChatOptions
  readonly terminal: ChatTerminal
}

/** A pipe beside a question is left alone: it may be one that never ends. */
async function readQuestion({ once }: ChatOptions, { stdin }: Terminal): Promise<string> {
  const text = (once === undefined || once === '-' ? await textOf(stdin) : once).trim()
  if (text === '')
    throw new UsageError('There is no question.', 'Give it with --once "…", or on stdin.')
  if (text.length > MAX_MESSAGE) throw tooLong('The message', text.length)
  return text
}

async function answerOnce(question: string, started: Started): Promise<void> {
  const { chat, options, terminal } = started
  const { json, yes = false } = options
  const known = createKnownThings()
  // Of what goes into a pipe, the answer is wanted, and not what the model says on the way to it.
  const isLive = !json && terminal.stdout.isTTY === true
  const screen = createScreen({ terminal, known, yes, isLive, isSilent: json === true })
  const record = createRecord(chat.server.url, chat.model.title)
  const stage = recording(record, screen)
  try {
    await answer(chat, [{ role: 'user', content: question }], stage, terminal)
    const refused = record.toolCalls.filter(({ outcome }) => outcome === 'declined')
    if (refused.length > 0)
      throw notAsked(
        refused.map(({ name }) => name),
        terminal,
      )
  } catch (error) {
    const explained = explain(error, `Talking to ${chat.server.url.href} failed`)
    if (json) tellFailure(record, explained, terminal)
    throw explained
  }
  if (json) terminal.out(printableJson(record))
}

function tellFailure(record: ChatRecord, error: unknown, { out }: Terminal): void {
  record.error = error instanceof Error ? error.message : String(error)
  out(printableJson(record))
}

function notAsked(names: readonly string[], { isInteractive }: Terminal): CommandError {
  const list = [...new Set(names)].map(printableLine).join(', ')
  if (isInteractive) return new CommandError(`You declined ${list}.`)
  return new CommandError(`Not done, for nobody is there to be asked: ${list}.`, {
    cure: 'With --yes, what changes or deletes something is done unasked.',
  })
}

async function converse({ chat, options, terminal }: Started): Promise<void> {
  const offer = await refreshOffer(chat, terminal)
  terminal.note(
    `${printableLine(offer.name)} at ${chat.server.url.href}, with ${printableLine(chat.model.title)}.`,
  )
  terminal.note(
    terminal.formatNote('dim', 'Ask in plain words; /help lists what else can be typed.'),
  )
  const known = createKnownThings()
  const shown = { known, yes: options.yes === true, isLive: true, isSilent: false }
  const stageOn = (own: Terminal) => createScreen({ terminal: own, ...shown })
  await talk({ chat, terminal, stageOn, interruptible: terminal.interruptible })
}
