import { aadsts } from '../aadsts-error.ts'
import { findAuthority } from '../authority.ts'
import type { Call } from '../call.ts'
import { findServicePrincipal, findTenant } from '../lookup.ts'
import { optional, required } from '../params.ts'
import { checkResource, findPermission } from '../sign-in/scopes.ts'
import { authenticate } from '../tokens/client-authentication.ts'
import { issueAppToken } from '../tokens/issue-app-token.ts'

/** `client_credentials`: a token of the application itself, for one API. */
export async function clientCredentialsGrant(call: Call): Promise<Response> {
  const { directory } = call.sts
  const authority = findAuthority(call.sts, call.segment)
  if (authority.kind === 'common' || authority.kind === 'consumers') throw aadsts(9001023)
  const { client, authentication } = await authenticate(call, 'confidential', 7000216)
  // `organizations` stands for no tenant; the application is at home in one.
  const isNamed = authority.kind === 'tenant'
  const tenant = isNamed ? authority.tenant : findTenant(directory, client.tenantId)
  const scope = required(call.form, 'scope')
  const names = scope.split(/\s+/).filter(Boolean)
  if (names.some((name) => !/(^|\/)\.default$/.test(name))) throw aadsts(1002012, { scope })
  if (names.length !== 1) throw aadsts(70011, { scope })
  const permission = findPermission({ directory, client, tenant }, names[0] as string)
  const named = optional(call.form, 'resource')
  if (named !== undefined) checkResource(call.sts.behaviour, named, [permission])
  const principal = findServicePrincipal(directory, client.appId, tenant.id)
  if (!principal) throw aadsts(7000229, { id: client.appId, tenant: tenant.id })
  const { appId, displayName } = client
  const app = { appId, displayName, principal, authentication }
  const { resource, identifier } = permission
  return issueAppToken(call, { app, tenant, resource, identifier })
}
