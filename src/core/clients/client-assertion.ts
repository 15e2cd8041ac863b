import { compactVerify, createLocalJWKSet, decodeJwt, decodeProtectedHeader, errors } from 'jose'
import type { Store } from '../../stores/store.ts'
import { OAuthError } from '../errors.ts'
import { digest } from '../keys/mac.ts'
import { CLOCK_SKEW } from '../options.ts'
import type { Client } from './client.ts'
import type { ClientKeys } from './client-keys.ts'
import { ASSERTION_ALGORITHMS, type JsonWebKeySet } from './key-set.ts'

/** RFC 7523 §2.2. */
export const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/** What an assertion says, once its signature and its claims have been checked. */
export type VerifiedAssertion = {
  /**
   * Uses it up, on every replica; throws `invalid_client` when it was used before. To be called
   * for a client that holds a grant here: a stranger's assertions leave no record.
   */
  spend(): Promise<void>
}

/** `private_key_jwt`: a client proves itself by what it signs (RFC 7523 §3, OpenID Connect §9). */
export type ClientAssertions = {
  verify(client: Client, assertion: string): Promise<VerifiedAssertion>
}

export type ClientAssertionsOptions = {
  /** This server, by all its names. */
  readonly sites: ReadonlyMap<string, { readonly issuer: string }>
  readonly keys: ClientKeys
  readonly store: Store
}

/** The longest assertion that is looked at, in characters. */
const ASSERTION_MAX_LENGTH = 8 * 1024

/** How far ahead it may expire, in seconds. */
const MAX_LIFETIME = 10 * 60

const JTI_MAX_LENGTH = 256

/** Seconds before keys are fetched again because of an assertion that none of them has signed. */
const KEYS_MIN_AGE = 30

/** Types of the header that say what it is; others are tokens for something else (RFC 8725 §3.11). */
const TYPES: readonly unknown[] = [undefined, 'JWT', 'client-authentication+jwt']

type Claims = Readonly<Record<string, unknown>>

/** The client that an assertion is said to be of: nothing of it has been checked yet. */
export function readAssertionSubject(assertion: string): string {
  const { sub } = decode(assertion, decodeJwt) as Claims
  if (typeof sub === 'string' && sub !== '') return sub
  throw refused("has no 'sub'; the client_id is expected")
}

export function createClientAssertions(options: ClientAssertionsOptions): ClientAssertions {
  const { keys, store } = options
  // One value each, from which the metadata is made too: what it names can be sent.
  const audiences = new Set(
    [...options.sites.values()].flatMap(({ issuer }) => [issuer, `${issuer}/token`]),
  )

  return {
    async verify(client, assertion) {
      const { alg, typ, crit } = decode(assertion, decodeProtectedHeader)
      // Our list, never the token's word, and never a key that both sides hold (RFC 8725 §3.1).
      if (!ASSERTION_ALGORITHMS.includes(alg ?? '')) {
        throw refused(`is signed with another algorithm than ${ASSERTION_ALGORITHMS.join(', ')}`)
      }
      if (!TYPES.includes(typ)) throw refused("has a 'typ' that is not JWT")
      if (crit !== undefined) throw refused('has critical headers, which is not supported')
      if (!(await isSignedByClient(client, assertion, keys))) {
        throw refused("is not signed with one of the client's keys")
      }
      const { jti, exp } = checkClaims(decodeJwt(assertion), client.client_id, audiences)
      return { spend: () => spend(client, jti, exp, store) }
    },
  }
}

/** By a key that is held, or else by one that has been published since. */
async function isSignedByClient(
  client: Client,
  assertion: string,
  keys: ClientKeys,
): Promise<boolean> {
  const held = await keys.find(client)
  if (await isSignedBy(held, assertion)) return true
  const newer = await keys.find(client, KEYS_MIN_AGE)
  return newer !== held && isSignedBy(newer, assertion)
}

/** Whether one of the keys has signed it; each that could have, for a key need not have a name. */
async function isSignedBy(keySet: JsonWebKeySet, assertion: string): Promise<boolean> {
  const options = { algorithms: [...ASSERTION_ALGORITHMS] }
  try {
    await compactVerify(assertion, createLocalJWKSet({ keys: [...keySet.keys] }), options)
    return true
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) return false
    for await (const key of error) {
      const isSigned = await compactVerify(assertion, key, options).then(
        () => true,
        () => false,
      )
      if (isSigned) return true
    }
    return false
  }
}

function checkClaims(claims: Claims, clientId: string, audiences: ReadonlySet<string>) {
  const { iss, sub, aud, exp, iat, nbf, jti } = claims
  if (iss !== clientId || sub !== clientId) {
    throw refused("must have the client_id as both 'iss' and 'sub'")
  }
  // One alone: what names another server as well could be passed on by that one.
  const [audience, ...others] = [aud ?? []].flat()
  if (typeof audience !== 'string' || others.length > 0 || !audiences.has(audience)) {
    throw refused("must have the issuer or the token endpoint as its only 'aud'")
  }
  if (typeof exp !== 'number' || !Number.isFinite(exp)) throw refused("has no 'exp'")
  if (exp <= now()) throw refused('has expired')
  if (exp > now() + MAX_LIFETIME + CLOCK_SKEW) {
    throw refused(`expires more than ${MAX_LIFETIME} seconds from now`)
  }
  for (const from of [iat ?? 0, nbf ?? 0]) {
    if (typeof from !== 'number' || from > now() + CLOCK_SKEW) throw refused('is not valid yet')
  }
  if (typeof jti !== 'string' || jti === '' || jti.length > JTI_MAX_LENGTH) {
    throw refused(`must have a 'jti' of 1 to ${JTI_MAX_LENGTH} characters`)
  }
  return { jti, exp }
}

/** The record is there for as long as the assertion could be used; each client has its own names. */
async function spend(client: Client, jti: string, exp: number, store: Store): Promise<void> {
  const key = `assertion:${digest(`${client.digest} ${jti}`)}`
  const isFirst = await store.create({ key, value: '', expiresAt: Math.ceil(exp) + CLOCK_SKEW })
  if (!isFirst) throw refused('has been used before; sign a new one for each request')
}

function decode<T>(assertion: string, read: (assertion: string) => T): T {
  if (assertion.length > ASSERTION_MAX_LENGTH) {
    throw refused(`is longer than ${ASSERTION_MAX_LENGTH} characters`)
  }
  try {
    return read(assertion)
  } catch {
    throw refused('is not a signed JWT')
  }
}

function refused(fault: string): OAuthError {
  return new OAuthError('invalid_client', `The client_assertion ${fault}.`)
}

/** Seconds since the epoch. */
function now(): number {
  return Date.now() / 1000
}
