import type { Group } from '../directory.ts'
import { groupsOf } from '../groups.ts'
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

/** GET /users/{id}/memberOf: groups that name the person. */
export function listMemberOf(call: GraphCall): Reply {
  return listMemberships(call, directGroups(call, userId(call)))
}

/** GET /users/{id}/transitiveMemberOf: groups by way of groups, too. */
export function listTransitiveMemberOf(call: GraphCall): Reply {
  return listMemberships(call, groupsOf(call.seen, userId(call)))
}

/** GET /me/memberOf */
export function listMyMemberOf(call: GraphCall): Reply {
  return listMemberships(call, directGroups(call, me(call).id))
}

/** GET /me/transitiveMemberOf */
export function listMyTransitiveMemberOf(call: GraphCall): Reply {
  return listMemberships(call, groupsOf(call.seen, me(call).id))
}

/** POST /users/{id}/getMemberObjects, and getMemberGroups */
export function getMemberObjects(call: GraphCall): Reply {
  return answerIds(call, memberGroups(call, userId(call)))
}

/** POST /me/getMemberObjects, and getMemberGroups */
export function getMyMemberObjects(call: GraphCall): Reply {
  return answerIds(call, memberGroups(call, me(call).id))
}

/** POST /users/{id}/checkMemberGroups: which of these groups the person is in. */
export function checkMemberGroups(call: GraphCall): Reply {
  return answerIds(call, checkedGroups(call, userId(call)))
}

/** POST /me/checkMemberGroups */
export function checkMyMemberGroups(call: GraphCall): Reply {
  return answerIds(call, checkedGroups(call, me(call).id))
}

function userId(call: GraphCall): string {
  const { id } = findUser(call)
  if (id !== call.caller.user?.id) requirePermission(call, READ_GROUPS)
  return id
}

function directGroups({ seen }: GraphCall, id: string): Group[] {
  return seen.groups.filter(({ members }) => members.includes(id))
}

function memberGroups(call: GraphCall, id: string): string[] {
  const schema = object({ securityEnabledOnly: { kind: 'boolean' } })
  const { securityEnabledOnly = false } = parse(schema, call.body, 'getMemberObjects')
  const groups = groupsOf(call.seen, id).filter(
    ({ securityEnabled }) => securityEnabled || !securityEnabledOnly,
  )
  if (groups.length > MAX_RESULTS) {
    const message = `The result has more than ${MAX_RESULTS} members.`
    throw new GraphError(400, 'Directory_ResultSizeLimitExceeded', message)
  }
  return groups.map((group) => group.id)
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

function listMemberships(call: GraphCall, groups: readonly Group[]): Reply {
  const mayRead = READ_GROUPS.delegated.some((name) => call.caller.permissions.has(name))
  const items = groups.map((group) => ({
    '@odata.type': '#microsoft.graph.group',
    ...showGroup(group),
    // Who may not read groups learns that they are there, and not what they are called.
    ...(!mayRead && { displayName: null, mailEnabled: null, securityEnabled: null }),
  }))
  const filterable = ['id', 'displayName', 'securityEnabled']
  return list(call, { context: 'directoryObjects', type: 'directoryObject', items, filterable })
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
