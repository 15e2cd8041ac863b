import type { FetchLike } from '@modelcontextprotocol/client'
import { CommandError } from '../exit-codes.ts'
import { isSecureFor } from './server-url.ts'

/**
 * `fetch` for what an MCP server makes us ask: only secure addresses, given up after `ttl` seconds
 * or when the person does. Fails with a TypeError as `fetch` does, the sentence for the person
 * being its cause: that is how the MCP SDK tells "nobody answered" from an answer.
 */
export function fetchFor(server: URL, signal: AbortSignal, ttl = 30): FetchLike {
  return async (address, init) => {
    const url = new URL(address)
    if (!isSecureFor(server, url)) {
      throw new TypeError('insecure address', { cause: insecureAddress(url.href) })
    }
    const timeout = Number.isFinite(ttl) ? AbortSignal.timeout(ttl * 1000) : undefined
    const signals = [signal, timeout, init?.signal].filter((one) => !!one)
    try {
      const signal = AbortSignal.any(signals)
      const response = bounded(url, await fetch(url, { ...init, signal, redirect: 'manual' }))
      // Who asked for the redirect itself does not want it followed either.
      return init?.redirect === 'manual' ? response : await refuseRedirect(url, response)
    } catch (error) {
      if (error instanceof TypeError && error.cause instanceof CommandError) throw error
      if (signal.aborted || init?.signal?.aborted) throw error
      throw new TypeError('fetch failed', { cause: unreachable(url, error) })
    }
  }
}

/** How much one answer may hold, in bytes; one without an end would take all of the memory. */
const LARGEST = 64 * 1024 * 1024

function bounded(url: URL, response: Response): Response {
  if (!response.body) return response
  let left = LARGEST
  const counting = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, out) {
      left -= chunk.length
      if (left >= 0) return out.enqueue(chunk)
      const cause = new CommandError(
        `${url.origin} answers with more than ${LARGEST / 1024 / 1024} MB.`,
      )
      out.error(new TypeError('answer too large', { cause }))
    },
  })
  const { status, statusText, headers } = response
  return new Response(response.body.pipeThrough(counting), { status, statusText, headers })
}

/**
 * Nothing is followed: `fetch` would send a token, a code or a secret on to wherever the server
 * says, past every check of the address.
 */
async function refuseRedirect(url: URL, response: Response): Promise<Response> {
  const location = response.headers.get('location')
  if (response.status < 300 || response.status > 399 || location === null) return response
  await response.body?.cancel()
  const target = URL.parse(location, url.href)?.href ?? location
  const cause = new CommandError(`${url.href} redirects to ${target}, which is not followed.`, {
    cure: 'If that is the server’s address, call the command with it.',
  })
  throw new TypeError('redirected', { cause })
}

/** A server that points to an address where a secret, or the person, must not go. */
export function insecureAddress(address: string): CommandError {
  return new CommandError(`The server points to ${address}, which is not a secure address.`)
}

/** Nobody answered, told in words instead of "fetch failed". */
export function unreachable(url: URL, cause: unknown): CommandError {
  const why = reasonOf(cause)
  return new CommandError(`Cannot reach ${url.origin}: ${why}.`, {
    cure: why.startsWith('its certificate') ? CERTIFICATE_CURE : CURE,
    cause,
  })
}

const CURE = 'Is the server running, and is the address right?'
const CERTIFICATE_CURE =
  'Whoever runs the server has to mend it; and check the clock of this machine.'

const REASONS: ReadonlyMap<string, string> = new Map([
  ['ECONNREFUSED', 'nothing listens there'],
  ['ENOTFOUND', 'there is no host of that name'],
  ['EAI_AGAIN', 'its name could not be looked up just now'],
  ['ECONNRESET', 'the connection was cut'],
  ['UND_ERR_SOCKET', 'the connection was cut'],
  ['EHOSTUNREACH', 'there is no way to that host'],
  ['ENETUNREACH', 'there is no network'],
  ['CERT_HAS_EXPIRED', 'its certificate has expired'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'its certificate is self-signed (NODE_EXTRA_CA_CERTS helps)'],
  [
    'SELF_SIGNED_CERT_IN_CHAIN',
    'its certificate’s issuer is not known (NODE_EXTRA_CA_CERTS helps)',
  ],
  [
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'its certificate’s issuer is not known (NODE_EXTRA_CA_CERTS helps)',
  ],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'its certificate is for another name'],
])

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return 'it does not answer'
  const code = codeOf(error)
  return (code && REASONS.get(code)) ?? code ?? error.message
}

function codeOf(error: Error): string | undefined {
  if ('code' in error && typeof error.code === 'string') return error.code
  if (error instanceof AggregateError && error.errors[0] instanceof Error) {
    return codeOf(error.errors[0])
  }
  return error.cause instanceof Error ? codeOf(error.cause) : undefined
}
