import { createHash } from 'node:crypto'

/** An item with what Cosmos DB adds. */
export type Document = {
  readonly id: string
  readonly _etag: string
  /** Seconds since the epoch of the last change. */
  readonly _ts: number
  /** Its place in the container, by when it was made. */
  readonly _rid: number
  readonly [field: string]: unknown
}

/** What a write came to, by its HTTP status. */
export type Outcome = { readonly status: number; readonly document?: Document | undefined }

export type Write =
  | { readonly kind: 'create'; readonly partition: string; readonly body: Fields }
  | {
      readonly kind: 'replace'
      readonly partition: string
      readonly id: string
      readonly body: Fields
      readonly ifMatch: string | undefined
    }

type Fields = Record<string, unknown>

/** Into how many physical partitions the items are dealt. */
export const PARTITIONS = 3

/** The items of a container: by partition key and id, with etags and times to live. */
export function createDocuments(timeToLive: () => number | undefined) {
  let documents = new Map<string, Document>()
  let etags = 0
  let places = 0
  const toKey = (partition: string, id: string) => JSON.stringify([partition, id])

  function find(partition: string, id: string): Document | undefined {
    const key = toKey(partition, id)
    const document = documents.get(key)
    if (document && isOver(document)) documents.delete(key)
    return documents.get(key)
  }

  function isOver({ ttl = timeToLive(), _ts }: Document): boolean {
    // Without a time to live of the container's, the items' own say nothing.
    if (timeToLive() === undefined || ttl === undefined || ttl === -1) return false
    return Math.floor(Date.now() / 1000) >= _ts + Number(ttl)
  }

  function put(partition: string, body: Fields): Document {
    const key = toKey(partition, String(body.id))
    const _rid = documents.get(key)?._rid ?? ++places
    const added = { _etag: `"${++etags}"`, _ts: Math.floor(Date.now() / 1000), _rid }
    const document = { ...body, ...added } as Document
    documents.set(key, document)
    return document
  }

  function write(request: Write): Outcome {
    const { partition, body } = request
    const id = request.kind === 'create' ? String(body.id ?? '') : request.id
    // Its own fields must name the partition that the header names, and the id of the path.
    if (id === '' || body.id !== id || body.partition !== partition) return { status: 400 }
    const found = find(partition, id)
    if (request.kind === 'create') {
      return found ? { status: 409 } : { status: 201, document: put(partition, body) }
    }
    if (!found) return { status: 404 }
    if (request.ifMatch && request.ifMatch !== found._etag) return { status: 412 }
    return { status: 200, document: put(partition, body) }
  }

  return {
    find,
    write,
    remove(partition: string, id: string): boolean {
      return find(partition, id) !== undefined && documents.delete(toKey(partition, id))
    },
    /** All or nothing: what did not fail by itself has failed with the one that did. */
    transact(writes: readonly Write[]): Outcome[] {
      const before = new Map(documents)
      const outcomes: Outcome[] = []
      for (const request of writes) {
        const outcome = write(request)
        outcomes.push(outcome)
        if (outcome.status < 300) continue
        documents = before
        return writes.map((_, i) =>
          i === outcomes.length - 1 ? (outcomes[i] as Outcome) : { status: 424 },
        )
      }
      return outcomes
    },
    /** Those of a logical partition, or of all: a physical partition after the other. */
    scan(partition: string | undefined): { document: Document; range: number }[] {
      return [...documents.entries()]
        .map(([key, document]) => ({ document, of: (JSON.parse(key) as string[])[0] as string }))
        .filter(({ document, of }) => !isOver(document) && (partition ?? of) === of)
        .map(({ document, of }) => ({ document, range: rangeOf(of) }))
        .sort((a, b) => a.range - b.range || a.document._rid - b.document._rid)
    },
    /** How many items are kept, those included whose time is over. */
    size: () => documents.size,
  }
}

function rangeOf(partition: string): number {
  return (createHash('sha256').update(partition).digest()[0] ?? 0) % PARTITIONS
}
