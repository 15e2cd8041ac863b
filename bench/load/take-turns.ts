// Sends what is ordered and times the answers.
import { setTimeout as wait } from 'node:timers/promises'
import { createCpuClock } from '../kit/process.ts'
import type { Order, Outcome, Taken, Turns } from './order.ts'
import { quantile } from './quantile.ts'
import { createQueue, type Queue } from './requests.ts'
import { createSender, type Sender } from './sender.ts'
import { createTally, type Tally } from './tally.ts'

/**
 * A turn is a warm-up and `seconds` that count. Requests count by the time at which they were due; in
 * the closed loop that is when their connection is free.
 */
export async function takeTurns({ orders, passes }: Turns): Promise<Taken[]> {
  const lanes = orders.map(createLane)
  for (let pass = 0; pass < passes; pass++) {
    // Each goes first as often as last.
    for (const lane of pass % 2 === 0 ? lanes : lanes.toReversed()) await lane.takeTurn()
  }
  return lanes.map((lane) => lane.tell())
}

/** One order, and what came of its turns so far. */
type Lane = { takeTurn(): Promise<void>; tell(): Taken }

function createLane(order: Order): Lane {
  const tally = createTally(order)
  const queue = createQueue(order)
  const clocks = createClocks(order)
  let failure: string | undefined
  return {
    async takeTurn() {
      if (failure !== undefined) return
      const { promise: failed, reject } = Promise.withResolvers<never>()
      failed.catch(() => {})
      try {
        const fail = (why: string) => reject(new Error(why))
        using sender = await createSender(order, { queue, tally, fail })
        await Promise.race([time(order, sender, tally, clocks), failed])
      } catch (error) {
        failure = (error as Error).message
      }
    },
    tell: () =>
      failure === undefined ? { outcome: sumUp(tally, queue, clocks.used()) } : { failure },
  }
}

async function time(order: Order, sender: Sender, tally: Tally, clocks: Clocks): Promise<void> {
  const { seconds, warmUp = 0.5 } = order
  const stopServer = clocks.runServer()
  tally.from = performance.now() + warmUp * 1000
  const until = tally.from + seconds * 1000
  const sent = sender.send(until)
  await wait(warmUp * 1000)
  const stop = clocks.run()
  await wait(until - performance.now())
  stop()
  await sent
  stopServer()
}

/** In seconds, over all turns: by the clock, and of the processor. */
type Used = {
  readonly seconds: number
  readonly generator: number
  /** The server's while a turn counts, and that of whole turns. */
  readonly server: number
  readonly serverInAll: number
}

type Clocks = {
  /** While a turn counts. */
  run(): () => void
  /**
   * From before the first request to the last answer: nothing is under way at either end, so that all
   * answers are of this time and none of another.
   */
  runServer(): () => void
  used(): Used
}

function createClocks({ server, seconds }: Order): Clocks {
  const ofServer = server === undefined ? () => Number.NaN : createCpuClock(server)
  const used = { seconds: 0, generator: 0, server: 0, serverInAll: 0 }
  return {
    run() {
      const [own, before] = [process.cpuUsage(), ofServer()]
      return () => {
        const { user, system } = process.cpuUsage(own)
        used.server += ofServer() - before
        used.seconds += seconds
        used.generator += (user + system) / 1e6
      }
    },
    runServer() {
      const before = ofServer()
      return () => {
        used.serverInAll += ofServer() - before
      }
    },
    used: () => used,
  }
}

function sumUp(
  { latencies, delays, failures }: Tally,
  queue: Queue,
  { seconds, generator, server, serverInAll }: Used,
): Outcome {
  const count = latencies.length
  return {
    rate: count / seconds,
    count,
    failures,
    sent: queue.taken(),
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    p999: quantile(latencies, 0.999),
    serverCpu: (serverInAll * 1e6) / queue.taken(),
    serverShare: server / seconds,
    generatorCpu: generator / seconds,
    late: delays.length > 0 ? quantile(delays, 0.99) : 0,
  }
}
