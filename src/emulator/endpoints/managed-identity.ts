import { timingSafeEqual } from 'node:crypto'
import { aadsts } from '../aadsts-error.ts'
import type { Call } from '../call.ts'
import type { ServicePrincipal } from '../directory.ts'
import { findApi, findTenant } from '../lookup.ts'
import { optional } from '../params.ts'
import { SEED } from '../seed.ts'
import { signAppToken } from '../tokens/issue-app-token.ts'

/** What a workload gets. */
type ManagedToken = {
  readonly accessToken: string
  readonly expiresIn: number
  readonly clientId: string
}

/** GET /metadata/identity/oauth2/token: where virtual machines get tokens, at an address of their own. */
export async function imdsToken(call: Call): Promise<Response> {
  if (call.request.headers.get('metadata')?.toLowerCase() !== 'true') {
    return refuse(400, 'Required metadata header not specified')
  }
  const resource = optional(call.query, 'resource')
  if (resource === undefined) return refuse(400, 'Required query variable resource is missing')
  const token = await issue(call, resource)
  if (!token) return refuse(400, 'Identity not found')
  const now = Math.floor(call.sts.now() / 1000)
  return Response.json({
    access_token: token.accessToken,
    client_id: token.clientId,
    expires_in: String(token.expiresIn),
    expires_on: String(now + token.expiresIn),
    ext_expires_in: String(token.expiresIn),
    not_before: String(now - 300),
    resource,
    token_type: 'Bearer',
  })
}

/** GET /msi/token: where App Service, Functions and Container Apps get tokens (`IDENTITY_ENDPOINT`). */
export async function appServiceToken(call: Call): Promise<Response> {
  if (!isIdentityHeader(call.request.headers.get('x-identity-header') ?? '')) {
    return refuse(401, 'The header X-IDENTITY-HEADER is not the value of IDENTITY_HEADER')
  }
  const resource = optional(call.query, 'resource')
  if (resource === undefined) return refuse(400, 'Required query variable resource is missing')
  const token = await issue(call, resource)
  if (!token) return refuse(400, 'Identity not found')
  return Response.json({
    access_token: token.accessToken,
    expires_on: String(Math.floor(call.sts.now() / 1000) + token.expiresIn),
    resource,
    token_type: 'Bearer',
    client_id: token.clientId,
  })
}

async function issue(call: Call, name: string): Promise<ManagedToken | undefined> {
  const { directory } = call.sts
  const principal = findIdentity(call)
  if (!principal) return undefined
  const tenant = findTenant(directory, principal.tenantId)
  const api = findApi(directory, tenant, name)
  if (!api) throw aadsts(500011, { resource: name, tenant: tenant.displayName })
  const { appId, displayName } = principal
  const app = { appId, displayName: displayName ?? appId, principal, authentication: '2' } as const
  return { ...(await signAppToken(call, { app, tenant, ...api })), clientId: appId }
}

/** The identity that the request names, by client id or object id; else the first there is. */
function findIdentity({ sts, query }: Call): ServicePrincipal | undefined {
  const wanted = optional(query, 'client_id') ?? optional(query, 'object_id')
  return sts.directory.servicePrincipals.find(
    ({ servicePrincipalType, appId, id, accountEnabled }) =>
      servicePrincipalType === 'ManagedIdentity' &&
      accountEnabled &&
      (wanted === undefined || wanted === appId || wanted === id),
  )
}

function isIdentityHeader(sent: string): boolean {
  const [a, b] = [Buffer.from(SEED.identityHeader), Buffer.from(sent)]
  return a.length === b.length && timingSafeEqual(a, b)
}

function refuse(status: number, text: string): Response {
  return Response.json({ error: 'invalid_request', error_description: text }, { status })
}
