import { randomBytes } from 'node:crypto'
import { LOOPBACK_ADDRESSES, listen } from '../../src/adapters/listen.ts'
import { toNodeHandler } from '../../src/adapters/node.ts'
import type { GuardedFetch } from '../../src/core/clients/guarded-fetch.ts'
import { assembleEntrance } from '../../src/core/entrance.ts'
import {
  type RunningEmulator,
  type StartOptions,
  startEmulator,
} from '../../src/emulator/emulator.ts'
import { createExpensesServer, sqliteExpenseStore } from '../../src/expenses/server.ts'
import {
  createEntrance,
  type Entrance,
  type EntranceOptions,
  type Log,
  type LogEvent,
  type ProtectedHandler,
} from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { noteAnswer, noteSecret, watchLog } from './secrets.ts'

export type StartEntranceOptions = {
  /** One that an earlier server had. @default a free one */
  port?: number
  /** PEM texts; with them it speaks HTTPS. */
  tls?: { key: string; cert: string }
  /** Options of `createEntrance` that are to differ; those of `entra` one by one. */
  entrance?: Partial<Omit<EntranceOptions, 'entra'>> & { entra?: Partial<EntranceOptions['entra']> }
  /** One that runs already, which is left running; or how to start one. */
  emulator?: RunningEmulator | StartOptions
  /** What clients' documents are fetched from; with it, they are. @default nothing is fetched */
  internet?: { readonly fetch: GuardedFetch }
  /** The name in the server's own address. @default 'localhost' */
  hostname?: string
  /** The expenses' database. @default in memory */
  expenses?: string
  /** What is behind the gate. @default the expenses server */
  handler?: ProtectedHandler
}

/** A guarded MCP server and an emulator, both listening. */
export type RunningEntrance = AsyncDisposable & {
  /** The public base URL, without a trailing slash. */
  readonly url: string
  readonly port: number
  readonly entrance: Entrance
  readonly emulator: RunningEmulator
  /** What was logged, the expenses server's lines included. */
  readonly logs: readonly LogEvent[]
  /** Ends what was started here; `await using` does so too. */
  stop(): Promise<void>
}

/** Starts the expenses server behind Entrance in this process, in front of an emulator. */
export async function startEntrance(options: StartEntranceOptions = {}): Promise<RunningEntrance> {
  const logs: LogEvent[] = []
  watchLog('the server', logs)
  const log = (event: LogEvent) => void logs.push(event)
  await using started = new AsyncDisposableStack()
  const emulator = await useEmulator(options.emulator, started)
  const behind = options.handler ?? createExpenses(options.expenses, log, started)

  // The address has the port in it: it listens before there is anything to answer.
  const { promise: fetchHandler, resolve } = Promise.withResolvers<Entrance['fetch']>()
  const handler = toNodeHandler(async (...message) => (await fetchHandler)(...message))
  const { port: wanted = 0, tls } = options
  const listening = await listen(handler, { port: wanted, hosts: LOOPBACK_ADDRESSES, tls })
  const { port } = listening
  started.defer(() => listening.close())

  const url = `${tls ? 'https' : 'http'}://${options.hostname ?? 'localhost'}:${port}`
  const entrance = create(entranceOptions(url, emulator, log, options.entrance), options)
  started.defer(() => entrance.close())
  const answer = entrance.protect(behind)
  resolve(async (...message) => {
    const response = await answer(...message)
    await noteAnswer(new URL(message[0].url), response)
    return response
  })
  await entrance.ready()

  // Nothing may come in while the rest goes.
  started.defer(() => listening.close())
  const running = started.move()
  const stop = () => running.disposeAsync()
  return { url, port, entrance, emulator, logs, stop, [Symbol.asyncDispose]: stop }
}

function create(options: EntranceOptions, { internet }: StartEntranceOptions): Entrance {
  if (!internet) return createEntrance(options)
  return assembleEntrance({ clientDocuments: 'fetch', ...options }, internet.fetch)
}

async function useEmulator(
  given: RunningEmulator | StartOptions | undefined,
  started: AsyncDisposableStack,
): Promise<RunningEmulator> {
  if (given && 'fetch' in given) return given
  const emulator = await startEmulator({ port: 0, ...given })
  started.defer(() => emulator.close())
  return emulator
}

function createExpenses(
  path: string | undefined,
  log: Log,
  started: AsyncDisposableStack,
): ProtectedHandler {
  const expenses = sqliteExpenseStore(path ?? ':memory:')
  started.defer(() => expenses.close())
  const mcp = createExpensesServer({ expenses, log })
  started.defer(() => mcp.close())
  return mcp.fetch
}

function entranceOptions(
  url: string,
  emulator: RunningEmulator,
  log: Log,
  given: StartEntranceOptions['entrance'] = {},
): EntranceOptions {
  const { tenantId, application, origin: authority } = emulator
  const options: EntranceOptions = {
    url,
    secret: randomBytes(32).toString('base64url'),
    store: memoryStore(),
    log,
    fetch: fetchEntra,
    // A test asks for more in a second than people do in a minute; those of the limits set them.
    limits: false,
    ...given,
    entra: { tenantId, ...application, authority, ...given.entra },
  }
  const { secret: keys } = options
  const isSource = typeof keys === 'object' && 'watch' in keys
  const secrets = isSource ? keys.keys.map(({ secret }) => secret) : [keys].flat()
  for (const secret of secrets) noteSecret('a master key', secret)
  noteSecret("Entra's client secret", options.entra.clientSecret)
  return options
}

/** Entra's tokens are secrets as ours are, and so is what is sent for them. */
const fetchEntra: typeof fetch = async (input, init) => {
  const response = await fetch(input, init)
  await noteAnswer(new URL(input instanceof Request ? input.url : input), response)
  if (init?.body instanceof URLSearchParams) {
    for (const name of ['code', 'refresh_token', 'code_verifier', 'client_assertion']) {
      noteSecret(`${name} for Entra`, init.body.get(name))
    }
  }
  return response
}
