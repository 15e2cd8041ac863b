import { randomBytes } from 'node:crypto'
import { tenantIssuer } from '../authority.ts'
import type { Cloud } from '../cloud.ts'
import type { Application, ServicePrincipal, Tenant } from '../directory.ts'
import { GRAPH_APP_ID } from '../microsoft-graph.ts'
import type { Authentication } from './client-authentication.ts'
import { audienceOf } from './optional-claims.ts'

/** What a token of an application itself is made for. */
export type AppTokenSubject = {
  readonly app: {
    readonly appId: string
    readonly displayName: string
    /** The application as it stands in the tenant: the token's `oid` and `sub`. */
    readonly principal: ServicePrincipal
    readonly authentication: Authentication
  }
  readonly tenant: Tenant
  readonly resource: Application
  /** How the request called the API. */
  readonly identifier: string | undefined
  readonly roles: readonly string[]
  readonly origin: string
  readonly cloud: Cloud
  /** Seconds since the epoch. */
  readonly now: number
  readonly expiresIn: number
}

/** The claims of a token without a person, in the version that the API's registration asks for. */
export function appTokenClaims(subject: AppTokenSubject): Record<string, unknown> {
  const { app, tenant, roles } = subject
  const { id } = app.principal
  return {
    ...(subject.resource.api.requestedAccessTokenVersion === 2
      ? version2(subject)
      : version1(subject)),
    aio: opaque(40),
    ...(wantsTokenType(subject.resource) && { idtyp: 'app' }),
    oid: id,
    rh: `1.A${opaque(36)}`,
    ...(roles.length > 0 && { roles }),
    sub: id,
    tid: tenant.id,
    uti: opaque(16),
    xms_ftd: opaque(32),
  }
}

function version2({ app, tenant, resource, origin, now, expiresIn }: AppTokenSubject) {
  return {
    aud: resource.appId,
    iss: tenantIssuer(origin, tenant),
    ...times(now, expiresIn),
    azp: app.appId,
    azpacr: app.authentication,
    ver: '2.0',
  }
}

function version1(subject: AppTokenSubject) {
  const { app, tenant, resource, cloud, now, expiresIn } = subject
  const issuer = `${cloud.stsOrigin}/${tenant.id}/`
  return {
    aud: audienceOf(subject),
    iss: issuer,
    ...times(now, expiresIn),
    ...(resource.appId === GRAPH_APP_ID && { app_displayname: app.displayName }),
    appid: app.appId,
    appidacr: app.authentication,
    idp: issuer,
    ver: '1.0',
  }
}

/** Graph always says that a token has no person behind it; other APIs have to ask for that. */
function wantsTokenType({ appId, optionalClaims }: Application): boolean {
  const asked = optionalClaims?.accessToken.some(({ name }) => name === 'idtyp') ?? false
  return asked || appId === GRAPH_APP_ID
}

/** Entra dates its tokens five minutes back, for clocks that are slow. */
function times(now: number, expiresIn: number) {
  return { iat: now - 300, nbf: now - 300, exp: now + expiresIn }
}

function opaque(bytes: number): string {
  return randomBytes(bytes).toString('base64url')
}
