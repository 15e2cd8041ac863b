import { type Comparison, difference, listed, patchApplication } from './difference.ts'
import type { AppRole, Difference } from './types.ts'

/** Whoever has it in a token may operate the server. */
export const OPERATOR_ROLE = 'Entrance.Operator'

const isOperators = ({ value }: AppRole) => value === OPERATOR_ROLE

/** The role, which lets nobody in before it is assigned. */
export function compareOperatorRole(comparison: Comparison): Difference[] {
  const { application, desired, newId } = comparison
  const { appRoles } = application
  const found = appRoles.find(isOperators)
  if (!desired.hasOperatorRole || found?.isEnabled) return []
  const made: AppRole = {
    id: newId(),
    value: OPERATOR_ROLE,
    displayName: 'Operator of the MCP server',
    description: 'Sees who has access to the MCP server, and can end it.',
    isEnabled: true,
    allowedMemberTypes: ['User', 'Application'],
  }
  const enabled = appRoles.map((role) => (isOperators(role) ? { ...role, isEnabled: true } : role))
  const body = { appRoles: found ? enabled : [...appRoles, made] }
  return [
    difference(comparison, {
      id: 'operator-role-missing',
      severity: 'warning',
      what: `The registration has no app role ${OPERATOR_ROLE}${found ? ' that is enabled' : ''}.`,
      why: found
        ? 'Without ENTRANCE_OPERATOR_TOKEN it alone opens the operator’s API. Whoever was given it before operates the server as soon as it is enabled.'
        : 'Without ENTRANCE_OPERATOR_TOKEN it alone opens the operator’s API, and nobody can be given it.',
      expected: OPERATOR_ROLE,
      found: listed(appRoles.flatMap(({ value, isEnabled }) => (value && isEnabled ? value : []))),
      portal: [
        'App registrations → the application → App roles → Create app role',
        `Display name: ${made.displayName}; Value: ${OPERATOR_ROLE}; Allowed member types: Both`,
        'Apply',
      ],
      calls: [patchApplication(comparison, body, `Add the app role ${OPERATOR_ROLE}`)],
    }),
  ]
}

/** People who are to have the role. */
export function compareOperators(comparison: Comparison): Difference[] {
  const { application, registration, desired } = comparison
  const role = application.appRoles.find(isOperators)
  if (!role) return []
  const assigned = registration?.roleAssignments ?? []
  const missing = desired.operators.filter(
    ({ id }) => !assigned.some((one) => one.principalId === id && one.appRoleId === role.id),
  )
  if (missing.length === 0) return []
  const resourceId = registration?.servicePrincipal?.id ?? '$SP'
  const names = listed(missing.map(({ name }) => name))
  return [
    difference(comparison, {
      id: 'operator-unassigned',
      severity: 'warning',
      what: `${names} has not been given the app role ${OPERATOR_ROLE}.`,
      why: 'The operator’s API then refuses their tokens (403).',
      expected: OPERATOR_ROLE,
      found: 'none',
      portal: [
        'Enterprise applications → the application → Users and groups → Add user/group',
        `Users: ${names}; Select a role: Operator of the MCP server`,
        'Assign',
      ],
      calls: missing.map(({ id, name }) => ({
        method: 'POST',
        path: `/servicePrincipals/${resourceId}/appRoleAssignedTo`,
        body: { principalId: id, resourceId, appRoleId: role.id },
        why: `Give ${name} the app role ${OPERATOR_ROLE}`,
      })),
    }),
  ]
}
