import { createHash } from 'node:crypto'
import { aadsts } from '../aadsts-error.ts'
import type { Admission } from '../admission.ts'
import { CONSUMERS_TENANT_ID } from '../authority.ts'
import type { Call } from '../call.ts'
import { findGraph } from '../lookup.ts'
import type { AuthorizationRequest } from '../sign-in/authorization-request.ts'
import type { Session } from '../sign-in/browser.ts'
import { resourcesOf } from '../sign-in/scopes.ts'
import { accessTokenClaims, idTokenClaims } from './claims.ts'
import { grantedScopes } from './issue.ts'
import { drawLifetime } from './response.ts'
import { signAccessToken, signIdToken } from './sign.ts'

const ID_TOKEN_LIFETIME = 3600

/** The tokens that go to the client by way of the browser (implicit and hybrid flow). */
export async function frontChannelTokens(
  call: Call,
  request: AuthorizationRequest,
  session: Session,
  admission: Admission,
  code: string | undefined,
): Promise<Record<string, string>> {
  const { responseTypes, nonce } = request
  if (!responseTypes.includes('id_token') && !responseTypes.includes('token')) return {}
  const { sts } = call
  const isPersonalAccount = admission.tenant.id === CONSUMERS_TENANT_ID
  const [key] = await (isPersonalAccount ? sts.personalKeys() : sts.signingKeys())
  if (!key) throw new Error('There is no signing key.')
  const subject = subjectOf(call, request, session, admission)
  const access = responseTypes.includes('token') ? accessSubject(call, request, subject) : undefined
  const token = access && (await signAccessToken(key, access.resource, accessTokenClaims(access)))
  const hashes = {
    ...(code !== undefined && { c_hash: halfHash(code) }),
    ...(token !== undefined && { at_hash: halfHash(token) }),
  }
  const claims = { ...subject, expiresIn: ID_TOKEN_LIFETIME }
  return {
    ...(access &&
      token !== undefined && {
        access_token: token,
        token_type: 'Bearer',
        expires_in: String(access.expiresIn),
        scope: access.scopes.join(' '),
      }),
    ...(responseTypes.includes('id_token') && {
      id_token: await signIdToken(key, idTokenClaims(claims, nonce, hashes)),
    }),
  }
}

function subjectOf(
  { sts }: Call,
  { scopes, requestedClaims }: AuthorizationRequest,
  { authTime, mfaTime, sid }: Session,
  admission: Admission,
) {
  const { directory, origin, cloud } = sts
  const amr = mfaTime === undefined ? ['pwd'] : ['pwd', 'mfa']
  const now = Math.floor(sts.now() / 1000)
  const signedIn = { authTime, mfaTime, amr, sid }
  const where = { directory, origin, cloud, isFrontChannel: true }
  return { ...admission, ...signedIn, ...where, oidc: scopes.oidc, requestedClaims, now }
}

/** An access token is for one API: that of the scopes, or Graph. */
function accessSubject(
  call: Call,
  { scopes: { permissions, oidc }, scope }: AuthorizationRequest,
  subject: ReturnType<typeof subjectOf>,
) {
  const resources = resourcesOf(permissions)
  if (resources.length > 1) throw aadsts(700022, { scope })
  const resource = resources[0] ?? findGraph(call.sts.directory)
  const scopes = grantedScopes(call, { admission: subject, resource, permissions, oidc })
  const identifier = permissions[0]?.identifier
  const authentication = '0' as const
  return { ...subject, resource, identifier, scopes, authentication, expiresIn: drawLifetime() }
}

/** `c_hash` and `at_hash` (OpenID Connect Core 3.3.2.11): the first half of the digest. */
function halfHash(value: string): string {
  return createHash('sha256').update(value).digest().subarray(0, 16).toString('base64url')
}
