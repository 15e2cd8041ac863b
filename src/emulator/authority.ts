import { aadsts } from './aadsts-error.ts'
import { type Cloud, findCloud } from './cloud.ts'
import type { Directory, Tenant } from './directory.ts'
import { isGuid } from './guid.ts'

/** The tenant id of personal Microsoft accounts. */
export const CONSUMERS_TENANT_ID = '9188040d-6c67-4c5b-b112-36a304b66dad'

/** The tenant of personal accounts: nobody's organisation, and in no directory. */
export function consumersTenant(): Tenant {
  return {
    id: CONSUMERS_TENANT_ID,
    displayName: 'Microsoft accounts',
    domains: [],
    kind: 'workforce',
    cloud: null,
    regionScope: null,
    allowUserConsent: true,
    allowConsentRequests: false,
    allowUserAppRegistration: false,
    identifierUriPolicy: 'off',
    secretPolicy: { isBlocked: false, maxDays: null },
  }
}

/** Whom the first segment of a path stands for. */
export type Authority =
  | { readonly kind: 'tenant'; readonly name: string; readonly tenant: Tenant }
  | { readonly kind: 'common' | 'organizations' | 'consumers'; readonly name: string }

/** Which tenants there are, and in which cloud this is. */
type Place = { readonly directory: Directory; readonly cloud: Cloud }

/** The authority of a path's first segment: a tenant by id or domain, or one of the three aliases. */
export function findAuthority({ directory, cloud }: Place, segment: string): Authority {
  const name = segment.toLowerCase()
  if (name === 'common' || name === 'organizations') return { kind: name, name }
  if (name === 'consumers' || name === CONSUMERS_TENANT_ID) {
    return { kind: 'consumers', name: 'consumers' }
  }
  const tenant = directory.tenants.find(
    ({ id, domains }) => id === name || domains.some((domain) => domain.toLowerCase() === name),
  )
  if (tenant) return { kind: 'tenant', name: tenant.id, tenant: inCloud(tenant, cloud) }
  const couldExist = isGuid(name) || /^[a-z0-9-]+(\.[a-z0-9-]+)+$/.test(name)
  throw aadsts(couldExist ? 90002 : 900023, { tenant: segment })
}

/** Each cloud's login host knows the others' tenants, and serves none of them. */
function inCloud(tenant: Tenant, here: Cloud): Tenant {
  const its = tenant.cloud === null ? here : findCloud(tenant.cloud)
  if (its === here) return tenant
  throw aadsts(90038, { tenant: tenant.id, cloud: its.instanceName })
}

/**
 * The issuer of a tenant's tokens. An External ID tenant has a host of its own below
 * `ciamlogin.com`, in whose place the emulator's own host stands here.
 */
export function tenantIssuer(origin: string, { id, kind }: Tenant): string {
  const host = kind === 'external' ? hostBelow(origin, id) : origin
  return `${host}/${id}/v2.0`
}

/**
 * The host in the addresses of an authority's document: that of the request, where an External ID
 * tenant was asked by a host of its own; else the emulator's.
 */
export function hostOf(origin: string, authority: Authority, request: Request): string {
  const { protocol, host } = new URL(origin)
  const asked = new URL(request.url).host
  const isExternal = authority.kind === 'tenant' && authority.tenant.kind === 'external'
  return isExternal && asked.endsWith(`.${host}`) ? `${protocol}//${asked}` : origin
}

/** An address below a host; the host itself where it is a mere number and has none below. */
function hostBelow(origin: string, label: string): string {
  const { protocol, host, hostname } = new URL(origin)
  const isNumber = hostname.startsWith('[') || /^[\d.]+$/.test(hostname)
  return isNumber ? origin : `${protocol}//${label}.${host}`
}

/** The issuer that an authority names: the aliases for several tenants have a blank in it. */
export function issuerOf(origin: string, authority: Authority): string {
  if (authority.kind === 'tenant') return tenantIssuer(origin, authority.tenant)
  if (authority.kind === 'consumers') return `${origin}/${CONSUMERS_TENANT_ID}/v2.0`
  return `${origin}/{tenantid}/v2.0`
}
