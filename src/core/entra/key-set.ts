import {
  createRemoteJWKSet,
  customFetch,
  type JWKSCacheInput,
  type JWTVerifyGetKey,
  jwksCache,
} from 'jose'

/** The public keys at one address. */
export type KeySet = {
  readonly find: JWTVerifyGetKey
  /** Whom each key of this id says it signs for: Entra's own member `issuer`, absent in some. */
  issuersOf(kid: string | undefined): readonly unknown[]
}

/** Entra's key set is fetched when first needed, and again when a key is met that it lacks. */
export function createKeySets(fetch: typeof globalThis.fetch): (uri: string) => KeySet {
  let kept: { uri: string; keys: KeySet } | undefined
  return (uri) => {
    if (kept?.uri !== uri) kept = { uri, keys: createKeySet(new URL(uri), fetch) }
    return kept.keys
  }
}

function createKeySet(uri: URL, fetch: typeof globalThis.fetch): KeySet {
  // jose puts the set here each time that it has read one; `jwks()` would copy it at each sign-in.
  const kept = {} as JWKSCacheInput
  return {
    find: createRemoteJWKSet(uri, {
      [customFetch]: fetch,
      [jwksCache]: kept,
      timeoutDuration: 5000,
      cooldownDuration: 10_000,
    }),
    issuersOf: (kid) =>
      (kept.jwks?.keys ?? [])
        .filter((key) => kid === undefined || key.kid === kid)
        .map((key) => (key as { issuer?: unknown }).issuer),
  }
}
