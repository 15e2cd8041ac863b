// A thousand event streams that are held open through the gate.
import { setTimeout as wait } from 'node:timers/promises'
import { SEED } from '../../src/emulator/emulator.ts'
import { createAsk } from '../flows/ask.ts'
import { type OpenStreams, openStreams } from '../flows/open-streams.ts'
import { discover, signIn } from '../flows/sign-in.ts'
import type { Figure, Unit } from '../kit/figure.ts'
import type { Measured, Part, Run } from '../kit/part.ts'
import { residentMegabytes } from '../kit/process.ts'
import { applyLoad, type Loaded } from '../load/apply-load.ts'
import { type EmulatorProcess, startEmulatorProcess } from '../subjects/emulator.ts'
import { startEntrance } from '../subjects/entrance.ts'
import type { SignedIn, Subject } from '../subjects/subject.ts'
import { PROOF } from '../subjects/tool-call.ts'

/** The MCP SDK takes 1,024 at most. */
const COUNT = 1000

/** Tool calls per second beside them: far from what the server can do. */
const RATE = 100
const SECONDS = 3

/** How long the server has to give back what warming up took, in milliseconds. */
const REST = 1000

/** What one round saw. */
type Sample = {
  /** In kilobytes. */
  readonly memory: number
  readonly alone: Loaded
  readonly beside: Loaded
  /** Milliseconds from the revocation until the last had ended. */
  readonly ended: number
}

export const streams: Part = {
  name: 'streams',
  title: 'A thousand streams held open',
  isQuick: false,
  targets: [],
  measure: (run) => measureStreams(run, COUNT),
}

/** So many streams, at a new server in each round. */
export async function measureStreams(run: Run, count: number): Promise<Measured> {
  await using emulator = await startEmulatorProcess()
  const samples: Sample[] = []
  for (let round = 0; round < run.rounds; round++) {
    run.say(`streams: round ${round + 1} of ${run.rounds}`)
    samples.push(await measureOnce(run, emulator, count))
  }
  const figure = (
    id: string,
    what: string,
    unit: Unit,
    of: (sample: Sample) => number,
  ): Figure => ({
    id: `streams/${id}`,
    ...{ what, subject: 'Entrance', unit },
    samples: samples.map(of),
  })
  const calls = `tool calls, ${RATE} a second`
  const beside = `beside ${count.toLocaleString('en')} streams`
  return {
    conditions: [
      `A stream is \`subscriptions/listen\` of MCP 2026-07-28, of which ${count.toLocaleString('en')} are open at once with one token; nothing is sent on them but a comment every 15 seconds. Each round is of a new \`entrance serve\`.`,
      'They end because the client revokes its refresh token (RFC 7009): what is timed is from that request until the last of them has ended.',
    ],
    figures: [
      figure('memory', 'memory of an open stream', 'bytes', ({ memory }) => 1024 * memory),
      figure('alone/p50', `${calls}, p50`, 'ms', ({ alone }) => alone.p50),
      figure('alone/p99', `${calls}, p99`, 'ms', ({ alone }) => alone.p99),
      figure('beside/p50', `${calls}, ${beside}, p50`, 'ms', (sample) => sample.beside.p50),
      figure('beside/p99', `${calls}, ${beside}, p99`, 'ms', (sample) => sample.beside.p99),
      figure('ended', 'until all have ended after a revocation', 'ms', ({ ended }) => ended),
    ],
    ratios: [
      {
        id: 'streams/cpu',
        what: `CPU of a tool call ${beside}, beside one without`,
        unit: '×',
        samples: samples.map((sample) => sample.beside.serverCpu / sample.alone.serverCpu),
      },
    ],
    targets: [],
    absent: [],
  }
}

async function measureOnce(run: Run, emulator: EmulatorProcess, count: number): Promise<Sample> {
  await using server = await startEntrance(run, emulator, { ENTRANCE_RATE_LIMIT: 'off' })
  const ask = createAsk(1)
  const tokens = await signIn(ask, await discover(ask, server.url), SEED.alice)
  // Memory that any hundred of requests take is not the streams'.
  await callTools(server, { warmUp: 1, seconds: 1 })
  const alone = await callTools(server, { rate: RATE, seconds: SECONDS })
  await wait(REST)
  const before = residentMegabytes(server.pid)
  using open = await openStreams(`${server.url}/mcp`, tokens.access_token, count)
  await wait(REST)
  const memory = (1024 * (residentMegabytes(server.pid) - before)) / count
  const beside = await callTools(server, { rate: RATE, seconds: SECONDS })
  if (open.ended() > 0) throw new Error(`${open.ended()} streams ended before they should.`)
  return { memory, alone, beside, ended: await revoke(server, tokens, open) }
}

function callTools(
  { call, pid }: Subject,
  how: { rate?: number; seconds: number; warmUp?: number },
): Promise<Loaded> {
  return applyLoad({ ...call, ...how, contains: PROOF, connections: 8, server: pid })
}

/** Ends the sign-in as its client does; gives how long the last stream goes on. */
async function revoke(
  { url }: Subject,
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
