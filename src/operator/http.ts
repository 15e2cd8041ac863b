import { json } from '../http/responses.ts'
import type { Connection, EntranceStatus } from '../index.ts'
import { CONTENT_TYPE } from './metrics.ts'

export { type AuditLinesOptions, createAuditLines } from './audit-lines.ts'
export { createEntranceMetrics, type EntranceMetrics } from './entrance-metrics.ts'
export type { Counter, Histogram, Labels, Registry, Samples } from './metrics.ts'

export type OperatorOptions = {
  /** What the server says of itself; undefined while it is being opened. */
  readonly status: () => EntranceStatus | undefined
  /** @default no `/metrics` */
  readonly metrics?: { text(): string } | undefined
  /** Whether the process is about to end: no new requests are to come. @default never */
  readonly isDraining?: () => boolean
  /** Answers what is below `/api/`. @default 404 */
  readonly api?: ((request: Request, connection?: Connection) => Promise<Response>) | undefined
  /** Whether the port is on loopback: then nobody comes by another name. @default false */
  readonly isLoopback?: boolean
}

/** Seconds after which a store that is asked every second may be said not to answer. */
const QUIET = 5

/** How one part is; a part that is `down` keeps the server from being ready. */
export type PartState = 'up' | 'degraded' | 'down'

export type Readiness = {
  readonly status: 'ready' | 'not-ready'
  readonly store: PartState
  readonly keys: PartState
  /** Without Entra nobody can sign in, and tokens that are out there go on being good. */
  readonly entra: PartState | 'unknown'
  readonly draining: boolean
}

/** An endpoint for orchestrators and for the operator: `/healthz`, `/readyz`, `/metrics`, `/api/`. */
export function createOperatorHandler(options: OperatorOptions) {
  const { status, metrics, isDraining = () => false, api } = options

  return async (request: Request, connection?: Connection): Promise<Response> => {
    const { pathname, hostname } = new URL(request.url)
    // A page of any site can have its own name point here (DNS rebinding).
    if (options.isLoopback && !LOOPBACK.has(hostname)) return refuseHost()
    if (pathname.startsWith('/api/') && api) return api(request, connection)
    const isRead = request.method === 'GET' || request.method === 'HEAD'
    if (!PATHS.has(pathname) || (pathname === '/metrics' && !metrics)) return notFound()
    if (!isRead) return json({ error: 'GET is expected here.' }, 405, { allow: 'GET, HEAD' })
    const response = answer(pathname)
    return request.method === 'HEAD' ? new Response(null, response) : response
  }

  function answer(pathname: string): Response {
    if (pathname === '/healthz') return json({ status: 'healthy' })
    if (pathname === '/metrics') return text(metrics?.text() ?? '')
    const readiness = readinessOf(status(), isDraining())
    return json(readiness, readiness.status === 'ready' ? 200 : 503)
  }
}

const PATHS: ReadonlySet<string> = new Set(['/healthz', '/readyz', '/metrics'])

const LOOPBACK: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]'])

/** What `/readyz` says. */
export function readinessOf(status: EntranceStatus | undefined, isDraining: boolean): Readiness {
  const parts = {
    store: storeOf(status),
    keys: status && status.keys.lacking.length === 0 ? 'up' : 'down',
    entra: ENTRA[status?.entra ?? 'unknown'],
  } as const
  const isReady = parts.store !== 'down' && parts.keys === 'up' && !isDraining
  return { status: isReady ? 'ready' : 'not-ready', ...parts, draining: isDraining }
}

/** While it is `degraded`, tokens that are out there go on being good, and nobody can sign in. */
function storeOf(status: EntranceStatus | undefined): PartState {
  if (!status?.isReady || status.store.isSilent) return 'down'
  return (status.store.silence ?? 0) > QUIET ? 'degraded' : 'up'
}

const ENTRA = { reachable: 'up', unreachable: 'degraded', unknown: 'unknown' } as const

function text(body: string): Response {
  return new Response(body, {
    headers: {
      'content-type': CONTENT_TYPE,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    },
  })
}

function refuseHost(): Response {
  const error = 'This port is on loopback: come by 127.0.0.1, [::1] or localhost.'
  return json({ error }, 403)
}

function notFound(): Response {
  return json({ error: 'There is /healthz, /readyz, /metrics and, where it is open, /api/.' }, 404)
}
