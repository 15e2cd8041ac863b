/** What a client that runs in a browser may read of the answer. */
export const EXPOSED_HEADERS = 'WWW-Authenticate, Mcp-Session-Id, MCP-Protocol-Version, Retry-After'

/** How long a browser may remember a preflight's answer, in seconds. */
const MAX_AGE = '7200'

/**
 * Answers a preflight. Any origin may ask, with any header: no cookie is ever read there, and MCP
 * clients send headers that are made of a tool's own parameters.
 */
export function preflight(request: Request, methods: readonly string[]): Response {
  const asked = request.headers.get('access-control-request-headers')
  return new Response(null, {
    status: 204,
    headers: {
      'access-control-allow-origin': '*',
      'access-control-allow-methods': methods.join(', '),
      'access-control-allow-headers': asked ?? 'Authorization, Content-Type',
      vary: 'Access-Control-Request-Headers',
      'access-control-max-age': MAX_AGE,
    },
  })
}

/** Headers by which a browser lets the page that asked read the answer. */
export const CORS_HEADERS: Readonly<Record<string, string>> = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': EXPOSED_HEADERS,
}

/** The same response, readable from any origin. */
export function withCors(response: Response): Response {
  const headers = new Headers(response.headers)
  for (const [name, value] of Object.entries(CORS_HEADERS)) headers.set(name, value)
  return new Response(response.body, { status: response.status, headers })
}
