// What a million strangers leave behind who register, and a million who begin to sign in.
import { mkdtempSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as wait } from 'node:timers/promises'
import type { StormDone, StormOrder } from '../flows/storm.ts'
import type { Figure } from '../kit/figure.ts'
import { type Ordered, startOrdered } from '../kit/ordered.ts'
import type { Measured, Part, Run } from '../kit/part.ts'
import { cpuSeconds, residentMegabytes } from '../kit/process.ts'
import { startEmulatorProcess } from '../subjects/emulator.ts'
import { startEntrance } from '../subjects/entrance.ts'
import type { Subject } from '../subjects/subject.ts'

/** How many of each kind, after how many that warm the server up. */
const COUNT = 1_000_000
const WARM_UP = 30_000

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
  const bench = { run, server, driver }

  const warmUp = Math.min(WARM_UP, count)
  for (const what of KINDS) await raise(bench, what, 0, warmUp)
  const before = { ...measureStore(path), memory: await settledMemory(server) }
  const storms = new Map<Kind, Raised[]>()
  for (const what of KINDS) storms.set(what, await raise(bench, what, warmUp, warmUp + count))
  const after = { ...measureStore(path), memory: await settledMemory(server) }
  const subject = server.name
  return {
    conditions: [...conditionsOf(count, warmUp), ...server.conditions],
    figures: [
      ...[...storms].flatMap(([what, raised]) => figuresOf(what, subject, raised)),
      one('storms/memory-before', 'memory before the storms', 'MB', before.memory),
      one('storms/memory-after', 'memory after the storms', 'MB', after.memory),
      one(
        'storms/rows',
        'rows of the store that the storms added',
        'rows',
        after.rows - before.rows,
      ),
    ],
    ratios: [],
    targets: [
      { id: 'storm-memory', samples: [after.memory - before.memory] },
      { id: 'storm-store', samples: [after.bytes - before.bytes] },
    ],
    absent: [],
  }

  function one(id: string, what: string, unit: Figure['unit'], sample: number): Figure {
    return { id, what, subject, unit, samples: [sample] }
  }
}

type Bench = {
  readonly run: Run
  readonly server: Subject
  readonly driver: Ordered<StormOrder, StormDone>
}

/** Of a piece of a storm: per second, and seconds of the server's CPU each. */
type Raised = { readonly rate: number; readonly cpu: number }

/** Those from one number up to the other, in pieces. */
async function raise(
  { run, server, driver }: Bench,
  what: Kind,
  from: number,
  until: number,
): Promise<Raised[]> {
  const raised: Raised[] = []
  const size = Math.ceil((until - from) / PIECES)
  for (let at = from; at < until; at += size) {
    run.say(`storms: ${what} ${at.toLocaleString('en')} and on`)
    const end = Math.min(at + size, until)
    let before = Number.NaN
    const order = { origin: server.url, what, from: at, until: end }
    const { seconds } = await driver.order(order, () => {
      before = cpuSeconds(server.pid)
    })
    const cpu = cpuSeconds(server.pid) - before
    raised.push({ rate: (end - at) / seconds, cpu: cpu / (end - at) })
  }
  return raised
}

/** Memory that has stood still for so long counts as settled, in milliseconds. */
const STILL = 5000

/** By how much it may move meanwhile, in MB; and how long that is waited for, in milliseconds. */
const STILL_MEGABYTES = 1
const PATIENCE = 20_000

/** What the system says that the process has, once that stands still. Nobody asks it to clear up. */
async function settledMemory({ pid }: Subject): Promise<number> {
  const deadline = performance.now() + PATIENCE
  let last = residentMegabytes(pid)
  for (let since = performance.now(); performance.now() < deadline; ) {
    await wait(250)
    const now = residentMegabytes(pid)
    if (Math.abs(now - last) > STILL_MEGABYTES) {
      last = now
      since = performance.now()
    }
    if (performance.now() - since > STILL) return now
  }
  throw new Error(`The server's memory has not come to rest in ${PATIENCE / 1000} seconds.`)
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
  const [all, few] = [count, warmUp].map((number) => number.toLocaleString('en'))
  return [
    `${all} registrations, then ${all} authorization requests, each another, over HTTP at one \`entrance serve\`; each storm is timed in ${PIECES} pieces. Its limits for one address are off, for all come from one.`,
    `Memory is what the system says (RSS), once it stands still, after ${few} of each that came before to warm up, and once more at the end: one sample. No garbage collection is asked for.`,
  ]
}
