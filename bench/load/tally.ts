// What counts of the answers.
import type { Answer } from './answer-reader.ts'
import type { Order } from './order.ts'

export type Tally = {
  /** From when on requests count, by the time at which they were due. */
  from: number
  /** Of what counts, in milliseconds. */
  readonly latencies: number[]
  /** Open loop: by how much each request was sent too late though a connection was free. */
  readonly delays: number[]
  /** How many answers were not 2xx. */
  failures: number
  /** Takes an answer to what was due at `due`; gives what is wrong with it, where that ends all. */
  note(answer: Answer, due: number, now: number): string | undefined
}

export function createTally(order: Order): Tally {
  const tally: Tally = {
    from: 0,
    latencies: [],
    delays: [],
    failures: 0,
    note(answer, due, now) {
      const problem = findProblem(order, answer)
      if (problem || due < tally.from) return problem
      tally.latencies.push(now - due)
      if (!isSuccess(answer)) tally.failures++
      return undefined
    },
  }
  return tally
}

const isSuccess = ({ status }: Answer) => status >= 200 && status <= 299

function findProblem(order: Order, answer: Answer): string | undefined {
  if (!isSuccess(answer)) {
    return order.mayRefuse ? undefined : `${answer.status}: ${begin(answer.body)}`
  }
  if (order.contains === undefined || answer.body.includes(order.contains)) return undefined
  return `an answer lacks '${order.contains}': ${begin(answer.body)}`
}

function begin(body: Buffer): string {
  return body.toString('utf8', 0, 300)
}
