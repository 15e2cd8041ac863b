// Sends what is ordered and times the answers.
import { setTimeout as wait } from 'node:timers/promises'
import type { Order, Outcome } from './order.ts'
import { quantile } from './quantile.ts'
import { createSender, type Sender } from './sender.ts'
import { createTally, type Tally } from './tally.ts'

/**
 * Requests count by the time at which they were due: from the end of the warm-up until `seconds`
 * later. In the closed loop a request is due when its connection is free. Calls `began` when the
 * first of them counts.
 */
export async function runOrder(order: Order, began: () => void): Promise<Outcome> {
  const { promise: failed, reject } = Promise.withResolvers<never>()
  failed.catch(() => {})
  const tally = createTally(order)
  const sender = await createSender(order, tally, (message) => reject(new Error(message)))
  try {
    return await Promise.race([measure(order, sender, tally, began), failed])
  } finally {
    sender.close()
  }
}

async function measure(
  order: Order,
  sender: Sender,
  tally: Tally,
  began: () => void,
): Promise<Outcome> {
  const { seconds, warmUp = 0.5 } = order
  tally.from = performance.now() + warmUp * 1000
  const until = tally.from + seconds * 1000
  const sent = sender.send(until)
  await wait(warmUp * 1000)
  began()
  const before = process.cpuUsage()
  await wait(until - performance.now())
  const { user, system } = process.cpuUsage(before)
  await sent
  const { latencies, delays, failures } = tally
  return {
    rate: latencies.length / seconds,
    count: latencies.length,
    failures,
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    p999: quantile(latencies, 0.999),
    generatorCpu: (user + system) / 1e6 / seconds,
    late: delays.length > 0 ? quantile(delays, 0.99) : 0,
  }
}
