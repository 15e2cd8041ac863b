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
  const sweep = createSweep()
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
    const place = openRecords().get(record.key)?.place ?? ++places
    openRecords().set(record.key, { record, place })
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
      openRecords().delete(key)
    },
    async list(by) {
      const found: StoredRecord[] = []
      for (const { record } of openRecords().values()) {
        const isMeant = 'person' in by ? record.person === by.person : record.client === by.client
        if (isMeant && record.expiresAt > now()) found.push({ ...record })
      }
      return found
    },
    async page({ prefix, after = '0', limit }) {
      const found: StoredRecord[] = []
      let next: string | undefined
      for (const { record, place } of openRecords().values()) {
        if (place <= Number(after) || !record.key.startsWith(prefix)) continue
        if (record.expiresAt <= now()) continue
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

/** Drops expired records, a few at each call, in rounds: memory does not grow with the dead. */
function createSweep(): (records: Map<string, Kept>) => void {
  let round: Iterator<Kept> | undefined
  return (records) => {
    round ??= records.values()
    for (let seen = 0; seen < SWEEP_RECORDS; seen++) {
      const { done, value } = round.next()
      if (done) {
        round = undefined
        return
      }
      if (value.record.expiresAt <= now()) records.delete(value.record.key)
    }
  }
}

function now(): number {
  return Date.now() / 1000
}
