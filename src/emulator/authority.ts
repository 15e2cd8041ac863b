import { aadsts } from './aadsts-error.ts'
import type { Directory, Tenant } from './directory.ts'
import { isGuid } from './guid.ts'

/** The tenant id of personal Microsoft accounts. */
export const CONSUMERS_TENANT_ID = '9188040d-6c67-4c5b-b112-36a304b66dad'

/** Whom the first segment of a path stands for. */
export type Authority =
  | { readonly kind: 'tenant'; readonly name: string; readonly tenant: Tenant }
  | { readonly kind: 'common' | 'organizations' | 'consumers'; readonly name: string }

/** The authority of a path's first segment: a tenant by id or domain, or one of the three aliases. */
export function findAuthority(directory: Directory, segment: string): Authority {
  const name = segment.toLowerCase()
  if (name === 'common' || name === 'organizations') return { kind: name, name }
  if (name === 'consumers' || name === CONSUMERS_TENANT_ID) {
    return { kind: 'consumers', name: 'consumers' }
  }
  const tenant = directory.tenants.find(
    ({ id, domains }) => id === name || domains.some((domain) => domain.toLowerCase() === name),
  )
  if (tenant) return { kind: 'tenant', name: tenant.id, tenant }
  const couldExist = isGuid(name) || /^[a-z0-9-]+(\.[a-z0-9-]+)+$/.test(name)
  throw aadsts(couldExist ? 90002 : 900023, { tenant: segment })
}

/** The issuer that an authority names: the aliases for several tenants have a blank in it. */
export function issuerOf(origin: string, authority: Authority): string {
  if (authority.kind === 'tenant') return `${origin}/${authority.tenant.id}/v2.0`
  if (authority.kind === 'consumers') return `${origin}/${CONSUMERS_TENANT_ID}/v2.0`
  return `${origin}/{tenantid}/v2.0`
}
