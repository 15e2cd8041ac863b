import { aadsts } from '../aadsts-error.ts'
import type { Behaviour } from '../behaviour.ts'
import type { Application, Directory, Tenant } from '../directory.ts'
import { findServicePrincipal } from '../lookup.ts'
import { GRAPH_APP_ID, MICROSOFT_TENANT_ID, OIDC_SCOPES } from '../microsoft-graph.ts'

/** One delegated permission asked for. */
export type Permission = {
  readonly resource: Application
  /** The identifier the request used for the API; undefined for a bare name of Microsoft Graph. */
  readonly identifier: string | undefined
  readonly value: string
  /** Whether `.default` stood for it. */
  readonly isDefault?: boolean
  /** Who is to have it, where that is not who asks: an API that goes on to another. */
  readonly client?: Application
}

/** A `scope` parameter, understood. */
export type RequestedScopes = {
  readonly oidc: readonly string[]
  readonly permissions: readonly Permission[]
}

export type ScopeContext = {
  readonly directory: Directory
  readonly client: Application
  /** Undefined where the authority is an alias. */
  readonly tenant: Tenant | undefined
}

/** Tells OpenID Connect's scopes from permissions, and finds the API of each permission. */
export function parseScopes(context: ScopeContext, text: string): RequestedScopes {
  const names = [...new Set(text.split(/\s+/).filter(Boolean))]
  const oidc = names.filter((name) => OIDC_SCOPES.has(name.toLowerCase()))
  const others = names.filter((name) => !OIDC_SCOPES.has(name.toLowerCase()))
  const asked = others.map((name) => findPermission(context, name))
  const defaults = asked.filter(({ value }) => value === '.default')
  if (defaults.length > 0 && asked.length > 1) throw aadsts(70011, { scope: others.join(' ') })
  return {
    oidc: oidc.map((name) => name.toLowerCase()),
    permissions: asked.flatMap((permission) => expandDefault(context, permission)),
  }
}

/** The distinct APIs among permissions, in the order they were named. */
export function resourcesOf(permissions: readonly Permission[]): Application[] {
  return [...new Set(permissions.map(({ resource }) => resource))]
}

/**
 * Refuses a `resource` that is not, byte for byte, an identifier of the one API that the scopes
 * name, or whose API's tokens would not say so (AADSTS9010010).
 */
export function checkResource(
  behaviour: Behaviour,
  resource: string,
  permissions: readonly Permission[],
): void {
  if (behaviour.resourceParameter === 'ignore') return
  if (behaviour.resourceParameter === 'reject') throw aadsts(901002)
  const apis = resourcesOf(permissions)
  const api = apis[0]
  const isPrefix = permissions.every(({ identifier }) => identifier === resource)
  const isMatch =
    api !== undefined &&
    apis.length === 1 &&
    hasGuidAudience(api) &&
    identifiersOf(api).includes(resource) &&
    (isPrefix || !behaviour.resourceMustEqualScopePrefix)
  if (!isMatch) throw aadsts(9010010)
}

/** Whether the audience of an API's tokens is its client id, however it was called. */
function hasGuidAudience({ api, optionalClaims }: Application): boolean {
  if (api.requestedAccessTokenVersion === 2) return true
  const aud = optionalClaims?.accessToken.find(({ name }) => name === 'aud')
  return aud?.additionalProperties.includes('use_guid') === true
}

/** What a `scope` names of APIs, whether or not they have such permissions. */
export function namedPermissions(context: ScopeContext, text: string): Permission[] {
  const names = text.split(/\s+/).filter((name) => name && !OIDC_SCOPES.has(name.toLowerCase()))
  return names.map((name) => findApi(context, name))
}

/** The API of one permission's full name, which may end in `.default`. */
export function findPermission(context: ScopeContext, name: string): Permission {
  const permission = findApi(context, name)
  const { resource, value } = permission
  const exists = resource.api.oauth2PermissionScopes.some((s) => s.isEnabled && s.value === value)
  if (!exists && value !== '.default') {
    const { displayName } = context.client
    throw aadsts(650053, { name: displayName, scope: value, resource: resource.appId })
  }
  return permission
}

function findApi(context: ScopeContext, name: string): Permission {
  const { directory, tenant } = context
  const candidates = directory.applications
    .filter((application) => isKnown(context, application))
    .flatMap((resource) => identifiersOf(resource).map((identifier) => ({ resource, identifier })))
    .filter(({ identifier }) => name.startsWith(`${identifier}/`))
    .sort((a, b) => b.identifier.length - a.identifier.length)
  const found = candidates[0] ?? bareGraph(directory, name)
  if (!found) {
    const resource = name.slice(0, name.lastIndexOf('/'))
    throw aadsts(500011, { resource, tenant: tenant?.displayName ?? 'common' })
  }
  const { resource, identifier } = found
  const value = identifier === undefined ? name : name.slice(identifier.length + 1)
  // An API that is called with a slash at its end has that in its audience.
  if (value === '/.default') return { resource, identifier: `${identifier}/`, value: '.default' }
  return { resource, identifier, value }
}

function bareGraph(directory: Directory, name: string) {
  if (name.includes('/')) return undefined
  const resource = directory.applications.find(({ appId }) => appId === GRAPH_APP_ID)
  return resource && { resource, identifier: undefined }
}

function identifiersOf(application: Application): string[] {
  return [...application.identifierUris, application.appId]
}

function isKnown({ directory, client, tenant }: ScopeContext, application: Application): boolean {
  if (application === client || application.tenantId === MICROSOFT_TENANT_ID) return true
  return !tenant || findServicePrincipal(directory, application.appId, tenant.id) !== undefined
}

function expandDefault({ directory, client }: ScopeContext, permission: Permission): Permission[] {
  if (permission.value !== '.default') return [permission]
  const { resource, identifier } = permission
  const entry = resource.api.preAuthorizedApplications.find(({ appId }) => appId === client.appId)
  const preAuthorized = toPermissions(resource, entry?.delegatedPermissionIds ?? [])
  const listed = listedPermissions(directory, client).filter((one) => one.resource === resource)
  const values = new Set([...listed, ...preAuthorized].map(({ value }) => value))
  if (values.size === 0) {
    throw aadsts(650057, {
      id: client.appId,
      name: client.displayName,
      resource: resource.appId,
    })
  }
  return [...values].map((value) => ({ resource, identifier, value, isDefault: true }))
}

/** The delegated permissions that a registration lists (`requiredResourceAccess`). */
export function listedPermissions(directory: Directory, client: Application): Permission[] {
  return client.requiredResourceAccess.flatMap(({ resourceAppId, resourceAccess }) => {
    const resource = directory.applications.find(({ appId }) => appId === resourceAppId)
    const ids = resourceAccess.filter(({ type }) => type === 'Scope').map(({ id }) => id)
    return resource ? toPermissions(resource, ids) : []
  })
}

function toPermissions(resource: Application, ids: readonly string[]): Permission[] {
  return resource.api.oauth2PermissionScopes
    .filter(({ id, isEnabled }) => isEnabled && ids.includes(id))
    .map(({ value }) => ({ resource, identifier: undefined, value }))
}
