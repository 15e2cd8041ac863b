import type { Log } from '../../log.ts'
import { OAuthError } from '../errors.ts'
import { createBoundedMap } from './bounded-map.ts'
import type { EgressBudget } from './egress-budget.ts'
import type { Caching, Fetched, GuardedFetch } from './guarded-fetch.ts'

/** Documents of strangers' hosts, kept in memory within bounds. */
export type RemoteDocuments<T> = {
  /**
   * The document, `maxAge` seconds old at most where that is given. Throws `invalid_client` where
   * there is none that can be used, and `temporarily_unavailable` where there may be one shortly.
   */
  get(url: string, maxAge?: number): Promise<T>
  /** Keeps a document from being crowded out by those that strangers ask for. */
  keep(url: string): void
}

export type RemoteDocumentsOptions<T> = {
  /** What they are, in errors: 'client metadata document'. */
  readonly name: string
  readonly fetch: GuardedFetch
  readonly budget: EgressBudget
  /** Makes of a document what is kept; throws `OAuthError` where it cannot be used. */
  readonly parse: (url: string, json: unknown) => T
  /** What to use where the host fails and no copy is held. */
  readonly fallBack?: (url: string) => T | undefined
  /** Told of each document that came. */
  readonly onSuccess?: () => void
  readonly log: Log
}

/** How long a document is good, in seconds: as its host says, within these. */
const MIN_AGE = 5 * 60
const MAX_AGE = 24 * 60 * 60
const DEFAULT_AGE = 60 * 60

/** How long a copy stands in for a host that fails (RFC 5861 §4), in seconds. */
const STALE_IF_ERROR = 7 * 24 * 60 * 60

/** Seconds before a host that failed is asked again for the same. */
const FAILURE_PAUSE = 30

const BOUNDS = { maxCount: 1000, maxBytes: 4 * 1024 * 1024 }

/** What one entry takes besides the document, in bytes. */
const OVERHEAD = 512

type Copy<T> = {
  readonly value: T
  /** In bytes, as it came. */
  readonly size: number
  readonly etag: string | undefined
  readonly fetchedAt: number
  readonly freshUntil: number
}

type Failure = {
  readonly fault: string
  readonly isTransient: boolean
  /** Whether the host has spoken: then no copy stands in. */
  readonly isFinal: boolean
  readonly until: number
}

type Outcome<T> = { readonly copy: Copy<T> } | { readonly failure: Failure }

export function createRemoteDocuments<T>(options: RemoteDocumentsOptions<T>): RemoteDocuments<T> {
  const { budget, name, log } = options
  const seen = createBoundedMap<Copy<T>>(BOUNDS)
  const kept = createBoundedMap<Copy<T>>(BOUNDS)
  const failures = createBoundedMap<Failure>(BOUNDS)
  const underWay = new Map<string, Promise<Outcome<T>>>()

  function put(url: string, copy: Copy<T>): void {
    failures.take(url)
    const copies = kept.get(url) ? kept : seen
    copies.set(url, copy, copy.size + OVERHEAD)
  }

  /** Asks the host, and settles what is held. */
  async function ask(url: string, held: Copy<T> | undefined): Promise<Outcome<T>> {
    const fetched = await options.fetch(new URL(url), held?.etag)
    const outcome = judge(url, fetched, held, options)
    if ('copy' in outcome) {
      put(url, outcome.copy)
      options.onSuccess?.()
      return outcome
    }
    const { failure } = outcome
    if (failure.isFinal) {
      seen.take(url)
      kept.take(url)
    }
    failures.set(url, failure, OVERHEAD)
    const { host } = new URL(url)
    const message = `A ${name} cannot be used: ${failure.fault}.`
    log({ event: 'document.refused', level: 'warn', message, host })
    return outcome
  }

  /** However many ask for the same at once, its host is asked once. */
  function askOnce(url: string, held: Copy<T> | undefined): Promise<Outcome<T>> | Failure {
    const asked = underWay.get(url)
    if (asked) return asked
    const place = budget.take(new URL(url).hostname)
    if ('retryAfter' in place) {
      const until = now() + place.retryAfter
      return { fault: BUSY, isTransient: true, isFinal: false, until }
    }
    const asking = ask(url, held).finally(() => {
      underWay.delete(url)
      place.release()
    })
    underWay.set(url, asking)
    return asking
  }

  function standIn(url: string, held: Copy<T> | undefined, failure: Failure): T {
    if (!failure.isFinal) {
      if (held && held.fetchedAt + STALE_IF_ERROR > now()) return held.value
      const known = options.fallBack?.(url)
      if (known) return known
    }
    throw toError(url, failure, name)
  }

  return {
    async get(url, maxAge) {
      const held = kept.get(url) ?? seen.get(url)
      if (held && isFresh(held, maxAge)) return held.value
      const failure = failures.get(url)
      if (failure && failure.until > now()) return standIn(url, held, failure)
      const outcome = await askOnce(url, held)
      if ('fault' in outcome) return standIn(url, held, outcome)
      return 'copy' in outcome ? outcome.copy.value : standIn(url, held, outcome.failure)
    },
    keep(url) {
      const entry = seen.take(url)
      if (entry) kept.set(url, entry.value, entry.size)
    },
  }
}

const BUSY = 'this server fetches as many as it may at the moment'

function isFresh(copy: Copy<unknown>, maxAge: number | undefined): boolean {
  return copy.freshUntil > now() && (maxAge === undefined || copy.fetchedAt + maxAge > now())
}

function judge<T>(
  url: string,
  fetched: Fetched,
  held: Copy<T> | undefined,
  { parse }: RemoteDocumentsOptions<T>,
): Outcome<T> {
  if (fetched.is === 'failed') return failure(fetched.fault, { isTransient: fetched.isTransient })
  if (fetched.is === 'invalid') return failure(fetched.fault, { isFinal: true })
  if (fetched.is === 'unchanged') {
    if (!held) return failure('its host says that it has not changed, and no copy is held')
    const caching = { ...fetched.caching, etag: fetched.caching.etag ?? held.etag }
    return { copy: toCopy(held.value, held.size, caching) }
  }
  try {
    return { copy: toCopy(parse(url, fetched.json), fetched.size, fetched.caching) }
  } catch (error) {
    if (!(error instanceof OAuthError)) throw error
    return failure(error.message.replace(/\.$/, ''), { isFinal: true })
  }
}

function failure(fault: string, { isTransient = false, isFinal = false } = {}) {
  return { failure: { fault, isTransient, isFinal, until: now() + FAILURE_PAUSE } }
}

function toCopy<T>(value: T, size: number, caching: Caching): Copy<T> {
  const { etag, maxAge = DEFAULT_AGE } = caching
  const age = Math.min(Math.max(maxAge, MIN_AGE), MAX_AGE)
  return { value, size, etag, fetchedAt: now(), freshUntil: now() + age }
}

/** What a person can do about a document that cannot be used. */
export const CURE =
  'Tell the makers of the application, or whoever runs this server, what it says here.'

function toError(url: string, failure: Failure, name: string): OAuthError {
  const text = `The ${name} '${url.slice(0, 200)}' cannot be used: ${failure.fault}.`
  if (!failure.isTransient) return new OAuthError('invalid_client', text, { cure: CURE })
  const retryAfter = Math.max(1, Math.ceil(failure.until - now()))
  return new OAuthError('temporarily_unavailable', text, { retryAfter })
}

/** Seconds since the epoch. */
function now(): number {
  return Date.now() / 1000
}
