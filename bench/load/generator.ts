// The load generator, a process of its own. It is ours because none that npm has does all of this:
// autocannon counts whole milliseconds, knows no latency from the moment a request was due, and takes
// twice as long over a request.
import { takeOrders } from '../kit/ordered.ts'
import type { Turns } from './order.ts'
import { takeTurns } from './take-turns.ts'

takeOrders((turns: Turns) => takeTurns(turns))
