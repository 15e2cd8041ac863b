import { X509Certificate } from 'node:crypto'
import type {
  Application,
  AppRole,
  Directory,
  KeyCredential,
  OAuth2PermissionGrant,
  PasswordCredential,
  PermissionScope,
  ServicePrincipal,
} from '../directory.ts'
import type { JsonObject } from './schema.ts'

/** An application as Graph shows it. No secret is in it. */
export function showApplication(application: Application): JsonObject {
  const { tenantId, owners, api, web, ...shown } = application
  return {
    ...shown,
    deletedDateTime: null,
    publisherDomain: null,
    web: { homePageUrl: null, logoutUrl: null, ...web },
    api: {
      acceptMappedClaims: null,
      ...api,
      oauth2PermissionScopes: api.oauth2PermissionScopes.map(showScope),
    },
    appRoles: application.appRoles.map((role) => showRole(role, 'Application')),
    passwordCredentials: application.passwordCredentials.map(showPassword),
    keyCredentials: application.keyCredentials.map((key) => showKey(key, false)),
    federatedIdentityCredentials: undefined,
  }
}

/** A client secret's entry: all but the secret. */
export function showPassword(credential: PasswordCredential): JsonObject {
  const { keyId, displayName, secretText, startDateTime, endDateTime } = credential
  const hint = secretText.slice(0, 3)
  const shown = { displayName, endDateTime, hint, keyId, secretText: null, startDateTime }
  return { customKeyIdentifier: null, ...shown }
}

/** A certificate's entry; Graph shows the certificate itself only where it is selected. */
export function showKey(credential: KeyCredential, withKey: boolean): JsonObject {
  return {
    customKeyIdentifier: thumbprint(credential.key),
    displayName: credential.displayName,
    endDateTime: credential.endDateTime,
    key: withKey ? credential.key : null,
    keyId: credential.keyId,
    startDateTime: credential.startDateTime,
    type: 'AsymmetricX509Cert',
    usage: 'Verify',
  }
}

/** A service principal as Graph shows it: much of it is the application's. */
export function showServicePrincipal(
  directory: Directory,
  principal: ServicePrincipal,
): JsonObject {
  const { id, appId, accountEnabled, appRoleAssignmentRequired, tags } = principal
  const { servicePrincipalType } = principal
  const application = directory.applications.find((app) => app.appId === appId)
  const roles = application?.appRoles ?? []
  return {
    id,
    deletedDateTime: null,
    accountEnabled,
    appDisplayName: application?.displayName ?? null,
    appId,
    appOwnerOrganizationId: application?.tenantId ?? null,
    appRoleAssignmentRequired,
    appRoles: roles.filter((role) => role.isEnabled).map((role) => showRole(role, 'Application')),
    displayName: principal.displayName ?? application?.displayName ?? null,
    homepage: null,
    keyCredentials: [],
    oauth2PermissionScopes: (application?.api.oauth2PermissionScopes ?? []).map(showScope),
    passwordCredentials: [],
    replyUrls: application?.web.redirectUris ?? [],
    servicePrincipalNames: [appId, ...(application?.identifierUris ?? [])],
    servicePrincipalType,
    signInAudience: application?.signInAudience ?? null,
    tags,
  }
}

/** A grant as Graph shows it. */
export function showGrant(grant: OAuth2PermissionGrant): JsonObject {
  const { clientId, consentType, id, principalId, resourceId, scope } = grant
  return { clientId, consentType, id, principalId, resourceId, scope }
}

function showScope(scope: PermissionScope): JsonObject {
  return { ...scope }
}

function showRole(role: AppRole, origin: string): JsonObject {
  return { ...role, origin }
}

function thumbprint(key: string): string | null {
  try {
    const { fingerprint } = new X509Certificate(Buffer.from(key, 'base64'))
    return fingerprint.replaceAll(':', '')
  } catch {
    return null
  }
}
