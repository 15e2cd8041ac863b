import { EventEmitter, once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  type Authorization,
  createOAuthClient,
  json,
  type OAuthClient,
  type Parameters,
  type TokenResponse,
} from './oauth-client.ts'

/** An MCP client on somebody's machine: registered, and listening at its redirect URI. */
export type Application = AsyncDisposable & {
  readonly client: OAuthClient
  readonly client_id: string
  readonly redirect_uri: string
  /** The queries that came to the redirect URI, as they came. */
  readonly received: readonly string[]
  /** Starts a sign-in. */
  start(overrides?: Parameters): Authorization
  /** Waits for the response that comes next, or takes the oldest one that nobody took yet. */
  response(): Promise<URLSearchParams>
  /** Redeems the code of a response. */
  redeem(authorization: Authorization, response: URLSearchParams): Promise<TokenResponse>
}

const RESPONSE_TIMEOUT = 20_000

const PAGE = '<!doctype html><html lang="en"><title>Back</title><h1>Back in the application</h1>'

/** Registers a client of the server at `url` that listens on a free port of 127.0.0.1. */
export async function installApplication(
  url: string,
  metadata: Record<string, unknown> = {},
): Promise<Application> {
  const received: string[] = []
  const arrivals = new EventEmitter()
  const server = createServer((request, response) => {
    const [path, query] = (request.url ?? '').split('?', 2)
    response.writeHead(path === '/callback' ? 200 : 404, { 'content-type': 'text/html' }).end(PAGE)
    if (path === '/callback') arrivals.emit('response', received.push(query ?? ''))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const redirect_uri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/callback`

  const client = createOAuthClient(url)
  const registration = await client.register({ redirect_uris: [redirect_uri], ...metadata })
  const { client_id } = await json<{ client_id: string }>(registration)
  let taken = 0
  return {
    client,
    client_id,
    redirect_uri,
    received,
    start: (overrides) => client.authorization(client_id, { redirect_uri, ...overrides }),
    async response() {
      const signal = AbortSignal.timeout(RESPONSE_TIMEOUT)
      while (received.length === taken) await once(arrivals, 'response', { signal })
      return new URLSearchParams(received[taken++])
    },
    async redeem(authorization, response) {
      const code = response.get('code')
      if (!code) throw new Error(`No code came: ${response}`)
      return json<TokenResponse>(await client.exchange(authorization, code))
    },
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
    },
  }
}

/** Calls a tool and gives its structured content. */
export async function callTool<T>(
  client: OAuthClient,
  token: string,
  name: string,
  args: Record<string, unknown> = {},
): Promise<T> {
  const params = { name, arguments: args }
  const response = await client.mcp(token, { method: 'tools/call', params })
  const text = await response.text()
  const [, message = text] = /^data: (.*)$/m.exec(text) ?? []
  const { result } = JSON.parse(message)
  if (!result?.structuredContent) throw new Error(`${response.status} ${text}`)
  return result.structuredContent
}
