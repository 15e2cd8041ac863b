import type { ServicePrincipal } from '../directory.ts'
import { deriveGuid } from '../guid.ts'
import { requireMayAssign } from './authorization.ts'
import { findPrincipal, readPrincipal, write } from './find.ts'
import {
  created,
  firstKey,
  type GraphCall,
  NO_CONTENT,
  type Reply,
  secondKey,
} from './graph-call.ts'
import { badRequest, invalidProperty, notFound } from './graph-error.ts'
import { contextOf, list } from './query.ts'
import { type JsonObject, object, parse } from './schema.ts'

const DEFAULT_ACCESS = '00000000-0000-0000-0000-000000000000'
const SCHEMA = object(
  {
    principalId: { kind: 'guid' },
    resourceId: { kind: 'guid' },
    appRoleId: { kind: 'guid' },
  },
  { required: ['principalId', 'resourceId', 'appRoleId'] },
)

type Assignment = { principalId: string; appRoleId: string }

/** GET /servicePrincipals/{id}/appRoleAssignedTo: who has which role in it. */
export function listAssignedTo(call: GraphCall): Reply {
  const resource = readPrincipal(call, firstKey(call))
  const items = resource.appRoleAssignedTo.map((one) => show(call, resource, one))
  return listAssignments(call, items)
}

/** GET /servicePrincipals/{id}/appRoleAssignments: which roles it has in others. */
export function listAssignmentsOf(call: GraphCall): Reply {
  const { id } = readPrincipal(call, firstKey(call))
  const items = call.seen.servicePrincipals.flatMap((resource) =>
    resource.appRoleAssignedTo
      .filter(({ principalId }) => principalId === id)
      .map((one) => show(call, resource, one)),
  )
  return listAssignments(call, items)
}

/** POST /servicePrincipals/{id}/appRoleAssignedTo */
export function postAssignedTo(call: GraphCall): Reply {
  const resource = findPrincipal(call, firstKey(call))
  requireMayAssign(call, resource)
  const asked = parse(SCHEMA, call.body, 'AppRoleAssignment') as Assignment & { resourceId: string }
  const { principalId, appRoleId } = asked
  if (asked.resourceId !== resource.id) throw invalidProperty('resourceId')
  if (!principalOf(call, principalId)) throw notFound(principalId)
  const application = call.seen.applications.find(({ appId }) => appId === resource.appId)
  const isRole = application?.appRoles.some(({ id, isEnabled }) => isEnabled && id === appRoleId)
  if (!isRole && appRoleId !== DEFAULT_ACCESS) {
    throw badRequest(`Permission being assigned was not found on application '${resource.appId}'.`)
  }
  const assignment = { principalId, appRoleId }
  if (
    resource.appRoleAssignedTo.some((one) => idOf(resource, one) === idOf(resource, assignment))
  ) {
    const message = 'Permission being assigned already exists on the object'
    throw badRequest(message, { code: 'InvalidUpdate', message })
  }
  const appRoleAssignedTo = [...resource.appRoleAssignedTo, assignment]
  write(call, 'servicePrincipals', { ...resource, appRoleAssignedTo })
  const context = `${contextOf(call, 'appRoleAssignments')}/$entity`
  return created({ '@odata.context': context, ...show(call, resource, assignment) })
}

/** DELETE /servicePrincipals/{id}/appRoleAssignedTo/{id} */
export function deleteAssignedTo(call: GraphCall): Reply {
  const resource = findPrincipal(call, firstKey(call))
  requireMayAssign(call, resource)
  const { value } = secondKey(call)
  const appRoleAssignedTo = resource.appRoleAssignedTo.filter(
    (one) => idOf(resource, one) !== value,
  )
  if (appRoleAssignedTo.length === resource.appRoleAssignedTo.length) throw notFound(value)
  write(call, 'servicePrincipals', { ...resource, appRoleAssignedTo })
  return NO_CONTENT
}

function listAssignments(call: GraphCall, items: readonly JsonObject[]): Reply {
  const filterable = ['id', 'principalId', 'resourceId', 'appRoleId', 'principalType']
  return list(call, { context: 'appRoleAssignments', type: 'appRoleAssignment', items, filterable })
}

/** An assignment has no life of its own here, so its id is made of what it says. */
function idOf(resource: ServicePrincipal, { principalId, appRoleId }: Assignment): string {
  return deriveGuid('assignment', resource.id, principalId, appRoleId)
}

/** Kind and name of who is assigned: somebody, or something, of the same tenant. */
function principalOf({ seen, caller }: GraphCall, id: string): [string, string | null] | undefined {
  const isIt = (one: { id: string; tenantId: string }) =>
    one.id === id && one.tenantId === caller.tenant.id
  const user = seen.users.find(isIt)
  if (user) return ['User', user.displayName]
  const group = seen.groups.find(isIt)
  if (group) return ['Group', group.displayName]
  const principal = seen.servicePrincipals.find(isIt)
  return principal && ['ServicePrincipal', nameOf(seen, principal)]
}

function show(call: GraphCall, resource: ServicePrincipal, assignment: Assignment): JsonObject {
  const [principalType = null, principalDisplayName = null] =
    principalOf(call, assignment.principalId) ?? []
  return {
    id: idOf(resource, assignment),
    deletedDateTime: null,
    appRoleId: assignment.appRoleId,
    createdDateTime: null,
    principalDisplayName,
    principalId: assignment.principalId,
    principalType,
    resourceDisplayName: nameOf(call.seen, resource),
    resourceId: resource.id,
  }
}

function nameOf(seen: GraphCall['seen'], principal: ServicePrincipal): string | null {
  const application = seen.applications.find(({ appId }) => appId === principal.appId)
  return principal.displayName ?? application?.displayName ?? null
}
