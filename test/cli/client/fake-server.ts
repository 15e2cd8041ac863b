import { LOOPBACK_ADDRESSES, listen } from '../../../src/adapters/listen.ts'
import { toNodeHandler } from '../../../src/adapters/node.ts'

export type Route = (request: Request, url: string) => Response | Promise<Response>

export type FakeServer = AsyncDisposable & {
  readonly url: string
  /** `METHOD /path` of every request, in order. */
  readonly requests: readonly string[]
}

/**
 * An MCP server and its authorization server, as simple or as malicious as a test wants them:
 * `routes` by `METHOD /path`, `metadata` over what an honest one would publish.
 */
export async function startFakeServer(
  routes: Readonly<Record<string, Route>> = {},
  metadata: Readonly<Record<string, unknown>> = {},
): Promise<FakeServer> {
  const requests: string[] = []
  const table = new Map<string, Route>(Object.entries({ ...honestRoutes(metadata), ...routes }))
  const handler = toNodeHandler((request) => {
    const { pathname, origin } = new URL(request.url)
    const name = `${request.method} ${pathname}`
    requests.push(name)
    return table.get(name)?.(request, origin) ?? new Response('Not found', { status: 404 })
  })
  const listening = await listen(handler, { port: 0, hosts: LOOPBACK_ADDRESSES })
  const url = `http://localhost:${listening.port}`
  return { url, requests, [Symbol.asyncDispose]: () => listening.close() }
}

function honestRoutes(metadata: Readonly<Record<string, unknown>>): Record<string, Route> {
  return {
    'POST /mcp': (_, url) => {
      const challenge = `Bearer resource_metadata="${url}/.well-known/oauth-protected-resource/mcp"`
      return new Response(null, { status: 401, headers: { 'www-authenticate': challenge } })
    },
    'GET /.well-known/oauth-protected-resource/mcp': (_, url) =>
      Response.json({ resource: `${url}/mcp`, authorization_servers: [url] }),
    'GET /.well-known/oauth-authorization-server': (_, url) =>
      Response.json({
        issuer: url,
        authorization_endpoint: `${url}/authorize`,
        token_endpoint: `${url}/token`,
        registration_endpoint: `${url}/register`,
        response_types_supported: ['code'],
        code_challenge_methods_supported: ['S256'],
        token_endpoint_auth_methods_supported: ['none'],
        ...metadata,
      }),
    'POST /register': async (request) =>
      Response.json({ ...((await request.json()) as object), client_id: 'c' }, { status: 201 }),
    'GET /authorize': () => new Response('sign in here'),
    'POST /token': () =>
      Response.json({ access_token: 'good', token_type: 'Bearer', refresh_token: 'r' }),
  }
}

/** A server of 2025-11-25 that asks for no sign-in and knows nothing of what came after. */
export function legacyRoute(tools: readonly object[], result: object): Route {
  const results = new Map<string, object>([
    [
      'initialize',
      {
        protocolVersion: '2025-11-25',
        capabilities: { tools: {} },
        serverInfo: { name: 'old', version: '1' },
      },
    ],
    ['tools/list', { tools }],
    ['tools/call', result],
  ])
  return async (request) => {
    const { id, method } = (await request.json()) as { id?: number; method: string }
    if (id === undefined) return new Response(null, { status: 202 })
    const found = results.get(method)
    if (found) return Response.json({ jsonrpc: '2.0', id, result: found })
    return Response.json({ jsonrpc: '2.0', id, error: { code: -32601, message: 'unknown' } })
  }
}
