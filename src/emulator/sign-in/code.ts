import type { Admission } from '../admission.ts'
import type { Call } from '../call.ts'
import type { Directory, DirectoryUser } from '../directory.ts'
import { homeAccountOf } from '../people.ts'
import { noteSignIn } from '../sign-in-log.ts'
import type { AuthorizationRequest } from './authorization-request.ts'
import type { Session } from './browser.ts'
import type { Platform } from './redirect-uri.ts'

/** What an authorization code stands for. */
export type Code = {
  readonly id: string
  /** The authority asked, for the same one has to redeem it. */
  readonly authority: string
  readonly clientId: string
  readonly tenantId: string
  /** The account that the person signed in with; a guest's own follows from the tenant. */
  readonly userId: string
  readonly redirectUri: string
  readonly platform: Platform
  readonly scope: string
  readonly nonce: string | undefined
  readonly codeChallenge: string | undefined
  readonly codeChallengeMethod: string
  readonly authTime: number
  /** When the person last showed a second factor, in seconds since the epoch. */
  readonly mfaTime?: number | undefined
  /** The parameter `claims` of the sign-in. */
  readonly claims?: string | undefined
  readonly sid: string
  /** Milliseconds since the epoch. */
  readonly expiresAt: number
}

const CODE_TTL = 10 * 60
const CODE_LENGTH = 800

/** Makes the code of a sign-in. */
export async function issueCode(
  call: Call,
  request: AuthorizationRequest,
  session: Session,
  { client, tenant, user }: Admission,
): Promise<string> {
  const code: Code = {
    id: crypto.randomUUID(),
    authority: request.authority.name,
    clientId: client.appId,
    tenantId: tenant.id,
    userId: session.userId,
    redirectUri: request.redirect.uri,
    platform: request.redirect.platform,
    scope: request.scope,
    nonce: request.nonce,
    codeChallenge: request.codeChallenge,
    codeChallengeMethod: request.codeChallengeMethod,
    authTime: session.authTime,
    mfaTime: session.mfaTime,
    claims: request.claims,
    sid: session.sid,
    expiresAt: call.sts.now() + CODE_TTL * 1000,
  }
  noteSignIn(call, { client, tenant, user })
  call.sts.log({
    event: 'emulator.code.issued',
    message: `${user.displayName} signed in to ${client.displayName} at the emulator.`,
    user: user.userPrincipalName,
    client: client.appId,
  })
  return `1.A${await call.sts.sealer.seal('code', code, CODE_LENGTH)}`
}

/** MSAL's `client_info`: whose home account it is, and where that is. */
export function clientInfo(directory: Directory, user: DirectoryUser): string {
  const { id, tenantId } = homeAccountOf(directory, user) ?? user
  return Buffer.from(JSON.stringify({ uid: id, utid: tenantId })).toString('base64url')
}
