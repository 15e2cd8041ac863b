import { OAuthError } from '../errors.ts'
import { CLIENT_ID_MAX_LENGTH } from './client.ts'
import { type ClientMetadata, parseClientMetadata } from './client-metadata.ts'
import { findKeysUrlFault, type JsonWebKeySet, parseKeySet } from './key-set.ts'
import { findHostFault } from './public-host.ts'
import type { RedirectPolicy } from './redirect-uri.ts'

/** Whether a client_id is meant as the address of its own metadata document. */
export function isDocumentId(clientId: string): boolean {
  return clientId.startsWith('https://')
}

/**
 * Why a client_id cannot be the address of a document (draft-ietf-oauth-client-id-metadata-document
 * §3); undefined when it can. It has to be in its one normal form, as ids are compared byte for
 * byte: so dot segments, raw or encoded, a user name, a default port and the like fall away.
 */
export function findDocumentIdFault(
  clientId: string,
  { ownOrigins }: Pick<RedirectPolicy, 'ownOrigins'>,
): string | undefined {
  if (clientId.length > CLIENT_ID_MAX_LENGTH)
    return `is longer than ${CLIENT_ID_MAX_LENGTH} characters`
  const url = URL.parse(clientId)
  if (url?.protocol !== 'https:') return 'is not an https URL'
  if (url.username || url.password) return 'has a user name in it'
  if (clientId.includes('#')) return 'has a fragment'
  // The draft discourages it; here it would make of any page that takes parameters many ids.
  if (clientId.includes('?')) return 'has a query'
  if (url.href !== clientId) return 'is not in its normal form (RFC 3986 6.2)'
  if (url.pathname === '/') return 'has no path'
  if (url.port) return 'has a port; 443 is expected'
  if (ownOrigins.has(url.origin)) return 'points at this server itself'
  return findHostFault(url.hostname)
}

/**
 * Reads a client's metadata document (draft §4). What it says is judged as a registration is;
 * besides, it has to name its own address, and cannot hold a secret, for anybody can read it.
 */
export function parseClientDocument(
  clientId: string,
  document: unknown,
  policy: RedirectPolicy,
): ClientMetadata {
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    throw invalid('it is not a JSON object')
  }
  const members = new Map<string, unknown>(Object.entries(document))
  if (members.get('client_id') !== clientId) {
    throw invalid('its client_id is not the address that it was fetched from')
  }
  const secret = [...members.keys()].find((name) => name.startsWith('client_secret'))
  if (secret !== undefined) throw invalid(`it has the member ${secret.slice(0, 40)}: no secret can`)
  const method = members.get('token_endpoint_auth_method') ?? 'none'
  if (method !== 'none' && method !== 'private_key_jwt') {
    throw invalid('its token_endpoint_auth_method is neither none nor private_key_jwt')
  }
  // How it authenticates is read here: keys may stand in a document, and not in a registration.
  const rest = { ...document, token_endpoint_auth_method: 'none' }
  if (hasWildcard(members.get('redirect_uris'))) {
    throw invalid('it has a redirect URI with a wildcard; each is compared as it stands')
  }
  const metadata = parseClientMetadata(rest, policy)
  if (metadata.client_name === undefined) throw invalid('it has no client_name')
  return {
    ...metadata,
    token_endpoint_auth_method: method,
    ...(method === 'private_key_jwt' && readKeys(members)),
  }
}

function hasWildcard(uris: unknown): boolean {
  return Array.isArray(uris) && uris.some((uri) => typeof uri === 'string' && uri.includes('*'))
}

/** RFC 7591 §2: the one or the other. */
function readKeys(members: ReadonlyMap<string, unknown>): {
  readonly jwks?: JsonWebKeySet
  readonly jwks_uri?: string
} {
  const jwks = members.get('jwks')
  const uri = members.get('jwks_uri')
  if ((jwks === undefined) === (uri === undefined)) {
    throw invalid('private_key_jwt needs either jwks or jwks_uri')
  }
  if (jwks !== undefined) return { jwks: parseKeySet(jwks) }
  const fault = typeof uri === 'string' ? findKeysUrlFault(uri) : 'is not a string'
  if (fault) throw invalid(`its jwks_uri ${fault}`)
  return { jwks_uri: uri as string }
}

function invalid(fault: string): OAuthError {
  return new OAuthError('invalid_client_metadata', fault)
}
