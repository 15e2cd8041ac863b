import { randomBytes } from 'node:crypto'
import { tenantIssuer } from '../authority.ts'
import type { Cloud } from '../cloud.ts'
import type { Application, ServicePrincipal, Tenant } from '../directory.ts'
import { GRAPH_APP_ID } from '../microsoft-graph.ts'
import { arrange } from './claims.ts'
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
  const { app, tenant, resource, roles, now, expiresIn } = subject
  const isVersion2 = resource.api.requestedAccessTokenVersion === 2
  const { id } = app.principal
  const version1Issuer = `${subject.cloud.stsOrigin}/${tenant.id}/`
  const head = {
    aud: isVersion2 ? resource.appId : audienceOf(subject),
    iss: isVersion2 ? tenantIssuer(subject.origin, tenant) : version1Issuer,
    // Entra dates its tokens five minutes back, for clocks that are slow.
    iat: now - 300,
    nbf: now - 300,
    exp: now + expiresIn,
  }
  return arrange(head, {
    aio: opaque(40),
    ...(wantsTokenType(resource) && { idtyp: 'app' }),
    oid: id,
    rh: `1.A${opaque(36)}`,
    ...(roles.length > 0 && { roles }),
    sub: id,
    tid: tenant.id,
    uti: opaque(16),
    xms_ftd: opaque(32),
    ...(isVersion2 ? version2(app) : { ...version1(subject), idp: version1Issuer }),
  })
}

function version2({ appId, authentication }: AppTokenSubject['app']) {
  return { azp: appId, azpacr: authentication, ver: '2.0' }
}

function version1({ app, resource }: AppTokenSubject) {
  return {
    ...(resource.appId === GRAPH_APP_ID && { app_displayname: app.displayName }),
    appid: app.appId,
    appidacr: app.authentication,
    ver: '1.0',
  }
}

/** Graph always says that a token has no person behind it; other APIs have to ask for that. */
function wantsTokenType({ appId, optionalClaims }: Application): boolean {
  const asked = optionalClaims?.accessToken.some(({ name }) => name === 'idtyp') ?? false
  return asked || appId === GRAPH_APP_ID
}

function opaque(bytes: number): string {
  return randomBytes(bytes).toString('base64url')
}
