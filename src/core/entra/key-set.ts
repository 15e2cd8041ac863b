import { createRemoteJWKSet, customFetch, type JWTVerifyGetKey } from 'jose'

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
  const options = { [customFetch]: fetch, timeoutDuration: 5000, cooldownDuration: 10_000 }
  const find = createRemoteJWKSet(uri, options)
  return {
    find,
    issuersOf: (kid) =>
      (find.jwks()?.keys ?? [])
        .filter((key) => kid === undefined || key.kid === kid)
        .map((key) => (key as { issuer?: unknown }).issuer),
  }
}
