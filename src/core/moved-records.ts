import type { Store, StoredRecord } from '../stores/store.ts'
import type { Consent } from './consents.ts'
import type { Grant } from './grants/grant.ts'
import type { Keyring } from './keys/keyring.ts'
import { open } from './keys/sealed.ts'
import { purposesOf } from './record-purposes.ts'
import { joinStoreKeys, STORE_KEYS } from './store-keys.ts'

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
  /** Puts a record of another store, unless the one that is there is as new. */
  take(record: MovedRecord): Promise<Taken>
}

export type MovedRecordsOptions = {
  readonly store: Store
  readonly keyring: Keyring
  readonly binding: string
}

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
    const [ours, theirs] = [read(brought), read(there)]
    if (ours === undefined) return false
    // What nobody can read here is of use to nobody.
    if (theirs === undefined) return true
    if (brought.key.startsWith('grant:')) return isNewerGrant(ours as Grant, theirs as Grant)
    if (brought.key.startsWith('consent:')) {
      return isNewerConsent(ours as Consent, theirs as Consent)
    }
    // That somebody is kept out says the one as well as the other.
    return !brought.key.startsWith('barred:') && brought.expiresAt > there.expiresAt
  }

  async function take(record: MovedRecord): Promise<Taken> {
    if (record.key === STORE_KEYS) {
      return (await joinStoreKeys(record.value, store)) ? 'newer' : 'same'
    }
    for (let tries = 0; tries < TRIES; tries++) {
      if (await store.create(record)) return 'new'
      const there = await store.get(record.key)
      if (!there) continue
      if (there.value === record.value) return 'same'
      if (!isNewer(record, there)) return 'older'
      if (await store.replace(record, there.version)) return 'newer'
    }
    throw new Error(`Other processes keep changing ${record.key}.`)
  }

  return {
    take,
    opens(record) {
      const isSealed = purposes.some(([prefix]) => record.key.startsWith(prefix))
      return isSealed ? read(record) !== undefined : undefined
    },
  }
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
