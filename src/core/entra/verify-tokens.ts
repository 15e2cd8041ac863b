import { type JWTPayload, errors as joseErrors, jwtVerify } from 'jose'
import { EntraError } from '../errors.ts'
import type { User } from '../protected-resource/auth-info.ts'
import type { KeySet } from './key-set.ts'
import { type Standing, standingOf } from './standing.ts'
import { issuerFor, tenantOf } from './tenancy.ts'
import { explainUnreachable } from './unreachable.ts'

export type VerifyOptions = {
  readonly keys: KeySet
  /** The v2.0 issuer of the one tenant that the tokens have to be of. */
  readonly issuer: string
  readonly clientId: string
  readonly identifierUri: string
  readonly scope: string
}

/** Who signed in, and every scope that Entra's access token has, by its short name. */
export type Verified = {
  readonly user: User
  readonly standing: Standing
  readonly scopes: readonly string[]
}

/** Allowance for clocks that differ, in seconds. */
const CLOCK_TOLERANCE = 300

/** Largest `roles` that an access token of ours takes up, in bytes. */
const ROLES_MAX_BYTES = 2048

/**
 * Verifies what Entra handed out: signatures, issuer, audience, tenant, nonce, expiry, version and
 * scope. What is wrong with the app registration is said here, where it can still be mended,
 * instead of at every later call. Throws `EntraError`.
 */
export async function verifyTokens(
  tokens: { idToken: string | undefined; accessToken: string },
  nonce: string | undefined,
  options: VerifyOptions,
): Promise<Verified> {
  const access = await verifyAccessToken(tokens.accessToken, options)
  const identity = tokens.idToken ? await verifyIdToken(tokens.idToken, nonce, options) : undefined
  if (identity && (identity.oid !== access.oid || identity.tid !== access.tid)) {
    throw refused("Entra's ID token and access token are about different people.", AGAIN)
  }
  return {
    user: toUser(access, identity),
    standing: standingOf(access, identity),
    scopes: scopesOf(access),
  }
}

const AGAIN = 'Sign in again; if it happens again, report it.'

async function verifyIdToken(
  token: string,
  nonce: string | undefined,
  options: VerifyOptions,
): Promise<JWTPayload> {
  const { claims, signers } = await verify(token, 'ID token', options)
  checkCommon(claims, 'ID token', options)
  checkSigners(signers, claims, 'ID token')
  if (claims.aud !== options.clientId) throw wrongAudience('ID token', claims, options)
  if (nonce !== undefined && claims.nonce !== nonce) {
    throw refused(
      "Entra's ID token belongs to another sign-in: its nonce is a different one.",
      AGAIN,
    )
  }
  return claims
}

async function verifyAccessToken(token: string, options: VerifyOptions): Promise<JWTPayload> {
  const { claims, signers } = await verify(token, 'access token', options)
  if (claims.ver !== '2.0') throw wrongVersion(claims)
  checkCommon(claims, 'access token', options)
  checkSigners(signers, claims, 'access token')
  const audiences = [options.clientId, options.identifierUri]
  if (!audiences.includes(String(claims.aud))) throw wrongAudience('access token', claims, options)
  if (claims.azp !== options.clientId) {
    throw refused(
      `Entra's access token was given to another application (azp ${claims.azp}).`,
      AGAIN,
    )
  }
  const granted = scopesOf(claims)
  if (!granted.includes(options.scope)) throw missingScope(granted, options)
  return claims
}

function scopesOf({ scp }: JWTPayload): string[] {
  return typeof scp === 'string' ? scp.split(' ') : []
}

/** What was signed, and whom the key says it signs for. */
type Signed = { readonly claims: JWTPayload; readonly signers: readonly unknown[] }

/** Verifies a signature of Entra's and the times. */
export async function verify(
  token: string,
  what: string,
  { keys }: Pick<VerifyOptions, 'keys'>,
): Promise<Signed> {
  try {
    const options = {
      algorithms: ['RS256'],
      clockTolerance: CLOCK_TOLERANCE,
      requiredClaims: ['iss', 'aud', 'exp', 'nbf', 'iat'],
    }
    const { payload, protectedHeader } = await jwtVerify(token, keys.find, options)
    return { claims: payload, signers: keys.issuersOf(protectedHeader.kid) }
  } catch (cause) {
    if (isUnreachable(cause)) throw keysAway(cause)
    const why = cause instanceof Error ? cause.message : 'it is malformed'
    const cure = cause instanceof joseErrors.JWKSNoMatchingKey ? KEYS_CURE : CLOCK_CURE
    throw refused(`Entra's ${what} cannot be accepted: ${why}.`, cure, cause)
  }
}

/** jose says of an answer that is no key set no more than that. */
function keysAway(cause: unknown): EntraError {
  const isAnswered = cause instanceof joseErrors.JOSEError && cause.code === 'ERR_JOSE_GENERIC'
  const trouble = explainUnreachable(cause)
  const { why, cure } = isAnswered
    ? { why: 'what answers gives no keys', cure: KEYS_CURE }
    : trouble
  const message = `Entra's signing keys cannot be read at the moment: ${why}.`
  return new EntraError(message, { isTransient: true, cure, cause })
}

const KEYS_CURE =
  'Have firewall and proxy let this server read the keys of Entra (jwks_uri) as they are; check ENTRANCE_AUTHORITY.'

/**
 * One key set has the keys of many issuers, personal accounts' among them. A key is good for the
 * tokens of whom it names; `{tenantid}` in it stands for any tenant.
 */
export function checkSigners(signers: readonly unknown[], claims: JWTPayload, what: string): void {
  const isOf = (issuer: unknown) =>
    typeof issuer === 'string' && issuerFor(issuer, String(claims.tid)) === claims.iss
  const isGood = signers.every((issuer) => issuer === undefined || isOf(issuer))
  if (isGood && signers.length > 0) return
  throw refused(`Entra's ${what} is signed with a key of another issuer.`, AGAIN)
}

const CLOCK_CURE = "Check this machine's clock and ENTRANCE_AUTHORITY, and sign in again."

/** jose reports a key set that did not arrive as a timeout, a plain error, or fetch's TypeError. */
function isUnreachable(error: unknown): boolean {
  if (error instanceof joseErrors.JWKSTimeout) return true
  return !(error instanceof joseErrors.JOSEError) || error.code === 'ERR_JOSE_GENERIC'
}

/** Holds that a token is of the issuer and its tenant, and says who it is about. */
export function checkCommon(
  claims: JWTPayload,
  what: string,
  options: Pick<VerifyOptions, 'issuer'>,
): void {
  if (claims.iss !== options.issuer) {
    throw refused(
      `Entra's ${what} has the issuer ${claims.iss}; ${options.issuer} is expected.`,
      TENANT,
    )
  }
  if (typeof claims.tid !== 'string' || claims.tid !== tenantOf(options.issuer)) {
    throw refused(`Entra's ${what} is of another tenant (${claims.tid}).`, TENANT)
  }
  if (typeof claims.oid !== 'string') {
    throw refused(`Entra's ${what} does not say who it is about: it has no oid.`, PROFILE)
  }
}

const TENANT = 'Check AZURE_TENANT_ID and sign in with an account of that tenant.'
const PROFILE = 'The scope profile brings it; check what the app registration may ask for.'

/** `requestedAccessTokenVersion` null or 1: the commonest fault of a new registration. */
function wrongVersion(claims: JWTPayload): EntraError {
  return refused(
    `Entra issues version ${claims.ver ?? 'unknown'} access tokens for this app registration (issuer ${claims.iss}); version 2.0 is expected.`,
    'Set requestedAccessTokenVersion to 2: in the portal under Manifest, "api": { "requestedAccessTokenVersion": 2 }, then sign in again.',
  )
}

function wrongAudience(what: string, claims: JWTPayload, options: VerifyOptions): EntraError {
  return refused(
    `Entra's ${what} is for the audience ${claims.aud}; ${options.clientId} is expected.`,
    "Under 'Expose an API', the scope must belong to this very app registration.",
  )
}

function missingScope(granted: readonly string[], options: VerifyOptions): EntraError {
  const has = granted.length > 0 ? `it grants: ${granted.join(' ')}` : 'it grants none'
  return refused(
    `Entra's access token lacks the scope ${options.scope}; ${has}.`,
    `Under 'Expose an API', add the scope ${options.scope}, enable it, and sign in again.`,
  )
}

function refused(message: string, cure: string, cause?: unknown): EntraError {
  return new EntraError(message, { isTransient: false, cure, cause })
}

function toUser(access: JWTPayload, identity: JWTPayload | undefined): User {
  const text = (value: unknown) => (typeof value === 'string' ? value.slice(0, 256) : undefined)
  const roles = Array.isArray(access.roles) ? access.roles.filter((r) => typeof r === 'string') : []
  if (JSON.stringify(roles).length > ROLES_MAX_BYTES) {
    throw refused(
      `The person has ${roles.length} app roles, more than fit into an access token.`,
      'Assign fewer app roles, or give them shorter values.',
    )
  }
  return {
    oid: access.oid as string,
    tid: access.tid as string,
    name: text(identity?.name ?? access.name),
    preferred_username: text(identity?.preferred_username ?? access.preferred_username),
    roles,
  }
}
