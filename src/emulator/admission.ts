import { type AadstsChange, type AadstsError, aadsts } from './aadsts-error.ts'
import { CONSUMERS_TENANT_ID } from './authority.ts'
import { asksStrangersForMfa } from './conditional-access.ts'
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
  if (!user) throw stranger(directory, { client, person: home, tenant })
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

/** Refuses what is not to be had in this tenant, or not for this kind of account. */
export function checkResources(
  directory: Directory,
  { client, tenant }: Admission,
  permissions: readonly { readonly resource: Application }[],
): void {
  for (const { resource } of permissions) {
    const { appId, displayName, tenantId, api } = resource
    if (tenantId === MICROSOFT_TENANT_ID) continue
    if (tenant.id === CONSUMERS_TENANT_ID) {
      if (!isForPersonal(resource)) throw aadsts(500207)
      if (api.requestedAccessTokenVersion !== 2) throw aadsts(500201)
    }
    // An API of another organisation comes in by itself, or behind a client that it knows.
    const isKnown = resource === client || api.knownClientApplications.includes(client.appId)
    const isThere = findServicePrincipal(directory, appId, tenant.id) !== undefined
    if (!isKnown && !isThere) {
      throw aadsts(650052, { resource: displayName, tenant: tenant.displayName })
    }
  }
}

/** What a personal account is told where only work accounts may sign in. */
export function notForPersonal(client: Application, person: DirectoryUser): AadstsError {
  return aadsts(500200, namesOf(client, person))
}

function isForPersonal({ signInAudience }: Application): boolean {
  return signInAudience.includes('Personal')
}

/** Who has no account here cannot show a second factor here either, where one is asked for. */
function stranger(directory: Directory, { client, person, tenant }: Arrival): AadstsError {
  const idp = identityProviderOf(person)
  const access = { client, tenant, user: undefined, resources: [], claims: undefined }
  const code = asksStrangersForMfa(directory, access) ? 90072 : 50020
  return aadsts(code, { ...namesOf(client, person), idp, tenant: tenant.displayName })
}

function namesOf(client: Application, user: DirectoryUser) {
  return { id: client.appId, name: client.displayName, upn: user.userPrincipalName }
}
