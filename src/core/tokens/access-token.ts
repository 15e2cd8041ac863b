import { randomBytes } from 'node:crypto'
import { madeElsewhere, OAuthError } from '../errors.ts'
import type { Key, Keyring } from '../keys/keyring.ts'
import { isMac, mac } from '../keys/mac.ts'
import { open, seal } from '../keys/sealed.ts'
import { CLOCK_SKEW } from '../options.ts'
import type { User } from '../protected-resource/auth-info.ts'
import { signES256, verifyES256 } from './es256.ts'
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
  /** Checks MAC, type, issuer, audience, expiry and signature; throws `invalid_token`, by cause; 503 for a key of other replicas. */
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

/** The longest header looked at, in characters: ours has 140. */
const HEADER_MAX_LENGTH = 1024

const SEAL_PURPOSE = 'access_token user'

const MAC_PURPOSE = 'access_token'

/** What nobody can guess; the signature is what counts. */
const MAC_BYTES = 16

/** RFC 9068 §2.1. */
const TYPE = 'at+jwt'

/**
 * Issues and verifies our access tokens: ES256 JWTs (RFC 9068). Their header has a MAC of the claims
 * as well (`mac`, a private parameter: RFC 7515 §4.3). A signature takes long to check, a MAC does
 * not: what a stranger made up is refused by it, however much of it comes. Others who verify, with
 * the public key alone, pass over it.
 */
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
      const { current } = keyring
      const { kid, privateKey } = signingKeyOf(current)
      const payload = encode(claims)
      const header = {
        alg: 'ES256',
        typ: TYPE,
        kid,
        mac: macOf(current, kid, payload).toString('base64url'),
      }
      const input = `${encode(header)}.${payload}`
      return `${input}.${signES256(input, privateKey).toString('base64url')}`
    },

    verify(token) {
      const { head, payload, tag, ...header } = parse(token)
      const [keyId = ''] = header.kid.split('.')
      const master = keyring.find(keyId)
      const key = master && signingKeyOf(master)
      if (keyring.isElsewhere(keyId)) throw madeElsewhere()
      if (!master || key?.kid !== header.kid) throw master ? FAULTS.binding : FAULTS.key
      if (!isMac(macOf(master, header.kid, payload), header.mac)) throw FAULTS.signature
      const claims = decode(payload) as unknown as AccessTokenClaims
      checkClaims(claims, options)
      const signature = Buffer.from(tag, 'base64url')
      // Decoding forgives stray characters, and with them a token would have many spellings.
      const isExact = signature.toString('base64url') === tag
      if (!isExact || !verifyES256(`${head}.${payload}`, key.publicKey, signature)) {
        throw FAULTS.signature
      }
      return { claims, user: toUser(claims, keyring), keyId }
    },
  }
}

/** Of the kid too, which says for which Entra configuration the token is. */
function macOf(key: Key, kid: string, payload: string): Buffer {
  return mac(key, MAC_PURPOSE, kid, payload).subarray(0, MAC_BYTES)
}

/**
 * Why a token is refused. They are made once: an Error looks for where it was made, which takes as
 * long as all else about a forgery.
 */
const FAULTS = {
  length: invalid('The access token is too long to be one of ours.'),
  form: invalid('The access token is not a JWT that this server issued.'),
  header: invalid('The access token was not issued by this server.'),
  type: invalid(`The token is not an access token: its type is not ${TYPE}.`),
  crit: invalid('The access token has critical headers, which is not supported.'),
  key: invalid(
    'The access token was signed with a key that this server does not hold. Sign in again.',
  ),
  binding: invalid(
    'The access token was issued for another Entra ID configuration of this server. Sign in again.',
  ),
  signature: invalid('The signature of the access token is not ours.'),
  issuer: invalid(
    'The access token was issued under another address of this server. Sign in again.',
  ),
  audience: invalid('The access token is for another resource, not for this server.'),
  expiry: invalid('The access token has expired.'),
  start: invalid('The access token is not valid yet.'),
}

function invalid(description: string): OAuthError {
  return new OAuthError('invalid_token', description)
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
  if (token.length > TOKEN_MAX_LENGTH) throw FAULTS.length
  // No more than tells that there are too many: 8,000 dots would make as many texts.
  const parts = token.split('.', 4)
  const [head = '', payload = '', tag = ''] = parts
  const header = parts.length === 3 && head.length <= HEADER_MAX_LENGTH ? decode(head) : undefined
  if (!header) throw FAULTS.form
  const { alg, typ, kid, mac } = header
  // The algorithm is ours to choose, never the token's (RFC 8725 §3.1).
  if (alg !== 'ES256' || typeof kid !== 'string' || typeof mac !== 'string') {
    throw FAULTS.header
  }
  if (typ !== TYPE) throw FAULTS.type
  if ('crit' in header) throw FAULTS.crit
  return { head, payload, tag, kid, mac }
}

/** Only after the MAC, and before the signature, which takes longest: the claims are our own. */
function checkClaims(claims: AccessTokenClaims, options: AccessTokenOptions): void {
  if (!options.issuers.has(claims.iss)) {
    throw FAULTS.issuer
  }
  if (claims.aud !== options.audience) {
    throw FAULTS.audience
  }
  // Not `exp <= now()`, which is false where there is no exp.
  if (!(claims.exp > now())) throw FAULTS.expiry
  if (claims.iat > now() + CLOCK_SKEW) throw FAULTS.start
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

function now(): number {
  return Math.floor(Date.now() / 1000)
}
