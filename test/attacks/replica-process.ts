import { mock } from 'node:test'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { createEntrance, type Entrance, type LogEvent } from '../../src/index.ts'
import { sqliteStore } from '../../src/stores/sqlite.ts'
import type { Parameters } from '../support/oauth-client.ts'
import { formRequest } from './support.ts'

/** What a replica in a process of its own is made of; it comes as the first message. */
export type ReplicaOptions = {
  readonly url: string
  readonly file: string
  readonly secret: string
  readonly entra: { tenantId: string; clientId: string; clientSecret: string; authority: string }
}

/** One thing to do, all of them at the same moment. */
export type Order = {
  /** When, in milliseconds of a clock that nobody moves. */
  readonly at: number
  /** How far the replica's own date is ahead, in seconds. */
  readonly ahead: number
} & (
  | { readonly task: 'token'; readonly parameters: Parameters; readonly times: number }
  | { readonly task: 'gate'; readonly token: string }
)

/** What came of it. */
export type Report = {
  readonly answers: readonly { status: number; body: Record<string, unknown> }[]
  /** How long the gate still let the token in, in milliseconds. */
  readonly letFor?: number
  readonly logs: readonly LogEvent[]
}

const logs: LogEvent[] = []
let entrance: Entrance
let url: string

process.once('message', async ({ file, ...options }: ReplicaOptions) => {
  url = options.url
  const store = sqliteStore(file)
  entrance = createEntrance({ ...options, store, log: (event) => void logs.push(event) })
  await entrance.ready()
  process.on('message', async (order: Order) => process.send?.(await carryOut(order)))
  process.once('disconnect', () => void entrance.close())
  process.send?.('ready')
})

async function carryOut(order: Order): Promise<Report> {
  mock.timers.reset()
  mock.timers.enable({ apis: ['Date'], now: Date.now() + order.ahead * 1000 })
  const known = logs.length
  while (performance.timeOrigin + performance.now() < order.at) await setImmediate()
  if (order.task === 'gate') {
    return { answers: [], letFor: await waitForRefusal(order.token), logs: logs.slice(known) }
  }
  const turns = Array.from({ length: order.times }, () => order.parameters)
  const answers = await Promise.all(turns.map(token))
  return { answers, logs: logs.slice(known) }
}

async function token(parameters: Parameters) {
  const response = await entrance.fetch(formRequest(`${url}/token`, parameters))
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

async function waitForRefusal(token: string): Promise<number> {
  const headers = { authorization: `Bearer ${token}`, host: new URL(url).host }
  const start = performance.now()
  while (entrance.authenticate(headers).isAllowed && performance.now() - start < 10_000) {
    await setTimeout(5)
  }
  return performance.now() - start
}
