import { aadsts } from '../aadsts-error.ts'
import type { Admission } from '../admission.ts'
import type { Call } from '../call.ts'
import { GRAPH_APP_ID } from '../microsoft-graph.ts'
import { optional, required } from '../params.ts'
import { type RequestedScopes, resourcesOf } from '../sign-in/scopes.ts'
import { openCode, redeemCode } from '../tokens/authorization-code.ts'
import { authenticate } from '../tokens/client-authentication.ts'
import { findAdmission } from '../tokens/refresh-token.ts'
import { issue, parseScope } from './grant.ts'

/** `authorization_code`: what /authorize gave, for tokens. */
export async function authorizationCodeGrant(call: Call): Promise<Response> {
  const text = optional(call.form, 'code')
  const code = text === undefined ? undefined : await openCode(call, text)
  const { client, authentication } = await authenticate(call, code?.platform)
  required(call.form, 'code')
  if (!code) throw aadsts(9002313)
  redeemCode(call, code, client)
  const admission = findAdmission(call, code, client)
  const asked = parseScope(call, admission, code.scope)
  const now = narrow(call, admission, asked)
  if (now.permissions.length > 0 && resourcesOf(now.permissions).length > 1) {
    throw aadsts(28000, { scope: optional(call.form, 'scope') ?? code.scope })
  }
  const oidc = [...new Set([...asked.oidc, ...now.oidc])]
  return issue(call, { admission, authentication, from: code, scopes: { ...now, oidc } })
}

/** The scopes of a code's redemption: one API, which has to be named unless it is Graph. */
function narrow(call: Call, admission: Admission, asked: RequestedScopes): RequestedScopes {
  const text = optional(call.form, 'scope')
  const named = parseScope(call, admission, text ?? '')
  if (named.permissions.length > 0) return named
  const isGraphOnly = asked.permissions.every(({ resource }) => resource.appId === GRAPH_APP_ID)
  const isStrict = call.sts.behaviour.missingScopeAtToken === 'refuse'
  if (!isGraphOnly && isStrict) throw aadsts(28003)
  return { ...named, permissions: asked.permissions }
}
