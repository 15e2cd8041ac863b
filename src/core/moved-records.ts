import type { Store, StoredRecord } from '../stores/store.ts'
import type { Consent } from './consents.ts'
import type { Grant } from './grants/grant.ts'
import type { Keyring } from './keys/keyring.ts'
import { open } from './keys/sealed.ts'
import { purposesOf } from './record-purposes.ts'
import { joinStoreKeys, keepStoreKeys, STORE_KEYS } from './store-keys.ts'

/**
 * What became of a record from another store: put, put in place of an older one, there already, or
 * left out because the one that is there is as new or newer.
 */
export type Taken = 'new' | 'newer' | 'same' | 'older'

export type MovedRecord = Omit<StoredRecord, 'version'>

/** Records as they are moved between stores: sealed, and under the keys of this server. */
export type MovedRecords = {
  /**
   * Whether this server can open it: not one of another app registration, of a key that is gone, or
   * one that is damaged. Undefined for a record that is not sealed.
   */
  opens(record: MovedRecord): boolean | undefined
  /** Puts records of another store, each unless the one that is there is as new. */
  take(records: readonly MovedRecord[]): Promise<readonly Taken[]>
}

export type MovedRecordsOptions = {
  readonly store: Store
  readonly keyring: Keyring
  readonly binding: string
}

/** How many are compared at once, and put where a store takes them one by one. */
const AT_ONCE = 16

/** How often a change that another one came before is tried again. */
const TRIES = 20

export function createMovedRecords({ store, keyring, binding }: MovedRecordsOptions): MovedRecords {
  const purposes = purposesOf(binding)

  function read({ key, value }: MovedRecord): unknown {
    const [, purpose] = purposes.find(([prefix]) => key.startsWith(prefix)) ?? []
    const text = purpose === undefined ? undefined : open(keyring, purpose, value, key)
    return text === undefined ? undefined : JSON.parse(text)
  }

  function isNewer(brought: MovedRecord, there: MovedRecord): boolean {
    // That somebody is kept out, the one says as well as the other; also one that cannot be opened.
    if (brought.key.startsWith('barred:')) return false
    const [ours, theirs] = [read(brought), read(there)]
    if (ours === undefined) return false
    // What nobody can read here is of use to nobody.
    if (theirs === undefined) return true
    if (brought.key.startsWith('grant:')) return isNewerGrant(ours as Grant, theirs as Grant)
    if (brought.key.startsWith('consent:')) {
      return isNewerConsent(ours as Consent, theirs as Consent)
    }
    return brought.expiresAt > there.expiresAt
  }

  /** Those that were absent, and are there now. */
  async function createAll(records: readonly MovedRecord[]): Promise<ReadonlySet<MovedRecord>> {
    // A record that changed while it was exported comes twice: the first of a key is tried here.
    const first = new Map(records.toReversed().map((record) => [record.key, record]))
    const asked = [...first.values()]
    const done = (asked.length > 0 && (await store.createAll?.(asked))) || []
    return new Set(asked.filter((_, i) => done[i]))
  }

  async function takeOne(record: MovedRecord): Promise<Taken> {
    for (let tries = 0; tries < TRIES; tries++) {
      if (await store.create(record)) return 'new'
      if (record.key === STORE_KEYS) {
        return (await joinStoreKeys(record.value, store)) ? 'newer' : 'same'
      }
      const there = await store.get(record.key)
      if (!there) continue
      if (there.value === record.value) return 'same'
      if (!isNewer(record, there)) return 'older'
      if (await store.replace(record, there.version)) return 'newer'
    }
    throw new Error(`Other processes keep changing ${record.key}.`)
  }

  return {
    async take(brought) {
      const taken: Taken[] = []
      const records = brought.map((record) => ofOwnKeys(record, keyring))
      const isNew = await createAll(records)
      for (let from = 0; from < records.length; from += AT_ONCE) {
        const some = records.slice(from, from + AT_ONCE)
        const done = some.map((record) => (isNew.has(record) ? 'new' : takeOne(record)))
        taken.push(...(await Promise.all(done)))
      }
      return taken
    },
    opens(record) {
      const isSealed = purposes.some(([prefix]) => record.key.startsWith(prefix))
      return isSealed ? read(record) !== undefined : undefined
    },
  }
}

/** What is said of keys that are not here would keep every server out. */
function ofOwnKeys(record: MovedRecord, keyring: Keyring): MovedRecord {
  if (record.key !== STORE_KEYS) return record
  return { ...record, value: keepStoreKeys(record.value, keyring) }
}

/** What has been revoked anywhere stays it. */
function isNewerGrant(brought: Grant, there: Grant): boolean {
  if (there.revoked || brought.revoked) return !there.revoked
  return brought.generation > there.generation
}

/** Of two answers of one second the no counts. */
function isNewerConsent(brought: Consent, there: Consent): boolean {
  if (brought.answeredAt !== there.answeredAt) return brought.answeredAt > there.answeredAt
  return !brought.scope && Boolean(there.scope)
}
