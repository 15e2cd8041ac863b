// What it costs to have a million live grants: each store beside itself with a thousand.
import { statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { type Pattern, signInOnce } from '../growth/people.ts'
import { type Cost, compare, openSide, type Side } from '../growth/side.ts'
import { KINDS, type Kind } from '../growth/subjects.ts'
import { byId, type Figure, median, type Ratio, ratios } from '../kit/figure.ts'
import type { Measured, Part, Run, TargetResult } from '../kit/part.ts'
import { type EmulatorProcess, startEmulatorProcess } from '../subjects/emulator.ts'

/** How much there is, and how much is asked in each round. */
export type Extent = {
  readonly few: number
  readonly many: number
  readonly refreshes: number
  readonly calls: number
}

const EXTENT: Extent = { few: 1000, many: 1_000_000, refreshes: 300, calls: 1500 }

/** What people are called who read of it. */
const STORES: ReadonlyMap<string, string> = new Map([
  ['sqlite', 'SQLite'],
  ['postgresql', 'PostgreSQL'],
  ['redis', 'Redis'],
])

const REQUESTS = [
  { request: 'refresh', what: 'a refresh', target: 'growth-refresh' },
  { request: 'call', what: 'a call of get_expenses', target: 'growth-call' },
] as const

export const growth: Part = {
  name: 'growth',
  title: 'A million live grants in the store',
  isQuick: false,
  targets: ['growth-call', 'growth-refresh'],
  measure: (run) => measureGrowth(run, EXTENT),
}

/** Each store that is on this machine, one after the other. */
export async function measureGrowth(run: Run, extent: Extent): Promise<Measured> {
  await using emulator = await startEmulatorProcess()
  const pattern = await signInOnce(emulator, run.folder)
  const seen: StoreSeen[] = []
  const absent: { subject: string; why: string }[] = []
  for (const [id, name] of STORES) {
    const kind = KINDS.get(id) as Kind
    const why = kind.skip || lackFor(id, extent.many)
    if (why) absent.push({ subject: name, why })
    else seen.push(await measureStore({ id, name, kind }, { run, extent, emulator, pattern }))
  }
  return {
    conditions: conditionsOf(extent),
    figures: byId(seen.flatMap(({ figures }) => figures)),
    ratios: seen.flatMap((store) => store.ratios),
    targets: REQUESTS.map(({ request, target }) => worst(seen, request, target)),
    absent,
  }
}

/** What a grant takes on the disk while many are put there, and in memory with Redis; in bytes. */
const DISK = 9000
const MEMORY = 6000

/** What this machine lacks for so many; undefined where there is room. */
function lackFor(store: string, grants: number): string | undefined {
  const { bavail, bsize } = statfsSync(tmpdir())
  const rooms = [{ of: `disk below ${tmpdir()}`, has: bavail * bsize, wants: grants * DISK }]
  if (store === 'redis') {
    rooms.push({ of: 'memory', has: process.availableMemory(), wants: grants * MEMORY })
  }
  const toGigabytes = (bytes: number) => (bytes / 1e9).toFixed(1)
  const lack = rooms.find(({ has, wants }) => has < wants)
  return (
    lack &&
    `It takes ${toGigabytes(lack.wants)} GB of ${lack.of}, and ${toGigabytes(lack.has)} are free.`
  )
}

type Setting = {
  readonly run: Run
  readonly extent: Extent
  readonly emulator: EmulatorProcess
  readonly pattern: Pattern
}

type StoreSeen = {
  readonly id: string
  readonly figures: readonly Figure[]
  readonly ratios: readonly Ratio[]
}

async function measureStore(
  { id, name, kind }: { id: string; name: string; kind: Kind },
  { run, extent, emulator, pattern }: Setting,
): Promise<StoreSeen> {
  const setting = { emulator, pattern, folder: run.folder }
  await using few = await openSide(kind, extent.few, setting)
  const start = performance.now()
  await using many = await openSide(kind, extent.many, setting)
  const took = ((performance.now() - start) / 1000).toFixed(0)
  run.say(`${name}: ${toCount(extent.many)} grants are in the store, after ${took} s`)
  const sides = [few, many] as const
  const figures: Figure[] = sizeOf(name, sides)
  const seen: Ratio[] = []
  for (const { request, what } of REQUESTS) {
    const count = request === 'refresh' ? extent.refreshes : extent.calls
    // The first of them are slower, on both sides.
    await compare(sides, request, Math.ceil(count / 2))
    const rounds: (readonly [Cost, Cost])[] = []
    for (let round = 0; round < run.rounds; round++) {
      rounds.push(await compare(sides, request, count))
    }
    const told = tell({ id, name, request, what }, sides, rounds)
    figures.push(...told.figures)
    seen.push(...told.ratios)
  }
  return { id, figures, ratios: seen }
}

function sizeOf(name: string, [few, many]: readonly [Side, Side]): Figure[] {
  if (few.bytes === undefined || many.bytes === undefined) return []
  const each = (many.bytes - few.bytes) / (many.grants - few.grants)
  const what = 'what a grant takes up, with its indexes and what is noted of its sign-in'
  return [{ id: 'growth/size', what, subject: name, unit: 'bytes', samples: [each] }]
}

/** Both costs of both sides, and how they are to each other. */
function tell(
  { id, name, request, what }: { id: string; name: string; request: string; what: string },
  sides: readonly [Side, Side],
  rounds: readonly (readonly [Cost, Cost])[],
): { figures: Figure[]; ratios: Ratio[] } {
  const costs = [
    { kind: 'time', told: what },
    { kind: 'cpu', told: `CPU of the server and its store for ${what}` },
  ] as const
  const samplesOf = (at: 0 | 1, kind: keyof Cost) => rounds.map((round) => round[at][kind])
  return {
    figures: costs.flatMap(({ kind, told }) =>
      ([0, 1] as const).map((at) => ({
        ...{ id: `growth/${request}/${kind}`, what: told, unit: 'ms' as const },
        subject: `${name}, ${toCount(sides[at].grants)} grants`,
        samples: samplesOf(at, kind),
      })),
    ),
    ratios: costs.map(({ kind, told }) => ({
      ...{ id: `growth/${id}/${request}/${kind}`, unit: '×' as const },
      what: `${told}, ${name}, with ${toCount(sides[1].grants)} live grants beside ${toCount(sides[0].grants)}`,
      samples: ratios(samplesOf(1, kind), samplesOf(0, kind)),
    })),
  }
}

/** A target is held by all stores, so it stands beside the one that is the slowest with many. */
function worst(
  seen: readonly StoreSeen[],
  request: string,
  id: 'growth-call' | 'growth-refresh',
): TargetResult {
  const samples = seen
    .map((store) => store.ratios.find((one) => one.id === `growth/${store.id}/${request}/time`))
    .map((ratio) => ratio?.samples ?? [])
    .toSorted((a, b) => median(b) - median(a))[0]
  return samples
    ? { id, samples }
    : { id, samples: null, why: 'No store could be measured on this machine.' }
}

function toCount(count: number): string {
  return count.toLocaleString('en')
}

function conditionsOf({ few, many }: Extent): string[] {
  return [
    `Two servers of each store, one with ${toCount(few)} live grants and one with ${toCount(many)}, are asked in turns, request by request, by one who waits for each answer. A time is the median of a round, as whoever asks waits for it: a refresh has Entra's part in it, which the emulator plays.`,
    'Every grant is made and sealed by the library, ten to a person, three of ten with one client and the others with 100,003, and has its place in every index. They are put there in bulk, past the server. 500 of them, spread evenly, are those that are renewed; they are one person’s, with one client.',
    'The target stands beside the slowest of the stores. SQLite and PostgreSQL wait for the disk at each change; Redis writes its log once a second. What was filled is for the most part still in the memory of the system, as it is of a store that is used.',
    'The server is kept to one processor, where the system can do so. Expenses are in a file, with PostgreSQL in its database.',
  ]
}
