import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { createCertificate, createLoopbackFetch } from './certificate.ts'

/** The application that may read. */
export const CLIENT = {
  tenantId: '6f0e7a3c-7a0d-4b57-9d57-0f1f3f0c9a11',
  clientId: '0d9d0c55-3a5f-4b6e-8f3f-7f6f3f1b2c22',
  secret: 'the secret of the application at the vault',
}

type Attributes = { created: number; enabled?: boolean; nbf?: number }

/** What the stand-in does otherwise than it should, and what it has seen. */
type State = {
  isAway: boolean
  isForbidden: boolean
  isUnknownClient: boolean
  /** What the challenge names in place of its own domain. */
  resource: string | undefined
  authorization: string | undefined
  nextLink: string | undefined
  location: string | undefined
  tokens: number
  /** The versions whose values were asked for. */
  values: string[]
}

/** A stand-in of Azure Key Vault's REST protocol (7.4) with its challenge, and of the login host. */
export type KeyVault = AsyncDisposable & {
  readonly origin: string
  readonly login: string
  readonly cert: string
  readonly fetch: typeof fetch
  readonly state: State
  add(version: string, value: string, attributes: Attributes): void
  disable(version: string): void
}

const NAMES = ['team.vault.test', 'login.test']

export async function startKeyVault({ pageSize = 25 } = {}): Promise<KeyVault> {
  const certificate = await createCertificate(NAMES)
  const versions = new Map<
    string,
    { value: string; attributes: Required<Omit<Attributes, 'nbf'>> }
  >()
  const issued = new Set<string>()
  const state: State = {
    ...{ isAway: false, isForbidden: false, isUnknownClient: false },
    ...{ resource: undefined, authorization: undefined, nextLink: undefined, location: undefined },
    ...{ tokens: 0, values: [] },
  }
  const server = createServer(certificate, (request, response) => {
    void (async () => {
      const { status, body, headers } = await answer(request)
      response.writeHead(status, { 'content-type': 'application/json', ...headers })
      response.end(JSON.stringify(body))
    })().catch((error: unknown) => breakOff(response, error))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const [origin, login] = NAMES.map((name) => `https://${name}:${port}`) as [string, string]

  type Reply = { status: number; body: object; headers?: Record<string, string> }

  async function answer(request: IncomingMessage): Promise<Reply> {
    const url = new URL(request.url ?? '', `https://${request.headers.host}`)
    if (state.isAway) return { status: 503, body: {} }
    if (url.origin === login) return giveToken(url, new URLSearchParams(await textOf(request)))
    if (state.location) return { status: 302, body: {}, headers: { location: state.location } }
    const [, token = ''] = /^Bearer (.+)$/.exec(request.headers.authorization ?? '') ?? []
    if (!issued.has(token)) return challenge()
    if (state.isForbidden)
      return failure(403, 'Forbidden', 'Caller is not authorized to perform it.')
    if (url.searchParams.get('api-version') !== '7.4')
      return failure(400, 'BadParameter', 'version')
    return read(url)
  }

  function giveToken({ pathname }: URL, form: URLSearchParams): Reply {
    const isKnown =
      pathname === `/${CLIENT.tenantId}/oauth2/v2.0/token` &&
      form.get('client_id') === CLIENT.clientId &&
      form.get('client_secret') === CLIENT.secret &&
      form.get('grant_type') === 'client_credentials' &&
      form.get('scope') === 'https://vault.test/.default'
    if (!isKnown || state.isUnknownClient) {
      const error_description = 'AADSTS7000215: Invalid client secret provided.'
      return { status: 401, body: { error: 'invalid_client', error_description } }
    }
    const access_token = randomUUID()
    issued.add(access_token)
    state.tokens++
    return { status: 200, body: { token_type: 'Bearer', expires_in: 3599, access_token } }
  }

  function challenge(): Reply {
    const authorization = state.authorization ?? `${login}/${CLIENT.tenantId}`
    const resource = state.resource ?? 'https://vault.test'
    const value = `Bearer authorization="${authorization}", resource="${resource}"`
    const headers = { 'www-authenticate': value }
    return { ...failure(401, 'Unauthorized', 'AKV10000: Request is missing a token.'), headers }
  }

  function read({ pathname, searchParams }: URL): Reply {
    const [, version = ''] = /^\/secrets\/entrance\/([\w-]+)$/.exec(pathname) ?? []
    if (version === 'versions' && versions.size > 0) return list(Number(searchParams.get('$skip')))
    const found = versions.get(version)
    if (!found) return failure(404, 'SecretNotFound', 'A secret with entrance was not found.')
    if (!found.attributes.enabled) return failure(403, 'Forbidden', 'Operation get is not allowed.')
    state.values.push(version)
    return { status: 200, body: { ...found, id: idOf(version) } }
  }

  function list(from: number): Reply {
    const all = [...versions].map(([version, { attributes }]) => ({
      id: idOf(version),
      attributes,
    }))
    const path = `${origin}/secrets/entrance/versions?api-version=7.4&$skip=${from + pageSize}`
    const nextLink = from + pageSize < all.length ? (state.nextLink ?? path) : null
    return { status: 200, body: { value: all.slice(from, from + pageSize), nextLink } }
  }

  function idOf(version: string): string {
    return `${origin}/secrets/entrance/${version}`
  }

  return {
    ...{ origin, login, state, cert: certificate.cert },
    fetch: createLoopbackFetch(certificate),
    add: (version, value, attributes) =>
      void versions.set(version, { value, attributes: { enabled: true, ...attributes } }),
    disable(version) {
      const found = versions.get(version)
      if (found) found.attributes.enabled = false
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

function failure(status: number, code: string, message: string) {
  return { status, body: { error: { code, message } } }
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

function breakOff(response: ServerResponse, error: unknown): void {
  response.destroy(error instanceof Error ? error : new Error(String(error)))
}
