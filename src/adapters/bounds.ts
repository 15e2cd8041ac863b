import { type IncomingMessage, type RequestListener, type Server, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'

/** How long a connection may take, in milliseconds. An answer that is streamed may take as long as it likes. */
export type Timeouts = {
  /** For the request line and the headers. */
  readonly headersTimeout: number
  /** For the whole request, its body included. */
  readonly requestTimeout: number
  /** Between an answer and the next request: longer than proxies keep a connection to us open. */
  readonly keepAliveTimeout: number
  /** How often the first two are looked after. */
  readonly connectionsCheckingInterval: number
}

export const TIMEOUTS: Timeouts = {
  headersTimeout: 15_000,
  requestTimeout: 60_000,
  keepAliveTimeout: 75_000,
  connectionsCheckingInterval: 5_000,
}

/** The longest request target, in characters: an authorization request with all that it may hold. */
export const TARGET_MAX_LENGTH = 16 * 1024

/** Request line and headers together, in bytes: on localhost all that runs there shares its cookies. */
export const HEADERS_MAX_BYTES = 32 * 1024

/** The most headers of a request. */
export const HEADERS_MAX_COUNT = 200

/** Refuses what is longer than anything that a client sends; the rest is for the listener. */
export function bounded(listener: RequestListener): RequestListener {
  return (incoming, outgoing) => {
    const fault = findFault(incoming)
    if (!fault) return listener(incoming, outgoing)
    const headers = { 'content-type': 'text/plain; charset=utf-8', connection: 'close' }
    outgoing.writeHead(fault.status, headers).end(`${fault.text}\n`)
  }
}

function findFault({ url = '', rawHeaders }: IncomingMessage): Fault | undefined {
  if (url.length > TARGET_MAX_LENGTH) {
    return { status: 414, text: `The address is longer than ${TARGET_MAX_LENGTH} characters.` }
  }
  if (rawHeaders.length / 2 > HEADERS_MAX_COUNT) {
    return { status: 431, text: `The request has more than ${HEADERS_MAX_COUNT} headers.` }
  }
  return undefined
}

type Fault = { readonly status: number; readonly text: string }

const NO_REQUEST: Fault = { status: 400, text: 'This is not a valid HTTP request.' }

/** What Node has found out before there is a request. */
const FAULTS: ReadonlyMap<string | undefined, Fault> = new Map([
  ['ERR_HTTP_REQUEST_TIMEOUT', { status: 408, text: 'The request did not arrive in time.' }],
  [
    'HPE_HEADER_OVERFLOW',
    { status: 431, text: `Address and headers take more than ${HEADERS_MAX_BYTES} bytes.` },
  ],
  ['HPE_CHUNK_EXTENSIONS_OVERFLOW', { status: 413, text: 'The chunk extensions are too large.' }],
])

/** Says why a connection is ended on which no request came about. */
export function explainClientErrors(server: Server): void {
  const answers = new WeakMap<Duplex, { readonly headersSent: boolean }>()
  server.on('request', ({ socket }, response) => {
    answers.set(socket, response)
    response.once('close', () => answers.delete(socket))
  })
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    // In the midst of an answer a second one would be taken for a part of it.
    if (!socket.writable || answers.get(socket)?.headersSent) return void socket.destroy()
    const { status, text } = FAULTS.get(error.code) ?? NO_REQUEST
    const head = [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      'Content-Type: text/plain; charset=utf-8',
      `Content-Length: ${text.length + 1}`,
      'Connection: close',
    ]
    socket.end(`${head.join('\r\n')}\r\n\r\n${text}\n`, () => socket.destroy())
  })
}
