import { createHmac, randomBytes } from 'node:crypto'
import type { Admission } from '../admission.ts'
import { tenantIssuer } from '../authority.ts'
import type { Cloud } from '../cloud.ts'
import type { Application, Directory, OptionalClaim } from '../directory.ts'
import { GRAPH_APP_ID } from '../microsoft-graph.ts'
import { homeAccountOf, identityProviderOf, isPersonal } from '../people.ts'
import type { RequestedClaims } from '../sign-in/requested-claims.ts'
import type { Authentication } from './client-authentication.ts'
import { membershipClaims } from './group-claims.ts'
import { audienceOf, claimsWanted, optionalClaims, propertiesOf } from './optional-claims.ts'

/** What a token is made for. */
export type TokenSubject = Admission & {
  readonly directory: Directory
  readonly origin: string
  readonly cloud: Cloud
  readonly oidc: readonly string[]
  readonly sid: string
  /** Seconds since the epoch. */
  readonly authTime: number
  /** When the person last showed a second factor. */
  readonly mfaTime?: number | undefined
  /** How the person showed who they are, as `amr` has it. */
  readonly amr: readonly string[]
  /** What the client asked for with the parameter `claims`. */
  readonly requestedClaims?: RequestedClaims | undefined
  /** Seconds since the epoch. */
  readonly now: number
  readonly expiresIn: number
  /** Whether it goes through the address line of a browser. */
  readonly isFrontChannel?: boolean
}

export type AccessTokenSubject = TokenSubject & {
  readonly resource: Application
  /** How the request called the API. */
  readonly identifier: string | undefined
  /** Short names. */
  readonly scopes: readonly string[]
  readonly authentication: Authentication
}

type Claims = Record<string, unknown>

/** The claims of an access token, in the version that the API's registration asks for. */
export function accessTokenClaims(subject: AccessTokenSubject): Claims {
  const { resource, tenant } = subject
  const isVersion2 = resource.api.requestedAccessTokenVersion === 2
  const issuer = isVersion2
    ? tenantIssuer(subject.origin, tenant)
    : `${subject.cloud.stsOrigin}/${tenant.id}/`
  const head = {
    aud: isVersion2 || resource.appId === GRAPH_APP_ID ? resource.appId : audienceOf(subject),
    iss: issuer,
    ...times(subject),
  }
  const wanted = claimsWanted(resource, 'accessToken')
  return arrange(head, {
    ...personClaims(subject, resource, wanted),
    oid: subject.user.id,
    scp: subject.scopes.join(' '),
    xms_ftd: opaque(32),
    ...(isVersion2 ? version2(subject) : version1(subject)),
    ...optionalClaims(subject, wanted),
  })
}

/** The claims of a v2 id_token; `hashes` are those of what comes with it in the front channel. */
export function idTokenClaims(
  subject: TokenSubject,
  nonce: string | undefined,
  hashes: { c_hash?: string; at_hash?: string } = {},
): Claims {
  const { client, user, tenant, oidc } = subject
  const head = {
    aud: client.appId,
    iss: tenantIssuer(subject.origin, tenant),
    ...times(subject),
  }
  const wanted = claimsWanted(client, 'idToken')
  const hasEmail = (oidc.includes('email') || user.guestOf !== null) && user.mail !== null
  return arrange(head, {
    ...personClaims(subject, client, wanted),
    ...(hasEmail && { email: user.mail }),
    ...(nonce !== undefined && { nonce }),
    ...(oidc.includes('profile') && { ...profile(subject), oid: user.id }),
    ver: '2.0',
    ...hashes,
    ...optionalClaims(subject, wanted),
  })
}

/** What every token about a person says, whichever application it is for. */
function personClaims(
  subject: TokenSubject,
  app: Application,
  wanted: readonly OptionalClaim[],
): Claims {
  const { directory, user, tenant, sid, isFrontChannel = false } = subject
  const home = user.guestOf === null ? undefined : homeAccountOf(directory, user)
  const properties = propertiesOf(wanted, 'groups')
  return {
    aio: writeAio(subject),
    ...(home && { idp: identityProviderOf(home) }),
    rh: `1.A${opaque(36)}`,
    ...membershipClaims({ directory, user, tenant, app, properties, isFrontChannel }),
    sid,
    sub: pairwise(subject, app.appId),
    tid: tenant.id,
    uti: opaque(16),
  }
}

function version2({ client, authentication, oidc, ...subject }: AccessTokenSubject): Claims {
  return {
    azp: client.appId,
    azpacr: authentication,
    ...(oidc.includes('profile') && profile(subject)),
    ver: '2.0',
  }
}

function version1({ client, user, authentication, amr, ...subject }: AccessTokenSubject): Claims {
  const isGuest = user.guestOf !== null
  return {
    acr: '1',
    amr,
    appid: client.appId,
    appidacr: authentication,
    ...(isGuest && user.mail !== null && { email: user.mail }),
    ...(user.surname !== null && { family_name: user.surname }),
    ...(user.givenName !== null && { given_name: user.givenName }),
    ipaddr: '127.0.0.1',
    name: user.displayName,
    unique_name: uniqueName({ ...subject, user }),
    ...(!isGuest && { upn: user.userPrincipalName }),
    ver: '1.0',
  }
}

type Named = Pick<TokenSubject, 'directory' | 'user'>

function profile({ directory, user }: Named): Claims {
  const home = homeAccountOf(directory, user)
  return { name: user.displayName, preferred_username: home?.userPrincipalName ?? user.mail }
}

/** A guest is called by the account that they sign in with. */
function uniqueName({ directory, user }: Named): string {
  const home = homeAccountOf(directory, user) ?? user
  return isPersonal(home) ? `live.com#${home.userPrincipalName}` : home.userPrincipalName
}

/** Entra dates its tokens five minutes back, for clocks that are slow. */
function times({ now, expiresIn }: TokenSubject): Claims {
  return { iat: now - 300, nbf: now - 300, exp: now + expiresIn }
}

/** The registered claims first, then the others by their names. */
export function arrange(head: Claims, others: Claims): Claims {
  const sorted = Object.entries(others).sort(([a], [b]) => (a < b ? -1 : 1))
  return { ...head, ...Object.fromEntries(sorted) }
}

/** The `sub`: another one for the same person in every application. */
export function pairwise(
  { tenant, user }: Pick<TokenSubject, 'tenant' | 'user'>,
  audience: string,
): string {
  return createHmac('sha256', tenant.id).update(`${audience} ${user.id}`).digest('base64url')
}

const TIME_BYTES = 6

/** Entra's `aio` is for itself alone; here it says how the person signed in, for on-behalf-of. */
function writeAio({ authTime, mfaTime = 0 }: TokenSubject): string {
  const bytes = randomBytes(40)
  bytes.writeUIntBE(authTime, 0, TIME_BYTES)
  bytes.writeUIntBE(mfaTime, TIME_BYTES, TIME_BYTES)
  return bytes.toString('base64url')
}

/** When the person of an access token signed in, and showed a second factor; long ago in none of ours. */
export function readAio(aio: string): { authTime: number; mfaTime: number | undefined } {
  const bytes = Buffer.from(aio, 'base64url')
  if (bytes.length < 2 * TIME_BYTES) return { authTime: 0, mfaTime: undefined }
  const authTime = bytes.readUIntBE(0, TIME_BYTES)
  return { authTime, mfaTime: bytes.readUIntBE(TIME_BYTES, TIME_BYTES) || undefined }
}

function opaque(bytes: number): string {
  return randomBytes(bytes).toString('base64url')
}
