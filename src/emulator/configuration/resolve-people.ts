import { CONSUMERS_TENANT_ID } from '../authority.ts'
import {
  createGroup,
  createTenant,
  createUser,
  type GroupOptions,
  type TenantOptions,
  type UserOptions,
} from '../create-directory.ts'
import { MICROSOFT_TENANT_ID } from '../microsoft-graph.ts'
import type { Names } from './names.ts'

/** Makes tenants known by id and domain. */
export function resolveTenants(names: Names, given: readonly TenantOptions[]): TenantOptions[] {
  names.add('tenant', CONSUMERS_TENANT_ID, 'consumers')
  names.add('tenant', MICROSOFT_TENANT_ID)
  return given.map((tenant, i) => {
    const path = `tenants[${i}]`
    const { id } = createTenant(tenant)
    names.claim(tenant.id === undefined ? path : `${path}.id`, 'tenant id', id)
    for (const domain of tenant.domains) names.claim(`${path}.domains`, 'domain', domain)
    names.add('tenant', id, ...tenant.domains)
    return { ...tenant, id }
  })
}

/** Makes people known by id and user principal name. */
export function resolveUsers(names: Names, given: readonly UserOptions[]): UserOptions[] {
  const users = given.map((user, i) => {
    const path = `users[${i}]`
    const tenantId = names.resolve(`${path}.tenantId`, ['tenant'], user.tenantId)
    const { id } = createUser({ ...user, tenantId })
    names.claim(user.id === undefined ? path : `${path}.id`, 'object id', id)
    names.claim(`${path}.userPrincipalName`, 'user principal name', user.userPrincipalName)
    names.add('user', id, user.userPrincipalName)
    return { ...user, id, tenantId }
  })
  return users.map((user, i) => {
    if (!user.guestOf) return user
    const guestOf = names.resolve(`users[${i}].guestOf`, ['user'], user.guestOf)
    return { ...user, guestOf }
  })
}

/** Makes groups known by id and name; their members may be what comes later. */
export function resolveGroups(names: Names, given: readonly GroupOptions[]): GroupOptions[] {
  return given.map((group, i) => {
    const path = `groups[${i}]`
    const tenantId = names.resolve(`${path}.tenantId`, ['tenant'], group.tenantId)
    const { id } = createGroup({ ...group, tenantId })
    names.claim(group.id === undefined ? path : `${path}.id`, 'object id', id)
    names.add('group', id, group.displayName)
    return { ...group, id, tenantId }
  })
}

/** Resolves who is in the groups. */
export function resolveMembers(names: Names, groups: readonly GroupOptions[]): GroupOptions[] {
  return groups.map((group, i) => ({
    ...group,
    members: (group.members ?? []).map((member, j) =>
      names.resolve(`groups[${i}].members[${j}]`, PRINCIPALS, member),
    ),
  }))
}

/** What can be a member, or be assigned to an application. */
export const PRINCIPALS: readonly string[] = ['user', 'group', 'service principal']
