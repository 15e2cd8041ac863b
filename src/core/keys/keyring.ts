import { createSecretKey, hkdfSync, type KeyObject } from 'node:crypto'

/** One master key and what is derived from it. */
export type Key = {
  /** Short public name of the key, derived from it, so that replicas agree without talking. */
  readonly id: string
  /** Milliseconds since the epoch: before, it only recognises what others have made with it. */
  readonly activeFrom: number
  /**
   * The 32-byte key for one purpose (HKDF-SHA256, RFC 5869). Every purpose has its own. Bytes would
   * have to be made a key of at each use, which takes longer than the use itself.
   */
  derive(purpose: string): KeyObject
}

/**
 * The master keys in force: one that makes, and others that are recognised, be it that they made
 * before or that they will. Both may change while a server runs: ask anew at each use.
 */
export type Keyring = {
  readonly current: Key
  /** The newest first. */
  readonly keys: readonly Key[]
  find(id: string): Key | undefined
  /** Whether other replicas make things with a key of this id, which this one lacks. */
  isElsewhere(id: string): boolean
}

/** A master secret: a key, not a password, so it needs 256 bits of randomness. */
export type MasterKey = {
  readonly secret: string
  /** Milliseconds since the epoch from which things are made with it. @default always */
  readonly activeFrom?: number | undefined
}

/** Master keys that may change while a server runs, as those of a file or of a vault do. */
export type KeySource = {
  /** Those at hand, the newest first. */
  readonly keys: readonly MasterKey[]
  /** Tells of every change, and of what keeps it from looking. Gives the function that ends it. */
  watch(watcher: KeyWatcher): () => void
}

export type KeyWatcher = {
  changed(keys: readonly MasterKey[]): void
  failed(error: unknown): void
}

/** A keyring that can be given other keys. */
export type LiveKeyring = Keyring & {
  /** What no log may show. */
  readonly secrets: readonly string[]
  /** Takes these keys in place of those at hand; tells whether that changed anything. */
  update(keys: readonly (string | MasterKey)[]): boolean
  /** Which keys other replicas make things with, by what the store says. */
  setElsewhere(ids: readonly string[]): void
}

/** The shortest secret taken as a master key, in characters. */
export const SECRET_MIN_LENGTH = 32

/** Makes a keyring of master keys, the newest first. */
export function createKeyring(given: readonly (string | MasterKey)[]): LiveKeyring {
  let ring = toRing(given, new Map())
  let elsewhere: readonly string[] = []
  return {
    get current() {
      return currentOf(ring.keys)
    },
    get keys() {
      return ring.keys
    },
    get secrets() {
      return ring.secrets
    },
    find: (id) => ring.byId.get(id),
    isElsewhere: (id) => !ring.byId.has(id) && elsewhere.includes(id),
    setElsewhere(ids) {
      elsewhere = ids
    },
    update(keys) {
      const next = toRing(keys, ring.byId)
      const isSame =
        next.keys.length === ring.keys.length && next.keys.every((key, i) => key === ring.keys[i])
      ring = next
      return !isSame
    },
  }
}

/** The id that the secret has in every keyring. */
export function keyIdOf(secret: string): string {
  return hkdf(secret, 'entrance key id', 6).toString('base64url')
}

type Ring = {
  readonly keys: readonly Key[]
  readonly secrets: readonly string[]
  readonly byId: ReadonlyMap<string, Key>
}

/** A key that was there before stays the same object, with all that has been derived from it. */
function toRing(given: readonly (string | MasterKey)[], known: ReadonlyMap<string, Key>): Ring {
  const masters = given.map((key) => (typeof key === 'string' ? { secret: key } : key))
  const keys = masters.map(({ secret, activeFrom = 0 }: MasterKey) => {
    const key = known.get(keyIdOf(secret)) ?? createKey(secret)
    return key.activeFrom === activeFrom ? key : { ...key, activeFrom }
  })
  const secrets = masters.map(({ secret }) => secret)
  return { keys, secrets, byId: new Map(keys.map((key) => [key.id, key])) }
}

/** Of those whose time has come, the one whose time came last; of equal ones the first. */
function currentOf(keys: readonly Key[]): Key {
  const now = Date.now()
  const inUse = keys.filter(({ activeFrom }) => activeFrom <= now)
  const latest = Math.max(...inUse.map(({ activeFrom }) => activeFrom))
  // Where none has come, the oldest makes: it is the one that most know.
  return (inUse.find(({ activeFrom }) => activeFrom === latest) ?? keys.at(-1)) as Key
}

function createKey(secret: string): Key {
  const derived = new Map<string, KeyObject>()
  return {
    id: keyIdOf(secret),
    activeFrom: 0,
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
