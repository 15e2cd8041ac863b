import type { GraphCall, Reply } from './graph-call.ts'
import { entity } from './query.ts'

/** GET /policies/authorizationPolicy: what members of the tenant may do by themselves. */
export function getAuthorizationPolicy(call: GraphCall): Reply {
  const { allowUserAppRegistration, allowUserConsent } = call.caller.tenant
  return entity(call, 'policies/authorizationPolicy', 'authorizationPolicy', {
    id: 'authorizationPolicy',
    allowInvitesFrom: 'adminsGuestInvitersAndAllMembers',
    allowEmailVerifiedUsersToJoinOrganization: false,
    blockMsolPowerShell: false,
    displayName: 'Authorization Policy',
    description: 'Used to manage authorization related settings across the company.',
    guestUserRoleId: '2af84b1e-32c8-42b7-82bc-daa82404023b',
    defaultUserRolePermissions: {
      allowedToCreateApps: allowUserAppRegistration,
      allowedToCreateSecurityGroups: false,
      allowedToReadOtherUsers: true,
      permissionGrantPoliciesAssigned: allowUserConsent
        ? ['ManagePermissionGrantsForSelf.microsoft-user-default-legacy']
        : [],
    },
  })
}

/** GET /policies/adminConsentRequestPolicy: whether people may ask an administrator. */
export function getConsentRequestPolicy(call: GraphCall): Reply {
  const { allowConsentRequests } = call.caller.tenant
  return entity(call, 'policies/adminConsentRequestPolicy', 'adminConsentRequestPolicy', {
    isEnabled: allowConsentRequests,
    notifyReviewers: false,
    remindersEnabled: false,
    requestDurationInDays: 30,
    reviewers: [],
  })
}

/** GET /policies/defaultAppManagementPolicy: what client secrets may be. */
export function getAppManagementPolicy(call: GraphCall): Reply {
  const { id, secretPolicy } = call.caller.tenant
  const { isBlocked, maxDays } = secretPolicy
  const restriction = { restrictForAppsCreatedAfterDateTime: '2019-01-01T00:00:00Z' }
  const addition = { restrictionType: 'passwordAddition', maxLifetime: null, ...restriction }
  const lifetime = {
    restrictionType: 'passwordLifetime',
    maxLifetime: `P${maxDays}D`,
    ...restriction,
  }
  return entity(call, 'policies/defaultAppManagementPolicy', 'tenantAppManagementPolicy', {
    id,
    displayName: 'Default app management tenant policy',
    description: 'Default tenant policy that enforces app management restrictions.',
    isEnabled: isBlocked || maxDays !== null,
    applicationRestrictions: {
      passwordCredentials: [
        ...(isBlocked ? [addition] : []),
        ...(maxDays === null ? [] : [lifetime]),
      ],
      keyCredentials: [],
    },
    servicePrincipalRestrictions: { passwordCredentials: [], keyCredentials: [] },
  })
}
