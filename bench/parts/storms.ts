// What a million strangers leave behind who register, and a million who begin to sign in.
import { mkdtempSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { StormDone, StormOrder } from '../flows/storm.ts'
import { type Figure, median } from '../kit/figure.ts'
import { type Ordered, startOrdered } from '../kit/ordered.ts'
import type { Measured, Part, Run } from '../kit/part.ts'
import { cpuSeconds, residentMegabytes } from '../kit/process.ts'
import { startEmulatorProcess } from '../subjects/emulator.ts'
import { startEntrance } from '../subjects/entrance.ts'
import type { Subject } from '../subjects/subject.ts'

/** How many of each kind, after how many that warm the server up. */
const COUNT = 1_000_000
const WARM_UP = 100_000

/** How often memory is read, and after how many strangers each time: what is garbage changes meanwhile. */
const READINGS = 3
const BETWEEN = 5000

/** In how many pieces a storm is timed. */
const PIECES = 4

const KINDS = ['registrations', 'authorizations'] as const

type Kind = (typeof KINDS)[number]

const WORDS: Readonly<Record<Kind, string>> = {
  registrations: 'registrations, each another',
  authorizations: 'authorizations that nobody comes back to',
}

export const storms: Part = {
  name: 'storms',
  title: 'A million strangers',
  isQuick: false,
  targets: ['storm-memory', 'storm-store'],
  measure: (run) => measureStorms(run, COUNT),
}

/** Such storms of `count` each: a million takes minutes. */
export async function measureStorms(run: Run, count: number): Promise<Measured> {
  await using started = new AsyncDisposableStack()
  const emulator = started.use(await startEmulatorProcess())
  const path = join(mkdtempSync(join(run.folder, 'storms-')), 'entrance.db')
  const env = { ENTRANCE_STORE: `sqlite:${path}`, ENTRANCE_RATE_LIMIT: 'off' }
  const server = started.use(await startEntrance(run, emulator, env))
  const driver = started.use(startOrdered<StormOrder, StormDone>('flows/storm.ts'))
  const bench: Bench = { run, server, driver, come: 0 }

  const idle = residentMegabytes(server.pid)
  const warmUp = Math.min(WARM_UP, count)
  for (const what of KINDS) await raise(bench, what, warmUp)
  const before = { ...measureStore(path), memory: await readMemory(bench) }
  const storms = new Map<Kind, Raised[]>()
  for (const what of KINDS) storms.set(what, await raise(bench, what, count))
  const after = { ...measureStore(path), memory: await readMemory(bench) }
  const pieces = [...storms.values()].flat()
  const subject = server.name
  const figure = (
    name: string,
    what: string,
    unit: Figure['unit'],
    samples: readonly number[],
  ) => ({
    ...{ id: `storms/${name}`, what, subject, unit, samples },
  })
  return {
    conditions: [...conditionsOf(count, warmUp), ...server.conditions],
    figures: [
      ...[...storms].flatMap(([what, raised]) => figuresOf(what, subject, raised)),
      figure('memory-idle', 'memory before anybody came', 'MB', [idle]),
      figure('memory-before', 'memory after the warm-up', 'MB', before.memory),
      figure('memory-meanwhile', 'memory after each piece', 'MB', pieces.map(memoryOf)),
      figure('memory-after', 'memory after the storms', 'MB', after.memory),
      figure('rows', 'rows of the store that the storms added', 'rows', [after.rows - before.rows]),
    ],
    ratios: [],
    targets: [
      {
        id: 'storm-memory',
        samples: after.memory.map((memory, at) => memory - (before.memory[at] ?? Number.NaN)),
        note: `beside what the same server had after ${written(warmUp)} of each, ${median(before.memory).toFixed(0)} MB; before anybody came it had ${idle.toFixed(0)} MB, and gives the rest back when V8 sees fit`,
      },
      {
        id: 'storm-store',
        samples: [after.bytes - before.bytes],
        note: 'the file and its log, read once before and once after',
      },
    ],
    absent: [],
  }
}

type Bench = {
  readonly run: Run
  readonly server: Subject
  readonly driver: Ordered<StormOrder, StormDone>
  /** How many strangers have come so far: no two are the same. */
  come: number
}

/** Of a piece of a storm: per second, seconds of the server's CPU each, and its memory after it, in MB. */
type Raised = { readonly rate: number; readonly cpu: number; readonly memory: number }

const memoryOf = ({ memory }: Raised) => memory

/** So many strangers, in pieces. */
async function raise(bench: Bench, what: Kind, count: number, pieces = PIECES): Promise<Raised[]> {
  const { run, server, driver } = bench
  const raised: Raised[] = []
  const size = Math.ceil(count / pieces)
  run.say(`${written(count)} ${what}`)
  for (let left = count; left > 0; left -= size) {
    const from = bench.come
    bench.come += Math.min(size, left)
    let before = Number.NaN
    const order = { origin: server.url, what, from, until: bench.come }
    const { seconds } = await driver.order(order, () => {
      before = cpuSeconds(server.pid)
    })
    const cpu = cpuSeconds(server.pid) - before
    const done = bench.come - from
    const memory = residentMegabytes(server.pid)
    raised.push({ rate: done / seconds, cpu: cpu / done, memory })
  }
  return raised
}

/**
 * What the system says that the process has while people come: V8 gives back what was garbage when
 * it sees fit, and after some storms not within a minute.
 */
async function readMemory(bench: Bench): Promise<number[]> {
  const raised = await raise(bench, 'authorizations', READINGS * BETWEEN, READINGS)
  return raised.map(memoryOf)
}

/** The file and its log, in bytes; and how many records there are. */
function measureStore(path: string): { bytes: number; rows: number } {
  using db = new DatabaseSync(path, { readOnly: true })
  const row = db.prepare('SELECT count(*) AS records FROM records').get()
  const sizes = ['', '-wal'].map((end) => statSync(path + end, { throwIfNoEntry: false })?.size)
  return {
    bytes: sizes.reduce<number>((sum, size = 0) => sum + size, 0),
    rows: Number(row?.records),
  }
}

function figuresOf(what: Kind, subject: string, raised: readonly Raised[]): Figure[] {
  return [
    {
      id: `storms/${what}/rate`,
      what: WORDS[what],
      ...{ subject, unit: 'req/s' },
      samples: raised.map(({ rate }) => rate),
    },
    {
      id: `storms/${what}/cpu`,
      what: `${WORDS[what]}: CPU of the server each`,
      ...{ subject, unit: 'µs' },
      samples: raised.map(({ cpu }) => 1e6 * cpu),
    },
  ]
}

function conditionsOf(count: number, warmUp: number): string[] {
  return [
    `${written(count)} registrations, then ${written(count)} authorization requests, each another, over HTTP at one \`entrance serve\`; each storm is timed in ${PIECES} pieces. Its limits for one address are off, for all come from one.`,
    `Memory is what the system says (RSS). Before is after ${written(warmUp)} of each, for by then V8 has set aside what it does under load; after is after the storms. Both are read in the same way, after each of ${READINGS} times ${written(BETWEEN)} more authorization requests. No garbage collection is asked for. At rest V8 gives back most of it, but when it sees fit.`,
    'The store is read once before and once after the storms.',
  ]
}

function written(count: number): string {
  return count.toLocaleString('en')
}
