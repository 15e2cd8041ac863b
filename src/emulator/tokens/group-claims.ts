import type { Application, Directory, DirectoryUser, Group, Tenant } from '../directory.ts'
import { ROLE_TEMPLATES } from '../directory-roles.ts'
import { assignmentsOf, groupsOf } from '../groups.ts'
import { findServicePrincipal } from '../lookup.ts'

/** More groups than this are not in a token, which then says where to ask for them. */
const MAX_GROUPS = 200
/** The same for a token in the address line of a browser. */
const MAX_GROUPS_IN_FRONT_CHANNEL = 6

/** What everybody is who has no other role. */
const USER_ROLE_TEMPLATE = 'b79fbf4d-3ef9-4689-8143-76b194e85509'

/** Whose membership, in the token for which application. */
export type Membership = {
  readonly directory: Directory
  readonly user: DirectoryUser
  readonly tenant: Tenant
  readonly app: Application
  /** Of the optional claim `groups`. */
  readonly properties: readonly string[]
  readonly isFrontChannel: boolean
}

/** `roles`, `groups` and `wids`, as far as the application's registration asks for them. */
export function membershipClaims(membership: Membership): Record<string, unknown> {
  const { app, user, properties, isFrontChannel } = membership
  const roles = rolesIn(membership)
  const groups = groupsFor(membership)
  const max = isFrontChannel ? MAX_GROUPS_IN_FRONT_CHANNEL : MAX_GROUPS
  const names = groups.map((group) => nameOf(group, app, properties))
  const isTooMany = groups.length > max
  const areRoles = properties.includes('emit_as_roles') && !isTooMany
  const allRoles = areRoles ? [...roles, ...names] : roles
  return {
    ...(allRoles.length > 0 && { roles: allRoles }),
    ...(!areRoles && !isTooMany && names.length > 0 && { groups: names }),
    ...(isTooMany && overage(membership)),
    ...(app.groupMembershipClaims === 'All' && { wids: roleTemplatesOf(user) }),
  }
}

/** Where to ask instead: at an API that is no more, as Entra has it to this day. */
function overage({ user, tenant, isFrontChannel }: Membership): Record<string, unknown> {
  if (isFrontChannel) return { hasgroups: true }
  const endpoint = `https://graph.windows.net/${tenant.id}/users/${user.id}/getMemberObjects`
  return { _claim_names: { groups: 'src1' }, _claim_sources: { src1: { endpoint } } }
}

function groupsFor({ directory, user, tenant, app }: Membership): Group[] {
  const { groupMembershipClaims: wanted } = app
  if (wanted === null || wanted === 'None') return []
  if (wanted === 'ApplicationGroup') {
    const principal = findServicePrincipal(directory, app.appId, tenant.id)
    const assigned = principal ? assignmentsOf(directory, principal, user.id) : []
    return directory.groups.filter(({ id }) => assigned.some((a) => a.principalId === id))
  }
  const all = groupsOf(directory, user.id).filter(({ tenantId }) => tenantId === tenant.id)
  return wanted === 'All' ? all : all.filter(({ securityEnabled }) => securityEnabled)
}

function rolesIn({ directory, tenant, user, app }: Membership): string[] {
  const principal = findServicePrincipal(directory, app.appId, tenant.id)
  const assigned = principal ? assignmentsOf(directory, principal, user.id) : []
  return app.appRoles
    .filter(({ id, isEnabled }) => isEnabled && assigned.some((a) => a.appRoleId === id))
    .map(({ value }) => value)
}

/** Names instead of ids are for assigned groups only. */
function nameOf(group: Group, app: Application, properties: readonly string[]): string {
  const isNamed =
    properties.includes('cloud_displayname') && app.groupMembershipClaims === 'ApplicationGroup'
  return isNamed ? group.displayName : group.id
}

function roleTemplatesOf({ directoryRoles, userType }: DirectoryUser): string[] {
  const own = directoryRoles.flatMap((name) => ROLE_TEMPLATES.get(name) ?? [])
  return userType === 'Guest' ? own : [...own, USER_ROLE_TEMPLATE]
}
