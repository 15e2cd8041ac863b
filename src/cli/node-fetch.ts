import { type IncomingMessage, request as plainRequest } from 'node:http'
import { request as secureRequest } from 'node:https'
import { unzipSync } from 'node:zlib'
import type { Environment } from './env.ts'
import { isProxied } from './proxy.ts'

/** The largest answer that is taken, in bytes: many times what any of Entra's is. */
const MAX_BYTES = 4 * 1024 * 1024

/**
 * How Entra is asked. Through a proxy the platform's way: Node's own client listens to a proxy's first
 * word without bound, of which the process dies.
 */
export function fetchFor(env: Environment): typeof fetch {
  return isProxied(env) ? globalThis.fetch : nodeFetch
}

/**
 * `fetch` as far as Entra is asked: what goes out is a text or a form, what comes back is bounded, and
 * no redirect is followed. Node's own client takes half as much of the processor for it; connections
 * are kept open, and the process's certificates hold for both.
 */
export const nodeFetch: typeof fetch = async (input, init = {}) => {
  const { signal } = init
  signal?.throwIfAborted()
  const { promise: ended, reject } = Promise.withResolvers<never>()
  // Node's client does not look at it for as long as there is no connection.
  const end = () => reject(signal?.reason)
  signal?.addEventListener('abort', end)
  try {
    const url = new URL(input instanceof Request ? input.url : input)
    return await Promise.race([ask(url, init), ended])
  } finally {
    signal?.removeEventListener('abort', end)
  }
}

async function ask(url: URL, init: RequestInit): Promise<Response> {
  const message = await send(url, init)
  const isRedirect = Math.floor((message.statusCode ?? 0) / 100) === 3
  if (isRedirect && init.redirect !== 'manual') {
    message.destroy()
    throw new TypeError('It answered with a redirect, which is not followed.')
  }
  return toResponse(message, unpack(message, await readBody(message)))
}

/**
 * Sends it, once more where the host has given up the connection meanwhile. Nothing that Entra is asked
 * does harm when it is asked twice: what uses something up does so once.
 */
function send(url: URL, init: RequestInit): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const content = init.body == null ? undefined : Buffer.from(String(init.body))
  const make = url.protocol === 'https:' ? secureRequest : plainRequest
  const request = make(url, toRequestOptions(init, content))
  request
    .on('response', resolve)
    .on('error', (error: NodeJS.ErrnoException) => {
      const isStale = request.reusedSocket && /^(ECONNRESET|EPIPE)$/.test(error.code ?? '')
      if (isStale) resolve(send(url, init))
      else reject(error)
    })
    // One that changes the protocol ends with neither.
    .on('close', () => reject(new Error('The connection ended without an answer.')))
    .end(content)
  return promise
}

function toRequestOptions(
  { method = 'GET', headers, body, signal }: RequestInit,
  content: Buffer | undefined,
) {
  return {
    method,
    headers: {
      'user-agent': 'Entrance',
      // To unpack takes the processor more than to read on.
      'accept-encoding': 'identity',
      ...(body instanceof URLSearchParams && {
        'content-type': 'application/x-www-form-urlencoded;charset=UTF-8',
      }),
      ...Object.fromEntries(new Headers(headers)),
      ...(content && { 'content-length': content.byteLength }),
    },
    ...(signal && { signal }),
  }
}

async function readBody(message: IncomingMessage): Promise<Buffer<ArrayBuffer>> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer<ArrayBuffer>>()
  const chunks: Buffer[] = []
  let size = 0
  message
    .on('data', (chunk: Buffer) => {
      size += chunk.byteLength
      chunks.push(chunk)
      if (size > MAX_BYTES) message.destroy(new Error('What it answers is too large.'))
    })
    .on('error', reject)
    .on('end', () => resolve(Buffer.concat(chunks)))
  return promise
}

/** Some pack what they send, whatever was asked for. */
function unpack({ headers }: IncomingMessage, body: Buffer<ArrayBuffer>): Buffer<ArrayBuffer> {
  const { 'content-encoding': coding = 'identity' } = headers
  if (coding === 'identity' || body.byteLength === 0) return body
  if (coding === 'gzip' || coding === 'deflate')
    return unzipSync(body, { maxOutputLength: MAX_BYTES })
  throw new TypeError(`What it answers is packed as ${coding}, which was not asked for.`)
}

/** Statuses that have no body (Fetch standard, null body status). */
const BODILESS: ReadonlySet<number | undefined> = new Set([204, 205, 304])

function toResponse(
  { statusCode: status = 0, rawHeaders }: IncomingMessage,
  body: Buffer<ArrayBuffer>,
): Response {
  const headers = new Headers()
  for (let i = 0; i < rawHeaders.length; i += 2) {
    headers.append(rawHeaders[i] as string, rawHeaders[i + 1] as string)
  }
  const content = BODILESS.has(status) ? null : body
  return new Response(content, { status, headers })
}
