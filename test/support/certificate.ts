import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { LookupFunction } from 'node:net'
import { Readable } from 'node:stream'
import { generate } from 'selfsigned'

/** PEM texts of a certificate that vouches for itself. */
export type Certificate = { readonly key: string; readonly cert: string }

/** Makes a certificate for these host names; those that sign client assertions are RSA. */
export async function createCertificate(
  hosts: readonly string[],
  keyType: 'ec' | 'rsa' = 'ec',
): Promise<Certificate> {
  const { private: key, cert } = await generate([{ name: 'commonName', value: hosts[0] ?? '' }], {
    keyType,
    algorithm: 'sha256',
    extensions: [{ name: 'subjectAltName', altNames: hosts.map((value) => ({ type: 2, value })) }],
  })
  return { key, cert }
}

/**
 * A `fetch` for https that finds every host on this machine and trusts this certificate only.
 * It follows no redirect.
 */
export function createLoopbackFetch({ cert }: Pick<Certificate, 'cert'>): typeof fetch {
  return async (input, init) => {
    const request = new Request(input, init)
    const outgoing = httpsRequest(request.url, {
      method: request.method,
      headers: Object.fromEntries(request.headers),
      ca: cert,
      lookup: toLoopback,
      signal: request.signal,
      agent: false,
    })
    outgoing.end(Buffer.from(await request.arrayBuffer()))
    const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage]
    const { statusCode: status = 0, rawHeaders } = incoming
    if (status >= 300 && status < 400 && request.redirect !== 'manual') {
      throw new TypeError(`Unexpected redirect from ${request.url}.`)
    }
    const headers = new Headers()
    for (let at = 0; at < rawHeaders.length; at += 2) {
      headers.append(rawHeaders[at] ?? '', rawHeaders[at + 1] ?? '')
    }
    const hasBody = status !== 204 && status !== 304
    const body = hasBody ? (Readable.toWeb(incoming) as ReadableStream) : null
    return new Response(body, { status, headers })
  }
}

const toLoopback: LookupFunction = (_host, { all }, callback) => {
  const address = '127.0.0.1'
  if (all) callback(null, [{ address, family: 4 }])
  else callback(null, address, 4)
}
