import type { Application, AppRole, Directory, PermissionScope, Tenant } from '../directory.ts'
import { badRequest, GraphError, invalidProperty } from './graph-error.ts'
import { checkIdentifierUris } from './identifier-uris.ts'

const MAX_REDIRECT_URIS = 256
const MAX_REDIRECT_URIS_PERSONAL = 100
const MAX_ENTRIES = 1200

/** Refuses a registration, or a change of one, that Entra would not have. */
export function checkApplication(
  directory: Directory,
  tenant: Tenant,
  before: Application | undefined,
  after: Application,
): void {
  if (after.displayName.trim() === '') throw invalidProperty('displayName')
  const { requestedAccessTokenVersion } = after.api
  if (isPersonal(after) && requestedAccessTokenVersion !== 2) {
    throw invalidProperty('api.requestedAccessTokenVersion')
  }
  checkRedirectUris(before, after)
  checkIdentifierUris(directory, tenant, before, after)
  checkEntitlements(before, after)
  checkPreAuthorized(directory, before, after)
  checkSize(after)
}

function isPersonal({ signInAudience }: Application): boolean {
  return signInAudience.includes('Personal')
}

function checkRedirectUris(before: Application | undefined, after: Application): void {
  const limit = isPersonal(after) ? MAX_REDIRECT_URIS_PERSONAL : MAX_REDIRECT_URIS
  const platforms = ['web', 'spa', 'publicClient'] as const
  const total = platforms.flatMap((platform) => after[platform].redirectUris).length
  if (total > limit) {
    throw badRequest(`An application can have ${limit} redirect URIs at most; there are ${total}.`)
  }
  for (const platform of platforms) {
    const { redirectUris } = after[platform]
    const property = `${platform}.redirectUris`
    if (new Set(redirectUris).size < redirectUris.length) {
      throw invalidProperty(property, 'A value is there twice.')
    }
    for (const uri of redirectUris.filter(
      (uri) => !before?.[platform].redirectUris.includes(uri),
    )) {
      const fault = faultOf(uri, platform === 'publicClient', isPersonal(after))
      if (fault !== undefined) throw invalidProperty(property, `'${uri}' ${fault}.`)
    }
  }
}

function faultOf(uri: string, isPublicClient: boolean, isPersonalToo: boolean): string | undefined {
  if (!URL.canParse(uri)) return 'is not an absolute URI'
  const { protocol, hostname } = new URL(uri)
  const isLoopback = hostname === 'localhost' || hostname === '127.0.0.1'
  if (uri.includes('#')) return 'must not have a fragment'
  if (/[!$'(),;\s]/.test(uri)) return "must not contain any of ! $ ' ( ) , ;"
  if (isPersonalToo && /[?*]/.test(uri)) return 'must not have a query or a wildcard'
  if (isPublicClient && protocol !== 'http:') return undefined
  if (protocol === 'https:' || (protocol === 'http:' && isLoopback)) return undefined
  return "must start with 'https' or 'http://localhost'"
}

type Entitlement = PermissionScope | AppRole

/** An enabled scope or role is disabled first, and changed or removed in a request of its own. */
function checkEntitlements(before: Application | undefined, after: Application): void {
  const scopes = after.api.oauth2PermissionScopes
  checkDistinct('api.oauth2PermissionScopes', scopes)
  checkDistinct('appRoles', after.appRoles)
  checkNames('api.oauth2PermissionScopes', scopes)
  checkNames('appRoles', after.appRoles)
  if (!before) return
  checkEnabled('oauth2PermissionScopes', before.api.oauth2PermissionScopes, scopes)
  checkEnabled('appRoles', before.appRoles, after.appRoles)
}

function checkDistinct(property: string, entitlements: readonly Entitlement[]): void {
  const ids = new Set(entitlements.map(({ id }) => id))
  const values = new Set(entitlements.map(({ value }) => value).filter(Boolean))
  const named = entitlements.filter(({ value }) => value !== '')
  if (ids.size === entitlements.length && values.size === named.length) return
  throw invalidProperty(property, 'Each id, and each value, can be there once only.')
}

function checkNames(property: string, entitlements: readonly Entitlement[]): void {
  for (const { value, isEnabled } of entitlements) {
    const isName = value === '' ? !isEnabled : /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(value)
    if (!isName || value.startsWith('.')) {
      throw invalidProperty(`${property}.value`, 'It is a name without spaces or a leading dot.')
    }
  }
}

function checkEnabled(
  target: string,
  before: readonly Entitlement[],
  after: readonly Entitlement[],
): void {
  for (const old of before.filter(({ isEnabled }) => isEnabled)) {
    const now = after.find(({ id }) => id === old.id)
    if (now && isSame(old, { ...now, isEnabled: true })) continue
    const code = 'CannotDeleteOrUpdateEnabledEntitlement'
    const message = 'Permission (scope or role) cannot be deleted or updated unless disabled first.'
    throw new GraphError(400, code, message, { details: [{ code, message, target }] })
  }
}

function isSame(a: Entitlement, b: Entitlement): boolean {
  const sorted = (value: object) => JSON.stringify(Object.entries(value).sort())
  return sorted(a) === sorted(b)
}

/** Scopes are there already when a client is pre-authorised for them: not from the same request. */
function checkPreAuthorized(
  directory: Directory,
  before: Application | undefined,
  after: Application,
): void {
  const property = 'api.preAuthorizedApplications'
  const known = new Set((before?.api.oauth2PermissionScopes ?? []).map(({ id }) => id))
  const kept = new Set(after.api.oauth2PermissionScopes.map(({ id }) => id))
  for (const { appId, delegatedPermissionIds } of after.api.preAuthorizedApplications) {
    if (!directory.applications.some((client) => client.appId === appId)) {
      throw invalidProperty(
        property,
        `It references the application ${appId}, which cannot be found.`,
      )
    }
    const missing = delegatedPermissionIds.find((id) => !known.has(id) || !kept.has(id))
    if (missing !== undefined) {
      throw invalidProperty(
        property,
        `It references the permission ${missing}, which cannot be found.`,
      )
    }
  }
}

function checkSize(application: Application): void {
  const { api, requiredResourceAccess } = application
  const lists = [
    application.identifierUris,
    application.web.redirectUris,
    application.spa.redirectUris,
    application.publicClient.redirectUris,
    api.oauth2PermissionScopes,
    api.preAuthorizedApplications,
    api.knownClientApplications,
    application.appRoles,
    requiredResourceAccess.flatMap(({ resourceAccess }) => resourceAccess),
    application.passwordCredentials,
    application.keyCredentials,
    application.tags,
  ]
  const entries = lists.reduce((sum, list) => sum + list.length, 0)
  if (entries > MAX_ENTRIES) {
    throw badRequest(
      `The size of the application has exceeded its limit: it has ${entries} entries in its lists, ${MAX_ENTRIES} are allowed.`,
    )
  }
}
