import { createHmac, hash, timingSafeEqual } from 'node:crypto'
import type { Key } from './keyring.ts'

/**
 * HMAC-SHA256 over the parts, each preceded by its length, so that no two lists of parts can
 * yield the same input.
 */
export function mac(key: Key, purpose: string, ...parts: readonly string[]): Buffer {
  const hmac = createHmac('sha256', key.derive(purpose))
  for (const part of parts) hmac.update(`${Buffer.byteLength(part)}:${part}`)
  return hmac.digest()
}

/** Compares a presented base64url text with the expected bytes, in constant time. */
export function isMac(expected: Buffer, presented: string): boolean {
  // Decoding forgives stray characters; the text itself must be the one that was given out.
  const bytes = Buffer.from(expected.toString('base64url'))
  const given = Buffer.from(presented)
  return bytes.length === given.length && timingSafeEqual(bytes, given)
}

/** SHA-256 as base64url: a name for something that is itself too long, or too secret, to keep. */
export function digest(text: string): string {
  return hash('sha256', text, 'base64url')
}
