import assert from 'node:assert/strict'
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { type CryptoKey, SignJWT } from 'jose'
import { createBrowser } from './browser.ts'
import type { TokenResponse } from './oauth-client.ts'
import { noteSecret } from './secrets.ts'
import { type Probe, type Revision, randomPort, type SimulatedClient } from './simulated-clients.ts'

/** By what a client is known: what it registers, or the address of its metadata document. */
export type Route = 'registration' | 'metadata document'

/** What a client has kept of a sign-in. */
export type Session = {
  readonly client: SimulatedClient
  /** The MCP server's URL, as the person typed it. */
  readonly server: string
  readonly found: Found
  readonly credentials: Credentials
  readonly redirectUri: string
  readonly tokens: TokenResponse
}

export type Credentials = {
  readonly client_id: string
  readonly client_secret?: string
  readonly signingKey?: CryptoKey
}

/** What discovery gave. */
export type Found = {
  readonly resource: string
  readonly scope: string | undefined
  readonly metadata: ServerMetadata
}

type ServerMetadata = {
  readonly issuer: string
  readonly authorization_endpoint: string
  readonly token_endpoint: string
  readonly registration_endpoint?: string
  readonly scopes_supported?: readonly string[]
  readonly token_endpoint_auth_methods_supported?: readonly string[]
  readonly token_endpoint_auth_signing_alg_values_supported?: readonly string[]
  readonly code_challenge_methods_supported?: readonly string[]
  readonly authorization_response_iss_parameter_supported?: boolean
  readonly client_id_metadata_document_supported?: boolean
}

export type ConnectOptions = {
  readonly route?: Route
  readonly account?: string
  readonly port?: number
  /** Which of its redirect URIs it uses. @default 0 */
  readonly use?: number
  /** What it kept from an earlier login, and uses in place of registering. */
  readonly credentials?: Credentials
  /** Changes to its authorization request. */
  readonly overrides?: Readonly<Record<string, string>>
}

/** From the first request to a token: challenge, discovery, registration, sign-in, code. */
export async function connect(
  client: SimulatedClient,
  server: string,
  options: ConnectOptions = {},
): Promise<Session> {
  const { port = randomPort(), use = 0, route = 'registration' } = options
  let challenge: string | undefined
  for (const probe of client.probes) challenge = await send(client, server, probe)
  const found = await discover(client, server, challenge)
  for (let round = 1; round < client.discovery.rounds; round++) {
    assert.deepEqual(await discover(client, server, challenge), found)
  }
  const credentials = options.credentials ?? (await identify(client, found, port, route))
  const redirectUri = redirectUrisOf(client, route, port)[use] as string
  const tokens = await authorize(client, { found, credentials, redirectUri, options })
  return { client, server, found, credentials, redirectUri, tokens }
}

/** The redirect URIs that it has been seen to use when it is known by `route`. */
export function redirectUrisOf(
  client: SimulatedClient,
  route: Route,
  port: number,
): readonly string[] {
  const source = route === 'metadata document' ? client.cimd : client
  return source?.usedRedirectUris(port) ?? []
}

/** A request without a token: 401 and the challenge, whatever the method (C3.9). */
async function send(client: SimulatedClient, server: string, probe: Probe): Promise<string> {
  const { method, rpc, headers } = probe
  const accept = 'application/json, text/event-stream'
  const response = await fetch(server, {
    method,
    redirect: 'manual',
    headers: {
      'user-agent': client.userAgent,
      accept,
      ...(rpc && rpcHeaders(rpc, revisionOf(rpc, client))),
      ...headers,
    },
    ...(rpc && { body: JSON.stringify(message(rpc, revisionOf(rpc, client))) }),
  })
  await response.body?.cancel()
  assert.equal(response.status, 401, `${method} ${rpc ?? ''}`)
  const challenge = response.headers.get('www-authenticate') ?? ''
  assert.match(challenge, /^Bearer /)
  // RFC 6750 §3.1: who sent no token has made no error.
  assert.doesNotMatch(challenge, /error=/)
  return challenge
}

/** What a probe says that it speaks: who knows the newest asks in the former way as well. */
function revisionOf(rpc: NonNullable<Probe['rpc']>, client: SimulatedClient): Revision {
  if (rpc === 'server/discover') return '2026-07-28'
  return client.revision === '2026-07-28' ? '2025-11-25' : client.revision
}

async function discover(client: SimulatedClient, server: string, challenge = ''): Promise<Found> {
  const { start, resourceMatch } = client.discovery
  const url = new URL(server)
  const wellKnown = `${url.origin}/.well-known/oauth-protected-resource${url.pathname}`
  const told = /resource_metadata="([^"]+)"/.exec(challenge)?.[1] ?? ''
  if (client.probes.length > 0) assert.equal(told, wellKnown, 'both ways lead to one document')
  const resource = await read<{
    resource: string
    authorization_servers: string[]
    scopes_supported?: string[]
  }>(client, start === 'challenge' ? told : wellKnown)
  assert.ok(matches(resource.resource, server, resourceMatch), resource.resource)
  const [issuer = ''] = resource.authorization_servers
  const metadata = await read<ServerMetadata>(client, metadataAddress(issuer))
  // RFC 8414 §3.3: byte for byte.
  assert.equal(metadata.issuer, issuer)
  // Without it the SDKs refuse the server (AS-18).
  assert.ok(metadata.code_challenge_methods_supported?.includes('S256'))
  assert.equal(metadata.authorization_response_iss_parameter_supported, true)
  const methods = metadata.token_endpoint_auth_methods_supported ?? []
  for (const method of ['none', client.authentication]) assert.ok(methods.includes(method), method)
  const listed = resource.scopes_supported?.join(' ')
  // Who has not knocked before has no challenge to go by.
  const challenged = /scope="([^"]+)"/.exec(challenge)?.[1] ?? listed
  const scopes = { challenge: challenged, metadata: listed, none: undefined }
  assert.equal(challenged, listed)
  return { resource: resource.resource, scope: scopes[client.scope], metadata }
}

/** RFC 8414 §3.1: the well-known part goes before the issuer's path. */
function metadataAddress(issuer: string): string {
  const { origin, pathname } = new URL(issuer)
  return `${origin}/.well-known/oauth-authorization-server${pathname === '/' ? '' : pathname}`
}

async function read<T>(client: SimulatedClient, url: string): Promise<T> {
  const headers = { 'user-agent': client.userAgent, ...client.discovery.headers }
  const response = await fetch(url, { headers, redirect: 'error' })
  assert.equal(response.status, 200, url)
  assert.match(response.headers.get('content-type') ?? '', /^application\/json/)
  return (await response.json()) as T
}

function matches(resource: string, server: string, rule: 'exact' | 'origin'): boolean {
  if (rule === 'exact') return resource === server
  const [configured, asked] = [new URL(resource), new URL(server)]
  const below = (path: string) => `${path.replace(/\/$/, '')}/`
  return (
    configured.origin === asked.origin &&
    below(asked.pathname).startsWith(below(configured.pathname))
  )
}

/** By its metadata document where that is taken, else by a registration (RFC 7591). */
async function identify(
  client: SimulatedClient,
  { metadata }: Found,
  port: number,
  route: Route,
): Promise<Credentials> {
  if (route === 'metadata document') {
    assert.ok(client.cimd, `${client.name} has no metadata document`)
    assert.equal(metadata.client_id_metadata_document_supported, true)
    const { client_id, signingKey } = client.cimd
    if (!signingKey) return { client_id }
    assert.ok(metadata.token_endpoint_auth_methods_supported?.includes('private_key_jwt'))
    assert.ok(metadata.token_endpoint_auth_signing_alg_values_supported?.includes('ES256'))
    return { client_id, signingKey }
  }
  let credentials: Credentials | undefined
  for (let i = 0; i < (client.registrations ?? 1); i++) {
    credentials = await register(client, metadata, port)
  }
  return credentials as Credentials
}

async function register(
  client: SimulatedClient,
  metadata: ServerMetadata,
  port: number,
): Promise<Credentials> {
  assert.ok(metadata.registration_endpoint)
  const redirect_uris = client.registeredRedirectUris(port)
  const response = await fetch(metadata.registration_endpoint, {
    method: 'POST',
    headers: {
      'user-agent': client.userAgent,
      accept: 'application/json',
      'content-type': 'application/json',
    },
    body: JSON.stringify({ ...client.metadata, redirect_uris }),
  })
  assert.equal(response.status, 201)
  const registered = (await response.json()) as Credentials & Record<string, unknown>
  assert.equal(registered.token_endpoint_auth_method, client.authentication)
  // They go by what was granted: an address that is missing there is not used.
  for (const uri of redirect_uris) assert.ok((registered.redirect_uris as string[]).includes(uri))
  const { client_id, client_secret } = registered
  const isPublic = client.authentication === 'none'
  assert.equal(client_secret === undefined, isPublic)
  // RFC 7591 §3.2.1: 0 means that it does not expire.
  if (!isPublic) assert.equal(registered.client_secret_expires_at, 0)
  return { client_id, ...(client_secret !== undefined && { client_secret }) }
}

type Authorizing = {
  readonly found: Found
  readonly credentials: Credentials
  readonly redirectUri: string
  readonly options: ConnectOptions
}

/** What `/authorize` answers to a client that asks it itself before it opens a browser (C3.8). */
export function lookAhead(client: SimulatedClient, url: URL): Promise<Response> {
  const headers = { 'user-agent': client.userAgent, accept: '*/*' }
  return fetch(url, { headers, redirect: 'manual' })
}

/** The address that a client opens in the browser. */
export function authorizationUrl(
  client: SimulatedClient,
  { found, credentials, redirectUri, options }: Authorizing,
  secrets: { state: string; code_verifier: string },
): URL {
  const { metadata, resource, scope } = found
  const url = new URL(metadata.authorization_endpoint)
  const isOffline = client.wantsOfflineAccess && metadata.scopes_supported?.includes(OFFLINE)
  const asked = isOffline ? `${scope} ${OFFLINE}` : scope
  const parameters = {
    response_type: 'code',
    client_id: credentials.client_id,
    code_challenge: createHash('sha256').update(secrets.code_verifier).digest('base64url'),
    code_challenge_method: 'S256',
    redirect_uri: redirectUri,
    state: secrets.state,
    ...(asked !== undefined && { scope: asked }),
    ...(isOffline && { prompt: 'consent' }),
    resource: client.mangleResource?.(resource) ?? resource,
    ...options.overrides,
  }
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
  return url
}

const OFFLINE = 'offline_access'

async function authorize(
  client: SimulatedClient,
  authorizing: Authorizing,
): Promise<TokenResponse> {
  const { found, credentials, redirectUri, options } = authorizing
  const secrets = { state: client.state(), code_verifier: randomBytes(32).toString('base64url') }
  noteSecret('a code verifier', secrets.code_verifier)
  const url = authorizationUrl(client, authorizing, secrets)
  if (client.looksAhead) {
    const { status } = await lookAhead(client, url)
    assert.ok([200, 302, 303, 307, 308].includes(status), `looked ahead and saw ${status}`)
  }
  const { account = 'Alice' } = options
  const page = await createBrowser().signIn(url, { account, until: redirectUri })
  const { searchParams } = page.url
  const code = searchParams.get('code')
  assert.ok(code, `${page.status} ${page.url.pathname}: ${page.text}`)
  assert.ok(page.url.href.startsWith(redirectUri))
  assert.equal(searchParams.get('state'), secrets.state)
  // RFC 9207 §2.4: simple string comparison.
  assert.deepEqual(searchParams.getAll('iss'), [found.metadata.issuer])
  const { resource } = found
  const { code_verifier } = secrets
  const grant = { grant_type: 'authorization_code', code, code_verifier }
  const response = await token(client, found, credentials, {
    ...grant,
    redirect_uri: redirectUri,
    resource,
  })
  return readTokens(client, response)
}

/** A request to the token endpoint, authenticated in the client's way. */
export async function token(
  client: SimulatedClient,
  { metadata }: Found,
  { client_id, client_secret = '', signingKey }: Credentials,
  parameters: Readonly<Record<string, string>>,
): Promise<Response> {
  const headers: Record<string, string> = {
    'user-agent': client.userAgent,
    accept: 'application/json',
    'content-type': 'application/x-www-form-urlencoded',
  }
  const body = new URLSearchParams(parameters)
  if (signingKey) {
    const assertion = await signAssertion(client_id, metadata.token_endpoint, signingKey)
    body.set('client_assertion_type', ASSERTION_TYPE)
    body.set('client_assertion', assertion)
  } else if (client.authentication === 'client_secret_basic') {
    const pair = [client_id, client_secret].map(encodeURIComponent).join(':')
    headers.authorization = `Basic ${Buffer.from(pair).toString('base64')}`
  } else {
    body.set('client_id', client_id)
    if (client.authentication === 'client_secret_post') body.set('client_secret', client_secret)
  }
  return fetch(metadata.token_endpoint, { method: 'POST', headers, body })
}

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/** RFC 7523 §3, for one request. */
async function signAssertion(id: string, audience: string, key: CryptoKey): Promise<string> {
  const assertion = await new SignJWT({ jti: randomUUID() })
    .setProtectedHeader({ alg: 'ES256', kid: 'one' })
    .setIssuer(id)
    .setSubject(id)
    .setAudience(audience)
    .setIssuedAt()
    .setExpirationTime('2 minutes')
    .sign(key)
  noteSecret('a client assertion', assertion)
  return assertion
}

async function readTokens(client: SimulatedClient, response: Response): Promise<TokenResponse> {
  const text = await response.text()
  assert.equal(response.status, 200, text)
  assert.equal(response.headers.get('cache-control'), 'no-store')
  const tokens = JSON.parse(text) as TokenResponse
  assert.equal(tokens.token_type.toLowerCase(), 'bearer')
  assert.equal(tokens.scope, 'mcp-access')
  // With less than its skew a client would refresh before every request (C3.11).
  assert.ok(tokens.expires_in > Math.max(client.refreshSkew, 300), `${tokens.expires_in} s`)
  // Without one, some throw the access token away when it ends.
  assert.ok(tokens.access_token && tokens.refresh_token)
  return tokens
}

/** As it asks: without a scope, for the same resource. */
export function sendRefresh({ client, found, credentials, tokens }: Session): Promise<Response> {
  const { refresh_token } = tokens
  const parameters = { grant_type: 'refresh_token', refresh_token, resource: found.resource }
  return token(client, found, credentials, parameters)
}

/** Renews the tokens. */
export async function refresh(session: Session): Promise<Session> {
  const tokens = await readTokens(session.client, await sendRefresh(session))
  assert.notEqual(tokens.refresh_token, session.tokens.refresh_token)
  return { ...session, tokens }
}

/** The MCP side of a session after login: hello in the client's era, then the list of tools. */
export async function useServer(session: Session): Promise<string[]> {
  const { client } = session
  const isModern = client.revision === '2026-07-28'
  const hello = await call(session, isModern ? 'server/discover' : 'initialize')
  const version = isModern ? hello.supportedVersions : [hello.protocolVersion]
  assert.ok((version as string[]).includes(client.revision), JSON.stringify(hello))
  if (!isModern) await notify(session)
  if (client.opensStream) await openStream(session)
  const { tools } = await call(session, 'tools/list')
  return (tools as { name: string }[]).map(({ name }) => name)
}

/** One request with the token; gives its result. */
async function call(session: Session, method: string): Promise<Record<string, unknown>> {
  const { client } = session
  const response = await post(session, method, message(method, client.revision))
  const text = await response.text()
  assert.equal(response.status, 200, text)
  const [, data = text] = /^data: (.*)$/m.exec(text) ?? []
  const { result } = JSON.parse(data)
  assert.ok(result, text)
  return result
}

async function notify(session: Session): Promise<void> {
  const method = 'notifications/initialized'
  const response = await post(session, method, { jsonrpc: '2.0', method })
  assert.equal(response.status, 202)
}

/** An answer that is no stream is fine for all of them, as long as it is neither 401 nor 403. */
async function openStream({ client, server, tokens }: Session): Promise<void> {
  const response = await fetch(server, {
    headers: {
      'user-agent': client.userAgent,
      accept: 'text/event-stream',
      authorization: `Bearer ${tokens.access_token}`,
      ...(client.saysRevision !== false && { 'mcp-protocol-version': client.revision }),
    },
  })
  await response.body?.cancel()
  assert.ok([200, 405].includes(response.status), `status ${response.status}`)
}

/** A request to the MCP endpoint with the session's token. */
export function post(session: Session, method: string, body: object): Promise<Response> {
  const { client, server, tokens } = session
  return fetch(server, {
    method: 'POST',
    redirect: 'manual',
    headers: {
      'user-agent': client.userAgent,
      accept: 'application/json, text/event-stream',
      authorization: `Bearer ${tokens.access_token}`,
      ...rpcHeaders(method, client.revision, client.saysRevision),
    },
    body: JSON.stringify(body),
  })
}

function rpcHeaders(
  method: string,
  revision: Revision,
  saysRevision = true,
): Record<string, string> {
  const isModern = revision === '2026-07-28'
  // Before the handshake there is nothing agreed that could be said.
  const isSaid = saysRevision && (isModern || method !== 'initialize')
  return {
    'content-type': 'application/json',
    ...(isSaid && { 'mcp-protocol-version': revision }),
    ...(isModern && { 'mcp-method': method }),
  }
}

export function message(method: string, revision: Revision): object {
  const clientInfo = { name: 'simulated', version: '1.0.0' }
  if (revision === '2026-07-28') {
    const prefix = 'io.modelcontextprotocol'
    const _meta = {
      [`${prefix}/protocolVersion`]: revision,
      [`${prefix}/clientCapabilities`]: {},
      [`${prefix}/clientInfo`]: clientInfo,
    }
    return { jsonrpc: '2.0', id: 1, method, params: { _meta } }
  }
  const hello = { protocolVersion: revision, capabilities: {}, clientInfo }
  return { jsonrpc: '2.0', id: 1, method, params: method === 'initialize' ? hello : {} }
}
