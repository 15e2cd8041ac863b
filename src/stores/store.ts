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
  /** Seconds since the epoch: what was issued at or before is refused; of a grant, all that was. */
  readonly issuedUntil: number
  /** Seconds since the epoch: when every token it concerns has expired by itself. */
  readonly expiresAt: number
}

export type RevocationPage = {
  readonly revocations: readonly Revocation[]
  readonly cursor: string
  /** Whether there is more behind the cursor, which is read at once. @default false */
  readonly isMore?: boolean | undefined
}

/** Which records a walk is about, and where it goes on. */
export type RecordQuery = {
  readonly prefix: string
  /** Only those of one client. */
  readonly client?: string | undefined
  /** `next` of the page before; absent for the first one. */
  readonly after?: string | undefined
  readonly limit: number
}

/** Some of the live records whose key begins with a prefix: `limit` at most, or none. */
export type RecordPage = {
  readonly records: readonly StoredRecord[]
  /** Where the next page begins; undefined after the last one. */
  readonly next?: string | undefined
}

/** What stands against a store's promises: an error keeps a server from starting. */
export type StoreFinding = {
  readonly severity: 'error' | 'warning'
  /** What was found, and what is expected in its place. */
  readonly problem: string
  readonly cure: string
}

/** How a store is, for an operator. */
export type StoreState = {
  /** How many records have expired and wait to be cleared away. */
  readonly expired: number
  /** The version of its schema, where that is brought up to date; 0 before there is one. */
  readonly schema?: number
}

/**
 * Where records live. Every operation is atomic on one record, also between processes.
 * An operation that rejects means "unreachable", and leaves open whether it was done; absence is an
 * answer. None of them waits for ever.
 */
export type Store = {
  /** What to call it in logs and errors, e.g. `sqlite:.entrance/entrance.db`. No credentials. */
  readonly name: string
  /** Whether replicas on several machines can have it in common. */
  readonly isShared: boolean
  /**
   * Connects, brings the schema up to date and looks at what the promises rest on. Called before
   * anything else, and again after a rejection: a `ConfigError` is for good, all else may pass.
   */
  connect(): Promise<void>
  /** Looks closely, for an operator: the settings, the schema, whether the data is whole. */
  check(): Promise<readonly StoreFinding[]>
  /** How it is, as it stands: changes nothing. Absent where a store clears away by itself. */
  inspect?(): Promise<StoreState>
  get(key: string): Promise<StoredRecord | undefined>
  /** Puts a record at version 1 unless there is one; tells whether it did. */
  create(record: Omit<StoredRecord, 'version'>): Promise<boolean>
  /**
   * Several times `create`, for different keys: each is atomic for itself, and tells whether it was
   * done. Only where one wait for the disk serves them all.
   */
  createAll?(records: readonly Omit<StoredRecord, 'version'>[]): Promise<readonly boolean[]>
  /** Replaces the record whose version is `version`, raising it by one; tells whether it did. */
  replace(record: Omit<StoredRecord, 'version'>, version: number): Promise<boolean>
  delete(key: string): Promise<void>
  /** The live records of a person. */
  list(by: { person: string }): Promise<readonly StoredRecord[]>
  /**
   * How many of them there are at most: some may have expired. Only where that takes less than to
   * list them.
   */
  count?(by: { person: string }): Promise<number>
  /**
   * Walks the live records whose key begins with `prefix`, in no order, some `limit` at a time: a
   * step looks at a bounded number of them, so a page may be empty and not the last. What is there
   * all the while is given once or more; what comes or goes meanwhile may be left out.
   */
  page(query: RecordQuery): Promise<RecordPage>
  revoke(revocation: Revocation): Promise<void>
  /**
   * The live revocations since a cursor (none: all). A page may repeat some already given, so that
   * one written late by another process is not missed.
   */
  revocations(cursor?: string): Promise<RevocationPage>
  /**
   * Calls back soon after something was revoked by any process. It may miss some: it only hastens
   * what reading the feed every second finds out. Gives the function that ends it.
   */
  watch?(onRevoked: () => void): () => void
  close(): Promise<void>
}
