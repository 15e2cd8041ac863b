// A thousand event streams that are held open through the gate.
import { setTimeout as wait } from 'node:timers/promises'
import { SEED } from '../../src/emulator/emulator.ts'
import { createAsk } from '../flows/ask.ts'
import { type OpenStreams, openStreams } from '../flows/open-streams.ts'
import { discover, signIn } from '../flows/sign-in.ts'
import type { Figure, Unit } from '../kit/figure.ts'
import type { Measured, Part, Run } from '../kit/part.ts'
import { residentMegabytes } from '../kit/process.ts'
import { applyLoad } from '../load/apply-load.ts'
import type { Outcome } from '../load/order.ts'
import { type EmulatorProcess, startEmulatorProcess } from '../subjects/emulator.ts'
import { startServer } from '../subjects/programs.ts'
import type { SignedIn, Subject } from '../subjects/subject.ts'
import { toolCall } from '../subjects/tool-call.ts'

/** The MCP SDK takes 1,024 at most. */
const COUNT = 1000

/** Tool calls per second beside them: far from what the server can do. */
const RATE = 100
const SECONDS = 1.5

/** How long the server has to give back what warming up took, in milliseconds. */
const REST = 1000

/** What was seen of one server in one round. */
type Sample = {
  /** Of a stream, in bytes. */
  readonly memory: number
  readonly alone: Outcome
  readonly beside: Outcome
  /** Milliseconds from the revocation until the last had ended; none without a gate. */
  readonly ended: number | undefined
}

const GUARDED = 'Entrance'
const OPEN = 'The same server, unguarded'

export const streams: Part = {
  name: 'streams',
  title: 'A thousand streams held open',
  isQuick: false,
  targets: [],
  measure: (run) => measureStreams(run, COUNT),
}

/** So many streams, at new servers in each round. */
export async function measureStreams(run: Run, count: number): Promise<Measured> {
  await using emulator = await startEmulatorProcess()
  const samples = new Map<string, Sample[]>([
    [GUARDED, []],
    [OPEN, []],
  ])
  for (let round = 0; round < run.rounds; round++) {
    run.say(`round ${round + 1} of ${run.rounds}`)
    const names = [...samples.keys()]
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const sample = await measureOnce(name === GUARDED ? emulator : undefined, count)
      samples.get(name)?.push(sample)
    }
  }
  const ended = samples.get(GUARDED)?.flatMap((sample) => sample.ended ?? []) ?? []
  return {
    conditions: conditionsOf(count),
    figures: [
      ...[...samples].flatMap(([name, own]) => figuresOf(name, own, count)),
      {
        id: 'streams/ended',
        what: 'until all have ended after a revocation',
        ...{ subject: GUARDED, unit: 'ms', samples: ended },
      },
    ],
    ratios: [],
    targets: [],
    absent: [],
  }
}

function conditionsOf(count: number): string[] {
  const all = count.toLocaleString('en')
  return [
    `${all} streams are open at once with one token: \`subscriptions/listen\` of MCP 2026-07-28, on which nothing is sent but a comment every 15 seconds. The server is one of the MCP SDK with one tool, with \`entrance.protect\` in front of it (grants in memory) and without, for the expenses server has nothing to tell and ends such streams at once. Each round is of new processes.`,
    `Memory of a stream is what ${all} of them add to RSS, its connection included. Calls beside them come ${RATE} a second.`,
    'They end because the client revokes its refresh token (RFC 7009): what is timed is from that request until the last has ended.',
  ]
}

function figuresOf(subject: string, samples: readonly Sample[], count: number): Figure[] {
  const calls = 'tool calls'
  const beside = `${calls} beside ${count.toLocaleString('en')} streams`
  const figure = (id: string, what: string, unit: Unit, of: (sample: Sample) => number) => ({
    id: `streams/${id}`,
    ...{ what, subject, unit },
    samples: samples.map(of),
  })
  return [
    figure('memory', 'memory of an open stream', 'bytes', ({ memory }) => memory),
    figure('alone/p50', `${calls}, p50`, 'ms', ({ alone }) => alone.p50),
    figure('alone/p99', `${calls}, p99`, 'ms', ({ alone }) => alone.p99),
    figure('beside/p50', `${beside}, p50`, 'ms', (sample) => sample.beside.p50),
    figure('beside/p99', `${beside}, p99`, 'ms', (sample) => sample.beside.p99),
  ]
}

async function measureOnce(emulator: EmulatorProcess | undefined, count: number): Promise<Sample> {
  await using started = new AsyncDisposableStack()
  const { authority, tenantId, clientId, clientSecret } = emulator ?? {}
  const entra = emulator ? [authority, tenantId, clientId, clientSecret] : []
  const { running, url } = await startServer('listening.ts', ...entra.map(String))
  started.use(running)
  const ask = createAsk(1)
  const tokens = emulator && (await signIn(ask, await discover(ask, url), SEED.alice))
  const call = toolCall(`${url}/mcp`, 'say_hello', {}, tokens?.access_token)
  const server = { call, pid: running.pid, url }
  // Memory that any hundred of requests take is not the streams'.
  await callTools(server, { warmUp: 0.5, seconds: 0.5 })
  const alone = await callTools(server, { rate: RATE, seconds: SECONDS })
  const before = residentMegabytes(server.pid)
  using open = await openStreams(call.url, tokens?.access_token, count)
  await wait(REST)
  const memory = ((residentMegabytes(server.pid) - before) * 2 ** 20) / count
  const beside = await callTools(server, { rate: RATE, seconds: SECONDS })
  if (open.ended() > 0) throw new Error(`${open.ended()} streams ended before they should.`)
  return { memory, alone, beside, ended: tokens && (await revoke(server, tokens, open)) }
}

type Server = Pick<Subject, 'call' | 'pid' | 'url'>

function callTools(
  { call, pid }: Server,
  how: { rate?: number; seconds: number; warmUp?: number },
): Promise<Outcome> {
  return applyLoad({ ...call, ...how, contains: 'Hello.', connections: 8, server: pid })
}

/** Ends the sign-in as its client does; gives how long the last stream goes on. */
async function revoke(
  { url }: Server,
  { client_id, refresh_token = '' }: SignedIn,
  { allEnded }: OpenStreams,
): Promise<number> {
  const start = performance.now()
  const body = new URLSearchParams({ client_id, token: refresh_token })
  const response = await fetch(`${url}/revoke`, { method: 'POST', body })
  if (!response.ok) throw new Error(`The revocation was answered ${response.status}.`)
  await allEnded
  return performance.now() - start
}
