import type { Revocation, Store, StoredRecord } from './store.ts'

/** How many records one write looks at for expired ones to clear away. */
const SWEEP_RECORDS = 20

/**
 * A store in memory: for tests, and for trying things out. A restart signs everybody out, and a
 * second process knows nothing of it.
 */
export function memoryStore(): Store {
  let records: Map<string, StoredRecord> | undefined = new Map()
  const sweep = createSweep()
  let revocations: (Revocation & { seq: number })[] = []
  let seq = 0

  function openRecords(): Map<string, StoredRecord> {
    if (records) return records
    throw new Error('The store is closed.')
  }

  function live(key: string): StoredRecord | undefined {
    const record = openRecords().get(key)
    return record && record.expiresAt > now() ? record : undefined
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
      openRecords().set(record.key, { ...record, version: 1 })
      return true
    },
    async replace(record, version) {
      if (live(record.key)?.version !== version) return false
      openRecords().set(record.key, { ...record, version: version + 1 })
      return true
    },
    async delete(key) {
      openRecords().delete(key)
    },
    async list(by) {
      return [...openRecords().values()]
        .filter((r) => ('person' in by ? r.person === by.person : r.client === by.client))
        .filter((r) => r.expiresAt > now())
        .map((r) => ({ ...r }))
    },
    async page({ prefix, after = '0', limit }) {
      const from = Number(after)
      const keys = [...openRecords().keys()].filter((key) => key.startsWith(prefix))
      const records = keys.slice(from, from + limit).flatMap((key) => live(key) ?? [])
      const next = from + limit < keys.length ? String(from + limit) : undefined
      return { records: records.map((r) => ({ ...r })), next }
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
function createSweep(): (records: Map<string, StoredRecord>) => void {
  let round: Iterator<StoredRecord> | undefined
  return (records) => {
    round ??= records.values()
    for (let seen = 0; seen < SWEEP_RECORDS; seen++) {
      const { done, value } = round.next()
      if (done) {
        round = undefined
        return
      }
      if (value.expiresAt <= now()) records.delete(value.key)
    }
  }
}

function now(): number {
  return Date.now() / 1000
}
