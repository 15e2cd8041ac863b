import { matches, parseFilter } from './filter.ts'
import { type GraphCall, ok, type Reply } from './graph-call.ts'
import { badRequest, GraphError, unsupportedQuery } from './graph-error.ts'
import type { JsonObject } from './schema.ts'

/** A set of objects that is listed, as Graph shows them. */
export type Listing = {
  /** The set's name behind `$metadata#`. */
  readonly context: string
  /** The resource's name in errors. */
  readonly type: string
  readonly items: readonly JsonObject[]
  /** Properties that are shown where none are selected. @default all */
  readonly shown?: readonly string[]
  /** Properties that may be filtered by. */
  readonly filterable: readonly string[]
}

const DEFAULT_PAGE = 100
const MAX_PAGE = 999
const LIST_OPTIONS = new Set(['$filter', '$select', '$top', '$skiptoken', '$count'])

/** Answers with a page of a set: filtered, cut, and each object with what was selected. */
export function list(call: GraphCall, listing: Listing): Reply {
  const { searchParams } = call.url
  checkOptions(searchParams, LIST_OPTIONS)
  const text = searchParams.get('$filter')
  const conditions = text === null ? [] : parseFilter(text, listing)
  const found = listing.items.filter((item) => matches(item, conditions))
  const start = startOf(found, searchParams.get('$skiptoken'))
  const size = pageSize(searchParams.get('$top'))
  const page = found.slice(start, start + size)
  const selected = searchParams.get('$select')
  const last = page.at(-1)
  const hasMore = start + size < found.length && last !== undefined
  return ok({
    '@odata.context': contextOf(call, listing.context, selected),
    ...(wantsCount(call) && { '@odata.count': found.length }),
    ...(hasMore && { '@odata.nextLink': nextLink(call, last) }),
    value: page.map((item) => select(item, selected, listing)),
  })
}

/** Answers with one object, and what was selected of it. */
export function entity(
  call: GraphCall,
  context: string,
  type: string,
  item: JsonObject,
  shown?: readonly string[],
): Reply {
  const { searchParams } = call.url
  checkOptions(searchParams, new Set(['$select']))
  const selected = searchParams.get('$select')
  return ok({
    '@odata.context': `${contextOf(call, context, selected)}/$entity`,
    ...select(item, selected, { type, ...(shown && { shown }) }),
  })
}

/** The `@odata.context` of something that is answered. */
export function contextOf(
  call: GraphCall,
  context: string,
  selected: string | null = null,
): string {
  return `${call.sts.origin}/v1.0/$metadata#${context}${selected === null ? '' : `(${selected})`}`
}

/** Refuses what is not understood: a query option that is passed over would give a wrong answer. */
export function checkOptions(query: URLSearchParams, known: ReadonlySet<string>): void {
  for (const name of query.keys()) {
    if (name.startsWith('$') && !known.has(name)) {
      throw unsupportedQuery(`The query option '${name.slice(0, 50)}' is not supported here.`)
    }
    if (query.getAll(name).length > 1) {
      throw badRequest(`Query option '${name.slice(0, 50)}' was specified more than once.`)
    }
  }
}

function select(
  item: JsonObject,
  text: string | null,
  { type, shown }: Pick<Listing, 'type' | 'shown'>,
): JsonObject {
  if (text === null && !shown) return item
  const known = new Map(Object.entries(item))
  const names = text?.split(',').map((name) => name.trim()) ?? shown ?? []
  const chosen = names.map((name) => {
    if (known.has(name)) return [name, known.get(name)] as const
    throw new GraphError(
      400,
      'BadRequest',
      `Parsing OData Select and Expand failed: Could not find a property named '${name.slice(0, 100)}' on type 'microsoft.graph.${type}'.`,
    )
  })
  const annotations = Object.entries(item).filter(([name]) => name.startsWith('@'))
  return Object.fromEntries([...annotations, ...chosen])
}

function pageSize(text: string | null): number {
  if (text === null) return DEFAULT_PAGE
  const size = /^\d{1,4}$/.test(text) ? Number(text) : 0
  if (size < 1 || size > MAX_PAGE) {
    throw badRequest(
      `Invalid page size specified: '${text.slice(0, 20)}'. Must be between 1 and ${MAX_PAGE} inclusive.`,
    )
  }
  return size
}

function wantsCount(call: GraphCall): boolean {
  const text = call.url.searchParams.get('$count')
  if (text === null || text === 'false') return false
  const isEventual = call.headers.get('consistencylevel')?.toLowerCase() === 'eventual'
  if (text === 'true' && isEventual) return true
  throw badRequest("$count=true needs the header 'ConsistencyLevel: eventual'.")
}

// A page begins behind an object, not at a number: what was made or deleted meanwhile moves nothing.
function startOf(items: readonly JsonObject[], token: string | null): number {
  if (token === null) return 0
  const id = Buffer.from(token, 'base64url').toString('utf8')
  const index = items.findIndex((item) => item.id === id)
  if (index >= 0) return index + 1
  throw new GraphError(
    400,
    'Directory_ExpiredPageToken',
    'The specified page token value has expired and can no longer be included in your request.',
  )
}

function nextLink({ sts, url }: GraphCall, last: JsonObject): string {
  const next = new URL(url.pathname + url.search, sts.origin)
  next.searchParams.set('$skiptoken', Buffer.from(String(last.id)).toString('base64url'))
  return next.href
}
