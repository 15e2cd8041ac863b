import type { Log } from '../log.ts'
import type { Store, StoredRecord } from '../stores/store.ts'
import { ConfigError, OAuthError } from './errors.ts'
import {
  checkCount,
  checkPage,
  checkRecord,
  checkRevocations,
  keepRecords,
} from './store-answers.ts'

/** Seconds after which a client may try again when the store is away. */
const RETRY_AFTER = 5

/** How long one operation may take, in milliseconds: a store that hangs is away. */
const PATIENCE = 5000

/** How often the log says again that the same thing is still wrong, in milliseconds. */
const REMINDER = 60_000

/** How many reasons are told in that time, and how long one may be, in characters. */
const MAX_REASONS = 64
const REASON_MAX_LENGTH = 300

/**
 * The store, with every rejection turned into `temporarily_unavailable`: whoever is told so keeps
 * what they have, which `invalid_grant` would have them throw away. A write whose answer was lost
 * is looked up, for it may have been done.
 */
export function guardStore(store: Store, log: Log, patience = PATIENCE): Store {
  const inTime = <T>(call: () => Promise<T>) => withDeadline(call, patience)
  const teller = createTeller(store.name, log)
  const count = store.count?.bind(store)
  let isClosed = false

  async function guard<T>(operation: string, call: () => Promise<T>): Promise<T> {
    try {
      const answer = await inTime(call)
      teller.succeeded(operation)
      return answer
    } catch (cause) {
      // What is wrong for good is the operator's to mend, and says how.
      if (cause instanceof ConfigError) throw cause
      const reason = teller.failed(operation, cause, isClosed)
      const text = 'The server cannot reach its store at the moment. Try again shortly.'
      throw new OAuthError('temporarily_unavailable', text, {
        retryAfter: RETRY_AFTER,
        cause: new Error(reason, { cause }),
      })
    }
  }

  /** A sealed value is like no other: where it stands, this very write has put it. */
  async function settle(
    { key, value }: Pick<StoredRecord, 'key' | 'value'>,
    write: () => Promise<boolean>,
  ): Promise<boolean> {
    try {
      return await inTime(write)
    } catch (error) {
      if (value === '') throw error
      const found = await inTime(() => store.get(key)).catch(() => undefined)
      if (found?.value === value) return true
      throw error
    }
  }

  return {
    ...store,
    close() {
      isClosed = true
      return store.close()
    },
    connect: () => guard('connect', () => store.connect()),
    check: () => guard('check', () => store.check()),
    get: (key) => guard('get', async () => checkRecord(await store.get(key), key)),
    create: (record) => guard('create', () => settle(record, () => store.create(record))),
    replace: (record, version) =>
      guard('replace', () => settle(record, () => store.replace(record, version))),
    delete: (key) => guard('delete', () => store.delete(key)),
    list: (by) => guard('list', async () => keepRecords(await store.list(by))),
    ...(count && { count: (by) => guard('count', async () => checkCount(await count(by))) }),
    page: (query) => guard('page', async () => checkPage(await store.page(query))),
    revoke: (revocation) => guard('revoke', () => store.revoke(revocation)),
    revocations: (cursor) =>
      guard('revocations', async () => checkRevocations(await store.revocations(cursor))),
  }
}

/** A call that never comes back would hold up whoever waits for it, a poll for ever. */
function withDeadline<T>(call: () => Promise<T>, patience: number): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>()
  const timer = setTimeout(() => reject(new Error(`No answer within ${patience} ms.`)), patience)
  call()
    .then(resolve, reject)
    .finally(() => clearTimeout(timer))
  return promise
}

/** Says why an operation fails when it is new, then once a minute, and when it works again; gives why. */
function createTeller(name: string, log: Log) {
  const toldAt = new Map<string, number>()
  const failing = new Set<string>()
  return {
    /** What its own end cut off is nothing to tell. */
    failed(operation: string, cause: unknown, isClosed: boolean): string {
      // A driver's error may say for itself what is away: it is said once.
      const words = reasonOf(cause).replace(`${name} cannot be reached: `, '')
      const error = withoutCredentials(words).slice(0, REASON_MAX_LENGTH)
      const reason = `${operation} ${error}`
      const now = performance.now()
      for (const [each, at] of toldAt) if (now - at >= REMINDER) toldAt.delete(each)
      if (isClosed || toldAt.has(reason) || toldAt.size >= MAX_REASONS) return error
      toldAt.set(reason, now)
      failing.add(operation)
      const message = `The store ${name} cannot be reached.`
      log({ event: 'store.unreachable', level: 'error', message, operation, error })
      return error
    },
    succeeded(operation: string): void {
      if (!failing.delete(operation) || failing.size > 0) return
      log({ event: 'store.reachable', message: `The store ${name} answers again.` })
    },
  }
}

/** The driver's own words. A name with several addresses, as localhost is, fails at each. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) {
    return [...new Set(error.errors.map(reasonOf))].join('; ')
  }
  return error instanceof Error ? error.message || error.name : String(error)
}

/** Drivers quote the address that they were given, with the password in it. */
function withoutCredentials(text: string): string {
  return text.replace(/\/\/[^@/\s]*@/g, '//***@')
}
