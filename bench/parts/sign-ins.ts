// Whole sign-ins, refreshes and metadata: per second, and how much of the processor each takes.
import type { Done, Order } from '../flows/driver.ts'
import { addPeople } from '../flows/people.ts'
import { type Figure, type Ratio, ratios, type Unit } from '../kit/figure.ts'
import { type Ordered, startOrdered } from '../kit/ordered.ts'
import type { Measured, Part, Run } from '../kit/part.ts'
import { cpuSeconds } from '../kit/process.ts'
import { fastmcpPython } from '../peers/fastmcp-py.ts'
import { fastmcpTypeScript } from '../peers/fastmcp-ts.ts'
import { startPeers } from '../peers/peers.ts'
import { type EmulatorProcess, startEmulatorProcess } from '../subjects/emulator.ts'
import { startEntrance } from '../subjects/entrance.ts'
import type { Subject } from '../subjects/subject.ts'

/** How many people are at it at once: enough that the server never waits for one of them. */
const PEOPLE = 8

type What = Order['what']

/** Twice as many rounds as are asked for, and short ones: of what disturbs, each has less. */
const ROUNDS = 2

/** For how long each is done in a round, and before the first, in seconds. */
const SECONDS: Readonly<Record<What, number>> = { 'sign-ins': 3, refreshes: 1.5, metadata: 0.8 }
const WARM_UP: Readonly<Record<What, number>> = { 'sign-ins': 10, refreshes: 3, metadata: 1 }

const WORDS: Readonly<Record<What, { what: string; rate: Unit; cpu: Unit; perSecond: number }>> = {
  'sign-ins': {
    what: 'whole sign-ins, registration to tokens',
    ...{ rate: 'sign-ins/s', cpu: 'ms', perSecond: 1000 },
  },
  refreshes: { what: 'refreshes', rate: 'req/s', cpu: 'ms', perSecond: 1000 },
  metadata: { what: 'metadata, both documents in turn', rate: 'req/s', cpu: 'µs', perSecond: 1e6 },
}

const KINDS = Object.keys(SECONDS) as What[]

/** What one round saw: per second, seconds of CPU each, and the share of the other processor. */
type Sample = { readonly rate: number; readonly cpu: number; readonly beside: number }

type Samples = Map<string, Sample[]>

export const signIns: Part = {
  name: 'sign-ins',
  title: 'Sign-ins, refreshes, metadata',
  isQuick: false,
  targets: ['sign-in-cpu', 'sign-in-fastmcp-python'],
  measure,
}

async function measure(run: Run): Promise<Measured> {
  await using started = new AsyncDisposableStack()
  const emulator = started.use(await startEmulatorProcess())
  const accounts = await addPeople(emulator)
  const entrance = started.use(await startEntrance(run, emulator, { ENTRANCE_RATE_LIMIT: 'off' }))
  const { subjects: peers, absent } = await startPeers(run, emulator, [
    fastmcpPython,
    fastmcpTypeScript,
  ])
  for (const peer of peers) started.use(peer)
  const driver = started.use(startOrdered<Order, Done>('flows/driver.ts'))
  const subjects = [entrance, ...peers]
  const bench = { driver, emulator, accounts }
  const samples: Samples = new Map()
  const failed = new Map<string, string>()
  const rounds = run.rounds * ROUNDS
  for (let round = -1; round < rounds; round++) {
    run.say(round < 0 ? 'warming up' : `round ${round + 1} of ${rounds}`)
    // Each goes first as often as last.
    for (const subject of round % 2 === 0 ? subjects : subjects.toReversed()) {
      await takeTurn(subject, round, bench, samples, failed)
    }
  }
  const failures = [...failed].map(([subject, why]) => ({ subject, why }))
  return { ...report(subjects, samples, [...absent, ...failures]) }
}

type Bench = {
  readonly driver: Ordered<Order, Done>
  readonly emulator: EmulatorProcess
  readonly accounts: readonly string[]
}

/** Everything of one subject in one round; what a peer cannot do is said once, and left out. */
async function takeTurn(
  subject: Subject,
  round: number,
  bench: Bench,
  samples: Samples,
  failed: Map<string, string>,
): Promise<void> {
  for (const what of KINDS) {
    const key = keyOf(what, subject)
    if (failed.has(key)) continue
    try {
      const seconds = (round < 0 ? WARM_UP : SECONDS)[what]
      const sample = await measureOnce(subject, what, seconds, bench)
      if (round >= 0) samples.set(key, [...(samples.get(key) ?? []), sample])
    } catch (error) {
      if (subject.name === OURS) throw error
      failed.set(key, (error as Error).message)
      samples.delete(key)
    }
  }
}

const OURS = 'Entrance'

function keyOf(what: What, { name }: Pick<Subject, 'name'>): string {
  return `${name}: ${what}`
}

async function measureOnce(
  { pid, url: origin }: Subject,
  what: What,
  seconds: number,
  { driver, emulator, accounts }: Bench,
): Promise<Sample> {
  let before = [Number.NaN, Number.NaN] as const
  const used = () => [cpuSeconds(pid), cpuSeconds(emulator.pid)] as const
  const order = { origin, what, accounts, people: PEOPLE, seconds }
  const done = await driver.order(order, () => {
    before = used()
  })
  const [server, entra] = used()
  return {
    rate: done.count / done.seconds,
    cpu: (server - before[0]) / done.count,
    beside: (100 * (done.cpu + entra - before[1])) / done.seconds,
  }
}

function report(
  subjects: readonly Subject[],
  samples: Samples,
  absent: Measured['absent'],
): Measured {
  const of = (what: What, name: string) => samples.get(keyOf(what, { name })) ?? []
  const ours = of('sign-ins', OURS).map(({ cpu }) => cpu)
  const python = of('sign-ins', fastmcpPython.name).map(({ cpu }) => cpu)
  return {
    conditions: [...CONDITIONS, ...subjects.flatMap(({ conditions }) => conditions)],
    figures: subjects.flatMap(({ name }) =>
      KINDS.flatMap((what) => figuresOf(what, name, of(what, name))),
    ),
    ratios: subjects
      .slice(1)
      .flatMap(({ name }) =>
        KINDS.flatMap((what) => ratiosOf(what, name, of(what, OURS), of(what, name))),
      ),
    targets: [
      { id: 'sign-in-cpu', samples: ours.map((cpu) => 1000 * cpu) },
      python.length > 0
        ? { id: 'sign-in-fastmcp-python', samples: ratios(python, ours) }
        : {
            ...{ id: 'sign-in-fastmcp-python', samples: null },
            why: `${fastmcpPython.name} could not be measured here.`,
          },
    ],
    absent,
  }
}

const CONDITIONS = [
  `${PEOPLE} people at once, each in a browser of their own, of 500 in the directory. The process that drives them and the emulator share one processor, and may be what limits the rate: CPU each is the server’s alone.`,
  'A sign-in is: register, authorize, the consent page, its answer, the account at the emulator, the callback with Entra’s code exchange, the code’s redemption. No page is rendered.',
  'Entrance’s limits for one address are off, for all come from one.',
]

function figuresOf(what: What, subject: string, samples: readonly Sample[]): Figure[] {
  if (samples.length === 0) return []
  const { what: words, rate, cpu, perSecond } = WORDS[what]
  const figure = (part: keyof Sample, unit: Unit, more: string, factor = 1): Figure => ({
    id: `${what}/${part}`,
    what: `${words}${more}`,
    ...{ subject, unit },
    samples: samples.map((sample) => factor * sample[part]),
  })
  return [
    figure('rate', rate, ''),
    figure('cpu', cpu, ': CPU of the server each', perSecond),
    figure('beside', '%', ': share of the other processor that driver and emulator used'),
  ]
}

function ratiosOf(
  what: What,
  name: string,
  ours: readonly Sample[],
  theirs: readonly Sample[],
): Ratio[] {
  if (theirs.length === 0) return []
  const cpu = (samples: readonly Sample[]) => samples.map((sample) => sample.cpu)
  return [
    {
      id: `${what}/per-cpu/${name}`,
      what: `${WORDS[what].what}, per second of the server’s CPU, beside ${name}`,
      unit: '×',
      samples: ratios(cpu(theirs), cpu(ours)),
    },
  ]
}
