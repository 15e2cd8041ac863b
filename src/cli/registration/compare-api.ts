import { type Comparison, difference, listed, patchApplication } from './difference.ts'
import type {
  DesiredScope,
  Difference,
  PermissionScope,
  PreAuthorizedApplication,
} from './types.ts'

/** The name before the scopes' names. */
export function compareIdentifierUri(comparison: Comparison): Difference[] {
  const { application, desired } = comparison
  const { identifierUris, appId } = application
  const uri = desired.identifierUri ?? `api://${appId}`
  if (identifierUris.includes(uri)) return []
  const body = { identifierUris: [...identifierUris, uri] }
  return [
    difference(comparison, {
      id: 'identifier-uri',
      severity: 'error',
      what: `The registration has no Application ID URI ${uri}.`,
      why: 'Entra finds the scope by it (AADSTS500011).',
      expected: uri,
      found: listed(identifierUris),
      portal: [
        'App registrations → the application → Expose an API',
        `Application ID URI → Add: ${uri}`,
        'Save',
      ],
      calls: [patchApplication(comparison, body, `Set the Application ID URI ${uri}`)],
    }),
  ]
}

const EXPOSE = 'App registrations → the application → Expose an API'

/** Scopes that are not there at all. */
export function compareScopes(comparison: Comparison): Difference[] {
  const { application, desired } = comparison
  const scopes = application.api.oauth2PermissionScopes
  const missing = desired.scopes.filter(({ value }) => !scopes.some((one) => one.value === value))
  if (missing.length === 0) return []
  const names = missing.map(({ value }) => value)
  const added = missing.map((scope) => newScope(scope, desired.displayName, comparison.newId()))
  return [
    difference(comparison, {
      id: 'scope-missing',
      severity: 'error',
      what: `The registration exposes no scope ${listed(names)}.`,
      why: 'The sign-in asks Entra for it (AADSTS650053).',
      expected: listed(names),
      found: listed(scopes.map(({ value }) => value)),
      portal: [
        EXPOSE,
        ...missing.flatMap((scope) => [
          `Add a scope: ${scope.value}`,
          `Who can consent: ${scope.type === 'Admin' ? 'Admins only' : 'Admins and users'}`,
        ]),
        'State: Enabled',
        'Add scope',
      ],
      calls: [patchScopes(comparison, [...scopes, ...added], `Expose the scope ${listed(names)}`)],
    }),
  ]
}

function patchScopes(comparison: Comparison, scopes: readonly PermissionScope[], why: string) {
  return patchApplication(comparison, { api: { oauth2PermissionScopes: scopes } }, why)
}

function newScope({ value, type }: DesiredScope, server: string, id: string): PermissionScope {
  const name = value === 'mcp-access' ? 'Use the MCP server' : `Use ${value} of the MCP server`
  const what = value === 'mcp-access' ? server : `${value} of ${server}`
  return {
    id,
    value,
    type: type ?? 'User',
    isEnabled: true,
    userConsentDisplayName: name,
    userConsentDescription: `Allows the application to use ${what} on your behalf.`,
    adminConsentDisplayName: name,
    adminConsentDescription: `Allows the application to use ${what} as the signed-in user.`,
  }
}

/** Scopes that are there and out of force. */
export function compareDisabledScopes(comparison: Comparison): Difference[] {
  const { application, desired } = comparison
  const scopes = application.api.oauth2PermissionScopes
  const wanted = (scope: PermissionScope) => desired.scopes.some((one) => one.value === scope.value)
  const disabled = scopes.filter((scope) => !scope.isEnabled && wanted(scope))
  if (disabled.length === 0) return []
  const names = disabled.map(({ value }) => value)
  const enabled = scopes.map((scope) => (wanted(scope) ? { ...scope, isEnabled: true } : scope))
  return [
    difference(comparison, {
      id: 'scope-disabled',
      severity: 'error',
      what: `The scope ${listed(names)} is disabled.`,
      why: 'Entra then behaves as if it were not there (AADSTS650053).',
      expected: 'Enabled',
      found: 'Disabled',
      portal: [EXPOSE, ...names.map((name) => `${name} → State: Enabled`), 'Save'],
      calls: [patchScopes(comparison, enabled, `Enable the scope ${listed(names)}`)],
    }),
  ]
}

/** Scopes for which somebody else may consent than was asked for, in so many words. */
export function compareScopeConsent(comparison: Comparison): Difference[] {
  const { application, desired } = comparison
  const scopes = application.api.oauth2PermissionScopes
  const typeOf = ({ value, type }: PermissionScope) =>
    desired.scopes.find((one) => one.value === value)?.type ?? type
  const other = scopes.filter((scope) => typeOf(scope) !== scope.type)
  if (other.length === 0) return []
  const names = listed(other.map(({ value }) => value))
  const changed = scopes.map((scope) => ({ ...scope, type: typeOf(scope) }))
  const disabled = scopes.map((scope) =>
    other.includes(scope) ? { ...scope, isEnabled: false } : scope,
  )
  const words = (type: string | undefined) =>
    type === 'Admin' ? 'Admins only' : 'Admins and users'
  const wanted = words(typeOf(other[0] as PermissionScope))
  return [
    difference(comparison, {
      id: 'scope-consent',
      severity: 'warning',
      what: `Who can consent to ${names} is not as asked for.`,
      why: 'It decides whether a person can sign in before an administrator has consented.',
      expected: wanted,
      found: words(other[0]?.type),
      portal: [EXPOSE, `${names} → Who can consent: ${wanted}`, 'Save'],
      calls: [
        // Entra changes an enabled scope in no other way.
        patchScopes(comparison, disabled, `Disable ${names} for a moment`),
        patchScopes(comparison, changed, `Set who can consent to ${names}`),
      ],
      isOverride: true,
    }),
  ]
}

/** Applications that are to need no consent. */
export function comparePreAuthorized(comparison: Comparison): Difference[] {
  const { application, desired } = comparison
  const { preAuthorizedApplications, oauth2PermissionScopes } = application.api
  const ids = oauth2PermissionScopes
    .filter(({ value }) => desired.scopes.some((scope) => scope.value === value))
    .map(({ id }) => id)
  const entryOf = (appId: string) => preAuthorizedApplications.find((one) => one.appId === appId)
  const has = (entry: PreAuthorizedApplication | undefined) =>
    ids.every((id) => entry?.delegatedPermissionIds.includes(id))
  const missing = desired.preAuthorized.filter((appId) => !has(entryOf(appId)))
  if (missing.length === 0) return []
  const others = preAuthorizedApplications.filter(({ appId }) => !missing.includes(appId))
  const added = missing.map((appId) => {
    const former = entryOf(appId)?.delegatedPermissionIds ?? []
    return { appId, delegatedPermissionIds: [...new Set([...former, ...ids])] }
  })
  const body = { api: { preAuthorizedApplications: [...others, ...added] } }
  return [
    difference(comparison, {
      id: 'pre-authorized',
      severity: 'warning',
      what: `The client ${listed(missing)} is not authorized beforehand.`,
      why: 'People are asked for consent at it; an application of Microsoft’s own is refused (AADSTS65002).',
      expected: listed(desired.preAuthorized),
      found: listed(preAuthorizedApplications.map(({ appId }) => appId)),
      portal: [
        EXPOSE,
        ...missing.map((appId) => `Add a client application → Client ID: ${appId}`),
        `Authorized scopes: ${listed(desired.scopes.map(({ value }) => value))}`,
        'Add application',
      ],
      // A request of its own: it may not name a scope that the same request makes.
      calls: [patchApplication(comparison, body, `Authorize ${listed(missing)} beforehand`)],
    }),
  ]
}
