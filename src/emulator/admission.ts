import { type AadstsChange, type AadstsError, aadsts } from './aadsts-error.ts'
import { CONSUMERS_TENANT_ID } from './authority.ts'
import type { Application, Directory, DirectoryUser, Tenant } from './directory.ts'
import { assignmentsOf } from './groups.ts'
import { checkPresence, findServicePrincipal } from './lookup.ts'
import { MICROSOFT_TENANT_ID } from './microsoft-graph.ts'
import { accountIn, homeAccountOf, identityProviderOf } from './people.ts'

/** Who wants to use what, where. */
export type Admission = {
  readonly client: Application
  /** The account in the tenant; a guest's is not the one they sign in with. */
  readonly user: DirectoryUser
  readonly tenant: Tenant
}

/** Somebody who has signed in, with whichever account, and where they want to go. */
export type Arrival = {
  readonly client: Application
  readonly person: DirectoryUser
  readonly tenant: Tenant
}

/**
 * Lets a person in under the account that they have in the tenant, or refuses them. The same is
 * asked at the sign-in and at every token; `unassigned` says how AADSTS50105 leaves.
 */
export function admitPerson(
  directory: Directory,
  { client, person, tenant }: Arrival,
  unassigned: AadstsChange = {},
): Admission {
  const home = homeAccountOf(directory, person)
  if (!home) throw aadsts(50034, { upn: person.userPrincipalName, tenant: tenant.displayName })
  if (!home.accountEnabled) throw aadsts(50057)
  const user = accountIn(directory, home, tenant)
  if (!user) throw stranger({ client, person: home, tenant })
  const admission = { client, user, tenant }
  checkAdmission(directory, admission, unassigned)
  return admission
}

/** Refuses an account that may not use the application in its tenant. */
export function checkAdmission(
  directory: Directory,
  admission: Admission,
  unassigned: AadstsChange = {},
): void {
  const { client, user, tenant } = admission
  if (!user.accountEnabled) throw aadsts(50057)
  const isPersonalAccount = tenant.id === CONSUMERS_TENANT_ID
  if (isPersonalAccount && !isForPersonal(client)) throw notForPersonal(client, user)
  checkPresence(directory, client, tenant)
  const principal = findServicePrincipal(directory, client.appId, tenant.id)
  if (!principal?.appRoleAssignmentRequired) return
  if (assignmentsOf(directory, principal, user.id).length === 0) {
    throw aadsts(50105, namesOf(client, user), unassigned)
  }
}

/** Refuses a personal account what only work accounts may have. */
export function checkResources(
  { tenant }: Admission,
  permissions: readonly { readonly resource: Application }[],
): void {
  if (tenant.id !== CONSUMERS_TENANT_ID) return
  for (const { resource } of permissions) {
    if (resource.tenantId === MICROSOFT_TENANT_ID) continue
    if (!isForPersonal(resource)) throw aadsts(500207)
    if (resource.api.requestedAccessTokenVersion !== 2) throw aadsts(500201)
  }
}

/** What a personal account is told where only work accounts may sign in. */
export function notForPersonal(client: Application, person: DirectoryUser): AadstsError {
  return aadsts(500200, namesOf(client, person))
}

function isForPersonal({ signInAudience }: Application): boolean {
  return signInAudience.includes('Personal')
}

function stranger({ client, person, tenant }: Arrival): AadstsError {
  const idp = identityProviderOf(person)
  return aadsts(50020, { ...namesOf(client, person), idp, tenant: tenant.displayName })
}

function namesOf(client: Application, user: DirectoryUser) {
  return { id: client.appId, name: client.displayName, upn: user.userPrincipalName }
}
