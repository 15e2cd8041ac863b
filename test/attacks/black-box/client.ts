import { createHash, randomBytes } from 'node:crypto'
import { patiently } from './patient.ts'
import { asString, REDIRECT_URI, type Site, type Target } from './target.ts'

/** Parameters of a request; what is undefined is left out, what is a list is sent several times. */
export type Parameters = Readonly<Record<string, string | readonly string[] | undefined>>

/** A registration that succeeded. */
export type Client = {
  readonly client_id: string
  readonly client_secret: string | undefined
  readonly redirect_uri: string
  readonly document: Readonly<Record<string, unknown>>
}

/** An answer of an endpoint that speaks JSON, whatever it says. */
export type Answer = {
  readonly status: number
  readonly headers: Headers
  readonly body: Readonly<Record<string, unknown>>
  readonly text: string
}

export type Authorization = {
  readonly url: URL
  readonly client: Client
  readonly redirect_uri: string
  readonly state: string
  readonly code_verifier: string
}

export type Tokens = { readonly access_token: string; readonly refresh_token: string }

type Here = { readonly site: Site }

/** Registers (RFC 7591); `metadata` changes the document, what is undefined is left out. */
export async function register(
  { site }: Here,
  metadata: object = {},
  send: typeof fetch = patiently,
): Promise<Answer> {
  const document = {
    client_name: 'Test client',
    redirect_uris: [REDIRECT_URI],
    token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    ...metadata,
  }
  const headers = { 'content-type': 'application/json' }
  const body = JSON.stringify(document)
  return toAnswer(await send(site.register, { method: 'POST', headers, body }))
}

/** Registers a client that is wanted; throws where it is refused. */
export async function registerClient(here: Here, metadata: object = {}): Promise<Client> {
  const answer = await register(here, metadata)
  const client_id = asString(answer.body.client_id)
  if (!client_id) throw new Error(`no registration: ${answer.status} ${answer.text.slice(0, 200)}`)
  const [redirect_uri = REDIRECT_URI] = (answer.body.redirect_uris as string[]) ?? []
  const client_secret = asString(answer.body.client_secret)
  return { client_id, client_secret, redirect_uri, document: answer.body }
}

/** An authorization request (RFC 6749 §4.1.1, RFC 7636) as a client makes it, but for `overrides`. */
export function authorization(
  { site, client }: Pick<Target, 'site' | 'client'>,
  overrides: Parameters = {},
  by: Client = client,
): Authorization {
  const code_verifier = randomBytes(32).toString('base64url')
  const parameters: Parameters = {
    response_type: 'code',
    client_id: by.client_id,
    redirect_uri: by.redirect_uri,
    state: randomBytes(16).toString('base64url'),
    scope: site.scope,
    resource: site.resource,
    code_challenge: createHash('sha256').update(code_verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...overrides,
  }
  const url = new URL(site.authorize)
  url.search = String(toForm(parameters))
  const last = (name: string) => url.searchParams.getAll(name).at(-1) ?? ''
  return {
    url,
    client: by,
    redirect_uri: last('redirect_uri'),
    state: last('state'),
    code_verifier,
  }
}

/** Posts a form; credentials are among the parameters, if anywhere. */
export async function post(
  url: string,
  parameters: Parameters,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  return toAnswer(await patiently(url, { method: 'POST', headers, body: toForm(parameters) }))
}

/** Redeems a code. */
export function redeem(
  { site }: Here,
  { client, redirect_uri, code_verifier }: Authorization,
  code: string,
  overrides: Parameters = {},
): Promise<Answer> {
  const { resource } = site
  const own = { ...credentials(client), redirect_uri, code_verifier, code, resource }
  return post(site.token, { grant_type: 'authorization_code', ...own, ...overrides })
}

/** Refreshes. */
export function refresh(
  { site }: Here,
  client: Client,
  refresh_token: string,
  overrides: Parameters = {},
): Promise<Answer> {
  const own = { ...credentials(client), refresh_token, resource: site.resource }
  return post(site.token, { grant_type: 'refresh_token', ...own, ...overrides })
}

/** Client authentication with `client_secret_post`, where there is a secret. */
export function credentials({ client_id, client_secret }: Client): Parameters {
  return { client_id, client_secret }
}

export type Call = {
  readonly method?: string
  readonly message?: { method: string; params?: unknown }
  readonly headers?: Readonly<Record<string, string>>
  readonly url?: string
}

/** What a client says first, of the revisions that have sessions. */
export const INITIALIZE = {
  method: 'initialize',
  params: {
    protocolVersion: '2025-06-18',
    capabilities: {},
    clientInfo: { name: 'attacks', version: '1' },
  },
}

/** One request to the MCP endpoint, `initialize` unless it says otherwise; its body is not read. */
export async function call(here: Here, token: string | undefined, what: Call = {}) {
  const { method = 'POST', message = INITIALIZE, headers, url = here.site.mcpUrl } = what
  const response = await patiently(url, {
    method,
    redirect: 'manual',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...headers,
    },
    body: method === 'POST' ? JSON.stringify({ jsonrpc: '2.0', id: 1, ...message }) : null,
  })
  await response.body?.cancel()
  return response
}

/** Whether an access token is let in. */
export async function isLet(here: Here, token: string): Promise<boolean> {
  const { status } = await call(here, token)
  if (status === 401 || status === 403) return false
  if (status >= 500) throw new Error(`${status} from the MCP endpoint`)
  return true
}

/** Whether a token is refused by now, or within the three seconds that word may take. */
export async function isRefusedSoon(here: Here, token: string): Promise<boolean> {
  const end = performance.now() + 3000
  while (performance.now() < end) {
    if (!(await isLet(here, token))) return true
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  return false
}

/** The tokens of an answer, undefined where it is a refusal. */
export function tokensOf({ status, body }: Answer): Tokens | undefined {
  const { access_token, refresh_token } = body
  if (status !== 200 || typeof access_token !== 'string') return undefined
  return { access_token, refresh_token: asString(refresh_token) ?? '' }
}

/** What an answer says, for the evidence: the status, and the error where it is one. */
export function says({ status, body }: Answer): string {
  return typeof body.error === 'string' ? `${status} ${body.error}` : String(status)
}

/** The two parts of a JWT that anybody can read; undefined where it is none. */
export function readJwt(token: string): { header: Claims; claims: Claims } | undefined {
  const [header, claims, signature] = token.split('.')
  if (!header || !claims || signature === undefined) return undefined
  try {
    return { header: parse(header), claims: parse(claims) }
  } catch {
    return undefined
  }
}

export type Claims = Readonly<Record<string, unknown>>

const parse = (part: string): Claims => JSON.parse(Buffer.from(part, 'base64url').toString())

export async function toAnswer(response: Response): Promise<Answer> {
  const { status, headers } = response
  const text = await response.text()
  return { status, headers, text, body: parseObject(text) }
}

function parseObject(text: string): Claims {
  try {
    const value: unknown = JSON.parse(text)
    return value && typeof value === 'object' && !Array.isArray(value) ? (value as Claims) : {}
  } catch {
    return {}
  }
}

function toForm(parameters: Parameters): URLSearchParams {
  const form = new URLSearchParams()
  for (const [name, value] of Object.entries(parameters)) {
    if (value === undefined) continue
    for (const one of typeof value === 'string' ? [value] : value) form.append(name, one)
  }
  return form
}
