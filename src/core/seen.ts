import type { Store, StoredRecord } from '../stores/store.ts'
import { inRounds } from './in-rounds.ts'
import type { Keyring } from './keys/keyring.ts'
import { digest } from './keys/mac.ts'
import { open, seal } from './keys/sealed.ts'

/** A client that somebody has signed in with. */
export type SeenClient = {
  /** SHA-256 of the client_id. */
  readonly digest: string
  /** What it called itself last; undefined where it did not, or its key has been retired. */
  readonly name: string | undefined
}

/**
 * With which clients people have signed in, and under which names: the operator finds both without
 * walking every grant. Nobody's access hangs on it.
 */
export type Seen = {
  /** Notes a sign-in, for as long as its grant can live. */
  note(person: { id: string; name: string | undefined }, client: SeenClient): Promise<void>
  /** The client of a digest. */
  client(clientDigest: string): Promise<SeenClient | undefined>
  /** Walks the clients. */
  clients(query: { after?: string | undefined; limit: number }): Promise<{
    readonly entries: readonly SeenClient[]
    readonly next?: string | undefined
  }>
  /** Who signed in under a name, as `<tid>/<oid>`: several, where it went from one to another. */
  people(name: string): Promise<readonly string[]>
}

export type SeenOptions = {
  readonly store: Store
  readonly keyring: Keyring
  readonly grantMaxTtl: number
}

const PURPOSE = 'seen'
const CLIENT = 'seen:client:'
const NAME = 'seen:name:'

/** How much longer than a grant a note lives, in seconds: it is written once in so long. */
const AHEAD = 86_400

/** How many people one name is kept of; then the one who came first is forgotten. */
const MAX_PEOPLE = 16

/** How often a change that another one came before is tried again. */
const TRIES = 5

export function createSeen({ store, keyring, grantMaxTtl }: SeenOptions): Seen {
  const read = <T>({ key, value }: StoredRecord): T | undefined => {
    const text = open(keyring, PURPOSE, value, key)
    return text === undefined ? undefined : (JSON.parse(text) as T)
  }

  /** Writes what `change` makes of what is there; nothing, where that would stay as it is. */
  async function write<T>(key: string, change: (known: T | undefined) => T): Promise<void> {
    for (let tries = 0; tries < TRIES; tries++) {
      const record = await store.get(key)
      const known = record && read<T>(record)
      const text = JSON.stringify(change(known))
      const until = Math.floor(Date.now() / 1000) + grantMaxTtl
      const isKnown = known !== undefined && text === JSON.stringify(known)
      if (isKnown && record && record.expiresAt >= until) return
      const value = seal(keyring, PURPOSE, text, key)
      const changed = { key, value, expiresAt: until + AHEAD }
      if (await (record ? store.replace(changed, record.version) : store.create(changed))) return
    }
  }

  const noteName = ({ id, name }: { id: string; name: string | undefined }) =>
    name === undefined || name === ''
      ? undefined
      : write<readonly string[]>(nameKeyOf(name), (known = []) =>
          known.includes(id) ? known : [...known, id].slice(-MAX_PEOPLE),
        )

  const toClient = (record: StoredRecord): SeenClient => {
    const name = read<{ name?: string }>(record)?.name
    return { digest: record.key.slice(CLIENT.length), name }
  }

  return {
    async note(person, { digest, name }) {
      await Promise.all([
        noteName(person),
        write(CLIENT + digest, () => ({ ...(name && { name }) })),
      ])
    },
    async client(clientDigest) {
      const record = await store.get(CLIENT + clientDigest)
      return record && toClient(record)
    },
    async clients(query) {
      const { records, next } = await store.page({ ...query, prefix: CLIENT })
      return { entries: await inRounds(records, toClient), next }
    },
    async people(name) {
      const record = await store.get(nameKeyOf(name))
      return (record && read<readonly string[]>(record)) ?? []
    },
  }
}

/** Sign-in names do not tell capitals from small letters. */
function nameKeyOf(name: string): string {
  return NAME + digest(name.toLowerCase())
}
