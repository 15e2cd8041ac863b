import type { Directory, Group, ServicePrincipal } from './directory.ts'

/** Every group that something is a member of, by way of other groups too. */
export function groupsOf(directory: Directory, memberId: string): Group[] {
  const found = new Set<Group>()
  const ids = [memberId]
  for (const id of ids) {
    for (const group of directory.groups) {
      if (found.has(group) || !group.members.includes(id)) continue
      found.add(group)
      ids.push(group.id)
    }
  }
  return [...found]
}

/**
 * What somebody has been assigned in an application: themselves, or by a group that they are a
 * direct member of. Groups inside groups do not count here.
 */
export function assignmentsOf(
  directory: Directory,
  principal: ServicePrincipal,
  userId: string,
): ServicePrincipal['appRoleAssignedTo'] {
  const groups = directory.groups.filter(({ members }) => members.includes(userId))
  const ids = new Set([userId, ...groups.map(({ id }) => id)])
  return principal.appRoleAssignedTo.filter(({ principalId }) => ids.has(principalId))
}
