import { isGuid } from '../guid.ts'
import { GRAPH_APP_ID } from '../microsoft-graph.ts'
import type { Sts } from '../sts.ts'
import { requirePermission } from './authorization.ts'
import { authenticateCaller } from './caller.ts'
import type { GraphCall, Reply } from './graph-call.ts'
import { GraphError } from './graph-error.ts'
import { findGraphRoute, findOperation, type GraphRoute } from './routes.ts'
import type { JsonObject } from './schema.ts'

const MAX_BODY = 256 * 1024
const PATH = /^\/(v1\.0|beta|oidc)\//

/** Whether a path is Microsoft Graph's. */
export function isGraphPath(pathname: string): boolean {
  return PATH.test(pathname)
}

/** Answers a request to Microsoft Graph. */
export async function answerGraph(sts: Sts, request: Request, url: URL): Promise<Response> {
  const headers = traceHeaders(request)
  if (request.method === 'OPTIONS') return new Response(null, { status: 204, headers: PREFLIGHT })
  try {
    const route = findGraphRoute(url.pathname.slice(1))
    return respond(await answerRoute(sts, route, request, url), headers)
  } catch (error) {
    return refuse(sts, `${request.method} ${url.pathname}`, error, headers)
  }
}

async function answerRoute(
  sts: Sts,
  route: GraphRoute,
  request: Request,
  url: URL,
): Promise<Reply> {
  const caller = await authenticateCaller(sts, request)
  const operation = findOperation(route, request.method)
  const call: GraphCall = {
    sts,
    seen: sts.replication.seenBy('graph'),
    caller,
    method: request.method,
    url,
    headers: request.headers,
    keys: route.keys,
    body: await readBody(request),
  }
  requirePermission(call, operation.needs)
  return operation.answer(call)
}

async function readBody(request: Request): Promise<JsonObject> {
  if (request.method === 'GET' || !request.body) return {}
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of request.body) {
    size += chunk.byteLength
    if (size > MAX_BODY) {
      throw new GraphError(413, 'RequestEntityTooLarge', 'The request body is too large.')
    }
    chunks.push(chunk)
  }
  const text = Buffer.concat(chunks).toString('utf8')
  if (text.trim() === '') return {}
  const isJson = /^application\/json\s*(;|$)/i.test(request.headers.get('content-type') ?? '')
  const value = isJson ? parseJson(text) : undefined
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as JsonObject
  }
  throw new GraphError(
    400,
    'BadRequest',
    'Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.',
  )
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

type Headers = Record<string, string>

// Pages ask Graph, too: without a token there is nothing to be had.
const CORS = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'request-id, client-request-id, Retry-After, WWW-Authenticate',
}
const PREFLIGHT = {
  ...CORS,
  'access-control-allow-methods': 'GET, POST, PATCH, DELETE',
  'access-control-allow-headers':
    'authorization, content-type, prefer, consistencylevel, client-request-id',
  'access-control-max-age': '3600',
}

/** What support asks for: the request's own id, and the client's. */
function traceHeaders(request: Request): Headers {
  const id = crypto.randomUUID()
  const sent = request.headers.get('client-request-id')
  const server = { DataCenter: 'Entra ID emulator', Slice: 'E', Ring: '1', ScaleUnit: '000' }
  return {
    'request-id': id,
    'client-request-id': sent && isGuid(sent) ? sent : id,
    'x-ms-ags-diagnostic': JSON.stringify({ ServerInfo: { ...server, RoleInstance: '00000000' } }),
    ...CORS,
    'cache-control': 'no-cache',
    'x-content-type-options': 'nosniff',
  }
}

const JSON_TYPE =
  'application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8'

function respond({ status, body }: Reply, headers: Headers): Response {
  if (body === undefined) return new Response(null, { status, headers })
  const type = { 'content-type': JSON_TYPE, 'odata-version': '4.0' }
  return Response.json(body, { status, headers: { ...headers, ...type } })
}

function refuse(sts: Sts, what: string, thrown: unknown, headers: Headers): Response {
  const error = thrown instanceof GraphError ? thrown : failed(sts, what, thrown)
  sts.log({
    event: 'emulator.refused',
    level: 'warn',
    message: `The emulator refused ${what}: ${error.code}: ${printable(error.message)}`,
    code: error.code,
  })
  const { code, message, details } = error
  const innerError = {
    date: new Date(sts.now()).toISOString().slice(0, 19),
    'request-id': headers['request-id'],
    'client-request-id': headers['client-request-id'],
  }
  const body = { error: { code, message, ...(details.length > 0 && { details }), innerError } }
  const more = error.status === 401 ? { 'www-authenticate': challenge(sts, error) } : error.headers
  return respond({ status: error.status, body }, { ...headers, ...more })
}

function challenge({ origin }: Sts, error: GraphError): string {
  const signIn = `${origin}/common/oauth2/authorize`
  return `Bearer realm="", authorization_uri="${signIn}", client_id="${GRAPH_APP_ID}"${error.challenge}`
}

/** What a request said, fit for a line of a log. */
function printable(text: string): string {
  return text.slice(0, 500).replace(/\p{Cc}/gu, ' ')
}

function failed(sts: Sts, what: string, cause: unknown): GraphError {
  sts.log({
    event: 'emulator.failed',
    level: 'error',
    message: `The emulator failed at ${what}: ${(cause as Error).message}`,
    cause,
  })
  return new GraphError(500, 'InternalServerError', 'The emulator failed.')
}
