import { findCloud } from '../clouds.ts'
import { EntraError } from '../errors.ts'
import { LOOPBACK_HOSTS } from '../site.ts'

/** The tenant of personal Microsoft accounts. */
export const CONSUMERS_TENANT_ID = '9188040d-6c67-4c5b-b112-36a304b66dad'

/** The blank in the issuer of metadata that is several tenants'. */
const BLANK = '{tenantid}'

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

export type Tenancy = {
  readonly authority: string
  /** A tenant's id or domain, or `organizations`, `common` or `consumers`. */
  readonly tenantId: string
}

/** Whether accounts of several tenants sign in: who issues their tokens then follows from each. */
export function isOfMany(tenantId: string): boolean {
  return tenantId === 'organizations' || tenantId === 'common'
}

/** In whose name administrators consent; there are none of personal accounts. */
export function administeredTenant(tenantId: string): string | undefined {
  if (tenantId === 'consumers') return undefined
  return tenantId === 'common' ? 'organizations' : tenantId
}

/** The issuer that this very tenant's tokens have, where `issuer` leaves the tenant open. */
export function issuerFor(issuer: string, tid: string): string {
  return issuer.replaceAll(BLANK, tid)
}

/**
 * Whether metadata that names this issuer is that of the tenant. Of a tenant that is configured by
 * its domain, the issuer has the id; which one that is, only Entra knows.
 */
export function isIssuer(issuer: string, { authority, tenantId }: Tenancy): boolean {
  if (isOfMany(tenantId)) return issuer === `${authority}/${BLANK}/v2.0`
  const tenant = tenantOf(issuer)
  const expected = tenantId === 'consumers' ? CONSUMERS_TENANT_ID : tenantId
  if (!tenant || (tenant !== expected && isId(expected))) return false
  return issuer === `${authority}/${tenant}/v2.0` || isExternal(issuer, tenant, authority)
}

/** The tenant that an issuer names, by its id. */
export function tenantOf(issuer: string): string | undefined {
  const [, named = ''] = /\/([^/]*)\/v2\.0$/.exec(issuer) ?? []
  return isId(named) ? named : undefined
}

/** Whether a tenant is named by its id, as tokens name it. */
export function isId(tenant: unknown): tenant is string {
  return typeof tenant === 'string' && GUID.test(tenant)
}

/**
 * External ID names its tenants' hosts by their id, whatever name or domain they are reached by; an
 * emulator's own host stands in for `ciamlogin.com`.
 */
function isExternal(issuer: string, tenant: string, authority: string): boolean {
  if (findCloud(authority)) return false
  const { protocol, host, hostname } = new URL(authority)
  const parent = LOOPBACK_HOSTS.has(hostname) ? `${protocol}//${tenant}.${host}` : undefined
  const origins = [`https://${tenant}.ciamlogin.com`, parent]
  return origins.some((origin) => issuer === `${origin}/${tenant}/v2.0`)
}

/** The tenant of a person who may come from several. Throws `EntraError`. */
export function checkTenant(tid: unknown, tenantId: string): string {
  if (!isId(tid)) {
    throw new EntraError("Entra's ID token does not name its tenant by an id.", {
      isTransient: false,
      cure: 'Sign in again; if it happens again, report it.',
    })
  }
  if (tid !== CONSUMERS_TENANT_ID || tenantId !== 'organizations') return tid
  throw new EntraError('A personal Microsoft account was used, and this server takes none.', {
    error: 'access_denied',
    isTransient: false,
    cure: 'Sign in with an account of an organisation.',
  })
}
