import { type AadstsChange, type AadstsError, aadsts } from './aadsts-error.ts'
import type {
  Application,
  Directory,
  DirectoryUser,
  ServicePrincipal,
  Tenant,
} from './directory.ts'
import { checkPresence, findServicePrincipal } from './lookup.ts'

/** Who wants to use what, where. */
export type Admission = {
  readonly client: Application
  readonly user: DirectoryUser
  readonly tenant: Tenant
}

/**
 * Refuses a person who may not use the application in this tenant. The same is asked at the
 * sign-in and at every token; `unassigned` says how AADSTS50105 leaves.
 */
export function checkAdmission(
  directory: Directory,
  admission: Admission,
  unassigned: AadstsChange = {},
): void {
  const { client, user, tenant } = admission
  if (user.tenantId !== tenant.id) throw notInTenant(admission)
  if (!user.accountEnabled) throw aadsts(50057)
  checkPresence(directory, client, tenant)
  const principal = findServicePrincipal(directory, client.appId, tenant.id)
  if (principal?.appRoleAssignmentRequired && !isAssigned(principal, user)) {
    throw aadsts(50105, namesOf(admission), unassigned)
  }
}

function notInTenant(admission: Admission): AadstsError {
  const idp = `https://sts.windows.net/${admission.user.tenantId}/`
  return aadsts(50020, { ...namesOf(admission), idp, tenant: admission.tenant.displayName })
}

function isAssigned(principal: ServicePrincipal, user: DirectoryUser): boolean {
  return principal.appRoleAssignedTo.some(({ principalId }) => principalId === user.id)
}

function namesOf({ client, user }: Admission) {
  return { id: client.appId, name: client.displayName, upn: user.userPrincipalName }
}
