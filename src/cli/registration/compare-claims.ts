import { type Comparison, difference, listed, patchApplication } from './difference.ts'
import { GRAPH_APP_ID } from './read-registration.ts'
import type { AppRole, Difference, GraphPermission, OptionalClaim } from './types.ts'

/** Claims that Entra adds only where they are asked for. */
export function compareOptionalClaims(comparison: Comparison): Difference[] {
  const { application, desired } = comparison
  const { idToken = [], accessToken = [], saml2Token } = application.optionalClaims ?? {}
  const lacks = (claims: readonly OptionalClaim[], name: string) =>
    !claims.some((claim) => claim.name === name)
  const missing = desired.optionalClaims.filter(
    (name) => lacks(idToken, name) || lacks(accessToken, name),
  )
  if (missing.length === 0) return []
  const add = (claims: readonly OptionalClaim[]) => [
    ...claims,
    ...missing.filter((name) => lacks(claims, name)).map((name) => ({ name })),
  ]
  const optionalClaims = {
    idToken: add(idToken),
    accessToken: add(accessToken),
    ...(saml2Token && { saml2Token }),
  }
  return [
    difference(comparison, {
      id: 'optional-claims',
      severity: 'error',
      what: `Tokens do not have the claim ${listed(missing)}.`,
      why: 'By it the server tells who may come in (acct: whether somebody is a guest).',
      expected: listed(desired.optionalClaims),
      found: `ID: ${listed(idToken.map(({ name }) => name))}; Access: ${listed(accessToken.map(({ name }) => name))}`,
      portal: [
        'App registrations → the application → Token configuration',
        `Add optional claim → ID: ${listed(missing)} → Add`,
        `Add optional claim → Access: ${listed(missing)} → Add`,
      ],
      calls: [
        patchApplication(comparison, { optionalClaims }, `Put ${listed(missing)} into tokens`),
      ],
    }),
  ]
}

/** Which groups tokens name; whatever is set already is left as it is. */
export function compareGroupsClaim(comparison: Comparison): Difference[] {
  const found = comparison.application.groupMembershipClaims
  const isSet = found !== null && found !== 'None'
  if (!comparison.desired.hasGroups || isSet) return []
  const body = { groupMembershipClaims: 'SecurityGroup' }
  return [
    difference(comparison, {
      id: 'groups-claim',
      severity: 'warning',
      what: 'Tokens do not name the groups that a person is in.',
      why: 'The server then asks Microsoft Graph at each sign-in, which has to answer for that.',
      expected: 'SecurityGroup',
      found: found ?? 'none',
      portal: [
        'App registrations → the application → Token configuration',
        'Add groups claim → Security groups → Add',
      ],
      calls: [patchApplication(comparison, body, 'Have tokens name security groups')],
    }),
  ]
}

/** Roles that the server lets in, and that nobody can be given because they do not exist. */
export function compareAppRoles(comparison: Comparison): Difference[] {
  const { application, desired, newId } = comparison
  const missing = desired.roles.filter(
    (value) => !application.appRoles.some((role) => role.value === value && role.isEnabled),
  )
  if (missing.length === 0) return []
  const roles = application.appRoles.map((role) =>
    missing.includes(role.value ?? '') ? { ...role, isEnabled: true } : role,
  )
  const isNew = (value: string) => !roles.some((role) => role.value === value)
  const added = missing.filter(isNew).map((value): AppRole => {
    const allowedMemberTypes = ['User']
    const description = `Lets people in as ${value}.`
    return {
      id: newId(),
      value,
      displayName: value,
      description,
      isEnabled: true,
      allowedMemberTypes,
    }
  })
  return [
    difference(comparison, {
      id: 'app-role-missing',
      severity: 'error',
      what: `The registration has no app role ${listed(missing)}.`,
      why: 'The server is to let in people who have it, and would let in nobody.',
      expected: listed(desired.roles),
      found: listed(application.appRoles.flatMap(({ value }) => value ?? [])),
      portal: [
        'App registrations → the application → App roles → Create app role',
        ...missing.map(
          (value) => `Display name and Value: ${value}; Allowed member types: Users/Groups`,
        ),
        'Apply; then assign people under Enterprise applications → the application → Users and groups',
      ],
      calls: [
        patchApplication(
          comparison,
          { appRoles: [...roles, ...added] },
          `Add the app role ${listed(missing)}`,
        ),
      ],
    }),
  ]
}

/** OpenID Connect's scopes, which Entra keeps as permissions of Microsoft Graph. */
export const OIDC_PERMISSIONS: readonly GraphPermission[] = [
  { value: 'openid', id: '37f7f235-527c-4136-accd-4a02d197296e', type: 'Scope' },
  { value: 'profile', id: '14dad69e-099b-42c9-810b-d002981feec1', type: 'Scope' },
  { value: 'email', id: '64a6cdd6-aab1-4aaf-94b8-3cc8405e90d0', type: 'Scope' },
  { value: 'offline_access', id: '7427e0e9-2fba-42fe-b0c0-848c9e6a8182', type: 'Scope' },
]

/** Permissions of Microsoft Graph. OpenID Connect's need not be listed; a new application has them. */
export function comparePermissions(comparison: Comparison): Difference[] {
  const { application, registration, desired } = comparison
  const entry = application.requiredResourceAccess.find((one) => one.resourceAppId === GRAPH_APP_ID)
  const present = entry?.resourceAccess ?? []
  const wanted = [...(registration ? [] : OIDC_PERMISSIONS), ...desired.graphPermissions]
  const missing = wanted.filter(({ id }) => !present.some((one) => one.id === id))
  if (missing.length === 0) return []
  const others = application.requiredResourceAccess.filter((one) => one !== entry)
  const added = missing.map(({ id, type }) => ({ id, type }))
  const resource = { resourceAppId: GRAPH_APP_ID, resourceAccess: [...present, ...added] }
  const names = listed(missing.map(({ value }) => value))
  return [
    difference(comparison, {
      id: 'graph-permission-missing',
      severity: registration ? 'error' : 'warning',
      what: `Not listed under the API permissions of Microsoft Graph: ${names}.`,
      why: 'Consent for everybody covers what is listed, and no more.',
      expected: names,
      found: listed(present.map(({ id }) => id)),
      portal: [
        'App registrations → the application → API permissions',
        'Add a permission → Microsoft Graph',
        ...missing.map(
          ({ value, type }) =>
            `${type === 'Role' ? 'Application' : 'Delegated'} permissions: ${value}`,
        ),
        'Add permissions',
      ],
      calls: [
        patchApplication(
          comparison,
          { requiredResourceAccess: [...others, resource] },
          `List under API permissions of Microsoft Graph: ${names}`,
        ),
      ],
    }),
  ]
}
