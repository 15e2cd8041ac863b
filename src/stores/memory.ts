import type { Revocation, Store, StoredRecord } from './store.ts'

/** A record with its place: the map gives them in the order of it. */
type Kept = { readonly record: StoredRecord; readonly place: number }

/** How many records one write looks at for expired ones to clear away. */
const SWEEP_RECORDS = 20

/**
 * A store in memory: for tests, and for trying things out. A restart signs everybody out, and a
 * second process knows nothing of it.
 */
export function memoryStore(): Store {
  let records: Map<string, Kept> | undefined = new Map()
  const people = createIndex()
  const clients = createIndex()
  const sweep = createSweep(remove)
  let revocations: (Revocation & { seq: number })[] = []
  let seq = 0
  let places = 0

  function openRecords(): Map<string, Kept> {
    if (records) return records
    throw new Error('The store is closed.')
  }

  function live(key: string): StoredRecord | undefined {
    const record = openRecords().get(key)?.record
    return record && record.expiresAt > now() ? record : undefined
  }

  function put(record: StoredRecord): void {
    const known = openRecords().get(record.key)
    const isMoved = known?.record.person !== record.person || known?.record.client !== record.client
    if (known && isMoved) remove(record.key)
    people.add(record.person, record.key)
    clients.add(record.client, record.key)
    const place = known && !isMoved ? known.place : ++places
    openRecords().set(record.key, { record, place })
  }

  function remove(key: string): void {
    const record = openRecords().get(key)?.record
    people.remove(record?.person, key)
    clients.remove(record?.client, key)
    openRecords().delete(key)
  }

  return {
    name: 'memory',
    isShared: false,
    async connect() {
      openRecords()
    },
    async check() {
      openRecords()
      return []
    },
    async get(key) {
      const record = live(key)
      return record && { ...record }
    },
    async create(record) {
      if (live(record.key)) return false
      sweep(openRecords())
      put({ ...record, version: 1 })
      return true
    },
    async replace(record, version) {
      if (live(record.key)?.version !== version) return false
      put({ ...record, version: version + 1 })
      return true
    },
    async delete(key) {
      remove(key)
    },
    async list({ person }) {
      openRecords()
      return [...people.keys(person)].flatMap((key) => {
        const record = live(key)
        return record ? { ...record } : []
      })
    },
    async page({ prefix, client, after = '0', limit }) {
      const found: StoredRecord[] = []
      let next: string | undefined
      const keys = client === undefined ? openRecords().keys() : clients.keys(client)
      for (const key of keys) {
        const { record, place } = openRecords().get(key) as Kept
        if (place <= Number(after) || !key.startsWith(prefix) || record.expiresAt <= now()) continue
        if (found.length === limit) return { records: found, next }
        found.push({ ...record })
        next = String(place)
      }
      return { records: found, next: undefined }
    },
    async revoke(revocation) {
      openRecords()
      revocations = revocations.filter((r) => r.expiresAt > now())
      revocations.push({ ...revocation, seq: ++seq })
    },
    async revocations(cursor = '0') {
      openRecords()
      const since = revocations.filter((r) => r.seq > Number(cursor) && r.expiresAt > now())
      return { revocations: since.map(({ seq: _, ...rest }) => rest), cursor: String(seq) }
    },
    async close() {
      records = undefined
    },
  }
}

/** The keys of the records of each person, or of each client, the oldest first. */
function createIndex() {
  const index = new Map<string, Set<string>>()
  return {
    keys: (of: string): Iterable<string> => index.get(of) ?? [],
    add(of: string | undefined, key: string): void {
      if (of === undefined) return
      const keys = index.get(of)
      if (keys) keys.add(key)
      else index.set(of, new Set([key]))
    },
    remove(of: string | undefined, key: string): void {
      const keys = index.get(of ?? '')
      keys?.delete(key)
      if (keys?.size === 0) index.delete(of ?? '')
    },
  }
}

/** Drops expired records, a few at each call, in rounds: memory does not grow with the dead. */
function createSweep(remove: (key: string) => void): (records: Map<string, Kept>) => void {
  let round: Iterator<Kept> | undefined
  return (records) => {
    round ??= records.values()
    for (let seen = 0; seen < SWEEP_RECORDS; seen++) {
      const { done, value } = round.next()
      if (done) {
        round = undefined
        return
      }
      if (value.record.expiresAt <= now()) remove(value.record.key)
    }
  }
}

function now(): number {
  return Date.now() / 1000
}
