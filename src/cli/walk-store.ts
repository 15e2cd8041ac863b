import type { Revocation, Store, StoredRecord } from '../index.ts'
import { Interrupted } from './exit-codes.ts'

/** How many records are held at once. */
const PAGE = 500

/** All live records whose key begins with a prefix, a page at a time; one that changes meanwhile may come twice. */
export async function* pagesOf(
  store: Store,
  signal: AbortSignal,
  prefix = '',
): AsyncGenerator<readonly StoredRecord[]> {
  let after: string | undefined
  do {
    if (signal.aborted) throw new Interrupted()
    const page = await store.page({ prefix, after, limit: PAGE })
    yield page.records
    after = page.next
  } while (after !== undefined)
}

/** Reads revocations, and gives each once: those that reach no further than a known one are left out. */
export type RevocationReader = {
  /** Those that have come since the last call. */
  read(): Promise<readonly Revocation[]>
  /** Whether one that says as much, or more, has been read. */
  covers(revocation: Revocation): boolean
  readonly count: number
}

export function createRevocationReader(store: Store): RevocationReader {
  const known = new Map<string, Revocation>()
  let cursor: string | undefined

  const covers = (revocation: Revocation) => {
    const { issuedUntil = -1, expiresAt = -1 } = known.get(nameOf(revocation)) ?? {}
    return issuedUntil >= revocation.issuedUntil && expiresAt >= revocation.expiresAt
  }

  return {
    covers,
    get count() {
      return known.size
    },
    async read() {
      const fresh: Revocation[] = []
      for (let isMore = true; isMore; ) {
        const page = await store.revocations(cursor)
        for (const revocation of page.revocations) {
          if (covers(revocation)) continue
          known.set(nameOf(revocation), revocation)
          fresh.push(revocation)
        }
        isMore = page.isMore === true && page.cursor !== cursor
        cursor = page.cursor
      }
      return fresh
    },
  }
}

/** What a record is of, by its key: `grant`, `consent` and so on. */
export function kindOf({ key }: { readonly key: string }): string {
  return key.split(':', 1)[0] ?? ''
}

/** The id of the key that a record is sealed under, which stands in front; undefined for what is not. */
export function sealedUnder({ value }: { readonly value: string }): string | undefined {
  return /^([\w-]{8})\./.exec(value)?.[1]
}

function nameOf({ kind, id }: Revocation): string {
  return `${kind} ${id}`
}
