import { CONSUMERS_TENANT_ID } from './authority.ts'
import type { Directory, DirectoryUser, Tenant } from './directory.ts'

/** The account that a person signs in with: their own, or the one a guest was invited by. */
export function homeAccountOf(
  directory: Directory,
  user: DirectoryUser,
): DirectoryUser | undefined {
  if (user.guestOf === null) return user
  return directory.users.find(({ id }) => id === user.guestOf)
}

/** The account that stands for a person in a tenant: their own, or a guest's of its own id. */
export function accountIn(
  directory: Directory,
  home: DirectoryUser,
  tenant: Tenant,
): DirectoryUser | undefined {
  if (home.tenantId === tenant.id) return home
  return directory.users.find(
    ({ tenantId, guestOf }) => tenantId === tenant.id && guestOf === home.id,
  )
}

/** Whether this is a personal Microsoft account. */
export function isPersonal(user: DirectoryUser): boolean {
  return user.tenantId === CONSUMERS_TENANT_ID
}

/** The claim `idp`: who vouches for an account. */
export function identityProviderOf(home: DirectoryUser): string {
  return isPersonal(home) ? 'live.com' : `https://sts.windows.net/${home.tenantId}/`
}
