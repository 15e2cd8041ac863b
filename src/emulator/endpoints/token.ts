import { aadsts } from '../aadsts-error.ts'
import type { Admission } from '../admission.ts'
import { findAuthority } from '../authority.ts'
import type { Call } from '../call.ts'
import type { Application } from '../directory.ts'
import { findClient } from '../lookup.ts'
import { GRAPH_APP_ID } from '../microsoft-graph.ts'
import { optional, required } from '../params.ts'
import type { Code } from '../sign-in/code.ts'
import type { Platform } from '../sign-in/redirect-uri.ts'
import { checkResource, parseScopes, type RequestedScopes, resourcesOf } from '../sign-in/scopes.ts'
import { openCode, redeemCode } from '../tokens/authorization-code.ts'
import {
  type Authentication,
  authenticateClient,
  checkOrigin,
  readCredentials,
} from '../tokens/client-authentication.ts'
import { issueTokens } from '../tokens/issue.ts'
import {
  checkRefreshToken,
  findAdmission,
  openRefreshToken,
  type RefreshToken,
} from '../tokens/refresh-token.ts'

/** POST /{tenant}/oauth2/v2.0/token */
export async function token(call: Call): Promise<Response> {
  const { method } = call.request
  if (method !== 'POST') throw aadsts(900561, { method })
  const name = required(call.form, 'grant_type')
  const grant = GRANTS.get(name)
  if (!grant) throw aadsts(70003, { grant: name })
  return grant(call)
}

const GRANTS: ReadonlyMap<string, (call: Call) => Promise<Response>> = new Map([
  ['authorization_code', authorizationCodeGrant],
  ['refresh_token', refreshTokenGrant],
])

async function authorizationCodeGrant(call: Call): Promise<Response> {
  const text = optional(call.form, 'code')
  const code = text === undefined ? undefined : await openCode(call, text)
  const { client, authentication } = authenticate(call, code?.platform)
  required(call.form, 'code')
  if (!code) throw aadsts(9002313)
  redeemCode(call, code, client)
  const admission = findAdmission(call, code, client)
  const asked = parse(call, admission, code.scope)
  const now = narrow(call, admission, asked)
  if (now.permissions.length > 0 && resourcesOf(now.permissions).length > 1) {
    throw aadsts(28000, { scope: optional(call.form, 'scope') ?? code.scope })
  }
  const oidc = [...new Set([...asked.oidc, ...now.oidc])]
  return issue(call, { admission, authentication, from: code, scopes: { ...now, oidc } })
}

async function refreshTokenGrant(call: Call): Promise<Response> {
  const text = optional(call.form, 'refresh_token')
  const refresh = text === undefined ? undefined : await openRefreshToken(call, text)
  const { client, authentication } = authenticate(call, refresh?.platform)
  required(call.form, 'refresh_token')
  if (!refresh) throw aadsts(9002313, {}, { error: 'invalid_grant', suberror: 'bad_token' })
  const admission = checkRefreshToken(call, refresh, client)
  const asked = parse(call, admission, optional(call.form, 'scope') ?? refresh.scope)
  // Where several APIs are named, the first one gets the token.
  const first = resourcesOf(asked.permissions)[0]
  const permissions = asked.permissions.filter(({ resource }) => resource === first)
  // The sign-in asked for offline access once and for all.
  const oidc = [...new Set([...asked.oidc, 'offline_access'])]
  return issue(call, { admission, authentication, from: refresh, scopes: { oidc, permissions } })
}

function authenticate(
  call: Call,
  platform: Platform | undefined,
): { client: Application; authentication: Authentication } {
  const { directory, now } = call.sts
  const authority = findAuthority(directory, call.segment)
  const credentials = readCredentials(call.request, call.form)
  const client = findClient(directory, authority, credentials.clientId)
  checkOrigin(call.request, platform, credentials.secret !== undefined)
  return { client, authentication: authenticateClient(client, platform, credentials, now()) }
}

function parse(call: Call, { client, tenant }: Admission, text: string): RequestedScopes {
  return parseScopes({ directory: call.sts.directory, client, tenant }, text)
}

/** The scopes of a code's redemption: one API, which has to be named unless it is Graph. */
function narrow(call: Call, admission: Admission, asked: RequestedScopes): RequestedScopes {
  const text = optional(call.form, 'scope')
  const named = parse(call, admission, text ?? '')
  if (named.permissions.length > 0) return named
  const isGraphOnly = asked.permissions.every(({ resource }) => resource.appId === GRAPH_APP_ID)
  if (!isGraphOnly) throw aadsts(28003)
  return { ...named, permissions: asked.permissions }
}

type Granted = {
  admission: Admission
  authentication: Authentication
  from: Code | RefreshToken
  scopes: RequestedScopes
}

function issue(
  call: Call,
  { admission, authentication, from, scopes }: Granted,
): Promise<Response> {
  const { permissions, oidc } = scopes
  const resourceParameter = optional(call.form, 'resource')
  if (resourceParameter !== undefined) checkResource(resourceParameter, permissions)
  const resource = resourcesOf(permissions)[0] ?? findGraph(call)
  return issueTokens(call, {
    admission,
    authentication,
    resource,
    permissions,
    oidc,
    platform: from.platform,
    scope: from.scope,
    authTime: from.authTime,
    mfaTime: from.mfaTime,
    ...('claims' in from && { claims: from.claims }),
    sid: from.sid,
    ...('nonce' in from && { nonce: from.nonce }),
    ...('startedAt' in from && { startedAt: from.startedAt }),
  })
}

function findGraph(call: Call): Application {
  const { applications } = call.sts.directory
  return applications.find(({ appId }) => appId === GRAPH_APP_ID) as Application
}
