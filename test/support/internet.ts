import { once } from 'node:events'
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import {
  createGuardedFetch,
  type GuardedFetch,
  type Internet,
} from '../../src/core/clients/guarded-fetch.ts'
import { isPublicAddress } from '../../src/core/clients/public-host.ts'
import { createCertificate } from './certificate.ts'

/** An internet of this machine: every host is one https server, and DNS says what a test wants. */
export type TestInternet = AsyncDisposable & {
  /** Puts a JSON document at an address. */
  publish(url: string, document: unknown, headers?: Readonly<Record<string, string>>): void
  /** Answers an address in any other way. */
  answer(url: string, answer: Answer): void
  /** Takes away what is at an address. */
  remove(url: string): void
  /** What DNS says of a host, at each question. @default the server */
  readonly dns: Map<string, () => readonly string[]>
  /** The hosts that DNS was asked for, in order. */
  readonly lookups: string[]
  readonly requests: { readonly url: string; readonly headers: IncomingHttpHeaders }[]
  /** How often a host was asked. */
  count(host: string): number
  readonly fetch: GuardedFetch
  readonly port: number
  close(): Promise<void>
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void

/** The address that stands for a public one. */
export const SERVER_ADDRESS = '127.0.0.1'

/** The hosts that its certificate is for. */
const HOSTS = ['*.example.com', 'vscode.dev', 'claude.ai', 'chatgpt.com']

export async function startInternet(given: Partial<Internet> = {}): Promise<TestInternet> {
  const { key, cert } = await createCertificate(HOSTS)
  const answers = new Map<string, Answer>()
  const requests: TestInternet['requests'] = []
  const lookups: string[] = []
  const dns: TestInternet['dns'] = new Map()

  const server = createServer({ key, cert }, (request, response) => {
    const url = `https://${request.headers.host}${request.url}`
    requests.push({ url, headers: request.headers })
    const answer = answers.get(url)
    if (answer) answer(request, response)
    else response.writeHead(404).end()
  })
  server.listen(0, SERVER_ADDRESS)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo

  const internet: Internet = {
    async lookup(host) {
      lookups.push(host)
      return dns.get(host)?.() ?? [SERVER_ADDRESS]
    },
    isPublic: (address) => address === SERVER_ADDRESS || isPublicAddress(address),
    port,
    timeout: 5000,
    ca: cert,
    ...given,
  }
  const answer = (url: string, how: Answer) => void answers.set(url, how)
  const close = async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
  return {
    answer,
    publish: (url, document, headers = {}) =>
      answer(url, (_request, response) => {
        response.writeHead(200, { 'content-type': 'application/json', ...headers })
        response.end(JSON.stringify(document))
      }),
    remove: (url) => void answers.delete(url),
    dns,
    lookups,
    requests,
    count: (host) => requests.filter(({ url }) => new URL(url).hostname === host).length,
    fetch: createGuardedFetch(internet),
    port,
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** A document of a public client, at its own address. */
export function clientDocument(client_id: string, more: Readonly<Record<string, unknown>> = {}) {
  return {
    client_id,
    client_name: 'Document client',
    redirect_uris: ['http://127.0.0.1/callback'],
    token_endpoint_auth_method: 'none',
    ...more,
  }
}
