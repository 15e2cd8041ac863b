import type { Admission } from '../admission.ts'
import { createServicePrincipal } from '../create-directory.ts'
import type { Application, OAuth2PermissionGrant, ServicePrincipal, Tenant } from '../directory.ts'
import { deriveGuid } from '../guid.ts'
import { findServicePrincipal } from '../lookup.ts'
import type { Sts } from '../sts.ts'
import type { Permission } from './scopes.ts'

/** For whom somebody consents: for themselves, or for everybody in the tenant. */
export type ConsentType = OAuth2PermissionGrant['consentType']

/** Writes down that the person consents. */
export function recordConsent(
  sts: Sts,
  { client: asking, user, tenant }: Admission,
  permissions: readonly Permission[],
  consentType: ConsentType,
): void {
  const principalId = consentType === 'AllPrincipals' ? null : user.id
  // Whoever is let in is there from now on, and before the APIs that it is let in to.
  presenceOf(sts, asking, tenant)
  for (const { resource, client = asking, value } of permissions) {
    const clientId = presenceOf(sts, client, tenant).id
    const resourceId = presenceOf(sts, resource, tenant).id
    const grant = findGrant(sts, { clientId, resourceId, consentType, principalId })
    const values = new Set([...grant.scope.split(' ').filter(Boolean), value])
    grant.scope = [...values].join(' ')
    sts.keep('oauth2PermissionGrants', grant)
  }
  sts.save()
}

/** An application permission: an administrator lets the application itself do something. */
export type AppPermission = { readonly resource: Application; readonly appRoleId: string }

/** Writes down what an administrator lets the application do by itself. */
export function recordAppPermissions(
  sts: Sts,
  { client, tenant }: Admission,
  permissions: readonly AppPermission[],
): void {
  const principalId = presenceOf(sts, client, tenant).id
  for (const { resource, appRoleId } of permissions) {
    const principal = presenceOf(sts, resource, tenant)
    const isThere = principal.appRoleAssignedTo.some(
      (one) => one.principalId === principalId && one.appRoleId === appRoleId,
    )
    if (!isThere) principal.appRoleAssignedTo.push({ principalId, appRoleId })
    sts.keep('servicePrincipals', principal)
  }
  sts.save()
}

type GrantKey = Pick<
  OAuth2PermissionGrant,
  'clientId' | 'resourceId' | 'consentType' | 'principalId'
>

function findGrant(sts: Sts, key: GrantKey): OAuth2PermissionGrant {
  const { clientId, resourceId, consentType, principalId } = key
  const found = sts.written.oauth2PermissionGrants.find(
    (grant) =>
      grant.clientId === clientId &&
      grant.resourceId === resourceId &&
      grant.consentType === consentType &&
      grant.principalId === principalId,
  )
  const id = deriveGuid('grant', clientId, resourceId, principalId ?? consentType)
  return found ?? { id, ...key, scope: '' }
}

function presenceOf(sts: Sts, application: Application, tenant: Tenant): ServicePrincipal {
  const found = findServicePrincipal(sts.written, application.appId, tenant.id)
  if (found) return found
  const principal = createServicePrincipal({ appId: application.appId, tenantId: tenant.id })
  sts.keep('servicePrincipals', principal)
  return principal
}
