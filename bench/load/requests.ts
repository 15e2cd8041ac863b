// What is sent, as bytes made before the clock runs.
import type { Order } from './order.ts'

/** The requests of an order, in turn: a turn of the load goes on where the one before ended. */
export type Queue = {
  next(): Buffer
  /** How many were taken so far. */
  taken(): number
}

export function createQueue(order: Order): Queue {
  const requests = toRequests(order)
  let taken = 0
  return {
    next: () => requests[taken++ % requests.length] as Buffer,
    taken: () => taken,
  }
}

/** One for each token, or one. */
function toRequests(order: Order): readonly Buffer[] {
  const { headers = {}, tokens = [] } = order
  if (tokens.length === 0) return [toRequest(order, headers)]
  const others = Object.entries(headers).filter(([name]) => name.toLowerCase() !== 'authorization')
  return tokens.map((token) =>
    toRequest(order, { ...Object.fromEntries(others), authorization: `Bearer ${token}` }),
  )
}

function toRequest(order: Order, headers: Readonly<Record<string, string>>): Buffer {
  const { host, pathname, search } = new URL(order.url)
  const { body, method = body === undefined ? 'GET' : 'POST' } = order
  const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }
  const lines = Object.entries({ host, ...headers, ...length }).map(([name, value]) => {
    if (/[\r\n]/.test(`${name}${value}`)) throw new Error(`A header ends its line: ${name}`)
    return `${name}: ${value}\r\n`
  })
  return Buffer.from(
    `${method} ${pathname}${search} HTTP/1.1\r\n${lines.join('')}\r\n${body ?? ''}`,
  )
}
