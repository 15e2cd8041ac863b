import { type IncomingMessage, request as plainRequest } from 'node:http'
import { request as secureRequest } from 'node:https'

/** The largest answer that is taken, in bytes: many times what any of Entra's is. */
const MAX_BYTES = 4 * 1024 * 1024

/**
 * `fetch` as far as Entra is asked: what goes out is a text or a form, what comes back is bounded, and
 * no redirect is followed. Node's own client takes half as much of the processor for it; connections
 * are kept open, and the process's proxy and certificates hold for both.
 */
export const nodeFetch: typeof fetch = async (input, init = {}) => {
  const { signal } = init
  try {
    const message = await send(new URL(input instanceof Request ? input.url : input), init)
    const isRedirect = Math.floor((message.statusCode ?? 0) / 100) === 3
    if (isRedirect && init.redirect !== 'manual') {
      message.destroy()
      throw new TypeError('It answered with a redirect, which is not followed.')
    }
    return toResponse(message, await readBody(message))
  } catch (error) {
    throw signal?.aborted ? signal.reason : error
  }
}

function send(url: URL, { method = 'GET', headers, body, signal }: RequestInit) {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const content = body == null ? undefined : Buffer.from(String(body))
  const request = url.protocol === 'https:' ? secureRequest : plainRequest
  const options = {
    method,
    headers: {
      'user-agent': 'Entrance',
      // What is packed would have to be unpacked here.
      'accept-encoding': 'identity',
      ...(body instanceof URLSearchParams && {
        'content-type': 'application/x-www-form-urlencoded;charset=UTF-8',
      }),
      ...Object.fromEntries(new Headers(headers)),
      ...(content && { 'content-length': content.byteLength }),
    },
    ...(signal && { signal }),
  }
  request(url, options).on('response', resolve).on('error', reject).end(content)
  return promise
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

/** Statuses that have no body (Fetch standard, null body status). */
const BODILESS: ReadonlySet<number | undefined> = new Set([204, 205, 304])

function toResponse(
  { statusCode: status, rawHeaders }: IncomingMessage,
  body: Buffer<ArrayBuffer>,
): Response {
  const headers = new Headers()
  for (let i = 0; i < rawHeaders.length; i += 2) {
    headers.append(rawHeaders[i] as string, rawHeaders[i + 1] as string)
  }
  const content = BODILESS.has(status) ? null : body
  return new Response(content, { ...(status && { status }), headers })
}
