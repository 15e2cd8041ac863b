import type { Key, Keyring } from '../keys/keyring.ts'
import { digest, isMac, mac } from '../keys/mac.ts'

/** What a string from a client claims to be, before its MAC has been checked. */
export type GrantToken = {
  readonly grantId: string
  readonly generation: number
  readonly keyId: string
  readonly tag: string
}

/** A code and a refresh token are made alike and can never be taken for each other. */
export type GrantTokenKind = 'code' | 'refresh_token'

const PREFIX: Readonly<Record<GrantTokenKind, string>> = { code: 'c1', refresh_token: 'r1' }

const SHAPE = /^(c1|r1)\.([\w-]{22})\.(\d{1,9})\.([\w-]{8})\.([\w-]{6})\.([\w-]{43})$/

/** What a token is made from, besides the key: only the record holds the salt. */
export type GrantTokenSource = {
  readonly grantId: string
  readonly generation: number
  readonly salt: string
}

/**
 * Writes the code, or the refresh token, of one generation of a grant. It can be made again
 * from the record, so nothing usable has to be stored.
 */
export function writeGrantToken(
  kind: GrantTokenKind,
  source: GrantTokenSource,
  key: Key,
  binding: string,
): string {
  const tag = tagOf(kind, source, key, binding).toString('base64url')
  return [PREFIX[kind], source.grantId, source.generation, key.id, binding, tag].join('.')
}

/**
 * Reads a code or refresh token. `foreign` is one that was made for another Entra configuration;
 * undefined is no such token at all.
 */
export function readGrantToken(
  kind: GrantTokenKind,
  text: string,
  binding: string,
): GrantToken | 'foreign' | undefined {
  const [, prefix, grantId = '', generation, keyId = '', bound, tag = ''] = SHAPE.exec(text) ?? []
  if (prefix !== PREFIX[kind]) return undefined
  if (bound !== binding) return 'foreign'
  return { grantId, generation: Number(generation), keyId, tag }
}

/** What a grant knows one token by when the key that it was made with is gone; no token itself. */
export type KeptTag = {
  readonly kind: GrantTokenKind
  readonly keyId: string
  readonly generation: number
  /** SHA-256 of the tag, which has 256 bits that nobody can guess. */
  readonly digest: string
}

/** Keeps what tells a token, while the key is there. */
export function keepTag(
  kind: GrantTokenKind,
  source: GrantTokenSource,
  key: Key,
  binding: string,
): KeptTag {
  const tag = tagOf(kind, source, key, binding).toString('base64url')
  return { kind, keyId: key.id, generation: source.generation, digest: digest(tag) }
}

/** Whether we made this token: an old genuine one is thereby told from a guess. */
export function isGenuine(
  kind: GrantTokenKind,
  token: GrantToken,
  { salt, keptTag }: { readonly salt: string; readonly keptTag?: KeptTag | undefined },
  keyring: Keyring,
  binding: string,
): boolean {
  const key = keyring.find(token.keyId)
  if (key) return isMac(tagOf(kind, { ...token, salt }, key, binding), token.tag)
  return (
    keptTag !== undefined &&
    keptTag.kind === kind &&
    keptTag.keyId === token.keyId &&
    keptTag.generation === token.generation &&
    keptTag.digest === digest(token.tag)
  )
}

function tagOf(kind: GrantTokenKind, source: GrantTokenSource, key: Key, binding: string): Buffer {
  const { grantId, generation, salt } = source
  return mac(key, kind, binding, grantId, String(generation), salt)
}
