import { mayConsentForAll } from '../administrators.ts'
import type { Admission } from '../admission.ts'
import type { Call } from '../call.ts'
import type { Application, Directory } from '../directory.ts'
import { optional } from '../params.ts'
import type { Sts } from '../sts.ts'
import type { AuthorizationRequest, Target } from './authorization-request.ts'
import type { Session } from './browser.ts'
import { permissionsOf } from './consent.ts'
import {
  type AppPermission,
  type ConsentType,
  recordAppPermissions,
  recordConsent,
} from './record-consent.ts'
import { redirectToClient } from './redirect-response.ts'
import { listedPermissions, type Permission, parseScopes, resourcesOf } from './scopes.ts'
import { showAdminConsent, showApprovalNeeded } from './show.ts'

/** What an administrator is asked to let an application do, for everybody and by itself. */
export type AdminConsent = {
  readonly permissions: readonly Permission[]
  readonly appPermissions: readonly AppPermission[]
  /** The scopes by their full names, where the request named any. */
  readonly scope: string | undefined
}

/**
 * Reads a request for an administrator's consent. Without `scope`, as in its older form, it is for
 * everything that the registration lists.
 */
export function parseAdminConsentRequest(
  { directory }: Sts,
  target: Target,
  params: URLSearchParams,
): AuthorizationRequest {
  const { authority, client } = target
  const tenant = authority.kind === 'tenant' ? authority.tenant : undefined
  const scope = optional(params, 'scope')
  const scopes = parseScopes({ directory, client, tenant }, scope ?? '')
  const isListed = scope === undefined
  const named = isListed ? listedPermissions(directory, client) : permissionsOf(directory, scopes)
  const isWhole = (api: Application) =>
    scope === undefined || named.some((one) => one.isDefault && one.resource === api)
  const adminConsent = {
    permissions: named,
    appPermissions: listedRoles(directory, client).filter(({ resource }) => isWhole(resource)),
    scope: scope === undefined ? undefined : fullNames(named),
  }
  optional(params, 'state')
  return {
    ...target,
    responseMode: 'query',
    adminConsent,
    scope: scope ?? '',
    scopes,
    responseTypes: [],
    prompt: undefined,
    loginHint: optional(params, 'login_hint'),
    domainHint: optional(params, 'domain_hint'),
    nonce: undefined,
    claims: undefined,
    requestedClaims: undefined,
    codeChallenge: undefined,
    codeChallengeMethod: 'plain',
    wantsClientInfo: false,
  }
}

/** Goes on once somebody has signed in to consent for everybody. */
export async function consentForAll(
  call: Call,
  request: AuthorizationRequest & { readonly adminConsent: AdminConsent },
  session: Session,
  admission: Admission,
  accepted: ConsentType | undefined,
): Promise<Response> {
  const { permissions, appPermissions, scope } = request.adminConsent
  if (!mayConsentForAll(admission.user)) return showApprovalNeeded(call, admission, session)
  if (accepted === undefined) {
    return showAdminConsent(call, admission, session, request.adminConsent)
  }
  recordConsent(call.sts, admission, permissions, 'AllPrincipals')
  recordAppPermissions(call.sts, admission, appPermissions)
  return redirectToClient(request, {
    admin_consent: 'True',
    tenant: admission.tenant.id,
    ...(scope !== undefined && { scope }),
  })
}

function listedRoles(directory: Directory, client: Application): AppPermission[] {
  return client.requiredResourceAccess.flatMap(({ resourceAppId, resourceAccess }) => {
    const resource = directory.applications.find(({ appId }) => appId === resourceAppId)
    const isThere = (id: string) => resource?.appRoles.some((role) => role.id === id) === true
    const ids = resourceAccess.filter(({ type, id }) => type === 'Role' && isThere(id))
    return resource ? ids.map(({ id }) => ({ resource, appRoleId: id })) : []
  })
}

function fullNames(permissions: readonly Permission[]): string {
  const names = resourcesOf(permissions).flatMap((resource) =>
    permissions
      .filter((permission) => permission.resource === resource)
      .map(({ value, identifier = resource.identifierUris[0] }) =>
        identifier === undefined ? value : `${identifier}/${value}`,
      ),
  )
  return names.join(' ')
}
