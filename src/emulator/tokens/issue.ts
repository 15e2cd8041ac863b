import { aadsts } from '../aadsts-error.ts'
import type { Admission } from '../admission.ts'
import { CONSUMERS_TENANT_ID } from '../authority.ts'
import type { Call } from '../call.ts'
import { type Access, checkConditionalAccess } from '../conditional-access.ts'
import type { Application } from '../directory.ts'
import { GRAPH_APP_ID, OIDC_SCOPES } from '../microsoft-graph.ts'
import { clientInfo } from '../sign-in/code.ts'
import { consentedValues, missingConsent } from '../sign-in/consent.ts'
import type { Platform } from '../sign-in/redirect-uri.ts'
import { parseRequestedClaims } from '../sign-in/requested-claims.ts'
import type { Permission } from '../sign-in/scopes.ts'
import { accessTokenClaims, idTokenClaims } from './claims.ts'
import type { Authentication } from './client-authentication.ts'
import { issueRefreshToken, SPA_LIFETIME } from './refresh-token.ts'
import { drawLifetime, tokenResponse } from './response.ts'
import { signAccessToken, signIdToken } from './sign.ts'

/** The sign-in that a grant goes back to. */
export type SignedIn = {
  readonly platform: Platform
  /** What it asked for, for the refresh token. */
  readonly scope: string
  readonly nonce?: string | undefined
  readonly authTime: number
  readonly mfaTime?: number | undefined
  /** Its parameter `claims`. */
  readonly claims?: string | undefined
  readonly sid: string
  /** When the chain of refresh tokens began; undefined where this is its start. */
  readonly startedAt?: number
}

/** What a grant has come to: tokens for one API. */
export type Issue = SignedIn & {
  readonly admission: Admission
  readonly resource: Application
  readonly permissions: readonly Permission[]
  readonly oidc: readonly string[]
  readonly authentication: Authentication
}

/** Answers a token request with success. */
export async function issueTokens(call: Call, issue: Issue): Promise<Response> {
  const { admission, resource, permissions, oidc } = issue
  const { sts } = call
  checkConditionalAccess(sts.directory, accessOf(call, issue), issue, sts.now())
  if (missingConsent(sts.directory, admission, permissions).length > 0) {
    const { client } = admission
    throw aadsts(65001, { id: client.appId, name: client.displayName })
  }
  const isPersonalAccount = admission.tenant.id === CONSUMERS_TENANT_ID
  const [key] = await (isPersonalAccount ? sts.personalKeys() : sts.signingKeys())
  if (!key) throw new Error('There is no signing key.')
  const scopes = grantedScopes(call, issue)
  const identifier = permissions[0]?.identifier
  const now = Math.floor(sts.now() / 1000)
  const person = subjectOf(call, issue)
  // Graph is the one API here that evaluates access continuously.
  const isCapable = person.requestedClaims?.clientCapabilities?.includes('cp1') ?? false
  const isContinuous = isCapable && resource.appId === GRAPH_APP_ID
  const expiresIn = drawLifetime(isContinuous)
  const subject = { ...person, now, expiresIn }
  const access = { ...subject, resource, identifier, scopes, authentication: issue.authentication }
  log(call, issue)
  return tokenResponse({
    token_type: 'Bearer',
    scope: scopes.map((value) => nameOf(value, identifier)).join(' '),
    expires_in: expiresIn,
    ext_expires_in: expiresIn,
    ...(isContinuous && { refresh_in: Math.floor(expiresIn / 2) }),
    access_token: await signAccessToken(key, resource, accessTokenClaims(access)),
    ...(oidc.includes('offline_access') && (await refreshToken(call, issue))),
    ...(oidc.includes('openid') && {
      id_token: await signIdToken(key, idTokenClaims({ ...subject, expiresIn: 3600 }, issue.nonce)),
    }),
    ...(call.form.get('client_info') === '1' && {
      client_info: clientInfo(sts.directory, admission.user),
    }),
  })
}

/** A scope as the request called it; OpenID Connect's have no API before them. */
function nameOf(value: string, identifier: string | undefined): string {
  return identifier === undefined || OIDC_SCOPES.has(value) ? value : `${identifier}/${value}`
}

/** What Conditional Access judges, at every token anew. */
function accessOf({ form }: Call, { admission, resource, claims: asked }: Issue): Access {
  const claims = form.get('claims') || asked
  const { authenticationContexts } = parseRequestedClaims(claims) ?? {}
  return { ...admission, resources: [resource], claims, authenticationContexts }
}

/** Who the tokens are about, and how they signed in. */
function subjectOf(
  { sts, form }: Call,
  { admission, oidc, authTime, mfaTime, sid, claims }: Issue,
) {
  const { directory, origin, cloud } = sts
  const requestedClaims = parseRequestedClaims(form.get('claims') || claims)
  const amr = mfaTime === undefined ? ['pwd'] : ['pwd', 'mfa']
  const signedIn = { authTime, mfaTime, amr, sid }
  return { ...admission, ...signedIn, directory, origin, cloud, oidc, requestedClaims }
}

/** What was asked for, then what was consented to besides and still exists: a token has it all. */
export function grantedScopes(
  call: Call,
  {
    admission,
    resource,
    permissions,
    oidc,
  }: Pick<Issue, 'admission' | 'resource' | 'permissions' | 'oidc'>,
): string[] {
  const { oauth2PermissionScopes } = resource.api
  const isThere = (name: string) =>
    oauth2PermissionScopes.some(({ value, isEnabled }) => isEnabled && value === name)
  const consented = [...consentedValues(call.sts.directory, admission, { resource })].filter(
    isThere,
  )
  const isGraph = resource.appId === GRAPH_APP_ID
  const named = permissions.filter(({ isDefault }) => !isDefault).map(({ value }) => value)
  const asked = [...named, ...(isGraph ? oidc : [])]
  const values = [...asked, ...consented]
  // Entra never lists offline_access, and the other three only for Graph.
  return [...new Set(values)].filter(
    (value) => value !== 'offline_access' && (isGraph || !OIDC_SCOPES.has(value)),
  )
}

async function refreshToken(call: Call, issue: Issue) {
  const now = call.sts.now()
  const { startedAt = now } = issue
  const refresh_token = await issueRefreshToken(call, {
    clientId: issue.admission.client.appId,
    tenantId: issue.admission.tenant.id,
    userId: issue.admission.user.guestOf ?? issue.admission.user.id,
    platform: issue.platform,
    scope: issue.scope,
    authTime: issue.authTime,
    mfaTime: issue.mfaTime,
    sid: issue.sid,
    issuedAt: now,
    startedAt,
  })
  // A single-page app is told when its chain ends.
  const left = Math.floor((startedAt + SPA_LIFETIME - now) / 1000)
  return { refresh_token, ...(issue.platform === 'spa' && { refresh_token_expires_in: left }) }
}

function log(call: Call, { admission, resource }: Issue): void {
  const { client, user } = admission
  call.sts.log({
    event: 'emulator.token.issued',
    message: `The emulator gave ${client.displayName} tokens of ${user.displayName} for ${resource.displayName}.`,
    user: user.userPrincipalName,
    client: client.appId,
    resource: resource.appId,
  })
}
