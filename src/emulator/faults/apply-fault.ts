import { setTimeout } from 'node:timers/promises'
import { aadsts, describeError, newTrace } from '../aadsts-error.ts'
import { errorPage } from '../pages/error-page.ts'
import { pageResponse } from '../pages/layout.ts'
import { correlationIdOf } from '../params.ts'
import type { RequestFacts } from './create-faults.ts'
import type { FaultAction } from './fault.ts'

/** What `fetch` throws where a fault ended the connection: like a network error, a `TypeError`. */
export class ConnectionDropped extends TypeError {
  override readonly name = 'ConnectionDropped'

  constructor() {
    super('fetch failed: a fault of the emulator dropped the connection')
  }
}

/** A request that a fault happens to. */
export type Faulty = {
  readonly action: FaultAction
  readonly request: Request
  readonly facts: RequestFacts
  readonly now: number
}

/** Answers a request as the fault has it; `answer` is what the endpoint would say. */
export async function applyFault(
  faulty: Faulty,
  answer: () => Promise<Response>,
): Promise<Response> {
  const { action, request } = faulty
  if (action.delay !== undefined) await wait(action.delay, request.signal)
  if (action.drop === 'request') throw new ConnectionDropped()
  const isAnswered = action.status !== undefined || action.html === true
  const response = isAnswered ? faultResponse(faulty) : await answer()
  if (action.drop === 'response') throw new ConnectionDropped()
  if (action.retryAfter !== undefined) {
    response.headers.set('retry-after', String(action.retryAfter))
  }
  return action.truncate ? cut(response) : response
}

/** Whoever does not wait has gone, and gets no answer. */
async function wait(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await setTimeout(ms, undefined, { signal })
  } catch {
    throw new ConnectionDropped()
  }
}

function faultResponse(faulty: Faulty): Response {
  const { action, facts } = faulty
  const { status = 503, body } = action
  if (body === undefined && !action.html) {
    return facts.errors === 'page' ? pageAnswer(faulty, status) : jsonAnswer(faulty, status)
  }
  if (body !== undefined && typeof body !== 'string')
    return Response.json(body, { status, headers })
  const type = action.html ? 'text/html' : 'text/plain'
  const init = { status, headers: { ...headers, 'content-type': `${type}; charset=utf-8` } }
  return new Response(body ?? FRONT_DOOR, init)
}

const headers = { 'cache-control': 'no-store' }

const FRONT_DOOR = `<!DOCTYPE html>
<html><head><title>Service unavailable</title></head>
<body><h2>The service is not available right now.</h2><p>Try again in a few minutes.</p></body></html>
`

function pageAnswer({ request, now }: Faulty, status: number): Response {
  const trace = newTrace(correlationIdOf(request), now)
  return pageResponse({ ...errorPage(aadsts(codeOf(status)), trace), status })
}

function jsonAnswer({ request, facts, now }: Faulty, status: number): Response {
  const trace = newTrace(correlationIdOf(request, facts.params), now)
  const { traceId, correlationId, timestamp } = trace
  if (facts.errors === 'graph') {
    const innerError = {
      date: new Date(now).toISOString().slice(0, 19),
      'request-id': traceId,
      'client-request-id': correlationId,
    }
    const code = status === 429 ? 'TooManyRequests' : 'ServiceUnavailable'
    const message = status === 429 ? 'Too many requests.' : 'The service is unavailable.'
    const graphHeaders = { ...headers, 'request-id': traceId, 'client-request-id': correlationId }
    return Response.json(
      { error: { code, message, innerError } },
      { status, headers: graphHeaders },
    )
  }
  const error = aadsts(codeOf(status))
  const body = {
    error: error.error,
    error_description: describeError(error, trace),
    error_codes: [error.code],
    timestamp,
    trace_id: traceId,
    correlation_id: correlationId,
  }
  return Response.json(body, { status, headers: { ...headers, 'x-ms-request-id': traceId } })
}

function codeOf(status: number): number {
  return status === 429 ? 90055 : 90033
}

/** A body that ends in the midst, in an answer that looks whole. */
async function cut(response: Response): Promise<Response> {
  const bytes = new Uint8Array(await response.arrayBuffer())
  const { status, headers } = response
  return new Response(bytes.slice(0, bytes.length >> 1), { status, headers })
}
