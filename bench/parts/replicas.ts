// What a second and a third replica bring: tool calls, on a store that they have in common.
import { randomBytes } from 'node:crypto'
import { mkdtempSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { fixedPort } from '../../test/support/fixed-port.ts'
import { signIn } from '../../test/support/oauth-client.ts'
import { SHARED_STORES, type SharedStoreKind } from '../../test/support/shared-store.ts'
import { byId, type Figure, median, type Ratio, ratios } from '../kit/figure.ts'
import type { Measured, Part, Run } from '../kit/part.ts'
import { cpuSeconds } from '../kit/process.ts'
import { whyUnpinned } from '../kit/processors.ts'
import { applyLoad } from '../load/apply-load.ts'
import type { Order } from '../load/order.ts'
import { startEmulatorProcess } from '../subjects/emulator.ts'
import { type Serving, startServing } from '../subjects/serve.ts'
import { callOfTen, PROOF } from '../subjects/tool-call.ts'

const MOST = 3

/** How many connections each replica is called over. */
const CONNECTIONS = 16

/** Whether each of two replicas can have a processor, and the generator and the store as well. */
const HAS_ROOM = availableParallelism() > MOST

/** Processor 1 is the load generator's: without room the second and the third replica go there too. */
const PROCESSORS = HAS_ROOM ? [0, 2, 3] : [0, 1, 1]

/** How long each measurement takes, and how many calls each replica has answered before the first. */
export type Extent = { readonly seconds: number; readonly warmUp: number }

/** How often a load is applied to warm a replica up, at most: a machine may be slow. */
const WARM_UPS = 16

/** What some replicas did together in one round. */
type Seen = {
  /** Calls per second, of all. */
  readonly rate: number
  /** Of the processor for each call, in µs: the first replica's, and the store's with that of the expenses. */
  readonly cpu: number
  readonly storeCpu: number
}

export const replicas: Part = {
  name: 'replicas',
  title: 'Replicas on one store',
  isQuick: false,
  targets: ['replicas'],
  // Twice as many rounds as are asked for, and short ones: of what disturbs, each has less.
  measure: (run) =>
    measureReplicas({ ...run, rounds: 2 * run.rounds }, { seconds: 1, warmUp: 25_000 }),
}

/** One, two and three replicas, on each store that machines can have in common. */
export async function measureReplicas(run: Run, extent: Extent): Promise<Measured> {
  const kinds = SHARED_STORES.filter(({ kind }) => kind !== 'SQLite')
  const measured: { kind: string; rounds: readonly (readonly Seen[])[] }[] = []
  for (const kind of kinds) {
    if (kind.skip) continue
    measured.push({ kind: kind.kind, rounds: await measureOn(kind, run, extent) })
  }
  const told = measured.map(({ kind, rounds }) => ({ ...tell(kind, rounds), kind }))
  const factors = measured
    .map(({ rounds }) => rounds.map(factorOf))
    .toSorted((a, b) => median(a) - median(b))
  return {
    conditions: CONDITIONS,
    figures: byId(told.flatMap(({ figures }) => figures)),
    ratios: told.flatMap((one) => one.ratios),
    targets: [
      factors[0]
        ? { id: 'replicas', samples: factors[0], ...(HAS_ROOM ? {} : { note: RECKONED }) }
        : {
            id: 'replicas',
            samples: null,
            why: 'Neither Redis nor PostgreSQL is on this machine.',
          },
    ],
    absent: kinds.flatMap(({ kind, skip }) => (skip ? [{ subject: kind, why: skip }] : [])),
  }
}

/** By rounds: what one, two and three replicas did. */
async function measureOn(kind: SharedStoreKind, run: Run, extent: Extent): Promise<Seen[][]> {
  await using stack = new AsyncDisposableStack()
  const emulator = stack.use(await startEmulatorProcess())
  const folder = mkdtempSync(join(run.folder, 'replicas-'))
  const common = stack.use(await kind.start(folder))
  const { ENTRANCE_STORE: store = '', ...env } = common.env
  const secret = randomBytes(32).toString('base64url')
  const ports = await Promise.all(Array.from({ length: MOST }, fixedPort))
  const url = `http://localhost:${ports[0]}`
  const servers: Serving[] = []
  for (const [i, port] of ports.entries()) {
    const place = { port, url, folder, cpu: PROCESSORS[i] ?? 0 }
    servers.push(stack.use(await startServing({ emulator, secret, store, env, ...place })))
  }
  // Whoever signed in at one of them is let in by all.
  const { tokens } = await signIn(url)
  const call = await callOfTen(`${url}/mcp`, tokens.access_token)
  const shared = { ...call, headers: { ...call.headers, host: new URL(url).host } }
  const callOf = ({ address, pid }: Serving): Order => ({
    ...{ ...shared, url: `${address}/mcp`, contains: PROOF, server: pid },
    ...{ connections: CONNECTIONS, seconds: extent.seconds, warmUp: 0 },
  })
  await Promise.all(servers.map((server) => warm(callOf(server), extent.warmUp)))
  const rounds: Seen[][] = []
  for (let round = 0; round < run.rounds; round++) {
    // Each is the first in its turn, where each has a processor.
    const first = HAS_ROOM ? round : 0
    const order = servers.map((_, i) => servers[(i + first) % MOST] as Serving)
    const counts = round % 2 === 0 ? [1, 2, 3] : [3, 2, 1]
    const seen: Seen[] = []
    for (const count of counts) {
      seen[count - 1] = await callAtOnce(order.slice(0, count).map(callOf), common.pids)
    }
    rounds.push(seen)
    run.say(`${kind.kind}: round ${round + 1} of ${run.rounds}`)
  }
  return rounds
}

/** Until its code is compiled: that goes by how often it has run, not by time. */
async function warm(load: Order, calls: number): Promise<void> {
  for (let count = 0, times = 0; count < calls && times < WARM_UPS; times++) {
    count += (await applyLoad(load)).count
  }
}

async function callAtOnce(loads: readonly Order[], storePids: readonly number[]): Promise<Seen> {
  const used = () => storePids.reduce((sum, pid) => sum + cpuSeconds(pid), 0)
  const before = used()
  const loaded = await Promise.all(loads.map((load) => applyLoad(load)))
  const sumOf = (part: (one: (typeof loaded)[number]) => number) =>
    loaded.reduce((sum, one) => sum + part(one), 0)
  const count = sumOf((one) => one.count)
  return {
    rate: sumOf(({ rate }) => rate),
    cpu: loaded[0]?.serverCpu ?? Number.NaN,
    storeCpu: (1e6 * (used() - before)) / count,
  }
}

/** How many times one replica's calls two take, or would take: see the conditions. */
function factorOf([one, two]: readonly Seen[]): number {
  if (!one || !two) return Number.NaN
  return HAS_ROOM ? two.rate / one.rate : (2 * one.cpu) / two.cpu
}

const COSTS = [
  { name: 'rate', what: 'tool calls', unit: 'req/s' },
  { name: 'cpu', what: 'CPU of a replica for a tool call', unit: 'µs' },
  { name: 'storeCpu', what: 'CPU of the store and the expenses for a tool call', unit: 'µs' },
] as const

function tell(
  kind: string,
  rounds: readonly (readonly Seen[])[],
): { figures: Figure[]; ratios: Ratio[] } {
  const samplesOf = (at: number, name: keyof Seen) =>
    rounds.map((seen) => seen[at]?.[name] ?? Number.NaN)
  const words = ['one replica', 'two replicas', 'three replicas']
  return {
    figures: COSTS.flatMap(({ name, what, unit }) =>
      words.map((subject, at) => ({
        ...{ id: `replicas/${name}`, what, subject: `${kind}, ${subject}`, unit },
        samples: samplesOf(at, name),
      })),
    ),
    ratios: [1, 2].flatMap((at) =>
      COSTS.map(({ name, what }) => ({
        ...{ id: `replicas/${kind.toLowerCase()}/${name}/${at + 1}`, unit: '×' as const },
        what: `${what}, ${words[at]} beside one, ${kind}`,
        samples: ratios(samplesOf(at, name), samplesOf(0, name)),
      })),
    ),
  }
}

const RECKONED = `not measured but reckoned, for this machine has ${availableParallelism()} processors, and two replicas, the load generator and the store want one each: two times the CPU that a call takes at a replica alone, over what it takes there while a second one serves as well. It says what replicas cost each other, and not when a store has no more to give`

const PLACES = HAS_ROOM
  ? 'Each replica is kept to a processor of its own, the load generator to another.'
  : 'The first replica, whose CPU is told, has a processor to itself; the others share that of the load generator.'

const CONDITIONS = [
  whyUnpinned() === undefined ? PLACES : 'The system decides which processor runs what.',
  ...(HAS_ROOM ? [] : [`The factor of the target is ${RECKONED}.`]),
  'Everybody calls get_expenses with ten expenses, with a token that one of the replicas gave, at all of them: 16 connections to each, without a proxy in between. Expenses are in PostgreSQL in both cases, and are read at each call.',
]
