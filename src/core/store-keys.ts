import type { Store } from '../stores/store.ts'
import { ConfigError } from './errors.ts'
import type { Keyring } from './keys/keyring.ts'

/** The record that the replicas of a store have in common. */
export const STORE_KEYS = 'keyring'

/** As good as never: some ten years, in seconds. */
const FOREVER = 10 * 366 * 24 * 60 * 60

/** How long a key counts as one that things are made with, after somebody said so; in seconds. */
const RECENT = 15 * 60

/** How often that is said again, in seconds: seldom, for it is a write. */
const REPEAT = 5 * 60

/** How many keys the record names; the oldest are forgotten. */
const MAX_MAKERS = 16

/** How often a change that another one came before is tried again. */
const TRIES = 20

/** A key that things in the store are made with, and when somebody last said so. */
type Maker = { readonly id: string; readonly at: number }

/** The keys that a keyring lacks though things are made with them. */
export type Lacking = {
  readonly ids: readonly string[]
  /** Whether one of them is the latest that the store was written with. */
  readonly isLatest: boolean
}

/**
 * Holds the store against the keyring. One that was last written with a key that is not there is
 * refused, for its sign-ins could only seem lost.
 */
export async function checkStoreKeys(
  { keyring }: { readonly keyring: Keyring },
  store: Store,
): Promise<void> {
  const { ids: lacking, isLatest } = await agreeOnKeys(keyring, store)
  if (!isLatest) return
  const had = keyring.keys.map(({ id }) => id).join(', ')
  throw new ConfigError([
    {
      option: 'secret',
      problem: `does not fit the store ${store.name}: it was written with key ${lacking.join(', ')}, the keyring has ${had}.`,
      cure: `Give the key that the store was written with, behind the current one, or another store; without the key its sign-ins cannot be read. If it is gone for good: entrance keys retire ${lacking[0]}`,
    },
  ])
}

/**
 * Compares the keyring with what other replicas make things with, and tells them about its own
 * current key. While it lacks the latest it writes nothing: an older replica must not undo what a
 * newer one has said.
 */
export async function agreeOnKeys(keyring: Keyring, store: Store): Promise<Lacking> {
  for (let tries = 0; tries < TRIES; tries++) {
    const record = await store.get(STORE_KEYS)
    const makers = parseMakers(record?.value ?? '')
    const lacking = lackingOf(makers, keyring)
    const own = makers.find(({ id }) => id === keyring.current.id)
    if (lacking.isLatest || (own && now() - own.at < REPEAT)) return lacking
    const said = [{ id: keyring.current.id, at: now() }, ...makers.filter((each) => each !== own)]
    if (await write(store, said, record?.version)) return lacking
    // Another replica came first: what it said counts as well.
  }
  // So many at once: the next look finds out.
  return { ids: [], isLatest: false }
}

function lackingOf(makers: readonly Maker[], keyring: Keyring): Lacking {
  const [latest] = makers
  const inUse = makers.filter((maker) => maker === latest || isRecent(maker))
  const ids = inUse.filter(({ id }) => !keyring.find(id)).map(({ id }) => id)
  return { ids, isLatest: latest !== undefined && ids[0] === latest.id }
}

/** Takes a key out of the record: nobody is to make things with it any more. */
export async function forgetStoreKey(id: string, store: Store): Promise<boolean> {
  for (let tries = 0; tries < TRIES; tries++) {
    const record = await store.get(STORE_KEYS)
    const makers = parseMakers(record?.value ?? '')
    const rest = makers.filter((maker) => maker.id !== id)
    if (!record || rest.length === makers.length) return false
    if (rest.length === 0) {
      await store.delete(STORE_KEYS)
      return true
    }
    if (await write(store, rest, record.version)) return true
  }
  return false
}

/**
 * Adds what the record of another store says, whose records are brought here; tells whether that was
 * new. A server that starts here then lacks no key that they are under.
 */
export async function joinStoreKeys(value: string, store: Store): Promise<boolean> {
  for (let tries = 0; tries < TRIES; tries++) {
    const record = await store.get(STORE_KEYS)
    const known = parseMakers(record?.value ?? '')
    const latest = new Map(known.map(({ id, at }) => [id, at]))
    const told = parseMakers(value).filter(({ id, at }) => at > (latest.get(id) ?? -1))
    if (told.length === 0) return false
    const rest = known.filter(({ id }) => !told.some((each) => each.id === id))
    if (await write(store, [...told, ...rest], record?.version)) return true
  }
  throw new Error('Other processes keep changing the record of the keys.')
}

/**
 * What such a record says of these keys. One of a key that is gone would keep every server out, and
 * one of a moment to come would count as the latest until then.
 */
export function keepStoreKeys(value: string, keyring: Keyring): string {
  const kept = parseMakers(value).filter(({ id }) => keyring.find(id))
  return writeMakers(kept.map(({ id, at }) => ({ id, at: Math.min(at, now()) })))
}

/** The key that such a record says things are made with. */
export function latestStoreKey(value: string): string | undefined {
  return parseMakers(value).toSorted((a, b) => b.at - a.at)[0]?.id
}

/** The ids that the store has been written under, as far as it is remembered; the latest first. */
export async function storeKeyIds(store: Store): Promise<readonly string[]> {
  return parseMakers((await store.get(STORE_KEYS))?.value ?? '').map(({ id }) => id)
}

function write(store: Store, makers: readonly Maker[], version?: number): Promise<boolean> {
  const latestFirst = makers.toSorted((a, b) => b.at - a.at).slice(0, MAX_MAKERS)
  const record = { key: STORE_KEYS, value: writeMakers(latestFirst), expiresAt: now() + FOREVER }
  return version === undefined ? store.create(record) : store.replace(record, version)
}

function writeMakers(makers: readonly Maker[]): string {
  return makers.map(({ id, at }) => `${id}:${at}`).join(' ')
}

/** `<id>:<seconds>`, the latest first; in a record of an earlier version without the seconds. */
function parseMakers(value: string): readonly Maker[] {
  return value.split(' ').flatMap((text) => {
    const [, id, at = '0'] = /^([\w-]{8})(?::(\d{1,12}))?$/.exec(text) ?? []
    return id === undefined ? [] : [{ id, at: Number(at) }]
  })
}

/** A moment that is far ahead comes from a clock that is wrong, and says nothing. */
function isRecent({ at }: Maker): boolean {
  return Math.abs(now() - at) <= RECENT
}

function now(): number {
  return Math.floor(Date.now() / 1000)
}
