import type { Revocation, Store, StoredRecord } from './store.ts'

/**
 * A store in memory: for tests, and for trying things out. A restart signs everybody out, and a
 * second process knows nothing of it.
 */
export function memoryStore(): Store {
  const records = new Map<string, StoredRecord>()
  const revocations: Revocation[] = []

  function live(key: string): StoredRecord | undefined {
    const record = records.get(key)
    return record && record.expiresAt > now() ? record : undefined
  }

  return {
    name: 'memory',
    async get(key) {
      return live(key)
    },
    async create(record) {
      if (live(record.key)) return false
      sweep(records)
      records.set(record.key, { ...record, version: 1 })
      return true
    },
    async replace(record, version) {
      if (live(record.key)?.version !== version) return false
      records.set(record.key, { ...record, version: version + 1 })
      return true
    },
    async delete(key) {
      records.delete(key)
    },
    async list(by) {
      return [...records.values()].filter(
        (r) =>
          r.expiresAt > now() && ('person' in by ? r.person === by.person : r.client === by.client),
      )
    },
    async revoke(revocation) {
      revocations.push(revocation)
    },
    async revocations(cursor = '0') {
      const since = revocations.slice(Number(cursor)).filter((r) => r.expiresAt > now())
      return { revocations: since, cursor: String(revocations.length) }
    },
    async close() {},
  }
}

/** Drops a few expired records, oldest first, so that memory does not grow with the dead. */
function sweep(records: Map<string, StoredRecord>): void {
  let seen = 0
  for (const [key, record] of records) {
    if (record.expiresAt <= now()) records.delete(key)
    if (++seen >= 20) return
  }
}

function now(): number {
  return Date.now() / 1000
}
