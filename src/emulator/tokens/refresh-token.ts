import { aadsts, toTimestamp } from '../aadsts-error.ts'
import { type Admission, admitPerson } from '../admission.ts'
import { findAuthority } from '../authority.ts'
import type { Call } from '../call.ts'
import type { Application } from '../directory.ts'
import { findUser, tenantFor } from '../lookup.ts'
import { homeAccountOf } from '../people.ts'
import type { Platform } from '../sign-in/redirect-uri.ts'

/** What a refresh token stands for. It is bound to person and client, not to an API. */
export type RefreshToken = {
  readonly clientId: string
  readonly tenantId: string
  /** The account that the person signed in with; a guest's own follows from the tenant. */
  readonly userId: string
  readonly platform: Platform
  /** What the sign-in asked for; stands in where a refresh names no scope. */
  readonly scope: string
  readonly authTime: number
  /** When the person last showed a second factor, in seconds since the epoch. */
  readonly mfaTime?: number | undefined
  readonly sid: string
  /** Milliseconds since the epoch. */
  readonly issuedAt: number
  /** When the first of the chain was issued. */
  readonly startedAt: number
}

const DAY = 24 * 60 * 60 * 1000
const INACTIVITY = 90 * DAY
/** How long a single-page app's chain lasts, in milliseconds. */
export const SPA_LIFETIME = DAY
const LENGTH = 1000

/** Seals a refresh token. Nothing is kept: an older one stays valid, as at Entra. */
export async function issueRefreshToken(call: Call, token: RefreshToken): Promise<string> {
  return `1.A${await call.sts.sealer.seal('refresh', token, LENGTH)}`
}

/** Opens a refresh token; undefined when it is none of ours. */
export async function openRefreshToken(
  call: Call,
  text: string,
): Promise<RefreshToken | undefined> {
  if (!text.startsWith('1.A')) return undefined
  return call.sts.sealer.open<RefreshToken>('refresh', text.slice(3))
}

/** Refuses a refresh token that has ended, or whose person may no longer come in. */
export function checkRefreshToken(call: Call, token: RefreshToken, client: Application): Admission {
  const now = call.sts.now()
  const issued = new Date(token.issuedAt).toISOString()
  if (token.clientId !== client.appId) throw aadsts(70000)
  if (token.platform === 'spa' && now >= token.startedAt + SPA_LIFETIME) {
    throw aadsts(700084, { issued })
  }
  if (now >= token.issuedAt + INACTIVITY) throw aadsts(700082, { issued })
  const admission = findAdmission(call, token, client)
  // A guest's sessions are ended where the account is at home.
  const { sessionsValidFrom } = homeAccountOf(call.sts.directory, admission.user) ?? admission.user
  if (sessionsValidFrom > token.issuedAt) {
    const validFrom = toTimestamp(sessionsValidFrom)
    throw aadsts(50173, { issued: toTimestamp(token.issuedAt), validFrom })
  }
  return admission
}

/** Person and tenant of something issued before, when they may still come in. */
export function findAdmission(
  call: Call,
  issued: { readonly userId: string },
  client: Application,
): Admission {
  const { directory } = call.sts
  const authority = findAuthority(call.sts, call.segment)
  const person = findUser(directory, issued.userId)
  if (!person) throw aadsts(50034, { upn: issued.userId, tenant: authority.name })
  return admitPerson(directory, { client, person, tenant: tenantFor(directory, authority, person) })
}
