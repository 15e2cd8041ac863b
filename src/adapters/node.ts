import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { setImmediate as nextRound } from 'node:timers/promises'
import type { Connection } from '../index.ts'

/** A web-standard handler, such as `entrance.fetch` or `entrance.protect(mcp.fetch)`. */
export type FetchHandler = (
  request: Request,
  connection: Connection,
) => Response | Promise<Response>

export type NodeHandlerOptions = {
  /** Called with what the handler threw; the client has then been told 500. @default a warning of the process */
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
  const onError = options.onError ?? warn
  return (incoming, outgoing) => {
    respond(handler, incoming, outgoing).catch((error: unknown) => {
      fail(outgoing)
      onError(error)
    })
  }
}

/** Anything can be thrown, and a warning takes a text or an Error. */
function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : `A handler threw ${String(error)}.`)
}

async function respond(
  handler: FetchHandler,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const request = toRequest(incoming, outgoing)
  if (!request) return refuse(incoming, outgoing)
  await sendResponse(await handler(request, toConnection(incoming)), outgoing)
}

/** Where a message came from. */
export function toConnection({ socket }: IncomingMessage): Connection {
  return { remoteAddress: socket.remoteAddress }
}

// The Fetch standard lets no `Request` have them.
const FORBIDDEN_METHODS: ReadonlySet<string> = new Set(['CONNECT', 'TRACE', 'TRACK'])

/**
 * The web-standard `Request` of a Node message; undefined when there can be none, because of its
 * method, its target or its Host. The body is left alone until it is read.
 */
export function toRequest(
  incoming: IncomingMessage & { originalUrl?: string },
  outgoing: ServerResponse,
): Request | undefined {
  const method = incoming.method ?? 'GET'
  const url = requestUrl(incoming)
  if (!url || FORBIDDEN_METHODS.has(method)) return undefined
  const hasBody = method !== 'GET' && method !== 'HEAD'
  const init: RequestInit = {
    method,
    headers: toHeaders(incoming),
    ...(hasBody && { body: toBody(incoming, outgoing), duplex: 'half' }),
  }
  return new NodeRequest(url, init, outgoing)
}

/**
 * A `Request` whose `signal` aborts when the client goes away. One that is given to a `Request`
 * keeps all that belongs to the request from being let go soon; so it is made for those who ask.
 * A class, because V8 puts an accessor of an object's own among its old objects, where it keeps what
 * it refers to until the next full collection.
 */
class NodeRequest extends Request {
  readonly #outgoing: ServerResponse
  #signal: AbortSignal | undefined

  constructor(url: URL, init: RequestInit, outgoing: ServerResponse) {
    super(url, init)
    this.#outgoing = outgoing
  }

  static {
    Object.defineProperty(NodeRequest.prototype, 'signal', {
      configurable: true,
      enumerable: true,
      get(this: NodeRequest) {
        this.#signal ??= goneSignal(this.#outgoing)
        return this.#signal
      },
    })
  }
}

function goneSignal(outgoing: ServerResponse): AbortSignal {
  const gone = new AbortController()
  const abort = () => {
    if (!outgoing.writableFinished) gone.abort()
  }
  if (outgoing.destroyed) abort()
  else outgoing.once('close', abort)
  return gone.signal
}

/**
 * Reads the message as the stream is read: others may read it instead. What nobody reads is
 * taken off the connection after the answer, for a client that sends first and listens then.
 */
function toBody(incoming: IncomingMessage, outgoing: ServerResponse): ReadableStream<Uint8Array> {
  let chunks: AsyncIterator<Uint8Array> | undefined
  const discard = async () => {
    await chunks?.return?.()
    incoming.resume()
  }
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        if (!chunks) {
          chunks = incoming.iterator({ destroyOnReturn: false })
          outgoing.once('finish', () => void discard().catch(() => {}))
        }
        const { done, value } = await chunks.next()
        if (done) controller.close()
        else controller.enqueue(value)
      },
      cancel: discard,
    },
    { highWaterMark: 0 },
  )
}

/** Writes a web-standard `Response` to a Node one. */
export async function sendResponse(response: Response, outgoing: ServerResponse): Promise<void> {
  // The client has gone while the answer was made.
  if (outgoing.destroyed) return void (await response.body?.cancel())
  const headers: Record<string, string | string[]> = Object.fromEntries(response.headers)
  const cookies = response.headers.getSetCookie()
  if (cookies.length > 0) headers['set-cookie'] = cookies
  // A server that stops has said already what becomes of the connection.
  if (outgoing.hasHeader('connection')) delete headers.connection
  outgoing.writeHead(response.status, headers)
  if (!response.body) return void outgoing.end()
  // Nothing of it is sent: it might never end, and no reader holds it up.
  if (outgoing.req.method === 'HEAD') {
    outgoing.end()
    return response.body.cancel()
  }
  // A stream says its status and headers at once, not with its first event.
  if (response.headers.get('content-type')?.startsWith('text/event-stream')) outgoing.flushHeaders()
  await sendBody(response.body, outgoing)
}

/**
 * Writes piece by piece, no faster than the client reads. By hand, for `stream.pipeline` costs as
 * much as all else that an answer takes here.
 */
async function sendBody(body: ReadableStream<Uint8Array>, outgoing: ServerResponse): Promise<void> {
  const reader = body.getReader()
  // A client that leaves in the midst of a response is no error of ours.
  outgoing.once('close', () => void reader.cancel().catch(() => {}))
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (outgoing.destroyed) return
      if (done) return void outgoing.end()
      if (!outgoing.write(value)) await roomIn(outgoing)
    }
  } catch (error) {
    // What was there is sent, then cut off: an end would make it look whole.
    await nextRound()
    outgoing.destroy()
    throw error
  }
}

/** Resolves when more can be written, or nothing any more. */
function roomIn(outgoing: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const goOn = () => {
      outgoing.off('drain', goOn).off('close', goOn)
      resolve()
    }
    outgoing.on('drain', goOn).on('close', goOn)
  })
}

function requestUrl(incoming: IncomingMessage & { originalUrl?: string }): URL | undefined {
  const scheme = 'encrypted' in incoming.socket ? 'https' : 'http'
  // Express cuts its mount path off `url` and keeps the whole in `originalUrl`.
  const target = incoming.originalUrl ?? incoming.url ?? '/'
  // HTTP/1.0 has no Host.
  const host = incoming.headers.host ?? 'localhost'
  // Nothing of it may become a user name or a part of the path.
  if (!/^[^\s/?#@\\]+$/.test(host)) return undefined
  // An origin-form target is appended as it is: `//host/x` must stay a path.
  const url = URL.parse(target.startsWith('/') ? `${scheme}://${host}${target}` : target)
  return url && !url.username && !url.password ? url : undefined
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

function refuse({ method = '' }: IncomingMessage, outgoing: ServerResponse): void {
  const isMethod = FORBIDDEN_METHODS.has(method)
  outgoing.writeHead(isMethod ? 405 : 400, { 'content-type': 'text/plain; charset=utf-8' })
  outgoing.end(
    isMethod
      ? `The method ${method} is not supported.\n`
      : 'The request target or the Host header is not a valid URL.\n',
  )
}

function fail(outgoing: ServerResponse): void {
  if (outgoing.headersSent) return void outgoing.destroy()
  outgoing.writeHead(500, { 'content-type': 'text/plain; charset=utf-8' })
  outgoing.end('Something went wrong.\n')
}
