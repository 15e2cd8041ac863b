import type { GraphCall } from '../graph/graph-client.ts'
import { OIDC_PERMISSIONS } from './compare-claims.ts'
import { type Comparison, difference, listed } from './difference.ts'
import { GRAPH_APP_ID } from './read-registration.ts'
import type { Difference, Grant, Registration } from './types.ts'

/** The application's place in this tenant. */
export function compareServicePrincipal(comparison: Comparison): Difference[] {
  const { registration, application } = comparison
  const found = registration?.servicePrincipal
  if (found?.accountEnabled) return []
  if (found) return [disabled(comparison, found.id)]
  return [
    difference(comparison, {
      id: 'service-principal-missing',
      severity: 'error',
      what: 'The application has no service principal in this tenant.',
      why: 'Entra then knows the registration, and lets nobody sign in to it (AADSTS700016, AADSTS500011).',
      portal: [
        'Enterprise applications → All applications: the portal adds the application there',
        'Where it was deleted, only the command brings it back',
      ],
      calls: [
        {
          method: 'POST',
          path: '/servicePrincipals',
          body: { appId: application.appId },
          why: 'Create the service principal',
          gives: { $SP: 'id' },
          finds: `/servicePrincipals(appId='${application.appId}')`,
        },
      ],
    }),
  ]
}

function disabled(comparison: Comparison, id: string): Difference {
  return difference(comparison, {
    id: 'service-principal-disabled',
    severity: 'error',
    what: 'The application is disabled in this tenant.',
    why: 'Somebody has switched it off; nobody can sign in (AADSTS7000112).',
    expected: 'Yes',
    found: 'No',
    portal: [
      'Enterprise applications → the application → Properties',
      'Enabled for users to sign-in: Yes',
      'Save',
    ],
    calls: [
      {
        method: 'PATCH',
        path: `/servicePrincipals/${id}`,
        body: { accountEnabled: true },
        why: 'Enable the application in this tenant',
      },
    ],
    isOverride: true,
  })
}

/** Whether nobody gets in before an administrator has consented for everybody. */
export function needsAdminConsent({ policies, application }: Registration): boolean {
  const scope = application.api.oauth2PermissionScopes.find(({ value }) => value === 'mcp-access')
  return policies?.allowsUserConsent === false || scope?.type === 'Admin'
}

/** Consent for everybody, where it is wanted. */
export function compareAdminConsent(comparison: Comparison): Difference[] {
  const { registration, desired } = comparison
  if (!desired.hasAdminConsent) return []
  const self = registration?.servicePrincipal?.id ?? '$SP'
  const graph = registration?.graphServicePrincipal ?? '$GRAPH'
  const delegated = desired.graphPermissions.filter(({ type }) => type === 'Scope')
  const wanted = [
    { resourceId: self, values: desired.scopes.map(({ value }) => value) },
    { resourceId: graph, values: [...OIDC_PERMISSIONS, ...delegated].map(({ value }) => value) },
  ]
  const grants = (registration?.grants ?? []).filter((one) => one.consentType === 'AllPrincipals')
  const open = wanted.flatMap(({ resourceId, values }) => {
    const grant = grants.find((one) => one.resourceId === resourceId)
    const granted = grant?.scope.split(' ').filter(Boolean) ?? []
    const missing = values.filter((value) => !granted.includes(value))
    const scope = [...granted, ...missing].join(' ')
    return missing.length === 0
      ? []
      : [{ missing, call: grantCall(self, resourceId, scope, grant) }]
  })
  if (open.length === 0) return []
  const missing = listed(open.flatMap((one) => one.missing))
  const finding = open.some(({ call }) => call.body?.resourceId === '$GRAPH') ? [FIND_GRAPH] : []
  return [
    difference(comparison, {
      id: 'admin-consent-missing',
      severity: 'warning',
      what: `Nobody has consented for everybody to ${missing}.`,
      why: 'Each person is asked at the first sign-in; where members may not consent, nobody gets in (AADSTS65001, AADSTS90094).',
      expected: missing,
      found: listed(grants.map(({ scope }) => scope.trim())),
      portal: [
        'App registrations → the application → API permissions',
        `Add a permission → My APIs → the application → Delegated permissions: ${listed(desired.scopes.map(({ value }) => value))}`,
        'Grant admin consent for the organization → Yes',
      ],
      calls: [...finding, ...open.map(({ call }) => call)],
    }),
  ]
}

const FIND_GRAPH: GraphCall = {
  method: 'GET',
  path: `/servicePrincipals(appId='${GRAPH_APP_ID}')`,
  why: 'Find the service principal of Microsoft Graph',
  gives: { $GRAPH: 'id' },
}

function grantCall(
  clientId: string,
  resourceId: string,
  scope: string,
  grant: Grant | undefined,
): GraphCall {
  const why = `Consent for everybody to ${scope}`
  if (grant) {
    const path = `/oauth2PermissionGrants/${encodeURIComponent(grant.id)}`
    return { method: 'PATCH', path, body: { scope }, why }
  }
  const body = { clientId, consentType: 'AllPrincipals', principalId: null, resourceId, scope }
  return { method: 'POST', path: '/oauth2PermissionGrants', body, why }
}
