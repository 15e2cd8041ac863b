import { CORS_HEADERS, EXPOSED_HEADERS, preflight } from '../http/cors.ts'
import { json } from '../http/responses.ts'
import { createAudit } from './audit.ts'
import { type Connection, clientAddressOf } from './client-address.ts'
import { createGuardedFetch, type GuardedFetch } from './clients/guarded-fetch.ts'
import { createContext } from './create-context.ts'
import { createEntraWatch } from './entra/watch.ts'
import { ConfigError } from './errors.ts'
import { guardStore } from './guarded-store.ts'
import { createKeyWatch, type KeyStatus } from './key-watch.ts'
import { createMovedRecords, type MovedRecords } from './moved-records.ts'
import {
  type EntraState,
  observeCalls,
  observeEntra,
  observeGate,
  observeStore,
} from './observed.ts'
import { createOperatorAccess, type OperatorAccess } from './operator/operator.ts'
import type { Config, EntranceOptions } from './options.ts'
import { type Authenticate, createAuthenticate } from './protected-resource/authenticate.ts'
import { createOpenAnswers } from './protected-resource/open-answers.ts'
import {
  challenged,
  createAuditTool,
  type ProtectedHandler,
} from './protected-resource/protected-handler.ts'
import { refuse } from './protected-resource/refuse.ts'
import { type Resealed, resealRecords } from './reseal.ts'
import { resolveOptions } from './resolve-options.ts'
import { createRouter } from './router.ts'
import { checkFilled } from './unfinished-import.ts'

/** How a server is, for `/readyz` and for metrics. */
export type EntranceStatus = {
  /** Whether the store has been read, so that requests can be answered. */
  readonly isReady: boolean
  readonly store: {
    /** Seconds since the store was last heard; undefined before its first word. */
    readonly silence: number | undefined
    /** Whether that is longer than `storeSilenceTtl`: then `/mcp` answers 503. */
    readonly isSilent: boolean
    /** How many rules of revocation are held. */
    readonly rules: number
  }
  readonly keys: KeyStatus
  /** How Entra answered when it was last asked. */
  readonly entra: EntraState
}

export type Entrance = {
  /**
   * Answers the OAuth endpoints; 404 for any other path. An adapter says as well which address
   * the request came from: whoever asks for too much is told apart by it.
   */
  fetch(request: Request, connection?: Connection): Promise<Response>
  /**
   * Answers the OAuth endpoints and guards all other paths: without a valid access token they
   * get the 401 or 403 that has a client sign in, with one they reach `handler`. What `requireScope`
   * throws there becomes the 403 that has a client ask for more.
   */
  protect(
    handler: ProtectedHandler,
  ): (request: Request, connection?: Connection) => Promise<Response>
  /** Whether a request is for one of the OAuth endpoints or for the MCP endpoint. */
  isOurs(request: Request): boolean
  /** The gate alone, from header texts to a verdict, for code that does its own routing. */
  authenticate: Authenticate
  /**
   * Resolves when the store has been read and requests can be answered. Throws `ConfigError` when
   * the store was written under other keys. Called by the first request, if by nobody before.
   */
  ready(): Promise<void>
  /** What the operator sees, and can end: sessions, people, clients, remembered answers. */
  readonly operator: OperatorAccess
  /** Seals what the store holds under former keys with the current one, while servers go on. */
  reseal(): Promise<Resealed>
  /** Records on their way between stores; `ready` need not have been called. */
  readonly records: MovedRecords
  /** Which master keys this server has, and which it lacks. */
  keys(): KeyStatus
  /** How it is: whether it can answer, and how the store, its keys and Entra are. */
  status(): EntranceStatus
  /** Asks Entra whether it is there, now and while it is not: the log and `status` say so. */
  watchEntra(): void
  /** Ends answers that are still being written, such as event streams: of a server that stops. */
  endAnswers(): void
  /** Stops reading the store, and closes it. */
  close(): Promise<void>
}

/** Puts Microsoft Entra ID sign-in in front of an MCP server. Throws `ConfigError`. */
export function createEntrance(options: EntranceOptions): Entrance {
  return assembleEntrance(options, createGuardedFetch())
}

/** The same with another way to strangers' documents: for tests, whose internet is this machine. */
export function assembleEntrance(options: EntranceOptions, guardedFetch: GuardedFetch): Entrance {
  const config = resolveOptions(options)
  const store = observeStore(guardStore(config.store, config.log), config.observe)
  const entraFetch = observeEntra(config.fetch, config.observe, config.log)
  const { audit, close: closeAudit } = createAudit(config)
  const fetching = { ...config, fetch: entraFetch.fetch }
  const context = createContext(fetching, store, guardedFetch, audit)
  const router = createRouter(context)
  const authenticate = observeGate(createAuthenticate(context), config.observe)
  const openAnswers = createOpenAnswers()
  context.revocations.subscribe(openAnswers.review)
  const keyWatch = createKeyWatch({ ...config, store })
  const entraWatch = createEntraWatch({
    ask: context.entra.reach,
    isAnswering: () => entraFetch.state() !== 'unreachable',
    log: config.log,
  })
  let started: Promise<void> | undefined
  let isReady = false
  /** Whether the last start failed for the moment. */
  let isAway = false

  async function start(): Promise<void> {
    await store.connect()
    await checkFilled(store)
    await keyWatch.start()
    await context.revocations.start()
    context.documents.start()
    isReady = true
  }

  function ready(): Promise<void> {
    started ??= start().catch((error: unknown) => {
      // A start that failed for the moment is tried again by the next request; a wrong key stays one.
      isAway = !(error instanceof ConfigError)
      if (isAway) started = undefined
      throw error
    })
    return started
  }

  let isTold = false

  /** Starts for a request. What is wrong for good stands in the log, once. */
  async function startFor(): Promise<ConfigError | undefined> {
    const attempt = ready().catch((error: unknown) => error)
    // A store that hangs is tried again without having everybody wait for it.
    const fault: unknown = isAway ? undefined : await attempt
    if (!(fault instanceof ConfigError)) return undefined
    if (!isTold) config.log({ event: 'start.refused', level: 'error', message: fault.message })
    isTold = true
    return fault
  }

  /** The answer of one of our endpoints. */
  async function answer(
    pathname: string,
    request: Request,
    connection: Connection | undefined,
  ): Promise<Response> {
    // Without the store much can be answered, and the rest says so; under a wrong key nothing can.
    const fault = await startFor()
    const isRefused = fault && pathname !== `${config.site.prefix}/health`
    return isRefused ? misconfigured() : ((await router.answer(request, connection)) ?? notFound())
  }

  /** Answers our endpoints; any other path is the others'. */
  function route(
    request: Request,
    connection: Connection | undefined,
    others: () => Response | Promise<Response>,
  ): Response | Promise<Response> {
    const { pathname } = new URL(request.url)
    return router.isEndpoint(pathname) ? answer(pathname, request, connection) : others()
  }

  async function guard(
    request: Request,
    handler: ProtectedHandler,
    connection: Connection | undefined,
  ): Promise<Response> {
    const origin = request.headers.get('origin')
    // A browser asks before it sends the token, which it does only with the request itself.
    if (request.method === 'OPTIONS' && origin !== null) return preflight(request, MCP_METHODS)
    // The gate itself answers 503 for as long as it has not heard from the store.
    if (!isReady) await startFor()
    const { headers } = request
    const presented = {
      authorization: headers.get('authorization'),
      host: headers.get('host') ?? new URL(request.url).host,
      origin,
    }
    const verdict = authenticate(presented)
    // No rate is limited here: a refusal costs as little as a 429 would, and without its challenge
    // those who share the address could not renew a token that has expired.
    if (!verdict.isAllowed) return refuse(request, verdict.refusal, config)
    const { authInfo } = verdict
    const addressOf = () => clientAddressOf(request, connection, config.trustedProxyHops)
    const auditTool = createAuditTool(authInfo, audit, addressOf)
    const given = await challenged(() => handler(request, { authInfo, auditTool }))
    const response = openAnswers.hold(given, () => authenticate(presented).isAllowed)
    return origin === null ? response : readableBy(origin, response)
  }

  const guarded = observeCalls(`${config.site.prefix}${config.path}`, guard, config.observe)

  return {
    fetch: async (request, connection) => route(request, connection, notFound),
    protect: (handler) => async (request, connection) =>
      route(request, connection, () => guarded(request, handler, connection)),
    isOurs({ url }) {
      const { pathname } = new URL(url)
      return router.isEndpoint(pathname) || isMcpPath(pathname, config)
    },
    authenticate(headers) {
      // It cannot wait; until the store has been read it answers 503.
      if (!started) void startFor()
      return authenticate(headers)
    },
    ready,
    operator: createOperatorAccess(context),
    reseal: () => resealRecords({ ...config, store }),
    records: createMovedRecords({ ...config, store }),
    keys: keyWatch.status,
    status() {
      const { rules, silence } = context.revocations.status()
      const isSilent = (silence ?? Number.POSITIVE_INFINITY) > config.storeSilenceTtl
      const keys = keyWatch.status()
      return { isReady, store: { silence, isSilent, rules }, keys, entra: entraFetch.state() }
    },
    watchEntra: entraWatch.start,
    endAnswers: openAnswers.endAll,
    async close() {
      entraWatch.stop()
      keyWatch.stop()
      context.revocations.stop()
      context.documents.stop()
      closeAudit()
      await config.store.close()
    },
  }
}

/** The MCP endpoint, with or without a slash at its end. */
function isMcpPath(pathname: string, config: Config): boolean {
  return pathname.replace(/\/$/, '') === `${config.site.prefix}${config.path}`
}

const MCP_METHODS = ['GET', 'POST', 'DELETE']

/** The page whose origin was let through may read the answer. */
function readableBy(origin: string, response: Response): Response {
  const headers = new Headers(response.headers)
  headers.set('access-control-allow-origin', origin)
  headers.append('vary', 'Origin')
  headers.set('access-control-expose-headers', EXPOSED_HEADERS)
  return new Response(response.body, { status: response.status, headers })
}

/** What stands in the log is for the operator. */
function misconfigured(): Response {
  const text = 'The server is not configured correctly; its log says what is wrong.'
  const body = { error: 'temporarily_unavailable', error_description: text }
  return json(body, 503, { ...CORS_HEADERS })
}

function notFound(): Response {
  return new Response('Not found.\n', {
    status: 404,
    headers: {
      ...CORS_HEADERS,
      'content-type': 'text/plain; charset=utf-8',
      'cache-control': 'no-store',
    },
  })
}
