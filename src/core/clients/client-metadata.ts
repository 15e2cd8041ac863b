import { OAuthError } from '../errors.ts'
import { findKeysUrlFault, type JsonWebKeySet } from './key-set.ts'
import { findRedirectUriFault, type RedirectPolicy } from './redirect-uri.ts'

/** How a client proves itself at the token endpoint (RFC 7591 §2). */
export type TokenEndpointAuthMethod =
  | 'none'
  | 'client_secret_basic'
  | 'client_secret_post'
  | 'private_key_jwt'

export const TOKEN_ENDPOINT_AUTH_METHODS: readonly TokenEndpointAuthMethod[] = [
  'none',
  'client_secret_basic',
  'client_secret_post',
  'private_key_jwt',
]

/** Whether a client that authenticates so was given a secret. */
export function hasSecret(method: TokenEndpointAuthMethod): boolean {
  return method === 'client_secret_basic' || method === 'client_secret_post'
}

/** What we keep of a client's metadata (RFC 7591 §2). */
export type ClientMetadata = {
  readonly client_name: string | undefined
  readonly redirect_uris: readonly string[]
  readonly token_endpoint_auth_method: TokenEndpointAuthMethod
  /**
   * Whether the client named the method itself, and so has to keep to it. One that left it out got
   * the default of RFC 7591 §2, and libraries differ in where they then put the secret: it may use
   * either place.
   */
  readonly isMethodNamed?: boolean
  /** As registered (OpenID Connect Registration §2, MCP SEP-837); nothing depends on it later. */
  readonly application_type?: ApplicationType
  /** The public keys of a client that authenticates with `private_key_jwt`, or where they are. */
  readonly jwks?: JsonWebKeySet | undefined
  readonly jwks_uri?: string | undefined
}

export type ApplicationType = 'native' | 'web'

const MAX_REDIRECT_URIS = 16
const CLIENT_NAME_MAX_LENGTH = 80

/**
 * Reads a registration request (RFC 7591 §3.1). Unknown members are ignored, as §2 asks; of the
 * redirect URIs those that nobody may register are dropped, and it fails when none remains.
 */
export function parseClientMetadata(document: unknown, policy: RedirectPolicy): ClientMetadata {
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    throw invalid('The registration request must be a JSON object of client metadata (RFC 7591 2).')
  }
  const metadata = new Map(Object.entries(document))
  requireIncludes(metadata, 'grant_types', 'authorization_code')
  requireIncludes(metadata, 'response_types', 'code')
  const named = metadata.get('token_endpoint_auth_method') ?? undefined
  const method = parseAuthMethod(named)
  const type = parseApplicationType(metadata.get('application_type'))
  const redirect_uris = parseRedirectUris(metadata.get('redirect_uris'), policy)
  return {
    client_name: parseName(metadata.get('client_name')),
    redirect_uris: type === 'web' ? webOnly(redirect_uris) : redirect_uris,
    token_endpoint_auth_method: method,
    ...(named !== undefined && hasSecret(method) && { isMethodNamed: true }),
    ...(type && { application_type: type }),
    ...(method === 'private_key_jwt' && { jwks_uri: parseKeysUrl(metadata) }),
  }
}

function parseApplicationType(value: unknown): ApplicationType | undefined {
  if (value === undefined || value === null) return undefined
  if (value === 'native' || value === 'web') return value
  throw invalid("application_type must be 'native' or 'web', or be left out.")
}

/**
 * A web application has https addresses only (OpenID Connect Registration §2). A native one may
 * have them too (RFC 8252 §7.2): editors register theirs beside loopback and a scheme of their own.
 */
function webOnly(uris: readonly string[]): readonly string[] {
  const secure = uris.filter((uri) => /^https:/i.test(uri))
  if (secure.length > 0) return secure
  const text = `application_type 'web' needs an https redirect URI, and '${uris[0]?.slice(0, 200)}' is none: register as 'native', or leave application_type out.`
  throw new OAuthError('invalid_redirect_uri', text)
}

/** The registration travels in the client_id, which has no room for keys. */
function parseKeysUrl(metadata: ReadonlyMap<string, unknown>): string {
  const uri = metadata.get('jwks_uri')
  if (typeof uri !== 'string' || metadata.has('jwks')) {
    throw invalid('private_key_jwt needs a jwks_uri; jwks itself cannot be registered here.')
  }
  const fault = findKeysUrlFault(uri)
  if (fault) throw invalid(`The jwks_uri '${uri.slice(0, 200)}' ${fault}.`)
  return uri
}

function parseRedirectUris(value: unknown, policy: RedirectPolicy): string[] {
  if (!Array.isArray(value) || value.length === 0 || value.some((uri) => typeof uri !== 'string')) {
    const text = 'redirect_uris must be an array of one or more strings.'
    throw new OAuthError('invalid_redirect_uri', text)
  }
  if (value.length > MAX_REDIRECT_URIS) {
    const text = `redirect_uris has ${value.length} entries; ${MAX_REDIRECT_URIS} at most are taken.`
    throw new OAuthError('invalid_redirect_uri', text)
  }
  const uris = [...new Set(value as string[])]
  const usable = uris.filter((uri) => findRedirectUriFault(uri, policy) === undefined)
  if (usable.length > 0) return usable
  const [first = ''] = uris
  const fault = findRedirectUriFault(first, policy)
  const text = `No redirect URI can be registered: '${first.slice(0, 200)}' ${fault}.`
  throw new OAuthError('invalid_redirect_uri', text)
}

/** RFC 7591 §2: absent means client_secret_basic. */
function parseAuthMethod(value: unknown): TokenEndpointAuthMethod {
  if (value === undefined) return 'client_secret_basic'
  const method = TOKEN_ENDPOINT_AUTH_METHODS.find((name) => name === value)
  if (method) return method
  const expected = TOKEN_ENDPOINT_AUTH_METHODS.join(', ')
  throw invalid(`token_endpoint_auth_method must be one of ${expected}.`)
}

function parseName(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'string') throw invalid('client_name must be a string.')
  return cleanName(value) || undefined
}

/**
 * A name fit to be shown: no control characters, no marks that turn the direction of the text or
 * hide in it, with which one name can be made to look like another, and no towers of accents that
 * cover the lines around it.
 */
export function cleanName(name: string): string {
  const clean = name
    // Before anything else: a long run of combining marks takes its time to normalise.
    .slice(0, 8 * CLIENT_NAME_MAX_LENGTH)
    .normalize('NFC')
    .replace(/[\p{Cf}\p{Co}\p{Cn}\p{Cs}\p{DI}\u2800]/gu, '')
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .replace(/(\p{M}{2})\p{M}+/gu, '$1')
    .trim()
  return [...clean].slice(0, CLIENT_NAME_MAX_LENGTH).join('').trim()
}

function requireIncludes(metadata: Map<string, unknown>, name: string, needed: string): void {
  const value = metadata.get(name)
  if (value === undefined || value === null) return
  if (Array.isArray(value) && value.includes(needed)) return
  throw invalid(`${name} must be an array that includes '${needed}', or be left out.`)
}

function invalid(text: string): OAuthError {
  return new OAuthError('invalid_client_metadata', text)
}
