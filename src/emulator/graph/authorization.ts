import { mayConsentForAll } from '../administrators.ts'
import type { Application, ServicePrincipal } from '../directory.ts'
import type { GraphCall } from './graph-call.ts'
import { denied } from './graph-error.ts'

/** Permissions of a token, one of which is needed. */
export type Permissions = {
  /** Of tokens that stand for a person. */
  readonly delegated: readonly string[]
  /** Of tokens that an application has for itself. */
  readonly application: readonly string[]
}

const DIRECTORY_READ = ['Directory.Read.All', 'Directory.ReadWrite.All']
// Lets the client do what the person may do.
const AS_USER = 'Directory.AccessAsUser.All'

export const READ_APPLICATIONS = permissions(
  ['Application.Read.All', 'Application.ReadWrite.All', ...DIRECTORY_READ],
  ['Application.ReadWrite.OwnedBy'],
)
export const WRITE_APPLICATIONS = permissions(
  ['Application.ReadWrite.All', 'Directory.ReadWrite.All'],
  ['Application.ReadWrite.OwnedBy'],
)
export const READ_GRANTS = permissions([
  'DelegatedPermissionGrant.ReadWrite.All',
  ...DIRECTORY_READ,
])
export const WRITE_GRANTS = permissions([
  'DelegatedPermissionGrant.ReadWrite.All',
  'Directory.ReadWrite.All',
])
export const READ_ASSIGNMENTS = permissions([
  'Application.Read.All',
  'Application.ReadWrite.All',
  'AppRoleAssignment.ReadWrite.All',
  ...DIRECTORY_READ,
])
export const WRITE_ASSIGNMENTS = permissions(['AppRoleAssignment.ReadWrite.All'])
export const READ_USERS = permissions([
  'User.ReadBasic.All',
  'User.Read.All',
  'User.ReadWrite.All',
  ...DIRECTORY_READ,
])
export const WRITE_USERS = permissions(['User.ReadWrite.All', 'Directory.ReadWrite.All'])
export const READ_GROUPS = permissions([
  'GroupMember.Read.All',
  'Group.Read.All',
  'Group.ReadWrite.All',
  ...DIRECTORY_READ,
])
export const INVITE = permissions([
  'User.Invite.All',
  'User.ReadWrite.All',
  'Directory.ReadWrite.All',
])
export const READ_POLICIES: Permissions = {
  delegated: ['Policy.Read.All'],
  application: ['Policy.Read.All'],
}
export const READ_SIGN_INS: Permissions = {
  delegated: ['AuditLog.Read.All'],
  application: ['AuditLog.Read.All'],
}
export const READ_ME: Permissions = {
  delegated: ['User.Read', ...READ_USERS.delegated],
  application: [],
}
/** Of one's own, or of anybody's: whose is looked at in the operation. */
export const READ_SOMEBODY: Permissions = {
  delegated: ['User.Read', ...READ_USERS.delegated],
  application: READ_USERS.application,
}
export const SIGN_IN: Permissions = { delegated: ['openid'], application: [] }
export const READ_ORGANIZATION: Permissions = {
  delegated: ['User.Read', 'Organization.Read.All', ...DIRECTORY_READ, AS_USER],
  application: ['Organization.Read.All', ...DIRECTORY_READ],
}

/** Directory roles that may do everything with applications. */
export const APPLICATION_ADMINISTRATORS = [
  'Application Administrator',
  'Cloud Application Administrator',
  'Global Administrator',
]
/** Directory roles that may end people's sessions. */
export const USER_ADMINISTRATORS = [
  'User Administrator',
  'Authentication Administrator',
  'Privileged Authentication Administrator',
  'Global Administrator',
]

/** Refuses a token that has none of the permissions. */
export function requirePermission({ caller }: GraphCall, needed: Permissions): void {
  const wanted = caller.user ? needed.delegated : needed.application
  if (!wanted.some((permission) => caller.permissions.has(permission))) throw denied()
}

/** Refuses a person who has none of the directory roles. An application goes by its permissions. */
export function requireRole(call: GraphCall, roles: readonly string[]): void {
  if (!hasRole(call, roles)) throw denied()
}

/** Whether the person has one of the directory roles; an application on its own behalf needs none. */
export function hasRole({ caller }: GraphCall, roles: readonly string[]): boolean {
  return caller.user?.directoryRoles.some((role) => roles.includes(role)) ?? true
}

/** Refuses who may not register applications in this tenant. */
export function requireMayRegister(call: GraphCall): void {
  const { user, tenant } = call.caller
  if (hasRole(call, [...APPLICATION_ADMINISTRATORS, 'Application Developer'])) return
  if (user?.userType === 'Guest' || !tenant.allowUserAppRegistration) throw denied()
}

/** Refuses who neither owns the application nor administers all of them. */
export function requireMayManage(call: GraphCall, application: Application | undefined): void {
  const { caller } = call
  const isOwner = (id: string) => application?.owners.includes(id) === true
  if (caller.user) {
    if (isOwner(caller.user.id) || hasRole(call, APPLICATION_ADMINISTRATORS)) return
    throw denied()
  }
  const ownsAll = WRITE_APPLICATIONS.application.filter((name) => !name.endsWith('.OwnedBy'))
  if (ownsAll.some((name) => caller.permissions.has(name))) return
  if (!isOwner(caller.servicePrincipalId)) throw denied()
}

/** Refuses a person who may not consent for everybody. */
export function requireMayConsent({ caller }: GraphCall): void {
  if (caller.user && !mayConsentForAll(caller.user)) throw denied()
}

/** Refuses who may not say who uses an application: its owners and administrators may. */
export function requireMayAssign(call: GraphCall, principal: ServicePrincipal): void {
  const { user } = call.caller
  if (!user || mayConsentForAll(user)) return
  const { applications } = call.sts.directory
  const application = applications.find(({ appId }) => appId === principal.appId)
  const isOwn = application?.tenantId === principal.tenantId
  if (!isOwn || !application.owners.includes(user.id)) throw denied()
}

function permissions(
  names: readonly string[],
  applicationOnly: readonly string[] = [],
): Permissions {
  return { delegated: [...names, AS_USER], application: [...names, ...applicationOnly] }
}
