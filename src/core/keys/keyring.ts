import { createSecretKey, hkdfSync, type KeyObject } from 'node:crypto'

/** One master key and what is derived from it. */
export type Key = {
  /** Short public name of the key, derived from it, so that replicas agree without talking. */
  readonly id: string
  /**
   * The 32-byte key for one purpose (HKDF-SHA256, RFC 5869). Every purpose has its own. Bytes would
   * have to be made a key of at each use, which takes longer than the use itself.
   */
  derive(purpose: string): KeyObject
}

/** The master keys in force: one that makes, and the older ones that are still recognised. */
export type Keyring = {
  readonly current: Key
  readonly keys: readonly Key[]
  find(id: string): Key | undefined
}

/** The shortest secret taken as a master key, in characters. */
export const SECRET_MIN_LENGTH = 32

/**
 * Makes a keyring of master secrets, the current one first.
 * The secrets are keys, not passwords: they need 256 bits of randomness.
 */
export function createKeyring(secrets: readonly string[]): Keyring {
  const keys = secrets.map(createKey)
  const byId = new Map(keys.map((key) => [key.id, key]))
  return { current: keys[0] as Key, keys, find: (id) => byId.get(id) }
}

/** The id that the secret has in every keyring. */
export function keyIdOf(secret: string): string {
  return hkdf(secret, 'entrance key id', 6).toString('base64url')
}

function createKey(secret: string): Key {
  const derived = new Map<string, KeyObject>()
  return {
    id: keyIdOf(secret),
    derive(purpose) {
      let key = derived.get(purpose)
      if (!key) {
        key = createSecretKey(hkdf(secret, `entrance ${purpose}`, 32))
        // Purposes are constants of this code, so the map cannot grow with traffic.
        derived.set(purpose, key)
      }
      return key
    },
  }
}

function hkdf(secret: string, info: string, length: number): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', info, length))
}
