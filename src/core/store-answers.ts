import type { RecordPage, RevocationPage, StoredRecord } from '../stores/store.ts'

const KINDS: ReadonlySet<unknown> = new Set(['grant', 'person', 'client', 'all'])

/**
 * The record of that key. Sealing binds a value to the key that stands beside it, so that one that
 * was moved would open where the store says it is another's.
 */
export function checkRecord(
  record: StoredRecord | undefined,
  key: string,
): StoredRecord | undefined {
  if (record === undefined || (isRecord(record) && record.key === key)) return record
  throw new Error('It gave something else than the record that was asked for.')
}

/** Those that are records: what opens nowhere must not hide the rest. */
export function keepRecords(records: readonly StoredRecord[]): readonly StoredRecord[] {
  return records.filter(isRecord)
}

/** A page of records, likewise. */
export function checkPage(page: RecordPage): RecordPage {
  return { ...page, records: keepRecords(page.records) }
}

/** What is none would be less than any bound, or more. */
export function checkCount(count: number): number {
  if (Number.isInteger(count) && count >= 0) return count
  throw new Error('It gave a count that is none.')
}

/** A rule that cannot be understood may be the one that shuts somebody out: none is passed over. */
export function checkRevocations(page: RevocationPage): RevocationPage {
  const isRule = ({ kind, id, issuedUntil, expiresAt }: Record<string, unknown>) =>
    KINDS.has(kind) &&
    typeof id === 'string' &&
    Number.isFinite(issuedUntil) &&
    Number.isFinite(expiresAt)
  if (typeof page.cursor === 'string' && page.revocations.every(isRule)) return page
  throw new Error('It gave a revocation that is none.')
}

function isRecord({ key, value, version, expiresAt }: Partial<StoredRecord>): boolean {
  return (
    typeof key === 'string' &&
    typeof value === 'string' &&
    Number.isInteger(version) &&
    Number.isFinite(expiresAt)
  )
}
