import type { JWK } from 'jose'
import { OAuthError } from '../errors.ts'
import { findHostFault } from './public-host.ts'

/** A client's public keys (RFC 7517 §5). */
export type JsonWebKeySet = { readonly keys: readonly JWK[] }

/** What a client may sign with: each public, none a secret that both sides hold. */
export const ASSERTION_ALGORITHMS: readonly string[] = ['ES256', 'PS256', 'RS256', 'EdDSA']

/** The longest jwks_uri: registered, it travels in the client_id. */
const KEYS_URL_MAX_LENGTH = 512

const MAX_KEYS = 20

/** 8192 bits of an RSA key, as base64url; a longer one takes its time to verify with. */
const MODULUS_MAX_LENGTH = 1366

/** 32 bits of its exponent. 65537 is what there is; a long one makes of each check a signature's work. */
const EXPONENT_MAX_LENGTH = 6

const PUBLIC_KEY_TYPES: ReadonlySet<unknown> = new Set(['EC', 'OKP', 'RSA'])

/** What a public key is made of and goes by; the rest, which may be anything, is not kept. */
const PUBLIC_MEMBERS = ['kty', 'crv', 'x', 'y', 'n', 'e', 'kid', 'alg', 'use'] as const

/** Members that only a private or a shared key has (RFC 7518 §6). */
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']

/** Why keys cannot be fetched from there; undefined when they can. */
export function findKeysUrlFault(uri: string): string | undefined {
  if (uri.length > KEYS_URL_MAX_LENGTH) return `is longer than ${KEYS_URL_MAX_LENGTH} characters`
  const url = URL.parse(uri)
  if (url?.protocol !== 'https:') return 'is not an https URL'
  if (url.username || url.password) return 'has a user name in it'
  if (uri.includes('#')) return 'has a fragment'
  if (url.href !== uri) return 'is not in its normal form (RFC 3986 6.2)'
  if (url.port) return 'has a port; 443 is expected'
  return findHostFault(url.hostname)
}

/** Reads a key set; throws `OAuthError` where it is none, or gives away what it must not. */
export function parseKeySet(value: unknown): JsonWebKeySet {
  const keys = isObject(value) ? new Map(Object.entries(value)).get('keys') : undefined
  if (!Array.isArray(keys) || !keys.every(isObject)) throw invalid('its keys are not a JWK set')
  if (keys.length > MAX_KEYS) throw invalid(`it has more than ${MAX_KEYS} keys`)
  // A private key that is published is no proof any more.
  if (keys.some((key) => PRIVATE_MEMBERS.some((name) => Object.hasOwn(key, name)))) {
    throw invalid('it has a private or symmetric key in it; publish public keys only')
  }
  const usable = keys.filter(isUsable)
  if (usable.length === 0) {
    throw invalid(`it has no key for ${ASSERTION_ALGORITHMS.join(', ')}`)
  }
  return { keys: usable.map(toPublicKey) }
}

function toPublicKey(key: JWK): JWK {
  const members = PUBLIC_MEMBERS.map((name) => [name, key[name]] as const)
  return Object.fromEntries(members.filter(([, value]) => typeof value === 'string')) as JWK
}

function isUsable(key: JWK): boolean {
  if (!PUBLIC_KEY_TYPES.has(key.kty)) return false
  if (key.use !== undefined && key.use !== 'sig') return false
  const { key_ops: operations = ['verify'] } = key
  if (!Array.isArray(operations) || !operations.includes('verify')) return false
  if (key.alg !== undefined && !ASSERTION_ALGORITHMS.includes(key.alg)) return false
  return (
    key.kty !== 'RSA' || (isShort(key.n, MODULUS_MAX_LENGTH) && isShort(key.e, EXPONENT_MAX_LENGTH))
  )
}

function isShort(value: unknown, maxLength: number): boolean {
  return typeof value === 'string' && value.length <= maxLength
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function invalid(fault: string): OAuthError {
  return new OAuthError('invalid_client_metadata', fault)
}
