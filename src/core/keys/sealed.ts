import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { Keyring } from './keyring.ts'

const IV_BYTES = 12
const TAG_BYTES = 16

/** The longest sealed text that is looked at, in characters; more is not ours. */
const MAX_LENGTH = 256 * 1024

/**
 * Encrypts and authenticates a text for one purpose (AES-256-GCM): `<key id>.<base64url>`.
 * `context` is bound as additional data: what was sealed for one record, browser or name does not
 * open for another.
 */
export function seal(keyring: Keyring, purpose: string, text: string, context = ''): string {
  const key = keyring.current
  const iv = randomBytes(IV_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key.derive(purpose), iv)
  cipher.setAAD(Buffer.from(context))
  const sealed = Buffer.concat([
    iv,
    cipher.update(text, 'utf8'),
    cipher.final(),
    cipher.getAuthTag(),
  ])
  return `${key.id}.${sealed.toString('base64url')}`
}

/** The id of the key that a sealed text names; empty where it names none. */
export function sealedUnder(sealed: string): string {
  return sealed.slice(0, Math.max(sealed.indexOf('.'), 0))
}

/** Opens what {@link seal} made; undefined for anything else, whatever the reason. */
export function open(
  keyring: Keyring,
  purpose: string,
  sealed: string,
  context = '',
): string | undefined {
  if (sealed.length > MAX_LENGTH) return undefined
  const id = sealedUnder(sealed)
  const key = keyring.find(id)
  if (!key) return undefined
  const encoded = sealed.slice(id.length + 1)
  const bytes = Buffer.from(encoded, 'base64url')
  // Decoding forgives stray characters, which would travel on in what we made.
  if (bytes.length < IV_BYTES + TAG_BYTES || bytes.toString('base64url') !== encoded) {
    return undefined
  }
  const decipher = createDecipheriv('aes-256-gcm', key.derive(purpose), bytes.subarray(0, IV_BYTES))
  decipher.setAAD(Buffer.from(context))
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES))
  try {
    const text = decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES))
    return Buffer.concat([text, decipher.final()]).toString('utf8')
  } catch {
    return undefined
  }
}
