import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'

type Value = { stringValue?: string; intValue?: number | string; boolValue?: boolean }
type Attribute = { key: string; value: Value }

export type CollectedSpan = {
  readonly name: string
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly attributes: readonly Attribute[]
  readonly links?: readonly { spanId: string }[]
}

export type CollectedLog = {
  readonly eventName?: string
  readonly traceId?: string
  readonly attributes: readonly Attribute[]
}

type Resource = { attributes: readonly Attribute[] }
type Traces = { resourceSpans: { resource: Resource; scopeSpans: { spans: CollectedSpan[] }[] }[] }
type Logs = { resourceLogs: { resource: Resource; scopeLogs: { logRecords: CollectedLog[] }[] }[] }

/** A collector of OTLP over HTTP, in its JSON form, on a free port of this machine. */
export type Collector = AsyncDisposable & {
  readonly url: string
  readonly spans: CollectedSpan[]
  readonly records: CollectedLog[]
  /** Attributes of those who sent, by name. */
  readonly resource: Map<string, unknown>
  /** What a server needs to send here. */
  readonly env: Readonly<Record<string, string>>
}

/** Starts one. */
export async function startCollector(): Promise<Collector> {
  const spans: CollectedSpan[] = []
  const records: CollectedLog[] = []
  const resource = new Map<string, unknown>()
  const from = ({ attributes }: Resource) => {
    for (const { key, value } of attributes) resource.set(key, read(value))
  }
  const server = createServer(async (request, response) => {
    const body = (await json(request)) as Partial<Traces & Logs>
    for (const { resource, scopeSpans } of body.resourceSpans ?? []) {
      from(resource)
      spans.push(...scopeSpans.flatMap((scope) => scope.spans))
    }
    for (const { resource, scopeLogs } of body.resourceLogs ?? []) {
      from(resource)
      records.push(...scopeLogs.flatMap((scope) => scope.logRecords))
    }
    response.setHeader('content-type', 'application/json').end('{}')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' }
  const close = async () => {
    server.close()
    server.closeAllConnections()
  }
  return { url, spans, records, resource, env, [Symbol.asyncDispose]: close }
}

/** The attributes of a span or record, by name. */
export function attributesOf({ attributes }: { attributes: readonly Attribute[] }) {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, read(value)]))
}

function read({ stringValue, intValue, boolValue }: Value): unknown {
  return stringValue ?? intValue ?? boolValue
}
