import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { LookupFunction } from 'node:net'
import { isPublicAddress } from './public-host.ts'
import { resolveHost } from './resolve-host.ts'

/** What a stranger's host answered; `fault` says what is wrong with it, as the end of a sentence. */
export type Fetched =
  | {
      readonly is: 'json'
      readonly json: unknown
      readonly size: number
      readonly caching: Caching
    }
  /** What is held is still right (status 304). */
  | { readonly is: 'unchanged'; readonly caching: Caching }
  /** There is a document, but none that can be used; or the host says that there is none. */
  | { readonly is: 'invalid'; readonly fault: string }
  /** `isTransient`: the same request may succeed shortly. */
  | { readonly is: 'failed'; readonly fault: string; readonly isTransient: boolean }

export type Caching = {
  readonly etag: string | undefined
  /** Seconds; undefined when the host says nothing, 0 when it does not want it kept. */
  readonly maxAge: number | undefined
}

/** Gets a JSON document from a host that nobody here knows. Never rejects. */
export type GuardedFetch = (url: URL, etag?: string) => Promise<Fetched>

/** What is put in place of the real internet by tests; no option of `createEntrance` gets here. */
export type Internet = {
  /** Every address of a host. */
  readonly lookup: (host: string) => Promise<readonly string[]>
  readonly isPublic: (address: string) => boolean
  readonly port: number
  /** From the first question to the last byte, in milliseconds. */
  readonly timeout: number
  /** PEM of the only certificate to trust. @default those that Node trusts */
  readonly ca?: string
}

/** As large as a registration; the draft's 5 kB are filled by two RSA keys with certificates. */
export const DOCUMENT_MAX_BYTES = 16 * 1024

const HEADERS_MAX_BYTES = 8 * 1024

/** How many of a host's addresses are tried; a stranger's DNS can name the hosts of many others. */
const MAX_ADDRESSES = 8

/** The longest ETag that is kept, in characters. */
const ETAG_MAX_LENGTH = 256

const INTERNET: Internet = {
  lookup: (host) => resolveHost(host),
  isPublic: isPublicAddress,
  port: 443,
  timeout: 5000,
}

/**
 * Guards a request that a stranger has this server make (SSRF): the host's addresses are asked for
 * once, all of them have to be public, and one of those is connected to. No redirect, no proxy, no
 * cookie, no credential, no compression; size and time are bounded as a whole.
 */
export function createGuardedFetch(internet: Internet = INTERNET): GuardedFetch {
  return async (url, etag) => {
    const signal = AbortSignal.timeout(internet.timeout)
    try {
      const addresses = await within(signal, internet.lookup(url.hostname))
      // One that is not public refuses them all: an honest host has none. Somebody who may not ask
      // for internal names learns no more of one than of a name that does not exist.
      if (addresses.length === 0 || !addresses.every(internet.isPublic)) return NO_ADDRESS
      const response = await within(signal, send(url, { addresses, etag, signal }, internet))
      return await readResponse(response, etag !== undefined)
    } catch {
      return toFailure(signal)
    }
  }
}

const NO_ADDRESS: Fetched = {
  is: 'failed',
  fault: 'its host has no public address',
  isTransient: false,
}

type Sending = {
  readonly addresses: readonly string[]
  readonly etag: string | undefined
  readonly signal: AbortSignal
}

function send(url: URL, sending: Sending, { port, ca }: Internet): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const { etag, signal } = sending
  const request = httpsRequest({
    host: url.hostname,
    servername: url.hostname,
    port,
    path: url.pathname + url.search,
    // The name is not resolved again: what was checked is what is connected to.
    lookup: pinnedTo(sending.addresses),
    // A connection of its own, never by way of the process's proxy, which would look the name up.
    agent: false,
    // Also where the environment says that certificates need not be checked.
    rejectUnauthorized: true,
    ...(ca !== undefined && { ca }),
    maxHeaderSize: HEADERS_MAX_BYTES,
    signal,
    headers: {
      host: url.host,
      accept: 'application/json',
      'accept-encoding': 'identity',
      'user-agent': 'Entrance (OAuth client metadata)',
      ...(etag !== undefined && { 'if-none-match': etag }),
    },
  })
  request.on('response', resolve).on('error', reject).end()
  return promise
}

function pinnedTo(addresses: readonly string[]): LookupFunction {
  const tried = addresses.slice(0, MAX_ADDRESSES)
  const all = tried.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
  return (_host, options, callback) => {
    const [first] = all
    if (options.all) callback(null, all)
    else callback(null, first?.address ?? '', first?.family)
  }
}

async function readResponse(response: IncomingMessage, isAsked: boolean): Promise<Fetched> {
  const { statusCode: status = 0, headers } = response
  const refusal = findRefusal(status, headers, isAsked)
  if (refusal) {
    response.destroy()
    return refusal
  }
  const caching = readCaching(headers)
  if (status === 304) {
    response.destroy()
    return { is: 'unchanged', caching }
  }
  const bytes = await readBytes(response)
  if (!bytes) return { is: 'invalid', fault: TOO_LARGE }
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return { is: 'json', json: JSON.parse(text), size: bytes.byteLength, caching }
  } catch {
    return { is: 'invalid', fault: 'it is not valid JSON' }
  }
}

const TOO_LARGE = `it is larger than ${DOCUMENT_MAX_BYTES} bytes`

function findRefusal(
  status: number,
  headers: IncomingHttpHeaders,
  isAsked: boolean,
): Fetched | undefined {
  if (status === 304 && isAsked) return undefined
  if (status === 404 || status === 410) {
    return { is: 'invalid', fault: `its host says that there is none (status ${status})` }
  }
  if (status >= 300 && status < 400) {
    return failed(`its host redirects (status ${status}), which is not followed`)
  }
  if (status !== 200) {
    return failed(`its host answered with status ${status}`, status === 429 || status >= 500)
  }
  const type = headers['content-type']?.split(';')[0]?.trim().toLowerCase() ?? ''
  if (!/^application\/([\w.!#$&^-]+\+)?json$/.test(type)) {
    // What firewalls put in a document's place is a page.
    return failed('its Content-Type is not application/json')
  }
  const encoding = headers['content-encoding'] ?? 'identity'
  if (encoding !== 'identity') return failed('it came compressed, which was not asked for')
  const isLarge = Number(headers['content-length'] ?? 0) > DOCUMENT_MAX_BYTES
  return isLarge ? { is: 'invalid', fault: TOO_LARGE } : undefined
}

/** The body; undefined as soon as it is too large. */
async function readBytes(response: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.byteLength
    // Leaving the loop destroys the response, and with it the connection.
    if (size > DOCUMENT_MAX_BYTES) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function readCaching(headers: IncomingHttpHeaders): Caching {
  const control = headers['cache-control'] ?? ''
  const isUnwanted = /(^|[\s,])no-(store|cache)\b/i.test(control)
  const maxAge = /(?:^|[\s,])max-age="?(\d{1,9})/i.exec(control)?.[1]
  const { etag } = headers
  return {
    etag: etag !== undefined && etag.length <= ETAG_MAX_LENGTH ? etag : undefined,
    maxAge: isUnwanted ? 0 : maxAge === undefined ? undefined : Number(maxAge),
  }
}

function failed(fault: string, isTransient = false): Fetched {
  return { is: 'failed', fault, isTransient }
}

function toFailure(signal: AbortSignal): Fetched {
  if (signal.aborted) return failed('its host took too long', true)
  return failed('its host cannot be reached, or its certificate is not trusted', true)
}

/** Settles with the promise, or rejects when the time is over. */
async function within<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>()
  const onAbort = () => late.reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([promise, late.promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
