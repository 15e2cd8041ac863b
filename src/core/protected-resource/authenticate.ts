import { hash } from 'node:crypto'
import { OAuthError } from '../errors.ts'
import type { Config } from '../options.ts'
import { isOffered } from '../scope.ts'
import { type Site, siteOf } from '../site.ts'
import type { AccessTokenClaims, AccessTokens, VerifiedToken } from '../tokens/access-token.ts'
import type { AuthInfo, User } from './auth-info.ts'
import {
  challenge,
  forbid,
  insufficientScope,
  type Refusal,
  refusal,
  refusalOf,
} from './challenge.ts'
import type { Revocations } from './revocations.ts'

/** The headers that decide, as texts; absent ones are undefined or null. */
export type GateHeaders = {
  readonly authorization?: string | null | undefined
  readonly host?: string | null | undefined
  readonly origin?: string | null | undefined
}

/** Either who it is, or what to answer. */
export type Authentication =
  | { readonly isAllowed: true; readonly authInfo: AuthInfo }
  | { readonly isAllowed: false; readonly refusal: Refusal }

export type Authenticate = (headers: GateHeaders) => Authentication

/** The longest Authorization header that is looked at: several times what a token of ours takes. */
const AUTHORIZATION_MAX_LENGTH = 16 * 1024

/** How many tokens seen before are remembered; each takes a kilobyte and a quarter. */
const CACHE_SIZE = 16_384

type Gate = {
  readonly config: Config
  readonly accessTokens: AccessTokens
  readonly revocations: Pick<Revocations, 'check'>
}

/**
 * Makes the gate in front of the MCP endpoint (RFC 6750, RFC 9728). Order of checks: Host,
 * Origin, bearer token, scope. It reads no store and never waits.
 */
export function createAuthenticate(gate: Gate): Authenticate {
  const { config } = gate
  const findToken = createTokenCache(gate.accessTokens)

  return (headers) => {
    const site = siteOf(config, headers.host)
    const refused = refuseHost(headers.host, config) ?? refuseOrigin(headers.origin, site, config)
    if (refused) return { isAllowed: false, refusal: refused }
    try {
      const token = readBearer(headers.authorization)
      if (token === undefined) return deny(undefined, site, config)
      const { claims, user } = findToken(token)
      gate.revocations.check(claims)
      checkScope(claims, site, config)
      return { isAllowed: true, authInfo: toAuthInfo(token, claims, user, site, config) }
    } catch (error) {
      if (error instanceof OAuthError) return deny(error, site, config)
      throw error
    }
  }
}

/**
 * On a loopback deployment a page of any site can point its own host name here (DNS rebinding),
 * so only our own names count. A public one stands behind proxies that rewrite the header.
 */
function refuseHost(host: GateHeaders['host'], config: Config): Refusal | undefined {
  if (!config.isLoopback || config.sites.has(host?.toLowerCase() ?? '')) return undefined
  return forbid(
    `The Host header '${(host ?? '').slice(0, 100)}' is not a name of this server; use ${config.site.resource}.`,
  )
}

/** Browsers name the page that asks; programs that are not browsers send no Origin. */
function refuseOrigin(
  origin: GateHeaders['origin'],
  site: Site,
  config: Config,
): Refusal | undefined {
  if (origin === null || origin === undefined) return undefined
  if (origin === site.origin || config.allowedOrigins.has(origin)) return undefined
  return forbid(
    `Pages of the origin '${origin.slice(0, 100)}' may not call this server; its operator can allow it (allowedOrigins).`,
  )
}

/** RFC 6750 §2.1. The query and the form are not looked at: they end up in logs. */
function readBearer(authorization: GateHeaders['authorization']): string | undefined {
  if (authorization === null || authorization === undefined || authorization === '')
    return undefined
  if (authorization.length > AUTHORIZATION_MAX_LENGTH) {
    const text = `The Authorization header is longer than ${AUTHORIZATION_MAX_LENGTH} characters.`
    throw new OAuthError('invalid_token', text)
  }
  const [, token] = /^bearer +([\w.~+/-]+=*)$/i.exec(authorization) ?? []
  if (token !== undefined) return token
  throw new OAuthError(
    'invalid_token',
    "The Authorization header must be 'Bearer' and one access token.",
  )
}

/**
 * Verifies a token once; later it costs a hash, and a look at the clock and for its key. Only
 * digests are kept.
 */
function createTokenCache(accessTokens: AccessTokens): (token: string) => VerifiedToken {
  const cache = new Map<string, VerifiedToken>()
  return (token) => {
    const name = hash('sha256', token, 'base64url')
    const known = cache.get(name)
    if (known) {
      const isLive = known.claims.exp > Date.now() / 1000
      if (isLive && accessTokens.holds(known.keyId)) return known
      cache.delete(name)
    }
    const verified = freeze(accessTokens.verify(token))
    if (cache.size >= CACHE_SIZE) cache.delete(cache.keys().next().value as string)
    cache.set(name, verified)
    return verified
  }
}

/** It is handed out again with the next request: what a tool does to it must not stay. */
function freeze(verified: VerifiedToken): VerifiedToken {
  Object.freeze(verified.user.roles)
  Object.freeze(verified.user)
  return verified
}

/** Every grant has the base scope: a token without it is from before the operator changed that. */
function checkScope(claims: AccessTokenClaims, site: Site, config: Config): void {
  const scopes = claims.scope.split(' ')
  if (scopes.includes(config.scope)) return
  // What is offered no more must not be asked for.
  const kept = scopes.filter((name) => isOffered(name, config))
  throw insufficientScope(scopes, [...kept, config.scope], site.resourceMetadata)
}

/** A fresh object each time, about a user that cannot be changed. */
function toAuthInfo(
  token: string,
  claims: AccessTokenClaims,
  user: User,
  site: Site,
  config: Config,
): AuthInfo {
  return {
    token,
    clientId: claims.client_id,
    // What is offered no more counts no more, and must not be asked for again.
    scopes: claims.scope.split(' ').filter((name) => isOffered(name, config)),
    expiresAt: claims.exp,
    resource: new URL(config.site.resource),
    resourceMetadataUrl: site.resourceMetadata,
    grant: claims.gid,
    transaction: claims.txn,
    user,
    extra: { user },
  }
}

function deny(error: OAuthError | undefined, site: Site, config: Config): Authentication {
  if (error?.code === 'temporarily_unavailable') {
    const body = { error: error.code, error_description: error.message }
    const headers = { 'retry-after': String(error.retryAfter ?? 5) }
    return { isAllowed: false, refusal: refusal(503, body, headers) }
  }
  if (error?.code === 'insufficient_scope') {
    return { isAllowed: false, refusal: refusalOf(error) }
  }
  return { isAllowed: false, refusal: challenge(error, site, config.scope) }
}
