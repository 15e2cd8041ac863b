import { createHash, randomBytes } from 'node:crypto'
import { type Browser, createBrowser, type Page } from './browser.ts'
import { noteAnswer, noteSecret } from './secrets.ts'

/** Parameters of a request; what is undefined is left out. */
export type Parameters = Readonly<Record<string, string | undefined>>

/**
 * An OAuth client that checks nothing and hides nothing: each step gives the raw `Response`, and
 * each parameter can be overridden or left out.
 */
export type OAuthClient = {
  /** The protected resource's metadata (RFC 9728). */
  protectedResource(): Promise<Response>
  /** The authorization server's metadata (RFC 8414). */
  authorizationServer(): Promise<Response>
  /** Registers (RFC 7591) as a public client, but for what `metadata` says. */
  register(metadata?: Record<string, unknown>): Promise<Response>
  /** Starts an authorization request with PKCE (RFC 6749 §4.1.1, RFC 7636). */
  authorization(client_id: string, overrides?: Parameters): Authorization
  /** Posts to the token endpoint. `headers` may carry client authentication. */
  token(parameters: Parameters, headers?: Readonly<Record<string, string>>): Promise<Response>
  /** Redeems the code that came back to an authorization request. */
  exchange(authorization: Authorization, code: string, overrides?: Parameters): Promise<Response>
  refresh(client_id: string, refresh_token: string, overrides?: Parameters): Promise<Response>
  revoke(parameters: Parameters, headers?: Readonly<Record<string, string>>): Promise<Response>
  /** One JSON-RPC request to the MCP endpoint, without a handshake before it. */
  mcp(token: string | undefined, message: { method: string; params?: unknown }): Promise<Response>
}

export type Authorization = {
  readonly url: URL
  readonly client_id: string
  readonly redirect_uri: string
  readonly state: string
  readonly code_verifier: string
}

/** Where a test's browser stops; nobody listens there. */
export const REDIRECT_URI = 'http://127.0.0.1:49152/callback'

/** A client of the server at `url`, a base URL without a trailing slash. */
export function createOAuthClient(url: string): OAuthClient {
  const resource = `${url}/mcp`
  const post = (
    path: string,
    parameters: Parameters,
    headers?: Readonly<Record<string, string>>,
  ) => {
    noteSecret('a client assertion', parameters.client_assertion)
    const body = toForm(parameters)
    return send(`${url}${path}`, { method: 'POST', headers: headers ?? {}, body })
  }
  const token: OAuthClient['token'] = (parameters, headers) => post('/token', parameters, headers)
  return {
    protectedResource: () => fetch(`${url}/.well-known/oauth-protected-resource/mcp`),
    authorizationServer: () => fetch(`${url}/.well-known/oauth-authorization-server`),
    register: (metadata) => postJson(`${url}/register`, { ...METADATA, ...metadata }),
    authorization: (client_id, overrides) => authorization(url, client_id, overrides),
    token,
    exchange: ({ client_id, redirect_uri, code_verifier }, code, overrides) => {
      const own = { client_id, redirect_uri, code_verifier, code, resource }
      return token({ grant_type: 'authorization_code', ...own, ...overrides })
    },
    refresh: (client_id, refresh_token, overrides) =>
      token({ grant_type: 'refresh_token', client_id, refresh_token, resource, ...overrides }),
    revoke: (parameters, headers) => post('/revoke', parameters, headers),
    mcp: (accessToken, message) => {
      const authentication = accessToken ? { authorization: `Bearer ${accessToken}` } : {}
      return postJson(resource, { jsonrpc: '2.0', id: 1, ...message }, authentication)
    },
  }
}

export type TokenResponse = {
  access_token: string
  token_type: string
  expires_in: number
  refresh_token: string
  scope: string
}

export type SignedIn = {
  readonly client: OAuthClient
  readonly client_id: string
  readonly authorization: Authorization
  /** What came back to the redirect URI. */
  readonly code: string
  readonly tokens: TokenResponse
  readonly browser: Browser
}

export type SignInOptions = {
  account?: string
  browser?: Browser
  metadata?: Record<string, unknown>
  overrides?: Parameters
}

/** A whole sign-in, from registration to tokens; throws where it does not succeed. */
export async function signIn(url: string, options: SignInOptions = {}): Promise<SignedIn> {
  const { account = 'Alice', browser = createBrowser(), metadata, overrides } = options
  const client = createOAuthClient(url)
  const { client_id } = await json<{ client_id: string }>(await client.register(metadata))
  const authorization = client.authorization(client_id, overrides)
  const until = authorization.redirect_uri
  const code = codeOf(await browser.signIn(authorization.url, { account, until }))
  const tokens = await json<TokenResponse>(await client.exchange(authorization, code))
  return { client, client_id, authorization, code, tokens, browser }
}

/** The code that a browser brought back to the redirect URI; throws where there is none. */
export function codeOf(page: Page): string {
  const code = page.url.searchParams.get('code')
  if (!code) throw new Error(`No code at ${page.url.href} (${page.status}): ${page.text}`)
  return code
}

/** The body of a successful response; throws with the body of another. */
export async function json<T>(response: Response): Promise<T> {
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`)
  return (await response.json()) as T
}

const METADATA = {
  client_name: 'Test client',
  redirect_uris: [REDIRECT_URI],
  token_endpoint_auth_method: 'none',
}

function authorization(url: string, client_id: string, overrides: Parameters = {}): Authorization {
  const code_verifier = randomBytes(32).toString('base64url')
  const ownState = randomBytes(16).toString('base64url')
  noteSecret('a state', ownState)
  const parameters = {
    response_type: 'code',
    client_id,
    redirect_uri: REDIRECT_URI,
    state: ownState,
    scope: 'mcp-access',
    resource: `${url}/mcp`,
    code_challenge: createHash('sha256').update(code_verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...overrides,
  }
  noteSecret('a code verifier', code_verifier)
  const { state = '', redirect_uri = REDIRECT_URI } = parameters as Parameters
  const address = new URL(`${url}/authorize?${toForm(parameters)}`)
  return { url: address, client_id, redirect_uri, state, code_verifier }
}

function toForm(parameters: Parameters): URLSearchParams {
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined)
  return new URLSearchParams(given as [string, string][])
}

function postJson(
  url: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  const own = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
  return send(url, {
    method: 'POST',
    headers: { ...own, ...headers },
    body: JSON.stringify(body),
  })
}

async function send(url: string, init: RequestInit): Promise<Response> {
  const response = await fetch(url, init)
  await noteAnswer(new URL(url), response)
  return response
}
