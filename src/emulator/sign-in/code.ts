import type { Admission } from '../admission.ts'
import type { Call } from '../call.ts'
import type { DirectoryUser, Tenant } from '../directory.ts'
import type { AuthorizationRequest } from './authorization-request.ts'
import type { Session } from './browser.ts'
import { redirectToClient } from './redirect-response.ts'
import type { Platform } from './redirect-uri.ts'

/** What an authorization code stands for. */
export type Code = {
  readonly id: string
  /** The authority asked, for the same one has to redeem it. */
  readonly authority: string
  readonly clientId: string
  readonly tenantId: string
  readonly userId: string
  readonly redirectUri: string
  readonly platform: Platform
  readonly scope: string
  readonly nonce: string | undefined
  readonly codeChallenge: string | undefined
  readonly codeChallengeMethod: string
  readonly authTime: number
  readonly sid: string
  /** Milliseconds since the epoch. */
  readonly expiresAt: number
}

const CODE_TTL = 10 * 60
const CODE_LENGTH = 800

/** Ends a sign-in: the code goes to the client. */
export async function sendCode(
  call: Call,
  request: AuthorizationRequest,
  session: Session,
  { client, tenant, user }: Admission,
): Promise<Response> {
  const code: Code = {
    id: crypto.randomUUID(),
    authority: request.authority.name,
    clientId: client.appId,
    tenantId: tenant.id,
    userId: user.id,
    redirectUri: request.redirect.uri,
    platform: request.redirect.platform,
    scope: request.scope,
    nonce: request.nonce,
    codeChallenge: request.codeChallenge,
    codeChallengeMethod: request.codeChallengeMethod,
    authTime: session.authTime,
    sid: session.sid,
    expiresAt: call.sts.now() + CODE_TTL * 1000,
  }
  call.sts.log({
    event: 'emulator.code.issued',
    message: `${user.displayName} signed in to ${client.displayName} at the emulator.`,
    user: user.userPrincipalName,
    client: client.appId,
  })
  return redirectToClient(request, {
    code: `1.A${await call.sts.sealer.seal('code', code, CODE_LENGTH)}`,
    session_state: session.sid,
    ...(request.wantsClientInfo && { client_info: clientInfo(user, tenant) }),
  })
}

/** MSAL's `client_info`: who signed in, where. */
export function clientInfo(user: DirectoryUser, tenant: Tenant): string {
  return Buffer.from(JSON.stringify({ uid: user.id, utid: tenant.id })).toString('base64url')
}
