import { OAuthError } from '../errors.ts'
import type { Params } from '../params.ts'
import type { Client } from './client.ts'
import { ASSERTION_TYPE, type ClientAssertions, readAssertionSubject } from './client-assertion.ts'
import { hasSecret, type TokenEndpointAuthMethod } from './client-metadata.ts'
import type { Clients } from './clients.ts'

type Credentials = { readonly clientId: string } & (
  | { readonly method: 'none' }
  | { readonly method: 'client_secret_basic' | 'client_secret_post'; readonly secret: string }
  | { readonly method: 'private_key_jwt'; readonly assertion: string }
)

export type AuthenticationContext = {
  readonly clients: Clients
  readonly assertions: ClientAssertions
  /** Whether the request is about a grant that this client has. */
  readonly hasGrant: (client: Client) => Promise<boolean>
}

/**
 * Authenticates the client of a token or revocation request (RFC 6749 §2.3, §3.2.1).
 * The method is enforced as registered: a confidential client cannot leave its secret out, and a
 * public one cannot pretend to have one.
 */
export async function authenticateClient(
  authorization: string | null,
  params: Params,
  context: AuthenticationContext,
): Promise<Client> {
  const { clients, assertions, hasGrant } = context
  const credentials = readCredentials(authorization, params)
  const client = await clients.find(credentials.clientId)
  if (!client) throw unauthorized(clients.refusalOf(credentials.clientId).text, credentials)
  checkMethod(client, credentials)
  if (credentials.method === 'private_key_jwt') {
    const { spend } = await assertions.verify(client, credentials.assertion)
    // Where there is no grant to be had, nothing is gained by a second use, and nothing stored.
    if (await hasGrant(client)) await spend()
  }
  // By the member, not by what is in it: an empty secret is one that has to be refused.
  if ('secret' in credentials && !clients.isSecret(client, credentials.secret)) {
    throw unauthorized(
      client.source === 'configured'
        ? 'The client_secret is not the one in the configuration of this server.'
        : 'The client_secret is not the one given at registration.',
      credentials,
    )
  }
  return client
}

/** More than any client_id and secret of ours take, encoded. */
const BASIC_MAX_LENGTH = 8 * 1024

function readCredentials(authorization: string | null, params: Params): Credentials {
  const clientId = params.get('client_id')
  const secret = params.get('client_secret')
  const assertion = readAssertion(params)
  if (assertion !== undefined) {
    if (authorization !== null || secret !== undefined) throw new OAuthError(...TWO_WAYS)
    return { method: 'private_key_jwt', clientId: subjectOf(assertion, clientId), assertion }
  }
  if (authorization !== null) return readBasic(authorization, clientId, secret)
  if (clientId === undefined) {
    throw new OAuthError(
      'invalid_client',
      'client_id is missing: send it in the form, or with the secret in an Authorization: Basic header.',
    )
  }
  if (secret !== undefined) return { method: 'client_secret_post', clientId, secret }
  return { method: 'none', clientId }
}

const TWO_WAYS = [
  'invalid_request',
  'Use one way to authenticate: the Authorization header, a client_secret or a client_assertion.',
] as const

function readAssertion(params: Params): string | undefined {
  const assertion = params.get('client_assertion')
  const type = params.get('client_assertion_type')
  if (assertion === undefined && type === undefined) return undefined
  if (assertion !== undefined && type === ASSERTION_TYPE) return assertion
  throw new OAuthError(
    'invalid_request',
    `client_assertion goes with the client_assertion_type '${ASSERTION_TYPE}' (RFC 7523 2.2).`,
  )
}

/** RFC 7521 §4.2: the client_id may be left out; sent, it has to be the assertion's. */
function subjectOf(assertion: string, clientId: string | undefined): string {
  const subject = readAssertionSubject(assertion)
  if (clientId === undefined || clientId === subject) return subject
  throw new OAuthError('invalid_client', "The client_assertion is another client's: see its 'sub'.")
}

/** RFC 6749 §2.3.1: both halves are form-encoded before they are joined. */
function readBasic(authorization: string, formId?: string, formSecret?: string): Credentials {
  const challenge = { headers: { 'WWW-Authenticate': 'Basic realm="token endpoint"' } }
  if (authorization.length > BASIC_MAX_LENGTH) {
    const text = `The Authorization header is longer than ${BASIC_MAX_LENGTH} characters.`
    throw new OAuthError('invalid_client', text, challenge)
  }
  const [, encoded] = /^basic +([A-Za-z0-9+/]+=*)$/i.exec(authorization) ?? []
  const decoded = encoded && Buffer.from(encoded, 'base64').toString()
  const colon = decoded?.indexOf(':') ?? -1
  const clientId = decoded && colon > 0 ? formDecode(decoded.slice(0, colon)) : undefined
  const secret = decoded && colon > 0 ? formDecode(decoded.slice(colon + 1)) : undefined
  if (clientId === undefined || secret === undefined) {
    const text = 'The Authorization header must be: Basic base64(client_id:client_secret).'
    throw new OAuthError('invalid_client', text, challenge)
  }
  if (formSecret !== undefined || (formId !== undefined && formId !== clientId)) {
    const text = 'Use one way to authenticate: the Authorization header or the form, not both.'
    throw new OAuthError('invalid_request', text)
  }
  return { method: 'client_secret_basic', clientId, secret }
}

function formDecode(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return undefined
  }
}

function checkMethod(client: Client, credentials: Credentials): void {
  const { token_endpoint_auth_method: registered } = client
  if (registered === credentials.method) return
  // Libraries differ in where they put a secret that they were given unasked.
  const isPlaceFree = !client.isMethodNamed && hasSecret(registered)
  if (isPlaceFree && hasSecret(credentials.method)) return
  // Its document names keys, most likely, and is not at hand: that passes.
  if (client.isStandIn && credentials.method === 'private_key_jwt') {
    throw new OAuthError('temporarily_unavailable', NO_KEYS, { retryAfter: 30 })
  }
  throw unauthorized(MUST.get(registered) as string, credentials)
}

const NO_KEYS =
  "The client's metadata document cannot be fetched at the moment, so its keys cannot be had. Keep what you have, and try again."

const MUST: ReadonlyMap<TokenEndpointAuthMethod, string> = new Map([
  [
    'none',
    'This client is public (token_endpoint_auth_method none): send no secret and no assertion.',
  ],
  [
    'client_secret_basic',
    'This client must authenticate with its client_secret in an Authorization: Basic header (client_secret_basic).',
  ],
  [
    'client_secret_post',
    'This client must authenticate with its client_secret in the form (client_secret_post).',
  ],
  ['private_key_jwt', 'This client must authenticate with a client_assertion (private_key_jwt).'],
])

function unauthorized(text: string, { method }: Credentials): OAuthError {
  const isBasic = method === 'client_secret_basic'
  // RFC 6749 §5.2: the challenge answers the scheme that was used.
  const headers = isBasic ? { 'WWW-Authenticate': 'Basic realm="token endpoint"' } : {}
  return new OAuthError('invalid_client', text, { headers })
}
