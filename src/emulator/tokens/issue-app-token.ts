import { aadsts } from '../aadsts-error.ts'
import type { Call } from '../call.ts'
import type { Directory, ServicePrincipal } from '../directory.ts'
import { findServicePrincipal } from '../lookup.ts'
import { type AppTokenSubject, appTokenClaims } from './app-claims.ts'
import { drawLifetime, tokenResponse } from './response.ts'
import { signAccessToken } from './sign.ts'

/** A token that an application wants for itself. */
export type AppIssue = Pick<AppTokenSubject, 'app' | 'tenant' | 'resource' | 'identifier'>

/** Answers with a token of the application's own: no refresh token, no id_token. */
export async function issueAppToken(call: Call, issue: AppIssue): Promise<Response> {
  const { accessToken, expiresIn } = await signAppToken(call, issue)
  return tokenResponse(call, {
    token_type: 'Bearer',
    expires_in: expiresIn,
    ext_expires_in: expiresIn,
    access_token: accessToken,
  })
}

/** Signs a token of an application's own, unless the API keeps it out. */
export async function signAppToken(
  call: Call,
  issue: AppIssue,
): Promise<{ accessToken: string; expiresIn: number }> {
  const { app, tenant, resource } = issue
  const { sts } = call
  const roles = rolesOf(sts.directory, issue)
  const api = presenceOf(sts.directory, issue)
  if (api.appRoleAssignmentRequired && !isAssigned(api, app.principal)) {
    const { appId: id, displayName: name } = app
    throw aadsts(501051, { id, name, resource: resource.appId, api: resource.displayName })
  }
  const [key] = await sts.signingKeys()
  if (!key) throw new Error('There is no signing key.')
  const expiresIn = drawLifetime()
  const now = Math.floor(sts.now() / 1000)
  const claims = appTokenClaims({ ...issue, origin: sts.origin, roles, now, expiresIn })
  sts.log({
    event: 'emulator.token.issued',
    message: `The emulator gave ${app.displayName} a token of its own for ${resource.displayName}.`,
    client: app.appId,
    resource: resource.appId,
    tenant: tenant.id,
  })
  return { accessToken: await signAccessToken(key, resource, claims), expiresIn }
}

/** The API as it stands in the tenant, where an administrator may have switched it off. */
function presenceOf(directory: Directory, { resource, identifier, tenant }: AppIssue) {
  const api = findServicePrincipal(directory, resource.appId, tenant.id)
  const name = identifier ?? resource.appId
  if (!api) throw aadsts(500011, { resource: name, tenant: tenant.displayName })
  if (!api.accountEnabled) throw aadsts(500014, { resource: name })
  return api
}

function isAssigned(api: ServicePrincipal, { id }: ServicePrincipal): boolean {
  return api.appRoleAssignedTo.some(({ principalId }) => principalId === id)
}

/** The API's roles that an administrator gave to the application. */
function rolesOf(directory: Directory, { app, tenant, resource }: AppIssue): string[] {
  const api = findServicePrincipal(directory, resource.appId, tenant.id)
  const given = (api?.appRoleAssignedTo ?? [])
    .filter(({ principalId }) => principalId === app.principal.id)
    .map(({ appRoleId }) => appRoleId)
  return resource.appRoles
    .filter(({ allowedMemberTypes }) => allowedMemberTypes.includes('Application'))
    .filter(({ id, isEnabled }) => isEnabled && given.includes(id))
    .map(({ value }) => value)
}
