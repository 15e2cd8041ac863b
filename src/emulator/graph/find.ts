import type { Application, ServicePrincipal } from '../directory.ts'
import type { Collection, Item } from '../directory-changes.ts'
import { findServicePrincipal } from '../lookup.ts'
import type { GraphCall, Key } from './graph-call.ts'
import { GraphError, notFound } from './graph-error.ts'

/** The application that a path names, as Graph sees it. */
export function readApplication(call: GraphCall, key: Key): Application {
  const application = seenApplication(call, key)
  if (!application) throw notFound(key.value)
  return application
}

/** The application that a path names, when Graph sees it; as it is now, to be changed. */
export function findApplication(call: GraphCall, key: Key): Application {
  const application = lookUpApplication(call, key)
  if (!application) throw notFound(key.value)
  return application
}

/** The same, or undefined. */
export function lookUpApplication(call: GraphCall, key: Key): Application | undefined {
  const seen = seenApplication(call, key)
  return seen && current(call, 'applications', seen.id)
}

/** The service principal that a path names, as Graph sees it. */
export function readPrincipal(call: GraphCall, key: Key): ServicePrincipal {
  const principal = seenPrincipal(call, key)
  if (!principal) throw notFound(key.value)
  return principal
}

/** The service principal that a path names, when Graph sees it; as it is now, to be changed. */
export function findPrincipal(call: GraphCall, key: Key): ServicePrincipal {
  const { id, appId, tenantId } = readPrincipal(call, key)
  const principal = findServicePrincipal(call.sts.directory, appId, tenantId)
  if (principal?.id !== id) throw notFound(key.value)
  return principal
}

/** The service principal with this object id, when Graph sees it. */
export function seesPrincipal(call: GraphCall, id: string): boolean {
  return seenPrincipal(call, { property: 'id', value: id }) !== undefined
}

function seenApplication(call: GraphCall, { property, value }: Key): Application | undefined {
  const name = value.toLowerCase()
  return call.seen.applications.find(
    ({ id, appId, uniqueName, tenantId }) =>
      tenantId === call.caller.tenant.id &&
      new Map<string, string | undefined>([
        ['id', id],
        ['appId', appId],
        ['uniqueName', uniqueName?.toLowerCase()],
      ]).get(property) === name,
  )
}

/** Microsoft's own are in every tenant. */
function seenPrincipal(call: GraphCall, { property, value }: Key): ServicePrincipal | undefined {
  const name = value.toLowerCase()
  const tenantId = call.caller.tenant.id
  if (property === 'appId') return findServicePrincipal(call.seen, name, tenantId)
  return call.seen.servicePrincipals.find(
    (principal) => principal.id === name && principal.tenantId === tenantId,
  )
}

/** An object as it is now; what Graph sees of it may be older. */
export function current<C extends Collection>(
  call: GraphCall,
  collection: C,
  id: string,
): Item<C> | undefined {
  const items: readonly Item<C>[] = call.sts.directory[collection]
  return items.find((item) => item.id === id)
}

// So that nobody fills this machine's memory by way of Graph.
const MAX_OBJECTS = 20_000

/** Writes an object: readers see it when it has arrived. */
export function write<C extends Collection>(call: GraphCall, collection: C, item: Item<C>): void {
  const isFull = call.sts.directory[collection].length >= MAX_OBJECTS
  if (isFull && !current(call, collection, item.id)) {
    const message = 'The directory object quota limit for the Tenant has been exceeded.'
    throw new GraphError(403, 'Directory_QuotaExceeded', message)
  }
  call.sts.replication.note(collection, item.id)
  call.sts.keep(collection, item)
  call.sts.save()
}

/** Takes an object out of the directory: readers miss it when that has arrived. */
export function erase(call: GraphCall, collection: Collection, id: string): void {
  call.sts.replication.note(collection, id)
  call.sts.remove(collection, id)
  call.sts.save()
}
