import { aadsts } from '../aadsts-error.ts'
import type { Call } from '../call.ts'
import { optional, required } from '../params.ts'
import { resourcesOf } from '../sign-in/scopes.ts'
import { authenticate } from '../tokens/client-authentication.ts'
import { checkRefreshToken, openRefreshToken } from '../tokens/refresh-token.ts'
import { issue, parseScope } from './grant.ts'

/** `refresh_token`: the old one stays valid, and serves every API the person consented to. */
export async function refreshTokenGrant(call: Call): Promise<Response> {
  const text = optional(call.form, 'refresh_token')
  const refresh = text === undefined ? undefined : await openRefreshToken(call, text)
  const { client, authentication } = await authenticate(call, refresh?.platform)
  required(call.form, 'refresh_token')
  if (!refresh) throw aadsts(9002313, {}, { error: 'invalid_grant', suberror: 'bad_token' })
  const admission = checkRefreshToken(call, refresh, client)
  const asked = parseScope(call, admission, optional(call.form, 'scope') ?? refresh.scope)
  // Where several APIs are named, the first one gets the token.
  const [first, second] = resourcesOf(asked.permissions)
  if (second && call.sts.behaviour.multiResourceRefresh === 'refuse') {
    throw aadsts(28000, { scope: optional(call.form, 'scope') ?? refresh.scope })
  }
  const permissions = asked.permissions.filter(({ resource }) => resource === first)
  // The sign-in asked for offline access once and for all.
  const oidc = [...new Set([...asked.oidc, 'offline_access'])]
  return issue(call, { admission, authentication, from: refresh, scopes: { oidc, permissions } })
}
