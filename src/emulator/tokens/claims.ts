import { createHmac, randomBytes } from 'node:crypto'
import type { Admission } from '../admission.ts'
import type { Application, Directory } from '../directory.ts'
import { findServicePrincipal } from '../lookup.ts'
import { GRAPH_APP_ID } from '../microsoft-graph.ts'
import type { Authentication } from './client-authentication.ts'

/** What a token is made for. */
export type TokenSubject = Admission & {
  readonly directory: Directory
  readonly origin: string
  readonly oidc: readonly string[]
  readonly sid: string
  /** Seconds since the epoch. */
  readonly now: number
  readonly expiresIn: number
}

export type AccessTokenSubject = TokenSubject & {
  readonly resource: Application
  /** How the request called the API. */
  readonly identifier: string | undefined
  /** Short names. */
  readonly scopes: readonly string[]
  readonly authentication: Authentication
  /** When the person signed in, in seconds since the epoch. */
  readonly authTime: number
}

type Claims = Record<string, unknown>

/** The claims of an access token, in the version that the API's registration asks for. */
export function accessTokenClaims(subject: AccessTokenSubject): Claims {
  return subject.resource.api.requestedAccessTokenVersion === 2
    ? version2(subject)
    : version1(subject)
}

/** The claims of a v2 id_token. */
export function idTokenClaims(subject: TokenSubject, nonce: string | undefined): Claims {
  const { client, user, tenant, oidc, origin, sid } = subject
  return {
    aud: client.appId,
    iss: `${origin}/${tenant.id}/v2.0`,
    ...times(subject),
    aio: opaque(40),
    ...(oidc.includes('email') && user.mail !== null && { email: user.mail }),
    ...(oidc.includes('profile') && { name: user.displayName }),
    ...(nonce !== undefined && { nonce }),
    ...(oidc.includes('profile') && {
      oid: user.id,
      preferred_username: user.userPrincipalName,
    }),
    rh: `1.A${opaque(36)}`,
    ...rolesIn(subject, client),
    sid,
    sub: pairwise(subject, client),
    tid: tenant.id,
    uti: opaque(16),
    ver: '2.0',
  }
}

function version2(subject: AccessTokenSubject): Claims {
  const { client, user, tenant, resource, scopes, oidc } = subject
  return {
    aud: resource.appId,
    iss: `${subject.origin}/${tenant.id}/v2.0`,
    ...times(subject),
    aio: sealAuthTime(subject.authTime),
    azp: client.appId,
    azpacr: subject.authentication,
    ...(oidc.includes('profile') && { name: user.displayName }),
    oid: user.id,
    ...(oidc.includes('profile') && { preferred_username: user.userPrincipalName }),
    rh: `1.A${opaque(36)}`,
    ...rolesIn(subject, resource),
    scp: scopes.join(' '),
    sid: subject.sid,
    sub: pairwise(subject, resource),
    tid: tenant.id,
    uti: opaque(16),
    ver: '2.0',
    xms_ftd: opaque(32),
  }
}

function version1(subject: AccessTokenSubject): Claims {
  const { client, user, tenant, resource, scopes } = subject
  return {
    aud: subject.identifier ?? defaultAudience(resource),
    iss: `https://sts.windows.net/${tenant.id}/`,
    ...times(subject),
    acr: '1',
    aio: sealAuthTime(subject.authTime),
    amr: ['pwd'],
    appid: client.appId,
    appidacr: subject.authentication,
    ...(user.surname !== null && { family_name: user.surname }),
    ...(user.givenName !== null && { given_name: user.givenName }),
    ipaddr: '127.0.0.1',
    name: user.displayName,
    oid: user.id,
    rh: `1.A${opaque(36)}`,
    ...rolesIn(subject, resource),
    scp: scopes.join(' '),
    sid: subject.sid,
    sub: pairwise(subject, resource),
    tid: tenant.id,
    unique_name: user.userPrincipalName,
    upn: user.userPrincipalName,
    uti: opaque(16),
    ver: '1.0',
    xms_ftd: opaque(32),
  }
}

/** Entra dates its tokens five minutes back, for clocks that are slow. */
function times({ now, expiresIn }: TokenSubject): Claims {
  return { iat: now - 300, nbf: now - 300, exp: now + expiresIn }
}

function rolesIn({ directory, tenant, user }: TokenSubject, app: Application): Claims {
  const principal = findServicePrincipal(directory, app.appId, tenant.id)
  const assigned = (principal?.appRoleAssignedTo ?? [])
    .filter(({ principalId }) => principalId === user.id)
    .map(({ appRoleId }) => appRoleId)
  const roles = app.appRoles
    .filter(({ id, isEnabled }) => isEnabled && assigned.includes(id))
    .map(({ value }) => value)
  return roles.length > 0 ? { roles } : {}
}

/** The `sub`: another one for the same person in every application. */
function pairwise({ tenant, user }: TokenSubject, audience: Application): string {
  return createHmac('sha256', tenant.id).update(`${audience.appId} ${user.id}`).digest('base64url')
}

const AUTH_TIME_BYTES = 6

/** Entra's `aio` is for itself alone; here it says when the person signed in, for on-behalf-of. */
function sealAuthTime(authTime: number): string {
  const bytes = randomBytes(40)
  bytes.writeUIntBE(authTime, 0, AUTH_TIME_BYTES)
  return bytes.toString('base64url')
}

/** When the person signed in that an access token of ours is about. */
export function authTimeOf(aio: string): number {
  return Buffer.from(aio, 'base64url').readUIntBE(0, AUTH_TIME_BYTES)
}

function defaultAudience(resource: Application): string {
  if (resource.appId === GRAPH_APP_ID) return GRAPH_APP_ID
  return resource.identifierUris[0] ?? resource.appId
}

function opaque(bytes: number): string {
  return randomBytes(bytes).toString('base64url')
}
