import { compactVerify, decodeJwt, decodeProtectedHeader, type JWTPayload } from 'jose'
import { aadsts } from '../aadsts-error.ts'
import type { Call } from '../call.ts'
import type { Application } from '../directory.ts'
import { readAio } from './claims.ts'

/** An access token of a person, which an API was called with. */
export type UserAssertion = {
  readonly userId: string
  readonly sid: string
  /** Seconds since the epoch. */
  readonly authTime: number
  readonly mfaTime: number | undefined
  /** Milliseconds since the epoch. */
  readonly issuedAt: number
}

/** Entra's tokens are dated back by five minutes. */
const BACKDATED = 300

/** Checks an assertion: one of our access tokens, for this client, of a person, still good. */
export async function verifyUserAssertion(
  call: Call,
  client: Application,
  text: string,
): Promise<UserAssertion> {
  const { kid, claims } = decode(text)
  await verifySignature(call, text, kid)
  const audience = String(claims.aud)
  if (!audiencesOf(client).includes(audience.replace(/\/$/, ''))) {
    throw aadsts(500131, { audience, id: client.appId, name: client.displayName })
  }
  const now = call.sts.now()
  if (!isTime(claims.exp) || !isTime(claims.iat)) throw aadsts(50027)
  const end = claims.exp * 1000
  if (end <= now) throw aadsts(500133, { now: toIso(now), end: toIso(end) })
  // An ID token has no scope either.
  if (claims.scp === undefined) throw aadsts(7000114, { id: client.appId })
  return {
    userId: String(claims.oid),
    sid: String(claims.sid),
    ...readAio(String(claims.aio)),
    issuedAt: (claims.iat + BACKDATED) * 1000,
  }
}

/** Graph's tokens fail here, as they do wherever somebody other than Graph checks them. */
async function verifySignature(call: Call, text: string, kid: string | undefined): Promise<void> {
  const refuse = (reason: string) => aadsts(50013, { reason })
  const all = [...(await call.sts.signingKeys()), ...(await call.sts.personalKeys())]
  const found = all.find((key) => key.kid === kid)
  if (!found) throw refuse('The key was not found.')
  try {
    await compactVerify(text, { kty: 'RSA', n: found.n, e: found.e }, { algorithms: ['RS256'] })
  } catch {
    throw refuse('The provided signature value did not match the expected signature value.')
  }
}

function decode(text: string): { kid: string | undefined; claims: JWTPayload } {
  try {
    return { kid: decodeProtectedHeader(text).kid, claims: decodeJwt(text) }
  } catch {
    throw aadsts(50027)
  }
}

/** What an access token may call the client, a slash at its end or not. */
function audiencesOf({ appId, identifierUris }: Application): string[] {
  return [appId, ...identifierUris.map((uri) => uri.replace(/\/$/, ''))]
}

/** Whether a claim is a moment that a `Date` can be, in seconds. */
function isTime(value: unknown): value is number {
  return Number.isInteger(value) && Math.abs(value as number) <= 8.64e12
}

function toIso(ms: number): string {
  return new Date(ms).toISOString()
}
