import type { DirectoryUser, Group } from '../directory.ts'
import { ROLE_TEMPLATES } from '../directory-roles.ts'
import { groupsOf } from '../groups.ts'
import { deriveGuid } from '../guid.ts'
import { READ_GROUPS, requirePermission } from './authorization.ts'
import { firstKey, type GraphCall, ok, type Reply } from './graph-call.ts'
import { badRequest, GraphError, notFound } from './graph-error.ts'
import { contextOf, entity, list } from './query.ts'
import { type JsonObject, object, parse } from './schema.ts'
import { findUser, me, requireMember } from './users.ts'

const MAX_CHECKED = 20
const MAX_RESULTS = 11_000

/** GET /groups */
export function listGroups(call: GraphCall): Reply {
  requireMember(call)
  const groups = call.seen.groups.filter(({ tenantId }) => tenantId === call.caller.tenant.id)
  return list(call, {
    context: 'groups',
    type: 'group',
    items: groups.map(showGroup),
    filterable: ['id', 'displayName', 'securityEnabled'],
  })
}

/** GET /groups/{id} */
export function getGroup(call: GraphCall): Reply {
  requireMember(call)
  const { value } = firstKey(call)
  const group = call.seen.groups.find(
    ({ id, tenantId }) => id === value.toLowerCase() && tenantId === call.caller.tenant.id,
  )
  if (!group) throw notFound(value)
  return entity(call, 'groups', 'group', showGroup(group))
}

/** GET /users/{id}/memberOf: groups that name the person, and directory roles. */
export function listMemberOf(call: GraphCall): Reply {
  const user = readableUser(call)
  return listMemberships(call, user, directGroups(call, user))
}

/** GET /users/{id}/transitiveMemberOf: groups by way of groups, too. */
export function listTransitiveMemberOf(call: GraphCall): Reply {
  const user = readableUser(call)
  return listMemberships(call, user, groupsOf(call.seen, user.id))
}

/** GET /me/memberOf */
export function listMyMemberOf(call: GraphCall): Reply {
  return listMemberships(call, me(call), directGroups(call, me(call)))
}

/** GET /me/transitiveMemberOf */
export function listMyTransitiveMemberOf(call: GraphCall): Reply {
  return listMemberships(call, me(call), groupsOf(call.seen, me(call).id))
}

/** POST /users/{id}/getMemberGroups */
export function getMemberGroups(call: GraphCall): Reply {
  return answerIds(call, memberIds(call, readableUser(call), false))
}

/** POST /me/getMemberGroups */
export function getMyMemberGroups(call: GraphCall): Reply {
  return answerIds(call, memberIds(call, me(call), false))
}

/** POST /users/{id}/getMemberObjects: groups and directory roles. */
export function getMemberObjects(call: GraphCall): Reply {
  return answerIds(call, memberIds(call, readableUser(call), true))
}

/** POST /me/getMemberObjects */
export function getMyMemberObjects(call: GraphCall): Reply {
  return answerIds(call, memberIds(call, me(call), true))
}

/** POST /users/{id}/checkMemberGroups: which of these groups the person is in. */
export function checkMemberGroups(call: GraphCall): Reply {
  return answerIds(call, checkedGroups(call, readableUser(call).id))
}

/** POST /me/checkMemberGroups */
export function checkMyMemberGroups(call: GraphCall): Reply {
  return answerIds(call, checkedGroups(call, me(call).id))
}

/** Another person's memberships take more of a token than one's own. */
function readableUser(call: GraphCall): DirectoryUser {
  const user = findUser(call)
  if (user.id !== call.caller.user?.id) requirePermission(call, READ_GROUPS)
  return user
}

function directGroups({ seen }: GraphCall, user: DirectoryUser): Group[] {
  return seen.groups.filter(({ members }) => members.includes(user.id))
}

function memberIds(call: GraphCall, user: DirectoryUser, withRoles: boolean): string[] {
  const schema = object({ securityEnabledOnly: { kind: 'boolean' } })
  const { securityEnabledOnly = false } = parse(schema, call.body, 'getMemberObjects')
  const groups = groupsOf(call.seen, user.id).filter(
    ({ securityEnabled }) => securityEnabled || !securityEnabledOnly,
  )
  if (groups.length > MAX_RESULTS) {
    const message = `The result has more than ${MAX_RESULTS} members.`
    throw new GraphError(400, 'Directory_ResultSizeLimitExceeded', message)
  }
  const roles = withRoles ? rolesOf(user).map(({ id }) => id) : []
  return [...groups.map(({ id }) => id), ...roles]
}

function checkedGroups(call: GraphCall, id: string): string[] {
  const schema = object(
    { groupIds: { kind: 'list', of: { kind: 'guid' }, max: 1000 } },
    { required: ['groupIds'] },
  )
  const { groupIds } = parse(schema, call.body, 'checkMemberGroups') as { groupIds: string[] }
  if (groupIds.length > MAX_CHECKED) {
    throw badRequest(`The number of groupIds exceeds the maximum of ${MAX_CHECKED}.`)
  }
  const ids = new Set(groupsOf(call.seen, id).map((group) => group.id))
  return groupIds.filter((groupId) => ids.has(groupId))
}

function answerIds(call: GraphCall, value: string[]): Reply {
  return ok({ '@odata.context': contextOf(call, 'Collection(Edm.String)'), value })
}

function listMemberships(call: GraphCall, user: DirectoryUser, groups: readonly Group[]): Reply {
  const mayRead = READ_GROUPS.delegated.some((name) => call.caller.permissions.has(name))
  const groupItems = groups.map((group) => ({
    '@odata.type': '#microsoft.graph.group',
    ...showGroup(group),
    // Who may not read groups learns that they are there, and not what they are called.
    ...(!mayRead && { displayName: null, mailEnabled: null, securityEnabled: null }),
  }))
  const roleItems = rolesOf(user).map((role) => ({
    '@odata.type': '#microsoft.graph.directoryRole',
    ...role,
    ...(!mayRead && { displayName: null, roleTemplateId: null }),
  }))
  const items: JsonObject[] = [...groupItems, ...roleItems]
  const filterable = ['id', 'displayName']
  return list(call, { context: 'directoryObjects', type: 'directoryObject', items, filterable })
}

/** The directory roles of a person; an id of its own each has in every tenant. */
function rolesOf({ tenantId, directoryRoles }: DirectoryUser) {
  return directoryRoles.map((displayName) => ({
    id: deriveGuid('directory role', tenantId, displayName),
    deletedDateTime: null,
    description: null,
    displayName,
    roleTemplateId: ROLE_TEMPLATES.get(displayName) ?? null,
  }))
}

function showGroup({ id, displayName, securityEnabled }: Group): JsonObject {
  return {
    id,
    deletedDateTime: null,
    description: null,
    displayName,
    groupTypes: [],
    mail: null,
    mailEnabled: false,
    securityEnabled,
  }
}
