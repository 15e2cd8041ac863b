import { randomBytes, sign, verify } from 'node:crypto'
import { madeElsewhere, OAuthError } from '../errors.ts'
import type { Key, Keyring } from '../keys/keyring.ts'
import { open, seal } from '../keys/sealed.ts'
import { CLOCK_SKEW } from '../options.ts'
import type { User } from '../protected-resource/auth-info.ts'
import { deriveSigningKey, type SigningKey } from './signing-key.ts'

/** The claims of an access token (RFC 9068 §2.2), and ours. */
export type AccessTokenClaims = {
  readonly iss: string
  readonly aud: string
  /** `<tid>/<oid>`: stable, and the same for every client. */
  readonly sub: string
  readonly client_id: string
  readonly iat: number
  readonly exp: number
  readonly jti: string
  readonly scope: string
  readonly oid: string
  readonly tid: string
  readonly roles?: readonly string[]
  /** The grant it was given under. */
  readonly gid: string
  /** When that was made, in seconds since the epoch; tokens of earlier versions do not say. */
  readonly gat?: number
  /** The sign-in it came of (RFC 8417 §2.2), for the audit log; earlier ones do not say. */
  readonly txn?: string
  /** Name and sign-in name, sealed: a client has no business reading them. */
  readonly usr: string
}

/** A token of ours, and the master key that it was made under. */
export type VerifiedToken = {
  readonly claims: AccessTokenClaims
  readonly user: User
  readonly keyId: string
}

export type AccessTokens = {
  issue(
    claims: Omit<
      AccessTokenClaims,
      'iat' | 'exp' | 'jti' | 'usr' | 'sub' | 'oid' | 'tid' | 'roles'
    >,
    user: User,
  ): string
  /** Checks signature, type, audience, issuer and expiry; throws `invalid_token`, by cause; 503 for a key of other replicas. */
  verify(token: string): VerifiedToken
  /** Whether a key is in force still: one that has been retired ends what was verified before. */
  holds(keyId: string): boolean
  /** RFC 7517: the public keys, the current one first; a coming one before it is used. */
  readonly jwks: { readonly keys: readonly object[] }
}

export type AccessTokenOptions = {
  readonly keyring: Keyring
  readonly binding: string
  readonly audience: string
  readonly issuers: ReadonlySet<string>
  /** Seconds. */
  readonly ttl: number
}

/** The longest token looked at, in characters. */
const TOKEN_MAX_LENGTH = 8 * 1024

const SEAL_PURPOSE = 'access_token user'

/** RFC 9068 §2.1. */
const TYPE = 'at+jwt'

/** Issues and verifies our access tokens: ES256 JWTs (RFC 9068). */
export function createAccessTokens(options: AccessTokenOptions): AccessTokens {
  const { keyring, binding } = options
  const signingKeyOf = createSigningKeys(binding)

  return {
    get jwks() {
      const { current, keys } = keyring
      const inOrder = [current, ...keys.filter((key) => key !== current)]
      return { keys: inOrder.map((key) => signingKeyOf(key).jwk) }
    },
    holds: (keyId) => keyring.find(keyId) !== undefined,

    issue(given, user) {
      const iat = now()
      const sub = `${user.tid}/${user.oid}`
      const claims: AccessTokenClaims = {
        ...given,
        sub,
        oid: user.oid,
        tid: user.tid,
        ...(user.roles.length > 0 && { roles: user.roles }),
        iat,
        exp: iat + options.ttl,
        jti: randomBytes(12).toString('base64url'),
        usr: seal(keyring, SEAL_PURPOSE, JSON.stringify([user.name, user.preferred_username]), sub),
      }
      const { kid, privateKey } = signingKeyOf(keyring.current)
      const input = `${encode({ alg: 'ES256', typ: TYPE, kid })}.${encode(claims)}`
      const key = { key: privateKey, dsaEncoding: 'ieee-p1363' as const }
      return `${input}.${sign('sha256', Buffer.from(input), key).toString('base64url')}`
    },

    verify(token) {
      const { input, kid, claims, tag } = parse(token)
      const [keyId = ''] = kid.split('.')
      const master = keyring.find(keyId)
      const key = master && signingKeyOf(master)
      if (keyring.isElsewhere(keyId)) throw madeElsewhere()
      if (key?.kid !== kid) throw invalid(unknownKey(master))
      const verifier = { key: key.publicKey, dsaEncoding: 'ieee-p1363' as const }
      const signature = Buffer.from(tag, 'base64url')
      // Decoding forgives stray characters, and with them a token would have many spellings.
      const isExact = signature.toString('base64url') === tag
      if (!isExact || !verify('sha256', Buffer.from(input), verifier, signature)) {
        throw invalid('The signature of the access token is not ours.')
      }
      checkClaims(claims, options)
      return { claims, user: toUser(claims, keyring), keyId }
    },
  }
}

/** The signing key of each master key, derived once, and let go with it. */
function createSigningKeys(binding: string): (key: Key) => SigningKey {
  const derived = new WeakMap<Key, SigningKey>()
  return (key) => {
    const known = derived.get(key)
    if (known) return known
    const made = deriveSigningKey(key, binding)
    derived.set(key, made)
    return made
  }
}

function parse(token: string) {
  if (token.length > TOKEN_MAX_LENGTH)
    throw invalid('The access token is too long to be one of ours.')
  const parts = token.split('.')
  const [head = '', payload = '', tag = ''] = parts
  const header = parts.length === 3 ? decode(head) : undefined
  const claims = parts.length === 3 ? decode(payload) : undefined
  if (!header || !claims) throw invalid('The access token is not a JWT that this server issued.')
  // The algorithm is ours to choose, never the token's (RFC 8725 §3.1).
  if (header.alg !== 'ES256' || typeof header.kid !== 'string') {
    throw invalid('The access token was not issued by this server.')
  }
  if (header.typ !== TYPE)
    throw invalid(`The token is not an access token: its type is not ${TYPE}.`)
  if ('crit' in header)
    throw invalid('The access token has critical headers, which is not supported.')
  return {
    input: `${head}.${payload}`,
    kid: header.kid,
    claims: claims as unknown as AccessTokenClaims,
    tag,
  }
}

function unknownKey(master: Key | undefined): string {
  return master
    ? 'The access token was issued for another Entra ID configuration of this server. Sign in again.'
    : 'The access token was signed with a key that this server does not hold. Sign in again.'
}

/** Only after the signature: from here on the claims are our own. */
function checkClaims(claims: AccessTokenClaims, options: AccessTokenOptions): void {
  if (!options.issuers.has(claims.iss)) {
    throw invalid(
      'The access token was issued under another address of this server. Sign in again.',
    )
  }
  if (claims.aud !== options.audience) {
    throw invalid('The access token is for another resource, not for this server.')
  }
  // Not `exp <= now()`, which is false where there is no exp.
  if (!(claims.exp > now())) throw invalid('The access token has expired.')
  if (claims.iat > now() + CLOCK_SKEW) throw invalid('The access token is not valid yet.')
}

function toUser(claims: AccessTokenClaims, keyring: Keyring): User {
  const opened = open(keyring, SEAL_PURPOSE, claims.usr, claims.sub)
  const [name, preferred_username] = JSON.parse(opened ?? '[]') as (string | null)[]
  return {
    oid: claims.oid,
    tid: claims.tid,
    name: name ?? undefined,
    preferred_username: preferred_username ?? undefined,
    roles: claims.roles ?? [],
  }
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function decode(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString())
    return typeof value === 'object' && value !== null
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}

function invalid(description: string): OAuthError {
  return new OAuthError('invalid_token', description)
}

function now(): number {
  return Math.floor(Date.now() / 1000)
}
