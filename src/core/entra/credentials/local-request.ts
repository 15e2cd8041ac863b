import { request } from 'node:http'

/** What an endpoint of this machine's surroundings answered. */
export type Answer = { readonly status: number; readonly text: string }

/** From the first byte to the last, in milliseconds. */
const TIMEOUT = 2500

const MAX_BYTES = 64 * 1024

/**
 * GETs from an address beside this machine. Past every proxy, whatever the environment says: a proxy
 * is somewhere else, where the same address is another machine's, or the token another reader's.
 */
export function getDirectly(url: URL, headers: Record<string, string>): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  // No agent means one of its own: the common one may have been told of a proxy.
  const options = { headers, agent: false, signal: AbortSignal.timeout(TIMEOUT) }
  const call = request(url, options, (response) => {
    const chunks: Buffer[] = []
    let size = 0
    response.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > MAX_BYTES) call.destroy(new Error('the answer is too large'))
      else chunks.push(chunk)
    })
    response.on('end', () => {
      resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() })
    })
    response.on('error', reject)
  })
  call.on('error', reject).end()
  return promise
}
