import type { DirectoryUser } from './directory.ts'

/** The roles whose holders may consent for their whole organisation. */
const CONSENT_ROLES: ReadonlySet<string> = new Set([
  'Global Administrator',
  'Privileged Role Administrator',
  'Application Administrator',
  'Cloud Application Administrator',
])

/** Whether a person may let an application in on behalf of everybody in the tenant. */
export function mayConsentForAll(user: DirectoryUser): boolean {
  return user.directoryRoles.some((role) => CONSENT_ROLES.has(role))
}
