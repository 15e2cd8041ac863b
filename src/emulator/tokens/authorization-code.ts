import { createHash } from 'node:crypto'
import { aadsts } from '../aadsts-error.ts'
import { findAuthority } from '../authority.ts'
import type { Call } from '../call.ts'
import type { Application } from '../directory.ts'
import { optional, required } from '../params.ts'
import type { Code } from '../sign-in/code.ts'

/** Opens a code; undefined when it is none of ours. */
export async function openCode(call: Call, text: string): Promise<Code | undefined> {
  if (!text.startsWith('1.A')) return undefined
  return call.sts.sealer.open<Code>('code', text.slice(3))
}

/** Uses a code up, when the request that brings it is the one it was meant for. */
export function redeemCode(call: Call, code: Code, client: Application): void {
  const { sts, form } = call
  if (code.clientId !== client.appId) throw aadsts(70000)
  if (code.authority !== findAuthority(sts, call.segment).name) throw aadsts(700005)
  const sent = required(form, 'redirect_uri')
  if (sent !== code.redirectUri) throw aadsts(500112, { sent, expected: code.redirectUri })
  if (sts.now() >= code.expiresAt) throw aadsts(70008)
  if (!sts.redeem(code.id, code.expiresAt)) throw aadsts(54005)
  // A wrong verifier has used the code up: whoever guesses has one try.
  if (!isVerified(code, optional(form, 'code_verifier'))) throw aadsts(501481)
}

function isVerified(code: Code, verifier: string | undefined): boolean {
  if (code.codeChallenge === undefined) return true
  if (verifier === undefined) return false
  if (code.codeChallengeMethod === 'plain') return verifier === code.codeChallenge
  return createHash('sha256').update(verifier).digest('base64url') === code.codeChallenge
}
