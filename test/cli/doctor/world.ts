import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { PassThrough } from 'node:stream'
import { promisify } from 'node:util'
import { LOOPBACK_ADDRESSES, listen } from '../../../src/adapters/listen.ts'
import { toNodeHandler } from '../../../src/adapters/node.ts'
import { type DoctorOptions, doctor } from '../../../src/cli/commands/doctor.ts'
import { checkSettings, toOptions } from '../../../src/cli/commands/serve.ts'
import { makeDataFolder } from '../../../src/cli/data-folder.ts'
import type { Finding } from '../../../src/cli/doctor/finding.ts'
import { resolveServeSettings } from '../../../src/cli/env.ts'
import type { Terminal } from '../../../src/cli/terminal.ts'
import {
  type Application,
  createEmulator,
  type Directory,
  type Emulator,
  type RunningEmulator,
  type ServicePrincipal,
} from '../../../src/emulator/emulator.ts'
import { createEntrance, type Entrance, type LogEvent } from '../../../src/index.ts'
import { noteSecret, watchLog } from '../../support/secrets.ts'
import { graphToken, installAz } from '../setup/support.ts'

/** Something that stands in front: it may answer itself, or change what passes. */
export type Front = (
  request: Request,
  next: (request: Request) => Promise<Response>,
) => Response | Promise<Response>

/**
 * An app registration at an emulator, a server's configuration, and the server itself, all
 * listening; everything is right until somebody plants a fault.
 */
export type World = {
  readonly emulator: Emulator
  /** The app registration. */
  readonly app: Application
  readonly servicePrincipal: ServicePrincipal
  /** The variables that doctor reads; the server is started with them when it is first asked. */
  readonly env: Record<string, string>
  /** Variables that are different for the server: those of another machine. */
  readonly serverEnv: Record<string, string>
  /** The variables that name the app registration, as they are right. */
  readonly registered: Readonly<Record<string, string>>
  /** The server's public base URL. */
  readonly url: string
  /** A folder of the world's own. */
  readonly folder: string
  /** In front of Entra. */
  readonly inFrontOfEntra: Front[]
  /** In front of the server. */
  readonly inFrontOfServer: Front[]
  /** By an origin, the error code with which connections to it fail. */
  readonly unreachable: Map<string, string>
  /** By an origin that is not really there, what answers. */
  readonly elsewhere: Map<string, (request: Request) => Promise<Response>>
  /** What is to be ended with the world. */
  readonly cleanup: (() => unknown)[]
  /** What the server logged. */
  readonly logs: readonly LogEvent[]
  /** By how many seconds Entra's clock is ahead of this machine's. */
  setEntraClock(seconds: number): void
  /** Starts the server, unless it runs; throws what is wrong with its configuration. */
  start(): Promise<Entrance>
  /** Starts one more with other variables, and gives what answers there. */
  startReplica(env: Readonly<Record<string, string>>): Promise<Entrance['fetch']>
  /** Does something while this process reaches no more than the world's fault lets through. */
  withNetwork<T>(userAgent: string | undefined, work: () => Promise<T>): Promise<T>
  /** Starts the server anew, with the variables as they are now. */
  restart(): Promise<void>
  /** Signs an administrator in to Microsoft Graph: doctor then reads the registration. */
  signInOperator(): Promise<void>
  /** Runs a command in a shell where that administrator is signed in with az; gives its stdout. */
  runShell(command: string): Promise<string>
  /** Runs `doctor --json` in this process. */
  doctor(options?: DoctorOptions): Promise<Diagnosis>
  close(): Promise<void>
}

export type Diagnosis = {
  readonly exitCode: number
  readonly findings: readonly Finding[]
  /** All but those that are ok or skipped. */
  readonly faults: readonly Finding[]
  readonly text: string
}

/** Makes worlds that share one emulator, for its keys take time; one world at a time. */
export async function createWorlds() {
  const entraFronts: Front[] = []
  const answer = Promise.withResolvers<Emulator>()
  const entra = await listening(entraFronts, async (request) =>
    (await answer.promise).fetch(request),
  )
  const clock = { ahead: 0 }
  const emulator = createEmulator({
    origin: `http://localhost:${entra.port}`,
    now: () => Date.now() + clock.ahead * 1000,
  })
  answer.resolve(emulator)
  const pristine = structuredClone(emulator.directory)
  return {
    async open(): Promise<World> {
      Object.assign(emulator.directory, structuredClone(pristine))
      entraFronts.length = 0
      clock.ahead = 0
      return openWorld(emulator, entraFronts, clock)
    },
    async close() {
      await entra.close()
      await emulator.close()
    },
  }
}

/** Good for an hour, and as good for each world: they share the emulator. */
let operatorToken: string | undefined

async function openWorld(
  emulator: Emulator,
  inFrontOfEntra: Front[],
  clock: { ahead: number },
): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'entrance-doctor-'))
  const inFrontOfServer: Front[] = []
  const network: Network = { unreachable: new Map(), elsewhere: new Map() }
  const logs: LogEvent[] = []
  watchLog('the server', logs)
  let running: Promise<Entrance> | undefined
  const open = (variables: Record<string, string>) =>
    startServer(variables, (event) => void logs.push(event), fetchIn(network))
  const start = () => {
    running ??= open({ ...env, ...serverEnv })
    return running
  }
  const server = await listening(inFrontOfServer, async (request) =>
    guarded(await start())(request),
  )
  const url = `http://localhost:${server.port}`
  const serverEnv: Record<string, string> = {}
  const env: Record<string, string> = {
    ...variablesFor(emulator),
    ENTRANCE_URL: url,
    ENTRANCE_SECRET: randomBytes(32).toString('base64url'),
    ENTRANCE_DATA: join(folder, 'data'),
  }
  noteSecret('a master key', env.ENTRANCE_SECRET)
  const app = emulator.directory.applications[0] as Application
  app.web.redirectUris = [`${url}/auth/callback`]
  const cleanup: (() => unknown)[] = []
  const restart = async () => {
    const former = running
    running = undefined
    await former?.then(
      (entrance) => entrance.close(),
      () => {},
    )
  }
  return {
    emulator,
    app,
    servicePrincipal: findPrincipal(emulator.directory, app),
    env,
    serverEnv,
    registered: variablesFor(emulator),
    url,
    folder,
    inFrontOfEntra,
    inFrontOfServer,
    ...network,
    cleanup,
    logs,
    setEntraClock(seconds) {
      clock.ahead = seconds
      inFrontOfEntra.push(async (request, next) => {
        const response = await next(request)
        const headers = new Headers(response.headers)
        headers.set('date', new Date(Date.now() + clock.ahead * 1000).toUTCString())
        return new Response(response.body, { status: response.status, headers })
      })
    },
    start,
    async startReplica(other) {
      const data = { ENTRANCE_DATA: join(folder, 'data-of-another') }
      const replica = await open({ ...env, ...serverEnv, ...data, ...other })
      cleanup.push(() => replica.close())
      return guarded(replica)
    },
    withNetwork: (userAgent, work) => withFetch(fetchIn(network, userAgent), work),
    restart,
    async signInOperator() {
      const [alice] = emulator.directory.users
      if (alice) alice.directoryRoles = ['Application Administrator']
      operatorToken ??= await graphToken(emulator as RunningEmulator, 'Alice')
      env.ENTRANCE_GRAPH_TOKEN = operatorToken
    },
    async runShell(command) {
      const path = `${installAz(folder, operatorToken ?? '')}${delimiter}${process.env.PATH}`
      const { stdout } = await promisify(execFile)('sh', ['-ec', command], { env: { PATH: path } })
      return stdout
    },
    doctor: (options) => diagnose(env, network, options),
    async close() {
      for (const end of cleanup) await end()
      await restart()
      await server.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function variablesFor({ application, tenantId, origin }: Emulator): Record<string, string> {
  return {
    ENTRA_PROXY_AZURE_CLIENT_ID: application.clientId,
    ENTRA_PROXY_AZURE_CLIENT_SECRET: application.clientSecret,
    AZURE_TENANT_ID: tenantId,
    ENTRANCE_AUTHORITY: origin,
  }
}

function findPrincipal(directory: Directory, { appId }: Application): ServicePrincipal {
  return directory.servicePrincipals.find((one) => one.appId === appId) as ServicePrincipal
}

/** As `entrance serve` does, but for the port, and what is behind the gate. */
async function startServer(
  env: Record<string, string>,
  log: (event: LogEvent) => void,
  fetch: typeof globalThis.fetch,
): Promise<Entrance> {
  const settings = resolveServeSettings({}, env)
  checkSettings(settings)
  makeDataFolder(settings.data)
  const options = await toOptions(settings.url ?? '', settings, undefined, log)
  const entrance = createEntrance({ ...options, fetch, limits: false })
  await entrance.ready()
  return entrance
}

function guarded(entrance: Entrance): Entrance['fetch'] {
  return entrance.protect(async () => Response.json({ answered: true }))
}

/** Listens, with what stands in front asked first, the last one that was put there before others. */
async function listening(fronts: readonly Front[], handler: (r: Request) => Promise<Response>) {
  const answer = inOrder(fronts, handler)
  return listen(toNodeHandler(answer), { port: 0, hosts: LOOPBACK_ADDRESSES })
}

function inOrder(fronts: readonly Front[], handler: (r: Request) => Promise<Response>) {
  return (request: Request): Promise<Response> =>
    fronts.reduce<(r: Request) => Promise<Response>>(
      (next, front) => async (one) => front(one, next),
      handler,
    )(request)
}

async function diagnose(
  env: Readonly<Record<string, string>>,
  network: Network,
  options: DoctorOptions = {},
): Promise<Diagnosis> {
  const { terminal, text } = createTestTerminal(env)
  const world = { now: Date.now, fetch: fetchIn(network) }
  const exitCode = await doctor({ json: true, ...options }, terminal, world)
  const { findings } = JSON.parse(text()) as { findings: Finding[] }
  const faults = findings.filter(({ status }) => status === 'error' || status === 'warning')
  return { exitCode, findings, faults, text: text() }
}

const realFetch = globalThis.fetch

type Network = Pick<World, 'unreachable' | 'elsewhere'>

/** The real one, but for what the network does to it, and what it calls itself. */
function fetchIn({ unreachable, elsewhere }: Network, userAgent?: string): typeof fetch {
  return async (input, init) => {
    const { origin } = new URL(input instanceof Request ? input.url : input)
    const code = unreachable.get(origin)
    if (code === 'TimeoutError') throw new DOMException('It took too long.', 'TimeoutError')
    if (code) throw new TypeError('fetch failed', { cause: toCause(code, origin) })
    const answer = elsewhere.get(origin)
    if (answer) return answer(new Request(input, init))
    if (userAgent === undefined) return realFetch(input, init)
    const headers = new Headers(init?.headers)
    headers.set('user-agent', userAgent)
    return realFetch(input, { ...init, headers })
  }
}

/** What Node has for a connection that fails, and for a proxy that lets nothing through. */
function toCause(code: string, origin: string): Error {
  const [, status] = /^proxy (\d+)$/.exec(code) ?? []
  if (status === undefined) return Object.assign(new Error(`${code} ${origin}`), { code })
  return new Error(`Proxy response (${status}) !== 200 when HTTP Tunneling`)
}

async function withFetch<T>(instead: typeof fetch, work: () => Promise<T>): Promise<T> {
  globalThis.fetch = instead
  try {
    return await work()
  } finally {
    globalThis.fetch = realFetch
  }
}

/** A terminal that nobody looks at, and what was written to its stdout. */
export function createTestTerminal(env: Readonly<Record<string, string>>, columns?: number) {
  const lines: string[] = []
  const terminal: Terminal = {
    stdin: new PassThrough() as unknown as Terminal['stdin'],
    stdout: { columns } as unknown as Terminal['stdout'],
    stderr: {} as unknown as Terminal['stderr'],
    env,
    signal: new AbortController().signal,
    isInteractive: false,
    out: (text) => void lines.push(text),
    note: () => {},
    format: (_, text) => text,
    formatNote: (_, text) => text,
  }
  return { terminal, lines, text: () => lines.join('\n') }
}
