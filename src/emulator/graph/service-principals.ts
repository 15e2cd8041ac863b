import { createServicePrincipal } from '../create-directory.ts'
import type { ServicePrincipal } from '../directory.ts'
import { findServicePrincipal } from '../lookup.ts'
import { MICROSOFT_TENANT_ID } from '../microsoft-graph.ts'
import { eraseServicePrincipal } from './applications.ts'
import { requireMayManage } from './authorization.ts'
import { current, findPrincipal, readPrincipal, write } from './find.ts'
import { created, firstKey, type GraphCall, NO_CONTENT, type Reply } from './graph-call.ts'
import { badRequest, conflict, denied } from './graph-error.ts'
import { contextOf, entity, list } from './query.ts'
import { showGrant, showServicePrincipal } from './represent.ts'
import { merge, object, parse } from './schema.ts'

const SCHEMA = object({
  accountEnabled: { kind: 'boolean' },
  appRoleAssignmentRequired: { kind: 'boolean' },
  tags: { kind: 'list', of: { kind: 'string', max: 256 }, max: 100 },
})
const NEW = object({ appId: { kind: 'guid' } }, { required: ['appId'] })
const NEW_SCHEMA = object({ ...Object.fromEntries([...NEW.properties, ...SCHEMA.properties]) }, NEW)

/** GET /servicePrincipals */
export function listServicePrincipals(call: GraphCall): Reply {
  const { id: tenantId } = call.caller.tenant
  // Microsoft's own come into a list once they are there.
  const builtIn = call.seen.applications.filter((app) => app.tenantId === MICROSOFT_TENANT_ID)
  for (const { appId } of builtIn) findServicePrincipal(call.seen, appId, tenantId)
  const items = call.seen.servicePrincipals.filter((principal) => principal.tenantId === tenantId)
  return list(call, {
    context: 'servicePrincipals',
    type: 'servicePrincipal',
    items: items.map((principal) => showServicePrincipal(call.seen, principal)),
    filterable: ['id', 'appId', 'displayName', 'servicePrincipalNames', 'accountEnabled', 'tags'],
  })
}

/** GET /servicePrincipals/{id} */
export function getServicePrincipal(call: GraphCall): Reply {
  const principal = readPrincipal(call, firstKey(call))
  const shown = showServicePrincipal(call.seen, principal)
  return entity(call, 'servicePrincipals', 'servicePrincipal', shown)
}

/** POST /servicePrincipals: the application comes into the tenant. */
export function postServicePrincipal(call: GraphCall): Reply {
  const { tenant } = call.caller
  const { appId, ...rest } = parse(NEW_SCHEMA, call.body, 'ServicePrincipal') as { appId: string }
  const application = call.seen.applications.find((app) => app.appId === appId)
  const isForeign = application !== undefined && application.tenantId !== tenant.id
  if (!application || (isForeign && application.signInAudience === 'AzureADMyOrg')) {
    throw noApplication(appId)
  }
  if (isForeign && !call.caller.user) {
    throw denied(
      'When using this permission, the backing application of the service principal being created must in the local tenant',
    )
  }
  requireMayManage(call, isForeign ? undefined : application)
  if (findServicePrincipal(call.sts.directory, appId, tenant.id)) {
    throw conflict(
      `The service principal cannot be created, updated, or restored because the service principal name ${appId} is already in use.`,
      'servicePrincipalNames',
    )
  }
  const id = crypto.randomUUID()
  const principal = createServicePrincipal({ ...rest, id, appId, tenantId: tenant.id })
  write(call, 'servicePrincipals', principal)
  const shown = showServicePrincipal(call.sts.directory, principal)
  return created({ '@odata.context': `${contextOf(call, 'servicePrincipals')}/$entity`, ...shown })
}

/** PATCH /servicePrincipals/{id} */
export function patchServicePrincipal(call: GraphCall): Reply {
  const principal = findPrincipal(call, firstKey(call))
  requireMayManage(call, applicationOf(call, principal))
  const body = parse(SCHEMA, call.body, 'ServicePrincipal')
  write(call, 'servicePrincipals', merge(SCHEMA, principal, body))
  return NO_CONTENT
}

/** DELETE /servicePrincipals/{id}: the application stays. */
export function deleteServicePrincipal(call: GraphCall): Reply {
  const principal = findPrincipal(call, firstKey(call))
  requireMayManage(call, applicationOf(call, principal))
  eraseServicePrincipal(call, principal.id)
  return NO_CONTENT
}

/** GET /servicePrincipals/{id}/oauth2PermissionGrants: what it has been granted as a client. */
export function listGrantsOf(call: GraphCall): Reply {
  const { id } = readPrincipal(call, firstKey(call))
  const grants = call.seen.oauth2PermissionGrants.filter(({ clientId }) => clientId === id)
  return list(call, {
    context: 'oauth2PermissionGrants',
    type: 'oAuth2PermissionGrant',
    items: grants.map(showGrant),
    filterable: ['consentType', 'principalId', 'resourceId'],
  })
}

/** The application of a service principal, when it is registered in the same tenant. */
function applicationOf(call: GraphCall, { appId, tenantId }: ServicePrincipal) {
  const application = call.sts.directory.applications.find((app) => app.appId === appId)
  return application?.tenantId === tenantId
    ? current(call, 'applications', application.id)
    : undefined
}

function noApplication(appId: string): Error {
  const message = `The appId '${appId}' of the service principal does not reference a valid application object.`
  return badRequest(message, { code: 'NoBackingApplicationObject', message, target: 'appId' })
}
