import { createHash, createPublicKey, verify } from 'node:crypto'
import { CONSUMERS_TENANT_ID, consumersTenant } from '../authority.ts'
import type { Directory, DirectoryUser, Tenant } from '../directory.ts'
import { findServicePrincipal } from '../lookup.ts'
import { GRAPH_APP_ID } from '../microsoft-graph.ts'
import type { SigningKey } from '../signing-keys.ts'
import type { Sts } from '../sts.ts'
import { GraphError } from './graph-error.ts'

/** Who asks, by the access token. */
export type Caller = {
  readonly tenant: Tenant
  /** The client id of the application that asks. */
  readonly clientId: string
  /** The object id of its service principal. */
  readonly servicePrincipalId: string
  /** The person it asks for; undefined where it asks on its own behalf. */
  readonly user: DirectoryUser | undefined
  /** Delegated permissions, or application permissions. */
  readonly permissions: ReadonlySet<string>
}

type Claims = Readonly<Record<string, unknown>>

const MAX_TOKEN = 16 * 1024
// Entra dates tokens five minutes back.
const BACKDATED = 300

/** Who sends the request: the bearer of an access token for Microsoft Graph that is still good. */
export async function authenticateCaller(sts: Sts, request: Request): Promise<Caller> {
  const header = request.headers.get('authorization') ?? ''
  const token = /^bearer +(\S+)$/i.exec(header)?.[1]
  if (token === undefined) throw unauthenticated('Access token is empty.')
  const { claims, ...signed } = readToken(token)
  // Each of the two issuers vouches for its own people only.
  const isPersonal = claims.tid === CONSUMERS_TENANT_ID
  checkSignature(signed, await (isPersonal ? sts.personalKeys() : sts.signingKeys()))
  checkClaims(sts.directory, claims, Math.floor(sts.now() / 1000))
  return callerOf(sts.directory, claims)
}

type SignedToken = {
  readonly header: Claims
  readonly claims: Claims
  readonly payload: string
  readonly signature: string
}

function readToken(token: string): SignedToken {
  const [head = '', payload = '', signature = '', ...rest] = token.split('.')
  if (token.length > MAX_TOKEN || signature === '' || rest.length > 0) {
    throw unauthenticated('IDX14100: JWT is not well formed, it must have three segments.')
  }
  return { header: parsePart(head), claims: parsePart(payload), payload, signature }
}

/**
 * Verifies a token as `signAccessToken` made it. Graph's tokens show a nonce in their header where
 * the signature is over the nonce's digest, so that nobody else verifies them.
 */
function checkSignature(
  { header, payload, signature }: Omit<SignedToken, 'claims'>,
  keys: readonly SigningKey[],
): void {
  const key = keys.find(({ kid }) => kid === header.kid)
  if (!key || header.alg !== 'RS256') throw invalid('Signing key is invalid.')
  const signed = Buffer.from(`${withDigest(header)}.${payload}`)
  const publicKey = createPublicKey(key.privateKey)
  const isSigned = verify('sha256', signed, publicKey, Buffer.from(signature, 'base64url'))
  if (!isSigned) throw invalid('Invalid signature.')
}

function withDigest(header: Claims): string {
  const { nonce } = header
  if (typeof nonce !== 'string') throw invalid('Invalid audience.')
  const digest = createHash('sha256').update(nonce).digest('base64url')
  return Buffer.from(JSON.stringify({ ...header, nonce: digest })).toString('base64url')
}

function parsePart(part: string): Claims {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
    if (typeof value === 'object' && value !== null) return value as Claims
  } catch {
    // Below.
  }
  throw unauthenticated('IDX12729: Unable to decode the header or payload of the token.')
}

function checkClaims(directory: Directory, { aud, exp, nbf }: Claims, now: number): void {
  const graph = directory.applications.find(({ appId }) => appId === GRAPH_APP_ID)
  const audiences = [GRAPH_APP_ID, ...(graph?.identifierUris ?? [])]
  const audience = String(aud).replace(/\/$/, '')
  if (!audiences.includes(audience)) throw invalid('Invalid audience.')
  if (typeof exp !== 'number' || exp <= now) {
    throw unauthenticated('Lifetime validation failed, the token is expired.')
  }
  if (typeof nbf !== 'number' || nbf > now) {
    throw unauthenticated('Lifetime validation failed, the token is not yet valid.')
  }
}

function callerOf(directory: Directory, claims: Claims): Caller {
  const isConsumers = claims.tid === CONSUMERS_TENANT_ID
  const tenant = isConsumers
    ? consumersTenant()
    : directory.tenants.find(({ id }) => id === claims.tid)
  if (!tenant) throw invalid('Invalid tenant.')
  const clientId = String(claims.appid)
  const principal = findServicePrincipal(directory, clientId, tenant.id)
  if (!principal?.accountEnabled) {
    throw new GraphError(
      401,
      'Authorization_IdentityNotFound',
      'The identity of the calling application could not be established.',
    )
  }
  const caller = { tenant, clientId, servicePrincipalId: principal.id }
  if (typeof claims.scp === 'string') {
    const permissions = new Set(claims.scp.split(' '))
    return { ...caller, user: userOf(directory, tenant, claims), permissions }
  }
  const roles = Array.isArray(claims.roles) ? claims.roles.map(String) : []
  return { ...caller, user: undefined, permissions: new Set(roles) }
}

/** The person, whose account may have been disabled, or sessions revoked, since. */
function userOf(directory: Directory, tenant: Tenant, claims: Claims): DirectoryUser {
  const user = directory.users.find(({ id }) => id === claims.oid)
  if (!user || user.tenantId !== tenant.id) throw challenge('UserNotFound', 0)
  if (!user.accountEnabled) throw challenge('UserDisabled', 0)
  const issued = (Number(claims.iat) + BACKDATED + 1) * 1000
  if (user.sessionsValidFrom >= issued) {
    throw challenge('TokenIssuedBeforeRevocationTimestamp', user.sessionsValidFrom)
  }
  return user
}

/** Continuous access evaluation: the client is to come back with a token made after that time. */
function challenge(reason: string, validFrom: number): GraphError {
  const message = `Continuous access evaluation resulted in challenge with result: InteractionRequired and code: ${reason}`
  const value = String(Math.ceil(validFrom / 1000))
  const claims = JSON.stringify({ access_token: { nbf: { essential: true, value } } })
  const encoded = Buffer.from(claims).toString('base64')
  return unauthenticated(message, `, error="insufficient_claims", claims="${encoded}"`)
}

function invalid(why: string): GraphError {
  return unauthenticated(`Access token validation failure. ${why}`)
}

/** `challenge` is what `WWW-Authenticate` says besides. */
function unauthenticated(message: string, challenge = ''): GraphError {
  return new GraphError(401, 'InvalidAuthenticationToken', message, { challenge })
}
