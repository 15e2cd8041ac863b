import { decodeJwt } from 'jose'
import { credentialError } from './credential-error.ts'

/** Gives a client assertion for a token endpoint. Throws `EntraError`. */
export type AssertionSource = (tokenEndpoint: string) => Promise<string>

/** Longer than the tokens that stand in for a secret are, in characters. */
export const ASSERTION_MAX_LENGTH = 16 * 1024

/** A token of somebody else's that is to prove who we are: looked at, so that Entra need not say. */
export function checkAssertion(token: unknown, source: string, cure: string): string {
  const refuse = (why: string, isTransient = false) =>
    credentialError(`${source} ${why}`, { isTransient, cure })
  if (typeof token !== 'string' || token.trim() === '') throw refuse('is empty', true)
  const text = token.trim()
  if (text.length > ASSERTION_MAX_LENGTH) throw refuse('is too long for a token')
  const claims = /^[\w-]+\.[\w-]+\.[\w-]+$/.test(text) ? decode(text) : undefined
  if (!claims) throw refuse('is not a signed JWT')
  if (typeof claims.exp === 'number' && claims.exp <= Date.now() / 1000) {
    throw refuse('has expired', true)
  }
  return text
}

function decode(text: string) {
  try {
    return decodeJwt(text)
  } catch {
    return undefined
  }
}
