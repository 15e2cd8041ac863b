import type { Admission } from '../admission.ts'
import { createServicePrincipal } from '../create-directory.ts'
import type { Application, Directory, PermissionScope, Tenant } from '../directory.ts'
import { deriveGuid } from '../guid.ts'
import { findServicePrincipal } from '../lookup.ts'
import { GRAPH_APP_ID } from '../microsoft-graph.ts'
import type { Sts } from '../sts.ts'
import { type Permission, type RequestedScopes, resourcesOf } from './scopes.ts'

/** Every permission of a request, OpenID Connect's scopes among them: Entra keeps those at Graph. */
export function permissionsOf(directory: Directory, scopes: RequestedScopes): Permission[] {
  const graph = directory.applications.find(({ appId }) => appId === GRAPH_APP_ID) as Application
  const oidc = scopes.oidc.map((value) => ({ resource: graph, identifier: undefined, value }))
  return [...scopes.permissions, ...oidc]
}

/** Those permissions that nobody has consented to yet. */
export function missingConsent(
  directory: Directory,
  admission: Admission,
  permissions: readonly Permission[],
): Permission[] {
  return permissions.filter((permission) => {
    const granted = consentedValues(directory, admission, permission.resource)
    return !granted.has(permission.value) && !isPreAuthorized(admission.client, permission)
  })
}

/** What the person, or an administrator, has let the client do at an API. */
export function consentedValues(
  directory: Directory,
  { client, user, tenant }: Admission,
  resource: Application,
): Set<string> {
  const clientId = findServicePrincipal(directory, client.appId, tenant.id)?.id
  const resourceId = findServicePrincipal(directory, resource.appId, tenant.id)?.id
  const grants = directory.oauth2PermissionGrants.filter(
    (grant) =>
      grant.clientId === clientId &&
      grant.resourceId === resourceId &&
      (grant.consentType === 'AllPrincipals' || grant.principalId === user.id),
  )
  return new Set(grants.flatMap(({ scope }) => scope.split(' ').filter(Boolean)))
}

/** Whether people may not consent to these permissions themselves. */
export function needsAdministrator(tenant: Tenant, permissions: readonly Permission[]): boolean {
  return (
    permissions.length > 0 &&
    (!tenant.allowUserConsent || permissions.some((p) => scopeOf(p)?.type === 'Admin'))
  )
}

/** The API's own description of a permission. */
export function scopeOf({ resource, value }: Permission): PermissionScope | undefined {
  return resource.api.oauth2PermissionScopes.find((scope) => scope.value === value)
}

/** Writes down that the person consents. */
export function recordConsent(
  sts: Sts,
  admission: Admission,
  permissions: readonly Permission[],
): void {
  const { client, user, tenant } = admission
  for (const resource of resourcesOf(permissions)) {
    const clientId = presenceOf(sts, client, tenant)
    const resourceId = presenceOf(sts, resource, tenant)
    const values = permissions.filter((p) => p.resource === resource).map(({ value }) => value)
    const id = deriveGuid('grant', clientId, resourceId, user.id)
    const existing = sts.directory.oauth2PermissionGrants.find((grant) => grant.id === id)
    const scope = [...new Set([...(existing?.scope.split(' ') ?? []), ...values])].join(' ')
    const consentType = 'Principal'
    const grant = { id, clientId, resourceId, consentType, principalId: user.id, scope } as const
    sts.keep('oauth2PermissionGrants', grant)
  }
  sts.save()
}

function isPreAuthorized(client: Application, permission: Permission): boolean {
  const scopeId = scopeOf(permission)?.id
  return permission.resource.api.preAuthorizedApplications.some(
    ({ appId, delegatedPermissionIds }) =>
      appId === client.appId && scopeId !== undefined && delegatedPermissionIds.includes(scopeId),
  )
}

function presenceOf(sts: Sts, application: Application, tenant: Tenant): string {
  const found = findServicePrincipal(sts.directory, application.appId, tenant.id)
  if (found) return found.id
  const principal = createServicePrincipal({ appId: application.appId, tenantId: tenant.id })
  sts.keep('servicePrincipals', principal)
  return principal.id
}
