// One of two stores that are held against each other: filled, with a server on it that people use.
import { recordsOf } from '../../test/support/fill-grants.ts'
import { fixedPort } from '../../test/support/fixed-port.ts'
import { median } from '../kit/figure.ts'
import { cpuSeconds } from '../kit/process.ts'
import type { EmulatorProcess } from '../subjects/emulator.ts'
import { renew, startServing } from '../subjects/serve.ts'
import { callOfTen, checkCall } from '../subjects/tool-call.ts'
import { configOf, likeIt, type Pattern } from './people.ts'
import type { Kind, Subject } from './subjects.ts'

/** What one kind of request took in one round. */
export type Cost = {
  /** The median, in milliseconds, as whoever asks waits for it. */
  readonly time: number
  /** Of the processor for each, in milliseconds: the server's, and its store's where that is one of its own. */
  readonly cpu: number
}

export type Side = AsyncDisposable & {
  readonly grants: number
  /** What the store keeps, in bytes, when it has just been filled. */
  readonly bytes: number | undefined
  refresh(): Promise<void>
  call(): Promise<void>
  /** Seconds of the processor until now. */
  cpu(): number
}

/** How many of the grants are renewed, one after the other and then from the first again. */
const RENEWED = 500

type Setting = {
  readonly emulator: EmulatorProcess
  readonly pattern: Pattern
  readonly folder: string
}

/** Fills a store and starts a server on it. */
export async function openSide(kind: Kind, grants: number, setting: Setting): Promise<Side> {
  const { secret, client_id } = setting.pattern
  await using opened = new AsyncDisposableStack()
  const subject = opened.use(await kind.open())
  if (subject.address === undefined) throw new Error('No other process can have this store.')
  const port = await fixedPort()
  const tokens = await fillWithUsable(subject, grants, port, setting)
  const bytes = await subject.size()
  const place = { store: subject.address, secret, port }
  const server = opened.use(await startServing({ ...setting, ...place }))
  const pids = [server.pid, subject.pid].filter((pid) => pid !== undefined)

  let turn = 0
  async function refresh(): Promise<string> {
    const at = turn++ % tokens.length
    const renewed = await renew(server.address, client_id, tokens[at] ?? '')
    tokens[at] = renewed.refresh_token
    return renewed.access_token
  }

  const call = await callOfTen(`${server.address}/mcp`, await refresh())
  const running = opened.move()
  return {
    grants,
    bytes,
    refresh: async () => void (await refresh()),
    call: async () => void (await checkCall(call)),
    cpu: () => pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

/** Among all grants, at even distances, those that can be renewed; gives their refresh tokens. */
async function fillWithUsable(
  subject: Subject,
  count: number,
  port: number,
  { emulator, pattern }: Setting,
): Promise<string[]> {
  const config = configOf(`http://localhost:${port}`, pattern.secret, emulator)
  const step = Math.max(Math.floor(count / RENEWED), 1)
  const tokens: string[] = []
  const usableAt = (i: number) => {
    if (i % step !== 0) return undefined
    const { grant, refresh_token } = likeIt(pattern, i, config)
    tokens.push(refresh_token)
    return grant
  }
  await subject.fill(recordsOf(count, { config, tid: emulator.tenantId, usableAt }))
  return tokens
}

/**
 * Two sides in turns, request by request, so that a disturbance hits both; whoever is first is second
 * the next time. Gives the costs of the one and of the other.
 */
export async function compare(
  sides: readonly [Side, Side],
  request: 'refresh' | 'call',
  count: number,
): Promise<readonly [Cost, Cost]> {
  const times: [number[], number[]] = [[], []]
  const before = sides.map((side) => side.cpu())
  for (let i = 0; i < count; i++) {
    for (const at of i % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
      const start = performance.now()
      await sides[at][request]()
      times[at].push(performance.now() - start)
    }
  }
  const costOf = (at: 0 | 1): Cost => ({
    time: median(times[at]),
    cpu: (1000 * (sides[at].cpu() - (before[at] ?? Number.NaN))) / count,
  })
  return [costOf(0), costOf(1)]
}
