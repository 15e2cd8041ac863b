import { aadsts } from '../aadsts-error.ts'
import type { Call } from '../call.ts'
import type { Directory } from '../directory.ts'
import { assignmentsOf } from '../groups.ts'
import { findServicePrincipal } from '../lookup.ts'
import { type AppTokenSubject, appTokenClaims } from './app-claims.ts'
import { drawLifetime, tokenResponse } from './response.ts'
import { signAccessToken } from './sign.ts'

/** A token that an application wants for itself. */
export type AppIssue = Pick<AppTokenSubject, 'app' | 'tenant' | 'resource' | 'identifier'>

/** Answers with a token of the application's own: no refresh token, no id_token. */
export async function issueAppToken(call: Call, issue: AppIssue): Promise<Response> {
  const { accessToken, expiresIn } = await signAppToken(call, issue)
  return tokenResponse({
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
  const { app, resource } = issue
  const { sts } = call
  const roles = rolesIn(sts.directory, issue)
  const [key] = await sts.signingKeys()
  if (!key) throw new Error('There is no signing key.')
  const expiresIn = drawLifetime()
  const now = Math.floor(sts.now() / 1000)
  const { origin, cloud } = sts
  const claims = appTokenClaims({ ...issue, origin, cloud, roles, now, expiresIn })
  sts.log({
    event: 'emulator.token.issued',
    message: `The emulator gave ${app.displayName} a token of its own for ${resource.displayName}.`,
    client: app.appId,
    resource: resource.appId,
  })
  return { accessToken: await signAccessToken(key, resource, claims), expiresIn }
}

/** The roles that the application was given at the API, which may let nobody in without. */
function rolesIn(directory: Directory, { app, tenant, resource, identifier }: AppIssue): string[] {
  const api = findServicePrincipal(directory, resource.appId, tenant.id)
  const named = identifier ?? resource.appId
  if (!api) throw aadsts(500011, { resource: named, tenant: tenant.displayName })
  if (!api.accountEnabled) throw aadsts(500014, { resource: named })
  const assigned = assignmentsOf(directory, api, app.principal.id)
  if (api.appRoleAssignmentRequired && assigned.length === 0) {
    const { appId: id, displayName: name } = app
    throw aadsts(501051, { id, name, resource: resource.appId, api: resource.displayName })
  }
  const given = new Set(assigned.map(({ appRoleId }) => appRoleId))
  return resource.appRoles
    .filter(({ allowedMemberTypes }) => allowedMemberTypes.includes('Application'))
    .filter(({ id, isEnabled }) => isEnabled && given.has(id))
    .map(({ value }) => value)
}
