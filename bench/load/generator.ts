// The load generator, a process of its own: takes an order, says when it begins to count, and what
// came of it. It is ours because none that npm has does all of this: autocannon counts whole
// milliseconds, knows no latency from the moment a request was due, and takes twice as long over a
// request.
import { once } from 'node:events'
import type { Order, Report } from './order.ts'
import { runOrder } from './run-order.ts'

// Whoever gave the order is gone.
process.once('disconnect', () => process.exit(1))
const [order] = (await once(process, 'message')) as [Order]
try {
  await say({ kind: 'ended', outcome: await runOrder(order, () => void say({ kind: 'began' })) })
} catch (error) {
  await say({ kind: 'failed', message: (error as Error).message })
}
process.exit()

function say(report: Report): Promise<void> {
  return new Promise((resolve) => void process.send?.(report, () => resolve()))
}
