import { isIP } from 'node:net'
import { ApiError } from './api-error.ts'

/** A body names somebody, and no more. */
const MAX_BODY = 4096

const LOOPBACK: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]'])

/**
 * Holds that no page of a browser asks. A page can point its own host name at this address (DNS
 * rebinding), so a name has to be one that is known; an address cannot be somebody's.
 */
export function checkOrigin(request: Request, hosts: readonly string[]): void {
  const { headers } = request
  const host = headers.get('host') ?? new URL(request.url).host
  const hostname = URL.parse(`http://${host}`)?.hostname ?? ''
  const isAddress = isIP(hostname.replace(/^\[(.*)\]$/, '$1')) !== 0
  if (!isAddress && !LOOPBACK.has(hostname) && !hosts.includes(hostname)) {
    const text = `The Host header '${host.slice(0, 100)}' is not a name of this port.`
    throw new ApiError(403, 'forbidden', text, { cure: 'Use localhost or an address.' })
  }
  const site = headers.get('sec-fetch-site')
  if (headers.get('origin') === null && (site === null || site === 'none')) return
  throw new ApiError(403, 'forbidden', 'Pages of a browser may not call this.')
}

/** The members of a small JSON object. */
export async function readJson(request: Request): Promise<ReadonlyMap<string, unknown>> {
  const [type] = (request.headers.get('content-type') ?? '').split(';', 1)
  if (type?.trim().toLowerCase() !== 'application/json') {
    const text = 'The body has to be JSON: Content-Type: application/json.'
    throw new ApiError(415, 'unsupported_media_type', text)
  }
  const text = await readText(request)
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return new Map(Object.entries(value))
    }
  } catch {
    // Said below, as for what is no object.
  }
  throw new ApiError(400, 'invalid', 'The body is not a JSON object.')
}

async function readText(request: Request): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of request.body ?? []) {
    size += chunk.byteLength
    if (size > MAX_BODY) {
      throw new ApiError(413, 'too_large', `The body is longer than ${MAX_BODY} bytes.`)
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}
