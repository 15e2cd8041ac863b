/** A record as a store keeps it. `value` is sealed: a store never sees what it holds. */
export type StoredRecord = {
  readonly key: string
  readonly value: string
  /** Counts the changes, from 1. */
  readonly version: number
  /** Seconds since the epoch; from then on the record is absent. */
  readonly expiresAt: number
  /** Whose record it is: `<tid>/<oid>`. */
  readonly person?: string | undefined
  /** Digest of the client_id it was given to. */
  readonly client?: string | undefined
}

/** Tokens issued up to a moment that are no longer good. */
export type Revocation = {
  readonly kind: 'grant' | 'person' | 'client' | 'all'
  /** Grant id, `<tid>/<oid>`, client digest; empty for `all`. */
  readonly id: string
  /** Seconds since the epoch: what was issued at or before is refused. */
  readonly issuedUntil: number
  /** Seconds since the epoch: when every token it concerns has expired by itself. */
  readonly expiresAt: number
}

export type RevocationPage = {
  readonly revocations: readonly Revocation[]
  readonly cursor: string
}

/**
 * Where records live. Every operation is atomic on one record, also between processes.
 * An operation that rejects means "unreachable"; absence is an answer.
 */
export type Store = {
  /** What to call it in logs and errors, e.g. `sqlite:.entrance/entrance.db`. No credentials. */
  readonly name: string
  get(key: string): Promise<StoredRecord | undefined>
  /** Puts a record at version 1 unless there is one; tells whether it did. */
  create(record: Omit<StoredRecord, 'version'>): Promise<boolean>
  /** Replaces the record whose version is `version`, raising it by one; tells whether it did. */
  replace(record: Omit<StoredRecord, 'version'>, version: number): Promise<boolean>
  delete(key: string): Promise<void>
  /** The live records of a person or of a client. */
  list(by: { person: string } | { client: string }): Promise<readonly StoredRecord[]>
  revoke(revocation: Revocation): Promise<void>
  /**
   * The live revocations since a cursor (none: all). A page may repeat some already given, so that
   * one written late by another process is not missed.
   */
  revocations(cursor?: string): Promise<RevocationPage>
  close(): Promise<void>
}
