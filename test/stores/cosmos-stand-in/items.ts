import type { IncomingHttpHeaders } from 'node:http'
import { type Document, type Outcome, PARTITIONS, type Write } from './documents.ts'
import { type QuerySpec, readQuery } from './query.ts'
import type { Container } from './resources.ts'

export type Reply = {
  readonly status: number
  readonly headers: Record<string, string>
  readonly body: unknown
}

type Operation = {
  readonly operationType: string
  readonly id?: string
  readonly ifMatch?: string
  readonly resourceBody: Record<string, unknown>
}

/** The most items of one page, whatever is asked for. */
const PAGE = 100

/** Of `…/docs`, `…/docs/ID` and `…/pkranges`. */
export function answerItems(
  container: Container,
  method: string,
  path: readonly string[],
  headers: IncomingHttpHeaders,
  body: string,
): Reply {
  if (path[4] === 'pkranges') return reply(200, { PartitionKeyRanges: ranges() })
  if (path[4] !== 'docs') return reply(404, undefined)
  const partition = partitionOf(headers)
  const id = path[5]
  if (id === undefined) return answerAll(container, partition, headers, JSON.parse(body))
  if (partition === undefined) return reply(400, { message: 'A partition key is missing.' })
  if (method === 'DELETE') return reply(container.documents.remove(partition, id) ? 204 : 404)
  if (method === 'PUT') {
    const ifMatch = headers['if-match']
    const write = { kind: 'replace', partition, id, ifMatch, body: JSON.parse(body) } as const
    return fromOutcome(container.documents.write(write))
  }
  const document = container.documents.find(partition, id)
  return fromOutcome({ status: document ? 200 : 404, document })
}

/** What is sent to all items by POST: a query, its plan, a transaction, or a new item. */
function answerAll(
  container: Container,
  partition: string | undefined,
  headers: IncomingHttpHeaders,
  body: unknown,
): Reply {
  if (headers['x-ms-cosmos-is-query-plan-request']) return answerPlan(body as QuerySpec)
  if (headers['x-ms-documentdb-isquery']) {
    return answerQuery(container, partition, headers, body as QuerySpec)
  }
  if (partition === undefined) return reply(400, { message: 'A partition key is missing.' })
  if (headers['x-ms-cosmos-is-batch-request']) {
    return answerBatch(container, partition, body as Operation[])
  }
  const write = { kind: 'create', partition, body: body as Record<string, unknown> } as const
  return fromOutcome(container.documents.write(write))
}

function answerBatch(container: Container, partition: string, operations: Operation[]): Reply {
  const outcomes = container.documents.transact(operations.map((o) => toWrite(partition, o)))
  const results = outcomes.map(({ status, document }) => ({
    statusCode: status,
    requestCharge: 1,
    ...(document && { eTag: document._etag, resourceBody: document }),
  }))
  return reply(outcomes.every(({ status }) => status < 300) ? 200 : 207, results)
}

function toWrite(partition: string, operation: Operation): Write {
  const { operationType, id = '', ifMatch, resourceBody: body } = operation
  if (operationType === 'Create') return { kind: 'create', partition, body }
  if (operationType === 'Replace') return { kind: 'replace', partition, id, ifMatch, body }
  throw new Error(`The stand-in knows no ${operationType}.`)
}

/** A page ends where it is full, and where a physical partition ends: it may be empty. */
function answerQuery(
  container: Container,
  partition: string | undefined,
  headers: IncomingHttpHeaders,
  spec: QuerySpec,
): Reply {
  const matches = readQuery(spec)
  if (!matches) return reply(400, { message: `The stand-in cannot read: ${spec.query}` })
  const asked = Number(headers['x-ms-max-item-count'] ?? PAGE)
  const size = asked > 0 ? Math.min(asked, PAGE) : PAGE
  const [range = 0, place = 0] = String(headers['x-ms-continuation'] ?? '0:0')
    .split(':')
    .map(Number)
  const left = container.documents
    .scan(partition)
    .filter(({ range: of }) => partition !== undefined || of === range)
    .map(({ document }) => document)
    .filter((document) => document._rid > place && matches(document))
  const Documents = left.slice(0, size)
  const isLast = partition !== undefined || range === PARTITIONS - 1
  const within = left.length > size ? `${range}:${Documents.at(-1)?._rid}` : undefined
  const next = within ?? (isLast ? undefined : `${range + 1}:0`)
  return reply(200, { Documents, _count: Documents.length }, next)
}

function answerPlan(spec: QuerySpec): Reply {
  if (!readQuery(spec)) return reply(400, { message: `The stand-in cannot read: ${spec.query}` })
  const queryInfo = { distinctType: 'None', orderBy: [], aggregates: [], hasSelectValue: false }
  const all = { min: '', max: 'FF', isMinInclusive: true, isMaxInclusive: false }
  return reply(200, { partitionedQueryExecutionInfoVersion: 2, queryInfo, queryRanges: [all] })
}

/** The physical partitions: equal parts of the hashes. */
function ranges(): { id: string; minInclusive: string; maxExclusive: string }[] {
  const bounds = ['', '55', 'AA', 'FF']
  return Array.from({ length: PARTITIONS }, (_, i) => ({
    id: String(i),
    minInclusive: bounds[i] ?? '',
    maxExclusive: bounds[i + 1] ?? 'FF',
  }))
}

function partitionOf(headers: IncomingHttpHeaders): string | undefined {
  const header = headers['x-ms-documentdb-partitionkey']
  return header === undefined ? undefined : (JSON.parse(String(header)) as string[])[0]
}

function fromOutcome({ status, document }: Outcome): Reply {
  const body: Document | { message: string } = document ?? { message: `Refused with ${status}.` }
  return reply(status, body)
}

function reply(status: number, body?: unknown, continuation?: string): Reply {
  const shown = status === 204 ? undefined : (body ?? { message: `Refused with ${status}.` })
  return { status, headers: continuation ? { 'x-ms-continuation': continuation } : {}, body: shown }
}
