import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import type { Certificate } from '../../support/certificate.ts'
import { answerItems, type Reply } from './items.ts'
import { type Account, createAccount } from './resources.ts'
import { isSigned } from './signature.ts'

/** The account's key: not a secret. */
export const KEY = Buffer.alloc(64, 7).toString('base64')

/** What the stand-in does to the requests to come. */
type Mischief =
  | { readonly kind: 'answer'; readonly reply: Reply; left: number }
  | { readonly kind: 'lose'; left: number }

/**
 * Cosmos DB's REST protocol over real HTTP, as far as the store speaks it, with what a test does to
 * it: throttle, lose answers, hang. With a certificate it speaks TLS.
 */
export async function startStandIn(t: TestContext, certificate?: Certificate) {
  const account = createAccount()
  const requests: string[] = []
  let mischief: Mischief[] = []
  let resumed: Promise<void> | undefined
  let resume = () => {}

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = Buffer.concat(await request.toArray()).toString()
    await resumed
    requests.push(`${request.method} ${request.url}`)
    const [trick] = mischief
    if (trick) trick.left--
    mischief = mischief.filter(({ left }) => left > 0)
    if (trick?.kind === 'answer') return send(response, trick.reply)
    const reply = answer(account, request, body)
    // What was asked is done, and nobody is told.
    if (trick?.kind === 'lose') request.socket.destroy()
    else send(response, reply)
  }

  const listener = (request: IncomingMessage, response: ServerResponse) => {
    // A client that has gone away is not this server's trouble.
    handle(request, response).catch((error) => response.destroy(error))
  }
  const server = certificate ? createTlsServer(certificate, listener) : createServer(listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    resume()
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo

  return {
    url: `cosmos:${certificate ? 'https://localhost' : 'http://127.0.0.1'}:${port}/?database=company&container=sign-ins`,
    account,
    requests,
    /** Answers the next requests so, without doing what they ask. */
    answerNext(count: number, status: number, headers: Record<string, string> = {}) {
      const reply = { status, headers, body: { message: 'As the test says.' } }
      mischief.push({ kind: 'answer', reply, left: count })
    },
    /** Does what the next requests ask, and cuts the connection in place of an answer. */
    loseAnswers(count: number) {
      mischief.push({ kind: 'lose', left: count })
    },
    /** Takes connections and says nothing, as a stopped process does. Gives what ends it. */
    hang(): () => void {
      const stopped = Promise.withResolvers<void>()
      resumed = stopped.promise
      resume = stopped.resolve
      return resume
    },
  }
}

function send(response: ServerResponse, { status, headers, body }: Reply): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(body === undefined ? undefined : JSON.stringify(body))
}

function answer(account: Account, request: IncomingMessage, body: string): Reply {
  const { method = '', url = '' } = request
  const path = url.split('/').filter(Boolean).map(decodeURIComponent)
  // An odd path names a collection of resources, of the one before it; an even one a resource.
  const type = path.at(path.length % 2 === 1 ? -1 : -2) ?? ''
  const link = (path.length % 2 === 1 ? path.slice(0, -1) : path).join('/')
  const { authorization = '', 'x-ms-date': date = '' } = request.headers
  const signed = { authorization, date: String(date) }
  if (!isAdmitted(account, method, { type, link }, signed)) return refuse(401)
  if (path.length === 0) return { status: 200, headers: {}, body: account.settings() }
  if (path.length < 5) return account.answer(method, path, body)
  const container = account.container(path[1] ?? '', path[3] ?? '')
  // The owner is absent, which is not to say that the item is.
  if (!container) return refuse(404, { 'x-ms-substatus': '1003' })
  return answerItems(container, method, path, request.headers, body)
}

function isAdmitted(
  account: Account,
  method: string,
  resource: { type: string; link: string },
  headers: { authorization: string; date: string },
): boolean {
  const { token } = account
  if (token === undefined) return isSigned(KEY, method, resource, headers)
  return decodeURIComponent(headers.authorization) === `type=aad&ver=1.0&sig=${token}`
}

function refuse(status: number, headers: Record<string, string> = {}): Reply {
  return { status, headers, body: { message: `Refused with ${status}.` } }
}
