import { preflight, withCors } from '../http/cors.ts'
import { type Connection, clientAddressOf, clientNetworkOf } from './client-address.ts'
import type { Context, Endpoint } from './context.ts'
import { apps } from './endpoints/apps.ts'
import { authorize } from './endpoints/authorize.ts'
import { callback } from './endpoints/callback.ts'
import { consent } from './endpoints/consent.ts'
import { frontDoor } from './endpoints/front-door.ts'
import { health } from './endpoints/health.ts'
import { jwks } from './endpoints/jwks.ts'
import { oauthAuthorizationServer } from './endpoints/oauth-authorization-server.ts'
import { oauthProtectedResource } from './endpoints/oauth-protected-resource.ts'
import { register } from './endpoints/register.ts'
import { revoke } from './endpoints/revoke.ts'
import { token } from './endpoints/token.ts'
import { type ErrorForm, errorResponse } from './error-response.ts'
import { OAuthError } from './errors.ts'
import { isPrefetch } from './fetch-metadata.ts'
import type { Config } from './options.ts'
import type { LimitKind } from './rate-limit.ts'
import { type Site, siteOf } from './site.ts'

type Route = {
  readonly methods: readonly string[]
  readonly endpoint: Endpoint
  readonly errors: ErrorForm
  /** Whether it is a step of a sign-in: not for who only looks ahead, nor while the store is away. */
  readonly isSignIn: boolean
  /** Whether programs that run in a browser's page may call it. */
  readonly cors: boolean
  /** What of it is counted against an address: each request, or those that fail. */
  readonly limit: LimitKind
  /** Where to go with a method that it does not have. */
  readonly instead?: (site: Site) => string
}

const GET = ['GET', 'HEAD']
const POST = ['POST']

const metadata = (endpoint: Endpoint): Route => ({
  methods: GET,
  endpoint,
  errors: 'json',
  isSignIn: false,
  cors: true,
  limit: 'failures',
})
const machine = (endpoint: Endpoint, limit: LimitKind): Route => ({
  methods: POST,
  endpoint,
  errors: 'json',
  isSignIn: false,
  cors: true,
  limit,
})
const person = (endpoint: Endpoint, methods: readonly string[], limit: LimitKind): Route => ({
  methods,
  endpoint,
  errors: 'page',
  isSignIn: true,
  cors: false,
  limit,
})
const sight = (endpoint: Endpoint): Route => ({
  methods: GET,
  endpoint,
  errors: 'page',
  isSignIn: false,
  cors: false,
  limit: 'failures',
  // Somebody has given a client the address without its path.
  instead: ({ resource }) => ` The MCP endpoint is ${resource}.`,
})

/** Every endpoint below the base path. */
const ROUTES: ReadonlyMap<string, Route> = new Map([
  ['/', sight(frontDoor)],
  ['/authorize', person(authorize, ['GET', 'HEAD', 'POST'], 'signIns')],
  ['/consent', person(consent, ['GET', 'HEAD', 'POST'], 'signIns')],
  // No HEAD: it would use up Entra's code for an answer that nobody reads.
  ['/auth/callback', person(callback, ['GET'], 'failures')],
  ['/auth/apps', person(apps, ['GET', 'HEAD', 'POST'], 'signIns')],
  ['/token', machine(token, 'failures')],
  ['/register', machine(register, 'registrations')],
  ['/revoke', machine(revoke, 'failures')],
  ['/.well-known/jwks.json', metadata(jwks)],
  ['/health', metadata(health)],
])

/** Of whom a request is one, and where. */
type Counted = readonly [route: string, network: string | undefined]

/** Whether the fault was the sender's: not well-formed, or not proven. */
const isFailure = (status: number) => status >= 400 && status < 500

export type Router = {
  isEndpoint(pathname: string): boolean
  /** Answers our endpoints; undefined for a path that is none of them. */
  answer(request: Request, connection?: Connection): Promise<Response | undefined>
}

export function createRouter(context: Context): Router {
  const { config, limiter } = context
  const routes = routesOf(config)

  async function run(
    { methods, endpoint, isSignIn, instead }: Route,
    request: Request,
    site: Site,
    context: Context,
  ): Promise<Response> {
    if (!methods.includes(request.method))
      throw methodNotAllowed(request.method, methods, instead?.(site))
    // A page is for somebody who looks at it: the browser asks again when they do.
    if (isSignIn && isPrefetch(request)) return new Response(null, { status: 503 })
    // Nobody is led through a sign-in that could not be kept at its end.
    if (isSignIn) context.revocations.checkHeard()
    const response = await endpoint(request, site, context)
    return request.method === 'HEAD' ? new Response(null, response) : response
  }

  /**
   * Who fails over and over is to wait. What succeeds is let through, whatever came before: others
   * may have the same address, and none of them may be locked out by one who fails on purpose.
   */
  async function slowDown(answer: () => Promise<Response>, counted: Counted): Promise<Response> {
    const take = (status: number) => {
      if (isFailure(status)) limiter.take('failures', ...counted)
    }
    const response = await answer().catch((error: unknown) => {
      if (error instanceof OAuthError) take(error.status)
      throw error
    })
    take(response.status)
    return response
  }

  async function runLimited(
    route: Route,
    request: Request,
    site: Site,
    counted: Counted,
    connection: Connection | undefined,
  ): Promise<Response> {
    const address = clientAddressOf(request, connection, config.trustedProxyHops)
    const audit: Context['audit'] = (event) => context.audit({ ...event, address })
    const answer = () => run(route, request, site, { ...context, audit })
    if (route.limit === 'failures') return slowDown(answer, counted)
    limiter.take(route.limit, ...counted)
    return answer()
  }

  return {
    isEndpoint: (pathname) => routes.has(pathname),
    async answer(request, connection) {
      const url = new URL(request.url)
      const route = routes.get(url.pathname)
      if (!route) return undefined
      const site = siteOf(config, request.headers.get('host') ?? url.host)
      if (route.cors && request.method === 'OPTIONS') return preflight(request, route.methods)
      const network = clientNetworkOf(request, connection, config.trustedProxyHops)
      const counted: Counted = [url.pathname, network]
      const step = {
        kind: 'request',
        name: endpointOf(url.pathname, config.site.prefix),
        request,
      } as const
      const response = await config.observe.step(step, () =>
        runLimited(route, request, site, counted, connection).catch((error: unknown) =>
          errorResponse(error, route.errors, request, site, config),
        ),
      )
      return route.cors ? withCors(response) : response
    },
  }
}

/** One name for all the places of a document. */
function endpointOf(pathname: string, prefix: string): string {
  const document = /\/\.well-known\/[\w.-]+/.exec(pathname)?.[0]
  return document ?? (pathname.slice(prefix.length) || '/')
}

function methodNotAllowed(method: string, methods: readonly string[], instead = ''): OAuthError {
  const text = `${method} is not allowed here; ${methods.join(' and ')} ${methods.length > 1 ? 'are' : 'is'}.${instead}`
  return new OAuthError('invalid_request', text, {
    status: 405,
    headers: { allow: methods.join(', ') },
  })
}

/**
 * Clients look for metadata in many places: with the path before and behind the well-known part,
 * the endpoint's own path or the issuer's (RFC 8414 §3.1, RFC 9728 §3.1, OpenID Discovery §4), and
 * with a slash at the end, where somebody typed one in.
 */
function routesOf({ site, path, frontDoor }: Config): ReadonlyMap<string, Route> {
  const { prefix } = site
  const routes = new Map<string, Route>()
  for (const [name, route] of ROUTES) routes.set(`${prefix}${name}`, route)
  const door = ROUTES.get('/') as Route
  // The address as it is configured has no slash at its end.
  if (frontDoor && prefix !== '') routes.set(prefix, door)
  if (!frontDoor) routes.delete(`${prefix}/`)
  const documents = [
    ['oauth-protected-resource', metadata(oauthProtectedResource)],
    ['oauth-authorization-server', metadata(oauthAuthorizationServer)],
    ['openid-configuration', metadata(oauthAuthorizationServer)],
  ] as const
  for (const [name, route] of documents) {
    const behind = ['', prefix, `${prefix}${path}`].map((tail) => `/.well-known/${name}${tail}`)
    const below = [prefix, `${prefix}${path}`].map((head) => `${head}/.well-known/${name}`)
    for (const place of [...behind, ...below]) {
      routes.set(place, route)
      routes.set(`${place}/`, route)
    }
  }
  return routes
}
