import { aadsts } from '../aadsts-error.ts'
import type { Admission } from '../admission.ts'
import type { Call } from '../call.ts'
import type { Application } from '../directory.ts'
import { findGraph } from '../lookup.ts'
import { optional } from '../params.ts'
import {
  checkResource,
  type Permission,
  parseScopes,
  type RequestedScopes,
  resourcesOf,
} from '../sign-in/scopes.ts'
import type { Authentication } from '../tokens/client-authentication.ts'
import { issueTokens, type SignedIn } from '../tokens/issue.ts'

/** A grant that has been accepted, and what it is for. */
export type Granted = {
  readonly admission: Admission
  readonly authentication: Authentication
  readonly from: SignedIn
  readonly scopes: RequestedScopes
}

/** Answers an accepted grant of a person with tokens for its one API: Graph where none is named. */
export function issue(
  call: Call,
  { admission, authentication, from, scopes }: Granted,
): Promise<Response> {
  const { permissions, oidc } = scopes
  const resourceParameter = optional(call.form, 'resource')
  if (resourceParameter !== undefined)
    checkResource(call.sts.behaviour, resourceParameter, permissions)
  const resource = resourcesOf(permissions)[0] ?? findGraph(call.sts.directory)
  checkSelf(call, admission, resource, permissions)
  const { platform, scope, nonce, authTime, mfaTime, claims, sid, startedAt } = from
  return issueTokens(call, {
    admission,
    authentication,
    resource,
    permissions,
    oidc,
    platform,
    scope,
    authTime,
    mfaTime,
    claims,
    sid,
    nonce,
    ...(startedAt !== undefined && { startedAt }),
  })
}

/** Whether a client may call its own API by another name than its client id is uncertain. */
function checkSelf(
  { sts }: Call,
  { client }: Admission,
  resource: Application,
  permissions: readonly Permission[],
): void {
  if (resource !== client || sts.behaviour.nonGuidSelfResource === 'allow') return
  const isByGuid = permissions.every(({ identifier }) => identifier?.includes(client.appId))
  if (!isByGuid) throw aadsts(90009, { id: client.appId, name: client.displayName })
}

/** The scopes of a text, as the person's tenant and the client have it. */
export function parseScope(call: Call, { client, tenant }: Admission, text: string) {
  return parseScopes({ directory: call.sts.directory, client, tenant }, text)
}
