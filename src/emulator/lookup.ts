import { aadsts } from './aadsts-error.ts'
import { type Authority, CONSUMERS_TENANT_ID, consumersTenant } from './authority.ts'
import { createServicePrincipal } from './create-directory.ts'
import type {
  Application,
  Directory,
  DirectoryUser,
  ServicePrincipal,
  Tenant,
} from './directory.ts'
import { GRAPH_APP_ID, MICROSOFT_TENANT_ID } from './microsoft-graph.ts'

/** The client of a request, as far as this authority knows it. */
export function findClient(
  directory: Directory,
  authority: Authority,
  clientId: string,
): Application {
  const id = clientId.toLowerCase()
  if (id === '00000000-0000-0000-0000-000000000000') throw aadsts(700038, { id })
  const client = directory.applications.find(({ appId }) => appId === id)
  const tenant = authority.kind === 'tenant' ? authority.tenant.displayName : authority.name
  if (!client) throw aadsts(700016, { id: clientId, tenant })
  const { displayName: name } = client
  const isForOthers = client.signInAudience === 'PersonalMicrosoftAccount'
  if (isForOthers && authority.kind !== 'consumers') throw aadsts(9002331, { id, name })
  if (authority.kind === 'tenant') {
    checkPresence(directory, client, authority.tenant)
  } else if (authority.kind === 'consumers') {
    if (!client.signInAudience.includes('Personal')) throw aadsts(9002332, { id, name })
  } else if (client.signInAudience === 'AzureADMyOrg') {
    throw aadsts(50194, { id, name })
  }
  return client
}

/** Refuses a client that is not in the tenant, or is switched off there. */
export function checkPresence(directory: Directory, client: Application, tenant: Tenant): void {
  const { appId: id, displayName: name } = client
  const principal = findServicePrincipal(directory, id, tenant.id)
  if (principal && !principal.accountEnabled) throw aadsts(7000112, { id, name })
  // Another tenant's multi-tenant app comes in with the first consent.
  const canJoin = client.tenantId !== tenant.id && client.signInAudience !== 'AzureADMyOrg'
  if (!principal && !canJoin) throw aadsts(700016, { id, tenant: tenant.displayName })
}

/** The application as it stands in a tenant; Microsoft's own are in every one. */
export function findServicePrincipal(
  directory: Directory,
  appId: string,
  tenantId: string,
): ServicePrincipal | undefined {
  const found = directory.servicePrincipals.find(
    (principal) => principal.appId === appId && principal.tenantId === tenantId,
  )
  if (found) return found
  const application = directory.applications.find((app) => app.appId === appId)
  if (application?.tenantId !== MICROSOFT_TENANT_ID) return undefined
  const principal = createServicePrincipal({ appId, tenantId })
  directory.servicePrincipals.push(principal)
  return principal
}

/** The API that an identifier means in a tenant, a slash at its end or not. */
export function findApi(
  directory: Directory,
  tenant: Tenant,
  identifier: string,
): { resource: Application; identifier: string } | undefined {
  const name = identifier.replace(/\/$/, '')
  const resource = directory.applications.find(
    ({ appId, identifierUris }) =>
      (appId === name || identifierUris.some((uri) => uri.replace(/\/$/, '') === name)) &&
      findServicePrincipal(directory, appId, tenant.id) !== undefined,
  )
  return resource && { resource, identifier }
}

/** The tenant with this id, which something in the directory names. */
export function findTenant(directory: Directory, id: string): Tenant {
  const tenant = directory.tenants.find((one) => one.id === id)
  if (!tenant) throw aadsts(90002, { tenant: id })
  return tenant
}

/** The account with this object id. */
export function findUser(directory: Directory, id: string): DirectoryUser | undefined {
  return directory.users.find((user) => user.id === id)
}

/** The account with this sign-in name. */
export function findUserByName(directory: Directory, name: string): DirectoryUser | undefined {
  const wanted = name.trim().toLowerCase()
  return directory.users.find((user) => user.userPrincipalName.toLowerCase() === wanted)
}

/** The tenant that a person signs in to: the one asked for, else their own. */
export function tenantFor(directory: Directory, authority: Authority, user: DirectoryUser): Tenant {
  if (authority.kind === 'tenant') return authority.tenant
  const isConsumers = authority.kind === 'consumers' || user.tenantId === CONSUMERS_TENANT_ID
  if (isConsumers) return consumersTenant()
  return findTenant(directory, user.tenantId)
}

/** Microsoft Graph, which is in every directory. */
export function findGraph(directory: Directory): Application {
  return directory.applications.find(({ appId }) => appId === GRAPH_APP_ID) as Application
}
