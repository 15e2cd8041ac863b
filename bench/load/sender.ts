// Who sends when: each connection when it is free, or all of them at a fixed rate.
import { setImmediate as nextRound, setTimeout as wait } from 'node:timers/promises'
import { type Connection, type ConnectionEvents, openConnection } from './connection.ts'
import type { Order } from './order.ts'
import type { Queue } from './requests.ts'
import type { Tally } from './tally.ts'

/** Ends its connections when it is disposed of. */
export type Sender = Disposable & {
  /** Sends from now until then; resolves when all is answered. */
  send(until: number): Promise<void>
}

/** What is sent, who takes the answers, and who is told what ends the measurement. */
type Ends = {
  readonly queue: Queue
  readonly tally: Tally
  readonly fail: (why: string) => void
}

/** Opens the connections. */
export async function createSender(order: Order, { queue, tally, fail }: Ends): Promise<Sender> {
  const due = new Map<Connection, number>()
  const free: Connection[] = []
  const schedule = createSchedule(order.rate)

  /** Sends the next request by this connection, if one is due already. */
  function next(connection: Connection, now: number): void {
    const at = schedule.take(now)
    if (at === undefined) return void free.push(connection)
    due.set(connection, at)
    connection.send(queue.next())
  }

  const connections = await openAll(order, fail, (connection, answer) => {
    const now = performance.now()
    const problem = tally.note(answer, due.get(connection) ?? now, now)
    if (problem) fail(problem)
    else next(connection, now)
  })

  /** Awake all the time: a timer would come up to a millisecond late. */
  async function keepPace(end: number): Promise<void> {
    for (let now = performance.now(); !schedule.isOver(now) && now < end; now = performance.now()) {
      const at = schedule.due(now)
      if (free.length > 0 && at <= now) {
        if (at >= tally.from) tally.delays.push(now - at)
        next(free.shift() as Connection, now)
      } else await nextRound()
    }
  }

  return {
    async send(until) {
      schedule.start(performance.now(), until)
      for (const connection of connections) next(connection, performance.now())
      const { patience = 5000 } = order
      const end = until + patience
      if (order.rate !== undefined) await keepPace(end)
      const isDone = () => schedule.isOver(performance.now()) && free.length === connections.length
      while (!isDone() && performance.now() < end) await wait(1)
      if (!isDone()) fail(`not all was answered within ${patience} ms of the end`)
    },
    [Symbol.dispose]() {
      for (const connection of connections) connection.close()
    },
  }
}

type Answered = ConnectionEvents['answered']

function openAll(
  { url, connections }: Order,
  failed: (why: string) => void,
  answered: Answered,
): Promise<Connection[]> {
  const { protocol, hostname, port } = new URL(url)
  if (protocol !== 'http:') throw new Error(`${url} is not http, which is all that is spoken here`)
  const target = { host: hostname, port: Number(port || 80) }
  const open = () => openConnection(target, { answered, failed })
  return Promise.all(Array.from({ length: connections }, open))
}

/** When each request is due: without a rate as soon as somebody asks for it. */
function createSchedule(rate: number | undefined) {
  let turn = 0
  let begin = 0
  let end = 0
  const due = (now: number) => (rate === undefined ? now : begin + (turn * 1000) / rate)
  return {
    start(from: number, until: number) {
      begin = from
      end = until
    },
    due,
    isOver: (now: number) => due(now) >= end,
    /** The time at which the next request was due; undefined where it is not yet. */
    take(now: number): number | undefined {
      const at = due(now)
      if (at > now || at >= end) return undefined
      turn++
      return at
    },
  }
}
