import { withConnection } from '../../../src/cli/client/connect.ts'
import { openCredentialStore } from '../../../src/cli/client/credential-store.ts'
import { type ChatOptions, runChat } from '../../../src/cli/commands/chat.ts'
import type { CommandError } from '../../../src/cli/exit-codes.ts'
import {
  type ModelRequest,
  type ScriptedModel,
  startScriptedModel,
} from '../../support/scripted-model.ts'
import { shiftedClock } from '../../support/shifted-clock.ts'
import {
  type RunningEntrance,
  type StartEntranceOptions,
  startEntrance,
} from '../../support/start.ts'
import { type Running, startEntranceCommand } from '../client/command.ts'
import { createPerson, type Person } from '../client/person.ts'
import { createFakeTerminal, type FakeTerminal } from './fake-terminal.ts'

/** A server, a model, and somebody at a terminal who is signed in. */
export type Scene = AsyncDisposable & {
  readonly server: RunningEntrance
  readonly model: ScriptedModel
  readonly person: Person
  /** Runs `entrance chat URL --once QUESTION …` to its end. */
  once(question: string, options?: ChatRun): Running['finished']
  /** Starts `entrance chat URL …`; its pipes are a terminal that somebody sits at. */
  talk(options?: ChatRun): Running
  /** The same in this process, by a clock of the test's own; much quicker. */
  sit(options?: Sitting): Seated
  /** What a tool answers the person, with no model between. */
  callTool(name: string, args?: Record<string, unknown>): Promise<Record<string, unknown>>
}

export type Sitting = Partial<ChatOptions> & {
  readonly now?: () => Date
  /** Whether somebody is there to answer. @default true, unless with `once` */
  readonly isPerson?: boolean
  /** Empty: none is given. */
  readonly url?: string
  readonly env?: Readonly<Record<string, string>>
}

/** A chat that goes on in this process. */
export type Seated = FakeTerminal & {
  /** Undefined once it has ended well, else why it did not. */
  readonly ended: Promise<CommandError | undefined>
}

export type ChatRun = {
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** What the command's clock shows when it starts. @default the machine's */
  readonly at?: string
  /** The working directory. */
  readonly cwd?: string
  /** Whether its pipes are a terminal. @default true in `talk` */
  readonly isTerminal?: boolean
}

const TERMINAL = new URL('../../conformance/at-a-terminal.ts', import.meta.url).href

export async function openScene(
  options: StartEntranceOptions & { signedIn?: boolean } = {},
): Promise<Scene> {
  await using started = new AsyncDisposableStack()
  const server = started.use(await startEntrance(options))
  const model = started.use(await startScriptedModel())
  const person = started.use(await createPerson(server))
  if (options.signedIn !== false) await person.run('login')
  const { BROWSER: _, ...own } = person.desktop.env
  const ofModel = { OPENAI_BASE_URL: model.url, OPENAI_MODEL: 'scripted' }
  const all = started.move()
  const run = (args: readonly string[], { at, env, cwd }: ChatRun, nodeOptions = '') => {
    const clock = at ? shiftedClock((Date.parse(at) - Date.now()) / 1000) : {}
    const running = startEntranceCommand(['chat', `${server.url}/mcp`, ...args], {
      ...(cwd && { cwd }),
      env: {
        ...own,
        ...ofModel,
        ...clock,
        NODE_OPTIONS: [clock.NODE_OPTIONS, nodeOptions].filter(Boolean).join(' '),
        ...env,
      },
    })
    all.use(running)
    return running
  }
  return {
    ...{ server, model, person },
    once: (question, chat = {}) => {
      const running = run(['--once', question, ...(chat.args ?? [])], chat)
      running.child.stdin?.end()
      return running.finished
    },
    talk: (chat = {}) =>
      run(chat.args ?? [], chat, chat.isTerminal === false ? '' : `--import=${TERMINAL}`),
    sit: ({ now, isPerson, url = `${server.url}/mcp`, env, ...options } = {}) => {
      const isThere = isPerson ?? options.once === undefined
      const fake = createFakeTerminal({ ...own, ...ofModel, ...env }, isThere)
      const ended = runChat(
        url || undefined,
        { browser: true, ...options },
        fake.terminal,
        now,
      ).then(
        () => undefined,
        (error) => error,
      )
      return { ...fake, ended }
    },
    callTool: async (name, args = {}) => {
      const { terminal } = createFakeTerminal(own, false)
      const store = openCredentialStore(own)
      const url = new URL(`${server.url}/mcp`)
      const result = await withConnection(url, terminal, store, (client) =>
        client.callTool({ name, arguments: args }),
      )
      return result.structuredContent as Record<string, unknown>
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  }
}

/** The day that the product told the model, as a model reads it. */
export function todayIn({ system }: ModelRequest): {
  readonly weekday: string
  readonly day: string
} {
  const [, weekday = '', day = ''] = /^Today is (\w+), (\d{4}-\d{2}-\d{2})\b/m.exec(system) ?? []
  return { weekday, day }
}

const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']

/** The latest Friday before that day, reckoned from the weekday that the model was told. */
export function lastFriday(request: ModelRequest): string {
  const { weekday, day } = todayIn(request)
  const since = (WEEKDAYS.indexOf(weekday) - WEEKDAYS.indexOf('Friday') + 7) % 7 || 7
  const date = new Date(`${day}T00:00:00Z`)
  date.setUTCDate(date.getUTCDate() - since)
  return date.toISOString().slice(0, 10)
}
