import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

/** RFC 7636 §4.1: 43 to 128 unreserved characters. */
const VERIFIER = /^[A-Za-z0-9._~-]{43,128}$/

/** RFC 7636 §4.2, S256: the base64url of 32 bytes. */
const CHALLENGE = /^[A-Za-z0-9_-]{43}$/

export function isCodeChallenge(text: string): boolean {
  return CHALLENGE.test(text)
}

/** RFC 7636 §4.6 for S256, the only method there is here. */
export function verifyCodeVerifier(verifier: string, challenge: string): boolean {
  if (!VERIFIER.test(verifier)) return false
  const computed = Buffer.from(codeChallengeOf(verifier))
  const expected = Buffer.from(challenge)
  return computed.length === expected.length && timingSafeEqual(computed, expected)
}

/** A fresh verifier of our own, for the leg to Entra: 256 bits. */
export function createCodeVerifier(): string {
  return randomBytes(32).toString('base64url')
}

export function codeChallengeOf(verifier: string): string {
  return createHash('sha256').update(verifier).digest('base64url')
}
