// Strangers who register, or begin to sign in and never come back, each another: a process of its
// own. Orders come in as messages, and each is answered by what was done.
import { takeOrders } from '../kit/ordered.ts'
import type { Answer } from '../load/answer-reader.ts'
import { type Connection, openConnection } from '../load/connection.ts'
import { createAsk } from './ask.ts'
import { authorization, discover, type Endpoints, register } from './sign-in.ts'

/** Which strangers come to the server at `origin`: those from the one number up to the other. */
export type StormOrder = {
  readonly origin: string
  readonly what: 'registrations' | 'authorizations'
  readonly from: number
  readonly until: number
}

/** What was done; times in seconds. */
export type StormDone = { readonly seconds: number; readonly cpu: number }

/** How many of them are at the door at once. */
const CONNECTIONS = 16

/** Makes the request of a stranger; and tells whether it was answered as it should be. */
type Storm = {
  readonly request: (i: number) => Buffer
  readonly status: number
}

takeOrders(storm)

async function storm(
  { origin, what, from, until }: StormOrder,
  began: () => void,
): Promise<StormDone> {
  const ask = createAsk(1)
  const server = await discover(ask, origin)
  const { request, status } =
    what === 'registrations'
      ? registrations(server)
      : authorizations(server, await register(ask, server))
  began()
  const [start, used] = [performance.now(), process.cpuUsage()]
  await send(new URL(origin), { from, until, request, status })
  const { user, system } = process.cpuUsage(used)
  return { seconds: (performance.now() - start) / 1000, cpu: (user + system) / 1e6 }
}

/** Sends them all, each connection the next when its answer is there. */
async function send(
  { hostname: host, port }: URL,
  { from, until, request, status }: Storm & { readonly from: number; readonly until: number },
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  let next = from
  let underWay = 0
  const go = (connection: Connection) => {
    if (next < until) {
      underWay++
      connection.send(request(next++))
    } else if (underWay === 0) resolve()
  }
  const answered = (connection: Connection, answer: Answer) => {
    underWay--
    if (answer.status === status) return go(connection)
    const begin = answer.body.toString('utf8', 0, 300)
    reject(new Error(`A stranger was answered ${answer.status}: ${begin}`))
  }
  const events = { answered, failed: (why: string) => reject(new Error(why)) }
  const open = () => openConnection({ host, port: Number(port) }, events)
  const connections = await Promise.all(Array.from({ length: CONNECTIONS }, open))
  for (const connection of connections) go(connection)
  await promise.finally(() => {
    for (const connection of connections) connection.close()
  })
}

function registrations({ registration_endpoint }: Endpoints): Storm {
  const { host, pathname } = new URL(registration_endpoint)
  const head = `POST ${pathname} HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\n`
  return {
    status: 201,
    request(i) {
      const body = JSON.stringify({
        client_name: `Client ${i}`,
        redirect_uris: [`http://localhost:9999/callback/${i}`],
        token_endpoint_auth_method: 'none',
      })
      return Buffer.from(`${head}content-length: ${body.length}\r\n\r\n${body}`)
    },
  }
}

function authorizations(server: Endpoints, client_id: string): Storm {
  const url = authorization(server, client_id, 'a verifier that nobody will come back with')
  const state = url.searchParams.get('state') ?? ''
  const [before, after] = `${url.pathname}${url.search}`.split(state)
  const rest = ` HTTP/1.1\r\nhost: ${url.host}\r\naccept: text/html\r\n\r\n`
  return {
    status: 302,
    request: (i) => Buffer.from(`GET ${before}${state}${i}${after}${rest}`),
  }
}
