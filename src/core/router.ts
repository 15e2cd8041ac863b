import { preflight, withCors } from '../http/cors.ts'
import type { Context, Endpoint } from './context.ts'
import { apps } from './endpoints/apps.ts'
import { authorize } from './endpoints/authorize.ts'
import { callback } from './endpoints/callback.ts'
import { consent } from './endpoints/consent.ts'
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
import { type Site, siteOf } from './site.ts'

type Route = {
  readonly methods: readonly string[]
  readonly endpoint: Endpoint
  readonly errors: ErrorForm
  /** Whether programs that run in a browser's page may call it. */
  readonly cors: boolean
}

const GET = ['GET', 'HEAD']
const POST = ['POST']

const metadata = (endpoint: Endpoint): Route => ({
  methods: GET,
  endpoint,
  errors: 'json',
  cors: true,
})
const machine = (endpoint: Endpoint): Route => ({
  methods: POST,
  endpoint,
  errors: 'json',
  cors: true,
})
const person = (endpoint: Endpoint, methods: readonly string[]): Route => ({
  methods,
  endpoint,
  errors: 'page',
  cors: false,
})

/** Every endpoint below the base path. */
const ROUTES: ReadonlyMap<string, Route> = new Map([
  ['/authorize', person(authorize, ['GET', 'HEAD', 'POST'])],
  ['/consent', person(consent, ['GET', 'HEAD', 'POST'])],
  // No HEAD: it would use up Entra's code for an answer that nobody reads.
  ['/auth/callback', person(callback, ['GET'])],
  ['/auth/apps', person(apps, ['GET', 'HEAD', 'POST'])],
  ['/token', machine(token)],
  ['/register', machine(register)],
  ['/revoke', machine(revoke)],
  ['/.well-known/jwks.json', metadata(jwks)],
  ['/health', metadata(health)],
])

export type Router = {
  isEndpoint(pathname: string): boolean
  /** Answers our endpoints; undefined for a path that is none of them. */
  answer(request: Request): Promise<Response | undefined>
}

export function createRouter(context: Context): Router {
  const { config } = context
  const routes = routesOf(config.site.prefix, config.path)

  async function run(
    { methods, endpoint, errors }: Route,
    request: Request,
    site: Site,
  ): Promise<Response> {
    if (!methods.includes(request.method)) throw methodNotAllowed(request.method, methods)
    // A page is for somebody who looks at it: the browser asks again when they do.
    if (errors === 'page' && isPrefetch(request)) return new Response(null, { status: 503 })
    const response = await endpoint(request, site, context)
    return request.method === 'HEAD' ? new Response(null, response) : response
  }

  return {
    isEndpoint: (pathname) => routes.has(pathname),
    async answer(request) {
      const url = new URL(request.url)
      const route = routes.get(url.pathname)
      if (!route) return undefined
      const site = siteOf(config, request.headers.get('host') ?? url.host)
      if (route.cors && request.method === 'OPTIONS') return preflight(request, route.methods)
      const response = await run(route, request, site).catch((error: unknown) =>
        errorResponse(error, route.errors, request, site, config.log),
      )
      return route.cors ? withCors(response) : response
    },
  }
}

function methodNotAllowed(method: string, methods: readonly string[]): OAuthError {
  const text = `${method} is not allowed here; ${methods.join(' and ')} ${methods.length > 1 ? 'are' : 'is'}.`
  return new OAuthError('invalid_request', text, {
    status: 405,
    headers: { allow: methods.join(', ') },
  })
}

/**
 * Clients look for metadata in many places: with the path before and behind the well-known part,
 * the endpoint's own path or the issuer's (RFC 8414 §3.1, RFC 9728 §3.1, OpenID Discovery §4).
 */
function routesOf(prefix: string, path: string): ReadonlyMap<string, Route> {
  const routes = new Map<string, Route>()
  for (const [name, route] of ROUTES) routes.set(`${prefix}${name}`, route)
  const resource = metadata(oauthProtectedResource)
  const server = metadata(oauthAuthorizationServer)
  for (const tail of ['', prefix, `${prefix}${path}`, `${prefix}${path}/`]) {
    routes.set(`/.well-known/oauth-protected-resource${tail}`, resource)
    routes.set(`/.well-known/oauth-authorization-server${tail}`, server)
    routes.set(`/.well-known/openid-configuration${tail}`, server)
  }
  for (const head of [prefix, `${prefix}${path}`]) {
    routes.set(`${head}/.well-known/oauth-protected-resource`, resource)
    routes.set(`${head}/.well-known/oauth-authorization-server`, server)
    routes.set(`${head}/.well-known/openid-configuration`, server)
  }
  return routes
}
