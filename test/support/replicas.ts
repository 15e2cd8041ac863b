import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import {
  type RunningEmulator,
  type StartOptions,
  startEmulator,
} from '../../src/emulator/emulator.ts'
import type { LogEvent } from '../../src/index.ts'
import { fixedPort } from './fixed-port.ts'
import { type RunningNginx, startNginx } from './nginx.ts'
import { type RunningServe, startServe } from './serve.ts'
import type { SharedStore, SharedStoreKind } from './shared-store.ts'
import { shiftedClock } from './shifted-clock.ts'

/** One `entrance serve` of several: always on the same port. */
export type Replica = {
  readonly name: string
  readonly port: number
  /** What it wrote since it was started last. */
  readonly logs: readonly (LogEvent | string)[]
  isRunning(): boolean
  /** Starts it; resolves when it is ready. */
  start(): Promise<void>
  /** Ends it and gives its exit code; null when the signal itself ended it. */
  stop(signal?: NodeJS.Signals): Promise<number | null>
  /** Asks `/mcp` of this very replica, past nginx, for its tools; gives the status. */
  askGate(token: string): Promise<number>
}

/** Three replicas behind nginx, one store behind them, and an emulator. */
export type RunningReplicas = AsyncDisposable & {
  /** The public base URL, nginx's. */
  readonly url: string
  readonly replicas: readonly Replica[]
  readonly nginx: RunningNginx
  readonly store: SharedStore
  /** Their data folder. */
  readonly data: string
  readonly emulator: RunningEmulator
  /** Has the next request that is sent go to this replica, while nobody else asks. */
  leadTo(replica: Replica): Promise<void>
}

const COUNT = 3

/** How long a replica may take over one answer, in milliseconds. */
const ANSWER_TIMEOUT = 30_000

export type StartReplicasOptions = {
  readonly emulator?: StartOptions
  /** By how many seconds the clock of each is ahead of this machine's. */
  readonly clocks?: readonly number[]
  /** Variables of all that are to differ. */
  readonly env?: Readonly<Record<string, string>>
}

/** Starts them all on one machine: one address, one secret, one store, one place of expenses. */
export async function startReplicas(
  kind: SharedStoreKind,
  options: StartReplicasOptions = {},
): Promise<RunningReplicas> {
  await using started = new AsyncDisposableStack()
  const folder = mkdtempSync(join(tmpdir(), 'entrance-replicas-'))
  started.defer(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
  const emulator = await startEmulator({ port: 0, ...options.emulator })
  started.defer(() => emulator.close())
  const data = join(folder, 'data')
  const store = started.use(await kind.start(data))

  const port = await fixedPort()
  const url = `http://localhost:${port}`
  emulator.directory.applications[0]?.web.redirectUris.push(`${url}/auth/callback`)
  const own = { ENTRANCE_DATA: data, ...store.env, ...options.env }
  const env = { ...environmentOf(url, emulator), ...own }
  const ports = await Promise.all(Array.from({ length: COUNT }, fixedPort))
  const replicas = ports.map((own, i) => {
    const clock = shiftedClock(options.clocks?.[i] ?? 0)
    return createReplica(`replica ${i + 1}`, own, { folder, env: { ...env, ...clock }, url })
  })
  started.defer(async () => void (await Promise.all(replicas.map((replica) => replica.stop()))))
  await Promise.all(replicas.map((replica) => replica.start()))
  const nginx = started.use(await startNginx(port, ports))

  const running = started.move()
  const leadTo = (replica: Replica) => leadBefore(replicas.indexOf(replica), { url, ports, nginx })
  const dispose = () => running.disposeAsync()
  return { url, replicas, nginx, store, data, emulator, leadTo, [Symbol.asyncDispose]: dispose }
}

/** What every replica of one server is given, behind one proxy. */
export function environmentOf(url: string, emulator: RunningEmulator): Record<string, string> {
  return {
    ENTRANCE_URL: url,
    ENTRANCE_SECRET: randomBytes(32).toString('base64url'),
    ENTRANCE_AUTHORITY: emulator.origin,
    AZURE_TENANT_ID: emulator.tenantId,
    ENTRA_PROXY_AZURE_CLIENT_ID: emulator.application.clientId,
    ENTRA_PROXY_AZURE_CLIENT_SECRET: emulator.application.clientSecret,
    ENTRANCE_TRUSTED_PROXY_HOPS: '1',
    // Everybody here comes from one address, and asks for more than people do.
    ENTRANCE_RATE_LIMIT: 'off',
  }
}

type ReplicaSettings = { folder: string; env: Record<string, string>; url: string }

function createReplica(name: string, port: number, { folder, env, url }: ReplicaSettings): Replica {
  let running: RunningServe | undefined
  return {
    name,
    port,
    get logs() {
      return running?.logs ?? []
    },
    isRunning: () => running !== undefined,
    async start() {
      running = await startServe({ args: [], folder, env: { ...env, PORT: String(port) } })
    },
    async stop(signal) {
      const stopping = running
      running = undefined
      return stopping ? stopping.stop(signal) : null
    },
    askGate: (token) => askGate(port, new URL(url).host, token),
  }
}

function askGate(port: number, host: string, token: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' })
  const headers = {
    ...{ host, authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    accept: 'application/json, text/event-stream',
    'content-length': body.length,
  }
  const signal = AbortSignal.timeout(ANSWER_TIMEOUT)
  request({ host: '127.0.0.1', port, path: '/mcp', method: 'POST', headers, agent: false, signal })
    .on('response', (response) => {
      // A replica may be killed in the midst of its answer.
      response.on('end', () => resolve(response.statusCode ?? 0)).on('error', reject)
      response.resume()
    })
    .on('error', reject)
    .end(body)
  return promise
}

/** Sends requests until nginx, which takes turns, is about to ask the replica at `index`. */
async function leadBefore(
  index: number,
  { url, ports, nginx }: { url: string; ports: readonly number[]; nginx: RunningNginx },
): Promise<void> {
  const before = ports[(index + ports.length - 1) % ports.length]
  for (let attempt = 0; attempt < 2 * ports.length; attempt++) {
    const count = nginx.requests().length
    await (await fetch(`${url}/health`)).text()
    // It writes the line after the answer.
    while (nginx.requests().length === count) await wait(5)
    if (nginx.requests().at(-1)?.ports.at(-1) === before) return
  }
  throw new Error(`nginx does not take turns: ${JSON.stringify(nginx.requests().slice(-6))}`)
}
