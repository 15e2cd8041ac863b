import {
  type Attributes,
  type Context,
  context,
  createContextKey,
  isSpanContextValid,
  type Logger,
  logs,
  propagation,
  ROOT_CONTEXT,
  SeverityNumber,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  type Tracer,
  trace,
} from '@opentelemetry/api'
import {
  AUDIT_EVENTS,
  type AuditEvent,
  type AuditOutcome,
  auditFields,
  type Observer,
  type Step,
} from '../index.ts'

export type TracesOptions = {
  /** @default that of the provider which the process has registered */
  readonly tracer?: Tracer
  /**
   * Whether a request continues the trace that it names (`traceparent`). Only behind a proxy that
   * sets it: else whoever asks decides what is recorded. @default `false`: it is linked to
   */
  readonly continueTraces?: boolean
}

export type AuditRecordsOptions = {
  /** @default that of the provider which the process has registered */
  readonly logger?: Logger
  /** Whether people's names are written down. @default true */
  readonly names?: boolean
}

/** The span of the request under way, whatever part of it is being done. */
const REQUEST = createContextKey('entrance request')

/**
 * Traces, for the option `observers`: a span for each request, and below it for each part, each
 * operation of the store and each call of Entra. The requests of one sign-in have its transaction in
 * common, and are linked to the one that it began with. No span has a secret or a person's name.
 */
export function openTelemetryTraces(options: TracesOptions = {}): Observer {
  const { tracer = trace.getTracer('entrance'), continueTraces = false } = options

  function step<T>(step: Step, run: () => Promise<T>): Promise<T> {
    const { request } = step
    // Only paths that are endpoints come here.
    if (request) return traceRequest(step, request, new URL(request.url).pathname, run)
    // What nobody asked for, as reading the feed each second, would be a trace of its own.
    if (!trace.getActiveSpan()) return run()
    const kind = step.kind === 'part' ? SpanKind.INTERNAL : SpanKind.CLIENT
    const name = step.kind === 'part' ? step.name : `${step.kind} ${step.name}`
    const span = tracer.startSpan(name, { kind, attributes: attributesOf(step) })
    return within(span, trace.setSpan(context.active(), span), run)
  }

  /** What is behind the gate has whatever path somebody writes, a secret by mistake: it has its name. */
  function call<T>(step: Step, run: () => Promise<T>): Promise<T> {
    return step.request ? traceRequest(step, step.request, step.name, run) : run()
  }

  function traceRequest<T>(
    step: Step,
    request: Request,
    path: string,
    run: () => Promise<T>,
  ): Promise<T> {
    const around = startingPoint(request, continueTraces)
    const { method, ...attributes } = requestAttributes(step, request, path)
    const span = tracer.startSpan(
      `${method === '_OTHER' ? 'HTTP' : method} ${step.name}`,
      { ...around, attributes: { 'http.request.method': method, ...attributes } },
      around.parent,
    )
    return within(span, trace.setSpan(around.parent, span).setValue(REQUEST, span), run)
  }

  return {
    step,
    call,
    gate: (verdict) => void requestSpan()?.setAttribute('entrance.gate', verdict),
    audit(event) {
      const span = requestSpan()
      if (span) return void span.addEvent(event.event, eventAttributes(event))
      // The answer is being written, as where a tool answers in an event stream: its span has ended.
      if (!trace.getActiveSpan()) return
      tracer.startSpan(event.event, { attributes: eventAttributes(event) }).end()
    },
    transaction(id, begun) {
      const span = requestSpan()
      span?.setAttribute('entrance.transaction', id)
      const link = begun === undefined ? undefined : readTraceparent(begun)
      if (span && link && link.spanId !== span.spanContext().spanId) {
        span.addLink({ context: link, attributes: { 'entrance.link': 'sign-in' } })
      }
    },
    trace: () => writeTraceparent(requestSpan()?.spanContext()),
  }
}

/** The audit log as log records, for the option `observers`: named and with fields as its lines are. */
export function openTelemetryAudit(options: AuditRecordsOptions = {}): Observer {
  const { logger = logs.getLogger('entrance'), names = true } = options
  return {
    audit: (event) =>
      logger.emit({
        eventName: event.event,
        ...SEVERITY[event.outcome],
        body: AUDIT_EVENTS[event.event],
        attributes: auditFields(event, names),
      }),
  }
}

const SEVERITY: Readonly<
  Record<AuditOutcome, { severityNumber: SeverityNumber; severityText: string }>
> = {
  success: { severityNumber: SeverityNumber.INFO, severityText: 'INFO' },
  denied: { severityNumber: SeverityNumber.WARN, severityText: 'WARN' },
  failure: { severityNumber: SeverityNumber.ERROR, severityText: 'ERROR' },
}

function requestSpan(): Span | undefined {
  const active = context.active()
  const span = (active.getValue(REQUEST) as Span | undefined) ?? trace.getSpan(active)
  // An answer that is still being written is looked at when its request has ended.
  return span?.isRecording() ? span : undefined
}

/**
 * Where a request's span begins. Where somebody else traces HTTP in this process, below theirs. Else
 * what the request says of itself decides neither what is recorded nor under which id.
 */
function startingPoint(request: Request, isContinued: boolean) {
  const active = context.active()
  if (trace.getSpan(active)) return { kind: SpanKind.INTERNAL, parent: active }
  const carrier = Object.fromEntries(request.headers)
  const asked = propagation.deleteBaggage(propagation.extract(ROOT_CONTEXT, carrier))
  const caller = trace.getSpanContext(asked)
  if (isContinued || !caller) return { kind: SpanKind.SERVER, parent: asked }
  const { traceId, spanId, traceFlags } = caller
  const links = [
    { context: { traceId, spanId, traceFlags }, attributes: { 'entrance.link': 'caller' } },
  ]
  return { kind: SpanKind.SERVER, parent: ROOT_CONTEXT, links }
}

/** Runs a step as its span; what it throws goes on, and is named by its class alone. */
async function within<T>(span: Span, inside: Context, run: () => Promise<T>): Promise<T> {
  try {
    const given = await context.with(inside, run)
    if (given instanceof Response) tellResponse(span, given)
    return given
  } catch (error) {
    fail(span, nameOf(error))
    throw error
  } finally {
    span.end()
  }
}

/** Entra's answer names the request at Entra, as its log has it. */
function tellResponse(span: Span, { status, headers }: Response): void {
  span.setAttribute('http.response.status_code', status)
  const traceId = headers.get('x-ms-request-id')
  if (traceId && GUID.test(traceId)) span.setAttribute('entra.trace_id', traceId)
  if (status >= 500) fail(span, String(status))
}

function fail(span: Span, type: string): void {
  span.setAttribute('error.type', type)
  span.setStatus({ code: SpanStatusCode.ERROR })
}

/** No message: it may quote what was sent. What `fetch` throws has its reason behind it. */
function nameOf(error: unknown): string {
  const { name, cause } = error as { name?: unknown; cause?: { code?: unknown } }
  const text = String((name === 'TypeError' && cause?.code) || name)
  return /^\w{1,50}$/.test(text) ? text : 'unknown'
}

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** Of HTTP's conventions, what a stranger does not choose freely: no query, no agent, no address. */
function requestAttributes({ name }: Step, { method, url }: Request, path: string) {
  return {
    method: METHODS.has(method) ? method : '_OTHER',
    'http.route': name,
    'url.scheme': url.slice(0, url.indexOf(':')),
    'url.path': path,
  }
}

const METHODS: ReadonlySet<string> = new Set([
  ...['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH'],
])

function attributesOf({ kind, name, host }: Step): Attributes {
  if (kind === 'store') return { 'db.operation.name': name }
  return host === undefined ? {} : { 'server.address': host }
}

/** What an event says of whom by ids alone. */
function eventAttributes(event: AuditEvent): Attributes {
  const { name: _, upn: __, clientName: ___, address: ____, ...fields } = auditFields(event, false)
  return fields
}

function writeTraceparent(span: SpanContext | undefined): string | undefined {
  // What is not recorded is nowhere to be found.
  if (!span || !(span.traceFlags & TraceFlags.SAMPLED)) return undefined
  return `00-${span.traceId}-${span.spanId}-01`
}

function readTraceparent(text: string): SpanContext | undefined {
  const [, traceId = '', spanId = ''] = /^00-([0-9a-f]{32})-([0-9a-f]{16})-01$/.exec(text) ?? []
  const span = { traceId, spanId, traceFlags: TraceFlags.SAMPLED }
  return isSpanContextValid(span) ? span : undefined
}
