import { createApplication } from '../create-directory.ts'
import { parseApplication } from './application-body.ts'
import { checkApplication } from './application-rules.ts'
import { APPLICATION_SCHEMA } from './application-schema.ts'
import { requireMayManage, requireMayRegister } from './authorization.ts'
import { addedSecrets } from './credentials.ts'
import { erase, findApplication, lookUpApplication, readApplication, write } from './find.ts'
import { created, firstKey, type GraphCall, NO_CONTENT, type Reply } from './graph-call.ts'
import { badRequest, notFound } from './graph-error.ts'
import { contextOf, entity, list } from './query.ts'
import { showApplication, showKey } from './represent.ts'
import { type JsonObject, merge } from './schema.ts'

/** GET /applications */
export function listApplications(call: GraphCall): Reply {
  const { id: tenantId } = call.caller.tenant
  const items = call.seen.applications.filter((application) => application.tenantId === tenantId)
  return list(call, {
    context: 'applications',
    type: 'application',
    items: items.map(showApplication),
    filterable: [
      'id',
      'appId',
      'displayName',
      'uniqueName',
      'identifierUris',
      'signInAudience',
      'tags',
    ],
  })
}

/** GET /applications/{id} */
export function getApplication(call: GraphCall): Reply {
  const application = readApplication(call, firstKey(call))
  const isKeySelected = call.url.searchParams.get('$select')?.includes('keyCredentials') === true
  const keyCredentials = application.keyCredentials.map((key) => showKey(key, isKeySelected))
  const shown = { ...showApplication(application), keyCredentials }
  return entity(call, 'applications', 'application', shown)
}

/** POST /applications */
export function postApplication(call: GraphCall): Reply {
  requireMayRegister(call)
  return create(call, null)
}

/** PATCH /applications/{id}, and the one way to give an application a `uniqueName`. */
export function patchApplication(call: GraphCall): Reply {
  const key = firstKey(call)
  const application = lookUpApplication(call, key)
  if (!application) {
    const preferences = call.headers.get('prefer')?.toLowerCase() ?? ''
    if (key.property !== 'uniqueName' || !preferences.includes('create-if-missing')) {
      throw notFound(key.value)
    }
    requireMayRegister(call)
    return create(call, key.value)
  }
  requireMayManage(call, application)
  const body = parseApplication(call.body, application, call.sts.now())
  const changed = merge(APPLICATION_SCHEMA, application, body)
  checkApplication(call.sts.directory, call.caller.tenant, application, changed)
  write(call, 'applications', changed)
  return NO_CONTENT
}

/** DELETE /applications/{id}: with its service principal in the home tenant. */
export function deleteApplication(call: GraphCall): Reply {
  const application = findApplication(call, firstKey(call))
  requireMayManage(call, application)
  const { servicePrincipals } = call.sts.directory
  const own = servicePrincipals.filter(
    ({ appId, tenantId }) => appId === application.appId && tenantId === application.tenantId,
  )
  for (const { id } of own) eraseServicePrincipal(call, id)
  erase(call, 'applications', application.id)
  return NO_CONTENT
}

/** Takes a service principal out, and what was consented to with it. */
export function eraseServicePrincipal(call: GraphCall, id: string): void {
  const grants = call.sts.directory.oauth2PermissionGrants.filter(
    ({ clientId, resourceId }) => clientId === id || resourceId === id,
  )
  for (const grant of grants) erase(call, 'oauth2PermissionGrants', grant.id)
  erase(call, 'servicePrincipals', id)
}

function create(call: GraphCall, uniqueName: string | null): Reply {
  const { caller, sts } = call
  const { passwordCredentials, ...body } = call.body
  if (typeof body.displayName !== 'string') throw missingName()
  checkUniqueName(call, uniqueName)
  const now = new Date(sts.now()).toISOString()
  const bare = createApplication({
    id: crypto.randomUUID(),
    appId: crypto.randomUUID(),
    tenantId: caller.tenant.id,
    displayName: body.displayName,
    owners: [caller.user?.id ?? caller.servicePrincipalId],
    uniqueName,
    createdDateTime: now,
  })
  const filled = merge(APPLICATION_SCHEMA, bare, parseApplication(body, bare, sts.now()))
  const secrets = addedSecrets(call, passwordCredentials)
  const application = { ...filled, passwordCredentials: secrets.credentials }
  checkApplication(sts.directory, caller.tenant, undefined, application)
  write(call, 'applications', application)
  const shown: JsonObject = { ...showApplication(application), passwordCredentials: secrets.shown }
  return created({ '@odata.context': `${contextOf(call, 'applications')}/$entity`, ...shown })
}

function checkUniqueName(call: GraphCall, uniqueName: string | null): void {
  if (uniqueName === null) return
  const isTaken = call.sts.directory.applications.some(
    (other) =>
      other.tenantId === call.caller.tenant.id &&
      other.uniqueName?.toLowerCase() === uniqueName.toLowerCase(),
  )
  const message = isTaken
    ? 'Another object with the same value for property uniqueName already exists.'
    : `Property uniqueName is invalid. It has at most 128 letters, digits, '-', '_' and '.'.`
  if (isTaken || !/^[\w.-]{1,128}$/.test(uniqueName)) {
    throw badRequest(message, { code: 'ObjectConflict', message, target: 'uniqueName' })
  }
}

function missingName(): Error {
  const message = "A value is required for property 'displayName' of resource 'Application'."
  return badRequest(message, { code: 'MissingValue', message, target: 'displayName' })
}
