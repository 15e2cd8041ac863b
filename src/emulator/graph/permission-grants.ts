import type { OAuth2PermissionGrant } from '../directory.ts'
import { deriveGuid } from '../guid.ts'
import { requireMayConsent } from './authorization.ts'
import { current, erase, seesPrincipal, write } from './find.ts'
import { created, firstKey, type GraphCall, NO_CONTENT, type Reply } from './graph-call.ts'
import { conflict, invalidProperty, notFound } from './graph-error.ts'
import { contextOf, entity, list } from './query.ts'
import { showGrant } from './represent.ts'
import { object, parse, type Schema } from './schema.ts'

const scope: Schema = { kind: 'string', max: 3850 }
const NEW_SCHEMA = object(
  {
    clientId: { kind: 'guid' },
    consentType: { kind: 'string', values: ['AllPrincipals', 'Principal'] },
    principalId: { kind: 'guid', isNullable: true },
    resourceId: { kind: 'guid' },
    scope,
    // Nothing expires at Entra either; the old API had these.
    startTime: { kind: 'ignored' },
    expiryTime: { kind: 'ignored' },
  },
  { required: ['clientId', 'consentType', 'resourceId', 'scope'] },
)
const SCHEMA = object({ scope }, { required: ['scope'] })

type NewGrant = Omit<OAuth2PermissionGrant, 'id' | 'principalId'> & { principalId?: string | null }

/** GET /oauth2PermissionGrants */
export function listGrants(call: GraphCall): Reply {
  return list(call, {
    context: 'oauth2PermissionGrants',
    type: 'oAuth2PermissionGrant',
    items: call.seen.oauth2PermissionGrants.filter((grant) => isOwn(call, grant)).map(showGrant),
    filterable: ['id', 'clientId', 'consentType', 'principalId', 'resourceId', 'scope'],
  })
}

/** GET /oauth2PermissionGrants/{id} */
export function getGrant(call: GraphCall): Reply {
  return entity(call, 'oauth2PermissionGrants', 'oAuth2PermissionGrant', showGrant(readGrant(call)))
}

/** POST /oauth2PermissionGrants: consent, for everybody or for one person. */
export function postGrant(call: GraphCall): Reply {
  requireMayConsent(call)
  const asked = parse(NEW_SCHEMA, call.body, 'OAuth2PermissionGrant') as NewGrant
  const { clientId, resourceId, consentType } = asked
  const principalId = asked.principalId ?? null
  if ((consentType === 'Principal') !== (principalId !== null)) {
    throw invalidProperty('principalId', 'It belongs to the consentType Principal, and only there.')
  }
  for (const id of [clientId, resourceId]) {
    if (!seesPrincipal(call, id)) throw notFound(id)
  }
  const isPerson = call.seen.users.some(
    ({ id, tenantId }) => id === principalId && tenantId === call.caller.tenant.id,
  )
  if (principalId !== null && !isPerson) throw notFound(principalId)
  const exists = call.sts.directory.oauth2PermissionGrants.some(
    (grant) =>
      grant.clientId === clientId &&
      grant.resourceId === resourceId &&
      grant.consentType === consentType &&
      grant.principalId === principalId,
  )
  if (exists) throw conflict('Permission entry already exists.')
  const id = deriveGuid('grant', clientId, resourceId, principalId ?? 'AllPrincipals')
  const grant = { id, clientId, resourceId, consentType, principalId, scope: asked.scope }
  write(call, 'oauth2PermissionGrants', grant)
  return created({
    '@odata.context': `${contextOf(call, 'oauth2PermissionGrants')}/$entity`,
    ...showGrant(grant),
  })
}

/** PATCH /oauth2PermissionGrants/{id}: the scopes are replaced. */
export function patchGrant(call: GraphCall): Reply {
  requireMayConsent(call)
  const grant = findGrant(call)
  const { scope } = parse(SCHEMA, call.body, 'OAuth2PermissionGrant') as { scope: string }
  write(call, 'oauth2PermissionGrants', { ...grant, scope })
  return NO_CONTENT
}

/** DELETE /oauth2PermissionGrants/{id} */
export function deleteGrant(call: GraphCall): Reply {
  requireMayConsent(call)
  erase(call, 'oauth2PermissionGrants', findGrant(call).id)
  return NO_CONTENT
}

/** As Graph sees it. */
function readGrant(call: GraphCall): OAuth2PermissionGrant {
  const { value } = firstKey(call)
  const grant = call.seen.oauth2PermissionGrants.find(({ id }) => id === value)
  if (!grant || !isOwn(call, grant)) throw notFound(value)
  return grant
}

/** As it is now, to be changed. */
function findGrant(call: GraphCall): OAuth2PermissionGrant {
  const { id } = readGrant(call)
  const grant = current(call, 'oauth2PermissionGrants', id)
  if (!grant) throw notFound(id)
  return grant
}

function isOwn({ seen, caller }: GraphCall, { clientId }: OAuth2PermissionGrant): boolean {
  return seen.servicePrincipals.some(
    ({ id, tenantId }) => id === clientId && tenantId === caller.tenant.id,
  )
}
