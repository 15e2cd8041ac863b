import type { Store, StoredRecord } from '../stores/store.ts'
import { whomToAsk } from './admission.ts'
import { inRounds } from './in-rounds.ts'
import type { Keyring } from './keys/keyring.ts'
import { digest } from './keys/mac.ts'
import { open, seal } from './keys/sealed.ts'
import type { AllowConfig } from './options.ts'

/** A person, whatever client they use; or a client, whoever uses it. */
export type BarredKind = 'person' | 'client'

/** Somebody whom the operator keeps out. */
export type Barring = {
  readonly kind: BarredKind
  /** `<tid>/<oid>`, or the digest of the client_id. */
  readonly id: string
  /** Sign-in name or client name, where it was known. */
  readonly name?: string | undefined
  /** Seconds since the epoch. */
  readonly at: number
}

export type BarringPage = {
  readonly barrings: readonly Barring[]
  readonly next?: string | undefined
}

/**
 * Who is kept out, in the store: looked at, there, before a code or a token is given. The gate knows
 * of it by the rules of revocation alone.
 */
export type Barred = {
  /** Why this person may not have anything from this client; undefined where nothing stands against it. */
  find(person: string, clientDigest: string): Promise<Barring | undefined>
  has(kind: BarredKind, id: string): Promise<boolean>
  /** Keeps somebody out; false where they are already. */
  bar(kind: BarredKind, id: string, name: string | undefined): Promise<boolean>
  /** Lets them in again; false where nobody kept them out. */
  lift(kind: BarredKind, id: string): Promise<boolean>
  page(kind: BarredKind, query: { after?: string | undefined; limit: number }): Promise<BarringPage>
}

export type BarredOptions = { readonly store: Store; readonly keyring: Keyring }

const PURPOSE = 'barred'

/** As good as never: some ten years, in seconds. */
const FOREVER = 10 * 366 * 24 * 60 * 60

export function createBarred({ store, keyring }: BarredOptions): Barred {
  function toRecord(barring: Barring): Omit<StoredRecord, 'version'> {
    const key = keyOf(barring.kind, barring.id)
    return {
      key,
      value: seal(keyring, PURPOSE, JSON.stringify(barring), key),
      expiresAt: barring.at + FOREVER,
      [barring.kind]: barring.id,
    }
  }

  /** A record that cannot be opened, its key being retired, keeps out all the same. */
  function read(kind: BarredKind, record: StoredRecord): Barring {
    const text = open(keyring, PURPOSE, record.value, record.key)
    if (text !== undefined) return JSON.parse(text) as Barring
    return { kind, id: record[kind] ?? '', at: 0 }
  }

  return {
    async find(person, clientDigest) {
      const [ofPerson, ofClient] = await Promise.all([
        store.get(keyOf('person', person)),
        store.get(keyOf('client', clientDigest)),
      ])
      if (ofPerson) return read('person', ofPerson)
      return ofClient && read('client', ofClient)
    },
    has: async (kind, id) => (await store.get(keyOf(kind, id))) !== undefined,
    bar(kind, id, name) {
      const at = Math.floor(Date.now() / 1000)
      return store.create(toRecord({ kind, id, ...(name && { name }), at }))
    },
    async lift(kind, id) {
      const key = keyOf(kind, id)
      const isThere = (await store.get(key)) !== undefined
      await store.delete(key)
      return isThere
    },
    async page(kind, query) {
      const { records, next } = await store.page({ ...query, prefix: `barred:${kind}:` })
      return { barrings: await inRounds(records, (record) => read(kind, record)), next }
    },
  }
}

/** Of a client the id is a digest already; a person's need not stand in a key. */
function keyOf(kind: BarredKind, id: string): string {
  return `barred:${kind}:${kind === 'person' ? digest(id) : id}`
}

/** Why somebody gets nothing, and whom to ask. */
export function explainBarred({ kind }: Barring, allow: AllowConfig): string {
  const what =
    kind === 'person'
      ? 'The operator of this server has blocked this account.'
      : 'The operator of this server has switched this application off.'
  return `${what} ${whomToAsk(allow)}`
}
