import { requireMayManage } from './authorization.ts'
import { findApplication, readApplication, write } from './find.ts'
import { firstKey, type GraphCall, NO_CONTENT, type Reply, secondKey } from './graph-call.ts'
import { badRequest, notFound } from './graph-error.ts'
import { list } from './query.ts'
import { showServicePrincipal } from './represent.ts'

/** GET /applications/{id}/owners */
export function listOwners(call: GraphCall): Reply {
  const { owners } = readApplication(call, firstKey(call))
  const people = call.seen.users.filter((user) => owners.includes(user.id))
  const principals = call.seen.servicePrincipals.filter((one) => owners.includes(one.id))
  return list(call, {
    context: 'directoryObjects',
    type: 'directoryObject',
    items: [
      ...people.map(({ id, displayName, userPrincipalName, mail }) => ({
        '@odata.type': '#microsoft.graph.user',
        ...{ id, displayName, userPrincipalName, mail },
      })),
      ...principals.map((principal) => ({
        '@odata.type': '#microsoft.graph.servicePrincipal',
        ...showServicePrincipal(call.seen, principal),
      })),
    ],
    filterable: ['id'],
  })
}

/** POST /applications/{id}/owners/$ref */
export function addOwner(call: GraphCall): Reply {
  const application = findApplication(call, firstKey(call))
  requireMayManage(call, application)
  const reference = call.body['@odata.id']
  const id = /\/([^/]+)$/.exec(typeof reference === 'string' ? reference : '')?.[1]?.toLowerCase()
  if (id === undefined) throw badRequest("The body names an object: {'@odata.id': '…/{id}'}.")
  const { users, servicePrincipals } = call.seen
  const isThere = [...users, ...servicePrincipals].some(
    (one) => one.id === id && one.tenantId === call.caller.tenant.id,
  )
  if (!isThere) throw notFound(id)
  if (application.owners.includes(id)) {
    throw badRequest(
      "One or more added object references already exist for the following modified properties: 'owners'.",
    )
  }
  write(call, 'applications', { ...application, owners: [...application.owners, id] })
  return NO_CONTENT
}

/** DELETE /applications/{id}/owners/{id}/$ref */
export function removeOwner(call: GraphCall): Reply {
  const application = findApplication(call, firstKey(call))
  requireMayManage(call, application)
  const { value } = secondKey(call)
  if (!application.owners.includes(value)) throw notFound(value)
  const owners = application.owners.filter((id) => id !== value)
  write(call, 'applications', { ...application, owners })
  return NO_CONTENT
}
