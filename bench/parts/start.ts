// How long it takes from the start to the first answer, and what is held in memory while nobody asks.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { nodeBinary } from '../../scripts/setup.js'
import { SEED } from '../../src/emulator/emulator.ts'
import { fixedPort } from '../../test/support/fixed-port.ts'
import type { Figure } from '../kit/figure.ts'
import { pack, unpack } from '../kit/packed.ts'
import type { Measured, Part, Run, TargetResult } from '../kit/part.ts'
import { type Running, residentMegabytes, start as startProgram } from '../kit/process.ts'
import { BESIDE, MEASURED } from '../kit/processors.ts'
import { COMMAND, startServer } from '../subjects/programs.ts'

/** How long a server is left alone before its memory is read, in milliseconds. */
const REST = 2000

export const start: Part = {
  name: 'start',
  title: 'Start and idle memory',
  isQuick: true,
  targets: ['start', 'idle-memory'],
  measure: measureStart,
}

/** One start of each in each round, the order turned round from one to the next. */
export async function measureStart(run: Run): Promise<Measured> {
  await using entra = await startEntra(run)
  const command = unpack(pack(run.folder), join(run.folder, 'unpacked'))
  const subjects = [
    { id: 'node', name: 'node -e 0', measure: async () => nodeAlone() },
    { id: 'bare', name: 'Bare MCP SDK', measure: () => timed(startBare) },
    { id: 'first', name: 'Entrance', measure: () => timed(() => startFirst(command, entra, run)) },
    { id: 'again', name: 'Entrance', measure: () => timed(() => startAgain(command, entra, run)) },
  ] as const
  // Files come into the system's cache, and V8's code into ours.
  for (const { measure } of subjects) await measure()
  const seen = new Map(subjects.map(({ id }) => [id, [] as Seen[]]))
  for (let round = 0; round < run.rounds; round++) {
    run.say(`round ${round + 1} of ${run.rounds}`)
    for (const { id, measure } of round % 2 ? subjects.toReversed() : subjects) {
      seen.get(id)?.push(await measure())
    }
  }
  const figures = subjects.flatMap(({ id, name }) => figuresOf(id, name, seen.get(id) ?? []))
  const again = seen.get('again') ?? []
  const targets = [
    { id: 'start' as const, samples: again.map(({ time }) => time) },
    memoryTarget(again.map(({ memory }) => memory)),
  ]
  return { conditions: CONDITIONS, figures, ratios: [], targets, absent: [] }
}

const CONDITIONS = [
  'Entrance is the packed package, unpacked elsewhere: `entrance serve`, SQLite for grants and expenses, whose files are there from an earlier start.',
  'Entra is the emulator in another process, by HTTPS: Entrance asks it for its metadata at the start, as it asks the real one.',
  'A start ends with the first 200 of /health, asked for every few milliseconds. The first one has no code of an earlier start to go by.',
  `Memory is read ${REST / 1000} seconds later: nobody has asked for anything but /health.`,
  'The bare MCP SDK is two tools in TypeScript, which Node takes the types out of at each start.',
]

/** How long a start took, in milliseconds, and what was resident afterwards; undefined of no server. */
type Seen = { readonly time: number; readonly memory: number | undefined }

function nodeAlone(): Seen {
  const begin = performance.now()
  spawnSync(nodeBinary(), ['-e', '0'])
  return { time: performance.now() - begin, memory: undefined }
}

async function timed(begin: () => Promise<Running>): Promise<Seen> {
  const at = performance.now()
  await using running = await begin()
  const time = performance.now() - at
  await wait(REST)
  return { time, memory: residentMegabytes(running.pid) }
}

async function startBare(): Promise<Running> {
  return (await startServer('bare.ts')).running
}

/** Without what an earlier start has kept of V8's work. */
function startFirst(command: string, entra: Entra, run: Run): Promise<Running> {
  const modules = join(command, '..', '..', '..', 'node_modules')
  rmSync(modules, { recursive: true, force: true })
  return startAgain(command, entra, run)
}

async function startAgain(command: string, { variables }: Entra, run: Run): Promise<Running> {
  const port = await fixedPort()
  const cwd = join(run.folder, 'serve')
  mkdirSync(cwd, { recursive: true })
  return startProgram(
    {
      command: nodeBinary(),
      args: [command, 'serve'],
      cwd,
      env: { PORT: String(port), ...variables },
      cpu: MEASURED,
    },
    async () => (await fetch(`http://localhost:${port}/health`)).ok,
  )
}

type Entra = AsyncDisposable & { readonly variables: Readonly<Record<string, string>> }

/** The emulator in a process of its own, by HTTPS, and what a server is told of it. */
async function startEntra(run: Run): Promise<Entra> {
  const port = await fixedPort()
  const data = mkdtempSync(join(run.folder, 'entra-'))
  const authorities = join(data, 'emulator-ca.pem')
  const args = [COMMAND, 'emulator', '--https', '--data', data, '--port', String(port)]
  const isReady = async () => existsSync(authorities) && (await isListening(port))
  const { stop } = await startProgram({ command: nodeBinary(), args, cpu: BESIDE }, isReady)
  const variables = {
    ENTRANCE_AUTHORITY: `https://localhost:${port}`,
    AZURE_TENANT_ID: SEED.tenantId,
    ENTRA_PROXY_AZURE_CLIENT_ID: SEED.clientId,
    ENTRA_PROXY_AZURE_CLIENT_SECRET: SEED.clientSecret,
    NODE_EXTRA_CA_CERTS: authorities,
  }
  return { variables, [Symbol.asyncDispose]: stop }
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, 'localhost')
    const end = (is: boolean) => {
      socket.destroy()
      resolve(is)
    }
    socket.once('connect', () => end(true)).once('error', () => end(false))
  })
}

const WHAT: ReadonlyMap<string, string> = new Map([
  ['node', 'Node alone, from its start to its end'],
  ['bare', 'from the start to the first answer'],
  ['first', 'from the very first start after an install to the first 200'],
  ['again', 'from the start to the first 200'],
])

function figuresOf(id: string, subject: string, seen: readonly Seen[]): Figure[] {
  const what = WHAT.get(id) ?? ''
  const times = seen.map(({ time }) => time)
  const memory = seen.flatMap((one) => one.memory ?? []).filter((one) => !Number.isNaN(one))
  const start: Figure = { id: `start/${id}`, what, subject, unit: 'ms', samples: times }
  if (memory.length === 0) return [start]
  const idle = { id: `idle/${id}`, what: 'memory while idle', subject, unit: 'MB' } as const
  return [start, { ...idle, samples: memory }]
}

function memoryTarget(memory: readonly (number | undefined)[]): TargetResult {
  const samples = memory.flatMap((one) => one ?? []).filter((one) => !Number.isNaN(one))
  const why =
    'how much of a process is resident is read from /proc, which this system does not have'
  const id = 'idle-memory'
  return samples.length > 0 ? { id, samples } : { id, samples: null, why }
}
