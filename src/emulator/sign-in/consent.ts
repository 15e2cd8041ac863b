import { mayConsentForAll } from '../administrators.ts'
import type { Admission } from '../admission.ts'
import type { Application, Directory, PermissionScope } from '../directory.ts'
import { findGraph, findServicePrincipal } from '../lookup.ts'
import { GRAPH_APP_ID, MICROSOFT_TENANT_ID, OIDC_SCOPES } from '../microsoft-graph.ts'
import { listedPermissions, type Permission, type RequestedScopes } from './scopes.ts'

/** Every permission of a request, OpenID Connect's scopes among them: Entra keeps those at Graph. */
export function permissionsOf(directory: Directory, scopes: RequestedScopes): Permission[] {
  const graph = findGraph(directory)
  const oidc = scopes.oidc.map((value) => ({ resource: graph, identifier: undefined, value }))
  return [...scopes.permissions, ...oidc]
}

/**
 * Those permissions that nobody has consented to yet. `.default` asks for nothing where there is
 * any consent already, and else for everything that the client's registration lists.
 */
export function missingConsent(
  directory: Directory,
  admission: Admission,
  permissions: readonly Permission[],
): Permission[] {
  const missing = permissions.filter((permission) => {
    const granted = consentedValues(directory, admission, permission)
    return !(permission.isDefault && granted.size > 0) && !granted.has(permission.value)
  })
  const apis = missing.filter(({ isDefault }) => isDefault).map(({ resource }) => resource)
  if (apis.length === 0) return missing
  const alongside = allListed(directory, admission, new Set(apis))
  return [...missing, ...alongside.filter((one) => !missing.some((other) => isSame(one, other)))]
}

/** What the person, an administrator or the API itself has let the client do at an API. */
export function consentedValues(
  directory: Directory,
  { client: asking, user, tenant }: Admission,
  { resource, client = asking }: Pick<Permission, 'resource' | 'client'>,
): Set<string> {
  const clientId = findServicePrincipal(directory, client.appId, tenant.id)?.id
  const resourceId = findServicePrincipal(directory, resource.appId, tenant.id)?.id
  const grants = directory.oauth2PermissionGrants.filter(
    (grant) =>
      grant.clientId === clientId &&
      grant.resourceId === resourceId &&
      (grant.consentType === 'AllPrincipals' || grant.principalId === user.id),
  )
  const values = grants.flatMap(({ scope }) => scope.split(' ').filter(Boolean))
  return new Set([...values, ...preAuthorizedValues(client, resource)])
}

/** Whether these permissions are not for the person alone to give. */
export function needsAdministrator(
  directory: Directory,
  { client, user, tenant }: Admission,
  permissions: readonly Permission[],
): boolean {
  if (permissions.length === 0 || mayConsentForAll(user)) return false
  const principal = findServicePrincipal(directory, client.appId, tenant.id)
  const isRestricted = !tenant.allowUserConsent || principal?.appRoleAssignmentRequired === true
  return isRestricted || permissions.some((p) => scopeOf(p)?.type === 'Admin')
}

/** The API's own description of a permission. */
export function scopeOf({ resource, value }: Permission): PermissionScope | undefined {
  return resource.api.oauth2PermissionScopes.find((scope) => scope.value === value)
}

/** Whether two permissions are one and the same. */
export function isSame(a: Permission, b: Permission): boolean {
  return a.resource === b.resource && a.value === b.value && a.client === b.client
}

/**
 * What `.default` brings besides: the rest of the client's list, and that of each API which knows
 * the client as its own front.
 */
function allListed(
  directory: Directory,
  { client }: Admission,
  apis: ReadonlySet<Application>,
): Permission[] {
  const known = [...apis].filter(({ api }) => api.knownClientApplications.includes(client.appId))
  const behind = known.flatMap((middle) =>
    listedPermissions(directory, middle).map((permission) => ({ ...permission, client: middle })),
  )
  return [...listedPermissions(directory, client), ...behind]
}

/** Scopes that need nobody's consent, because the API or Microsoft says so. */
function preAuthorizedValues(client: Application, { api, appId }: Application): string[] {
  const entry = api.preAuthorizedApplications.find((one) => one.appId === client.appId)
  const values = api.oauth2PermissionScopes
    .filter(({ id }) => entry?.delegatedPermissionIds.includes(id))
    .map(({ value }) => value)
  const isMicrosofts = client.tenantId === MICROSOFT_TENANT_ID && appId === GRAPH_APP_ID
  return isMicrosofts ? [...values, ...OIDC_SCOPES] : values
}
