import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { listen } from '../../adapters/listen.ts'
import { type FetchHandler, toNodeHandler } from '../../adapters/node.ts'
import type { RunningEmulator } from '../../emulator/emulator.ts'
import type { ExpenseStore } from '../../expenses/server.ts'
import {
  ConfigError,
  type ConfigProblem,
  createEntrance,
  type Entrance,
  type EntranceOptions,
  findConfigProblems,
  type Observer,
} from '../../index.ts'
import type { Log } from '../../log.ts'
import { createOperatorApi } from '../../operator/api.ts'
import { findDataFolderProblems, makeDataFolder } from '../data-folder.ts'
import {
  environment,
  resolveServeSettings,
  type ServeOptions,
  type ServeSettings,
  VARIABLES,
} from '../env.ts'
import { Interrupted } from '../exit-codes.ts'
import { openExpenses, warnOfExpenses } from '../expenses-settings.ts'
import { toConfigError } from '../file-problems.ts'
import { findKeyFileProblems, keyFilePath } from '../key-file.ts'
import { letRequestsGo } from '../let-requests-go.ts'
import { createLog } from '../log.ts'
import { openAudit } from '../open-audit.ts'
import { NO_ENTRA, openKeys } from '../open-keys.ts'
import { type OperatorPort, openOperatorPort } from '../operator-port.ts'
import { packageVersion } from '../package-version.ts'
import { portInUse, portProblem, warnOfPort } from '../port-problems.ts'
import { releaseStartMemory } from '../release-memory.ts'
import { findReplicaProblems, warnOfReplicas } from '../replicas.ts'
import { writeBanner } from '../serve-banner.ts'
import { drain, drainingFor, endSoon, nextSignal } from '../stop.ts'
import { openStore } from '../store-settings.ts'
import { warnOfStore } from '../store-warnings.ts'
import { openTelemetry } from '../telemetry.ts'
import { type StoreWait, waitForStore } from '../wait-for-store.ts'

/**
 * `entrance serve`: the expenses MCP server behind Entrance. Resolves when a signal has stopped
 * it; throws `ConfigError` with everything that is wrong with the configuration.
 */
export async function serve(options: ServeOptions): Promise<void> {
  const settings = resolveServeSettings(options, environment())
  checkSettings(settings)
  const log = createLog(settings.logFormat)
  const stopped = nextSignal()
  const running = await start(settings, log, stopped)
  releaseStartMemory()
  const signal = await stopped
  log({ event: 'server.stopping', message: `Stopping: ${signal}. Another one ends it at once.` })
  await running.stop(signal)
  endSoon()
}

/** Everything at once, before a port is bound or a file is made. */
export function checkSettings(settings: ServeSettings): void {
  const problems = findServeProblems(settings)
  if (problems.length > 0) throw new ConfigError(problems)
}

/** The variables that a credential is read from. */
const OF_CREDENTIAL: ReadonlySet<string> = new Set([
  'ENTRANCE_CREDENTIAL',
  'ENTRA_PROXY_AZURE_CLIENT_SECRET',
])

/** What is wrong with the settings, and with the files that they name. */
export function findServeProblems(settings: ServeSettings): ConfigProblem[] {
  const { entra, secrets } = settings
  // Where any port will do, none is known yet: none that a client may have is this server's own.
  const url = settings.url ?? `http://localhost:${settings.port}`
  const real = entra === 'emulator' ? undefined : entra
  const problems = findConfigProblems({
    url,
    // An absent secret is made and kept; one that is given has to be good.
    secret: secrets.length > 0 ? secrets : 'made at the first start, and kept in the data folder',
    allow: settings.allow,
    registration: settings.registration,
    clients: settings.clients,
    ...(settings.clientDocuments && { clientDocuments: settings.clientDocuments }),
    ...(real && { entra: real }),
  }).map((problem) => inVariables(problem, settings))
  // One that cannot be read, or is none, lacks whatever should be in it.
  const hasNoCredential = settings.problems.some(({ option }) => option === 'ENTRANCE_CREDENTIAL')
  const isUnread = (option: string) => hasNoCredential && OF_CREDENTIAL.has(option)
  const isSecretWrong = settings.problems.some(({ option }) => option === 'ENTRANCE_SECRET')
  return [
    ...settings.problems,
    ...problems.filter(({ option }) => !isUnread(option)),
    ...findDataFolderProblems(settings.data),
    ...findReplicaProblems(settings),
    ...(secrets.length > 0 || isSecretWrong ? [] : findLocalKeyProblems(settings)),
  ]
}

/** Replicas have the store in common, and no file: each would make a key of its own. */
function findLocalKeyProblems(settings: ServeSettings): readonly ConfigProblem[] {
  const { store, data, keyVault, entra } = settings
  if (keyVault) return entra === 'emulator' ? [NO_ENTRA] : []
  if (store.kind === 'sqlite') return findKeyFileProblems(data)
  const problem = 'is missing, and ENTRANCE_STORE is one that replicas share.'
  const cure = existsSync(keyFilePath(data))
    ? `Set it to the keys of ${keyFilePath(data)}, the newest first, on every replica: what is under them stays good (docs/storage.md, Move to another store).`
    : 'Make one with: openssl rand -base64 32. Give it to every replica.'
  return [{ option: 'ENTRANCE_SECRET', problem, cure }]
}

/** Names what the person wrote, in place of the option that it became. */
function inVariables(problem: ConfigProblem, settings: ServeSettings): ConfigProblem {
  const { option } = problem
  const isOfFile = settings.secrets.length === 0 && !settings.keyVault
  if (option === 'secret' && isOfFile) return { ...problem, option: keyFilePath(settings.data) }
  return { ...problem, option: VARIABLES.get(option) ?? option }
}

/** What a running server is besides: where the operator asks, and who is told of what happens. */
type Beside = {
  readonly operator: OperatorPort | undefined
  readonly observers: readonly Observer[]
  /** Resolves when the server is to stop, while it starts too. */
  readonly stopped: Promise<unknown>
  /** Who answers from now on. */
  readonly answer: (handler: FetchHandler) => void
}

/** How long those who have asked already may take to hear why a start has failed, in milliseconds. */
const FAREWELL = 5000

type Running = { stop(signal: Awaited<ReturnType<typeof nextSignal>>): Promise<void> }

async function start(
  settings: ServeSettings,
  log: Log,
  stopped: Promise<unknown>,
): Promise<Running> {
  // The port comes first: addresses depend on it, and a port in use must leave no trace.
  const answer = Promise.withResolvers<FetchHandler>()
  answer.promise.catch(() => {})
  const handler = toNodeHandler(async (...message) => (await answer.promise)(...message), {
    onError: (error) => log({ event: 'error.unexpected', level: 'error', message: String(error) }),
  })
  const listening = await listen(handler, settings).catch((error) => {
    throw portProblem(error, settings.hosts[0], settings.port)
  })
  const opened: { close(): Promise<unknown> }[] = []
  const closeParts = async () => {
    for (const part of opened.toReversed()) await part.close()
  }
  try {
    const telemetry = await openTelemetry(settings, log)
    if (telemetry) opened.push(telemetry)
    const operator = await openOperatorPort(settings.operator, log)
    if (operator) opened.push(operator)
    const audit = openAudit(settings.audit, log)
    if (audit) opened.push(audit)
    // Traces are around all else, so that what is said in between belongs to them.
    const told = [telemetry, operator, audit].flatMap((part) => part ?? [])
    const observers = told.flatMap((part) => part.observers)
    const url = settings.url ?? `http://localhost:${listening.port}`
    const beside = { operator, observers, stopped, answer: answer.resolve }
    const entrance = await openServer(url, listening.port, settings, beside, opened, log)
    return {
      async stop(signal) {
        operator?.drain()
        // Nothing may come in while the rest goes.
        await drain(listening, drainingFor(signal, settings), entrance.endAnswers)
        await closeParts()
      },
    }
  } catch (error) {
    // Whoever has asked already is told so, and does not hold up the end.
    answer.reject(error)
    await listening.close(FAREWELL)
    await closeParts()
    if (error instanceof Interrupted) return { async stop() {} }
    if (!(error instanceof ConfigError)) throw error
    throw new ConfigError(error.problems.map((problem) => inVariables(problem, settings)))
  }
}

/** Opens every part in order, and says that it is ready. */
async function openServer(
  url: string,
  port: number,
  settings: ServeSettings,
  { operator, observers, stopped, answer }: Beside,
  opened: { close(): Promise<unknown> }[],
  log: Log,
): Promise<Entrance> {
  makeDataFolder(settings.data)
  const emulator =
    settings.entra === 'emulator' ? await openEmulator(url, settings, log) : undefined
  if (emulator) opened.push(emulator)
  // The keys may come from a vault, which may hang.
  const cutShort = stopped.then(() => Promise.reject(new Interrupted()))
  const options = await Promise.race([toOptions(url, settings, emulator, log), cutShort])
  const entrance = createEntrance({ ...options, observers })
  opened.push(entrance)
  const { currency } = settings
  const { token } = settings.operator
  operator?.attach(entrance, createOperatorApi({ operator: entrance.operator, token, log }))
  entrance.watchEntra()
  warnOfExpenses(settings, log)
  warnOfReplicas(settings, log)
  // Not loaded with the file: other commands read the same settings, and do without.
  letRequestsGo()
  const { createExpensesServer } = await import('../../expenses/server.ts')
  const expenses = await openExpenses(settings.expenses)
  const mcp = createExpensesServer({ expenses, currency, version: packageVersion(), log })
  opened.push(expenses, mcp)
  const guarded = entrance.protect(mcp.fetch)
  // Nothing else is here: a browser that asks for an icon is not to sign in for it.
  const handler: FetchHandler = (...message) =>
    entrance.isOurs(message[0]) ? guarded(...message) : entrance.fetch(...message)
  // While the store is away, what needs none is answered, and all else is told to come again.
  if (await waitForBoth(entrance, expenses, { stopped, onAway: () => answer(handler), log })) {
    writeBanner({ url, emulator, settings, port, operatorPort: operator?.port, log })
    if (settings.trustedProxyHops === 0) warnOfPort(url, port, log)
    // Nobody waits for it.
    void warnOfStore(options.store, log)
  }
  answer(handler)
  return entrance
}

/** Tells whether grants and expenses are there: a stop ends the wait. */
async function waitForBoth(
  { ready }: Entrance,
  { connect }: ExpenseStore,
  wait: StoreWait,
): Promise<boolean> {
  const message = 'Waiting for the expenses. Nobody can see or add any.'
  return (await waitForStore(ready, wait)) && waitForStore(connect, { ...wait, message })
}

/** Loaded only where it is used: against the real Entra it costs neither memory nor time. */
async function openEmulator(
  url: string,
  settings: ServeSettings,
  log: Log,
): Promise<RunningEmulator> {
  const { startEmulator } = await import('../../emulator/emulator.ts')
  const dataFile = join(settings.data, 'emulator.json')
  try {
    const emulator = await startEmulator({ port: settings.emulatorPort, dataFile, log })
    // What a person does in the portal: register this server's own address, beside what is there.
    const web = emulator.directory.applications[0]?.web
    const own = `${url}/auth/callback`
    if (web) web.redirectUris = [...new Set([own, ...web.redirectUris])]
    return emulator
  } catch (error) {
    // What is wrong with the file first: its code may be one that a port has as well.
    const said = toConfigError('ENTRANCE_DATA', error)
    throw portInUse(said, 'EMULATOR_PORT', settings.emulatorPort) ?? said
  }
}

/** By what the server knows an emulator. */
type KnownEmulator = Pick<RunningEmulator, 'application' | 'tenantId' | 'origin'>

/** What becomes of the settings; opens the store and the key file. */
export async function toOptions(
  url: string,
  settings: ServeSettings,
  emulator: KnownEmulator | undefined,
  log: Log,
): Promise<EntranceOptions> {
  const { entra, clientDocuments } = settings
  return {
    url,
    name: 'Expenses',
    frontDoor: true,
    consent: settings.consent,
    ...(clientDocuments && { clientDocuments }),
    secret: await openKeys(settings, log),
    store: await openStore(settings.store),
    entra:
      entra === 'emulator'
        ? {
            ...(emulator as KnownEmulator).application,
            tenantId: (emulator as KnownEmulator).tenantId,
            authority: (emulator as KnownEmulator).origin,
          }
        : entra,
    allow: settings.allow,
    registration: settings.registration,
    clients: settings.clients,
    trustedProxyHops: settings.trustedProxyHops,
    ...(!settings.isRateLimited && { limits: false }),
    log,
  }
}
