import { OAuthError } from '../errors.ts'
import type { Params } from '../params.ts'
import type { Client } from './client.ts'
import type { TokenEndpointAuthMethod } from './client-metadata.ts'
import type { Clients } from './clients.ts'

type Credentials = { readonly clientId: string } & (
  | { readonly method: 'none' }
  | { readonly method: 'client_secret_basic' | 'client_secret_post'; readonly secret: string }
)

/**
 * Authenticates the client of a token or revocation request (RFC 6749 §2.3, §3.2.1).
 * The method is enforced as registered: a confidential client cannot leave its secret out, and a
 * public one cannot pretend to have one.
 */
export async function authenticateClient(
  authorization: string | null,
  params: Params,
  { clients }: { readonly clients: Clients },
): Promise<Client> {
  const credentials = readCredentials(authorization, params)
  const client = await clients.find(credentials.clientId)
  if (!client) throw unauthorized(clients.refusalOf(credentials.clientId).text, credentials)
  checkMethod(client, credentials)
  // By the method, not by the secret: an empty one is one that has to be refused.
  if (credentials.method !== 'none' && !clients.isSecret(client, credentials.secret)) {
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
  if (!client.isMethodNamed && registered !== 'none' && credentials.method !== 'none') return
  throw unauthorized(MUST.get(registered) as string, credentials)
}

const MUST: ReadonlyMap<TokenEndpointAuthMethod, string> = new Map([
  ['none', 'This client is public (token_endpoint_auth_method none): send no client_secret.'],
  [
    'client_secret_basic',
    'This client must authenticate with its client_secret in an Authorization: Basic header (client_secret_basic).',
  ],
  [
    'client_secret_post',
    'This client must authenticate with its client_secret in the form (client_secret_post).',
  ],
])

function unauthorized(text: string, { method }: Credentials): OAuthError {
  const isBasic = method === 'client_secret_basic'
  // RFC 6749 §5.2: the challenge answers the scheme that was used.
  const headers = isBasic ? { 'WWW-Authenticate': 'Basic realm="token endpoint"' } : {}
  return new OAuthError('invalid_client', text, { headers })
}
