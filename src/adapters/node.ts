import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream as NodeReadableStream } from 'node:stream/web'

/** A web-standard handler, such as `entrance.fetch` or `entrance.protect(mcp.fetch)`. */
export type FetchHandler = (request: Request) => Response | Promise<Response>

export type NodeHandlerOptions = {
  /** Called with what the handler threw; the client has then been told 500. @default rethrown to the process as a warning */
  onError?: (error: unknown) => void
}

/**
 * Serves a web-standard handler with `node:http` or `node:https`.
 * Bodies stream both ways; when the client goes away, the request's `signal` aborts and the
 * response's body is cancelled.
 */
export function toNodeHandler(
  handler: FetchHandler,
  options: NodeHandlerOptions = {},
): RequestListener {
  const onError = options.onError ?? ((error) => process.emitWarning(error as Error))
  return (incoming, outgoing) => {
    respond(handler, incoming, outgoing).catch((error: unknown) => {
      onError(error)
      fail(outgoing)
    })
  }
}

async function respond(
  handler: FetchHandler,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const request = toRequest(incoming, outgoing)
  if (!request) return refuse(outgoing)
  await sendResponse(await handler(request), outgoing)
}

/** The web-standard `Request` of a Node message; undefined when its target or Host is no URL. */
export function toRequest(
  incoming: IncomingMessage & { originalUrl?: string },
  outgoing: ServerResponse,
): Request | undefined {
  const url = requestUrl(incoming)
  if (!url) return undefined
  const gone = new AbortController()
  outgoing.once('close', () => {
    if (!outgoing.writableFinished) gone.abort()
  })
  const method = incoming.method ?? 'GET'
  const hasBody = method !== 'GET' && method !== 'HEAD'
  return new Request(url, {
    method,
    headers: toHeaders(incoming),
    signal: gone.signal,
    ...(hasBody && { body: Readable.toWeb(incoming) as ReadableStream, duplex: 'half' }),
  } as RequestInit)
}

/** Writes a web-standard `Response` to a Node one. */
export async function sendResponse(response: Response, outgoing: ServerResponse): Promise<void> {
  const headers: Record<string, string | string[]> = Object.fromEntries(response.headers)
  const cookies = response.headers.getSetCookie()
  if (cookies.length > 0) headers['set-cookie'] = cookies
  outgoing.writeHead(response.status, headers)
  if (!response.body) return void outgoing.end()
  // A stream says its status and headers at once, not with its first event.
  if (headers['content-type'] === 'text/event-stream') outgoing.flushHeaders()
  const body = Readable.fromWeb(response.body as unknown as NodeReadableStream)
  // A client that leaves in the midst of a response is no error of ours.
  await pipeline(body, outgoing).catch((error: unknown) => {
    if (!outgoing.destroyed) throw error
  })
}

function requestUrl(incoming: IncomingMessage & { originalUrl?: string }): URL | undefined {
  const scheme = 'encrypted' in incoming.socket ? 'https' : 'http'
  // Express cuts its mount path off `url` and keeps the whole in `originalUrl`.
  const target = incoming.originalUrl ?? incoming.url ?? '/'
  // An origin-form target is appended as it is: `//host/x` must stay a path.
  if (!target.startsWith('/')) return URL.parse(target) ?? undefined
  return URL.parse(`${scheme}://${incoming.headers.host ?? 'localhost'}${target}`) ?? undefined
}

function toHeaders(incoming: IncomingMessage): Headers {
  const headers = new Headers()
  const raw = incoming.rawHeaders
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string
    if (!name.startsWith(':')) headers.append(name, raw[i + 1] as string)
  }
  return headers
}

function refuse(outgoing: ServerResponse): void {
  outgoing.writeHead(400, { 'content-type': 'text/plain; charset=utf-8' })
  outgoing.end('The request target or the Host header is not a valid URL.\n')
}

function fail(outgoing: ServerResponse): void {
  if (outgoing.headersSent) return void outgoing.destroy()
  outgoing.writeHead(500, { 'content-type': 'text/plain; charset=utf-8' })
  outgoing.end('Something went wrong.\n')
}
