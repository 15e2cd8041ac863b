import type { Environment } from '../env.ts'
import type { DoctorIo } from './check.ts'

/** An answer, read to its end. */
export type Answer = {
  readonly url: string
  readonly status: number
  readonly headers: Headers
  /** At most 256 KiB of it. */
  readonly text: string
  /** By how many seconds the other side's clock is ahead of ours; undefined where it says nothing. */
  readonly clockAhead: number | undefined
}

/** Why there was no answer. */
export type Failure = {
  readonly word: FailureWord
  /** A sentence without its full stop. */
  readonly reason: string
}

export type FailureWord = 'name' | 'refused' | 'silent' | 'certificate' | 'cut' | 'proxy'

/** How long the other side may take, in milliseconds. */
const TIMEOUT = 10_000

const MAX_BYTES = 256 * 1024

/** Asks, and follows no redirect: where one leads is what a check wants to know. */
export async function ask(
  io: DoctorIo,
  url: string,
  init: RequestInit = {},
): Promise<Answer | Failure> {
  const signal = AbortSignal.any([io.signal, AbortSignal.timeout(TIMEOUT)])
  const before = io.now()
  try {
    const response = await io.fetch(url, { ...init, redirect: 'manual', signal })
    const date = Date.parse(response.headers.get('date') ?? '')
    const middle = (before + io.now()) / 2
    return {
      url,
      status: response.status,
      headers: response.headers,
      text: await readText(response),
      clockAhead: Number.isNaN(date) ? undefined : Math.round((date - middle) / 1000),
    }
  } catch (cause) {
    io.signal.throwIfAborted()
    return toFailure(cause, url, io.env)
  }
}

export function isAnswer(result: Answer | Failure): result is Answer {
  return 'status' in result
}

async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk)
    size += chunk.byteLength
    // Leaving the loop cancels the rest.
    if (size > MAX_BYTES) break
  }
  return Buffer.concat(chunks).toString().slice(0, MAX_BYTES)
}

const REASONS: ReadonlyMap<string, readonly [FailureWord, string]> = new Map([
  ['ENOTFOUND', ['name', 'there is no host of that name']],
  ['EAI_AGAIN', ['name', 'its name cannot be looked up: the DNS server does not answer']],
  ['ECONNREFUSED', ['refused', 'nothing listens there']],
  ['EHOSTUNREACH', ['refused', 'there is no way to that host']],
  ['ENETUNREACH', ['refused', 'there is no network']],
  ['ETIMEDOUT', ['silent', 'it does not answer']],
  ['UND_ERR_CONNECT_TIMEOUT', ['silent', 'it does not answer']],
  ['ECONNRESET', ['cut', 'the connection was cut']],
  ['UND_ERR_SOCKET', ['cut', 'the connection was cut']],
  ['UND_ERR_HEADERS_OVERFLOW', ['cut', 'the headers of its answer are too long']],
  ['EPROTO', ['certificate', 'it does not speak TLS on that port']],
  ['ERR_SSL_WRONG_VERSION_NUMBER', ['certificate', 'it does not speak TLS on that port']],
  ['ERR_SSL_PACKET_LENGTH_TOO_LONG', ['certificate', 'it does not speak TLS on that port']],
  ['CERT_HAS_EXPIRED', ['certificate', 'its certificate has expired']],
  ['CERT_NOT_YET_VALID', ['certificate', 'its certificate is not valid yet, by this clock']],
  ['ERR_TLS_CERT_ALTNAME_INVALID', ['certificate', 'its certificate is for another name']],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', ['certificate', 'its certificate is self-signed']],
  ...['SELF_SIGNED_CERT_IN_CHAIN', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'].map(unknownIssuer),
  ...['UNABLE_TO_GET_ISSUER_CERT', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY'].map(unknownIssuer),
])

function unknownIssuer(code: string): [string, [FailureWord, string]] {
  return [code, ['certificate', "its certificate's issuer is not known here"]]
}

function toFailure(cause: unknown, url: string, env: Environment): Failure {
  const code = codeOf(cause)
  const known = REASONS.get(code ?? '')
  const isTimeout = cause instanceof Error && cause.name === 'TimeoutError'
  const [word, reason]: readonly [FailureWord, string] =
    known ?? (isTimeout ? ['silent', 'it does not answer'] : ['cut', `it gave no answer (${code})`])
  // Where a proxy stands in between, this machine reaches nothing else by itself.
  if (word === 'certificate' || !goesThroughProxy(url, env)) return { word, reason }
  return { word: 'proxy', reason: `the proxy of HTTPS_PROXY or HTTP_PROXY fails: ${reason}` }
}

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  if ('code' in error && typeof error.code === 'string') return error.code
  const first = error instanceof AggregateError ? error.errors[0] : error.cause
  return codeOf(first) ?? error.message
}

function goesThroughProxy(url: string, env: Environment): boolean {
  const { protocol, hostname } = new URL(url)
  const proxy =
    protocol === 'https:' ? env.HTTPS_PROXY || env.https_proxy : env.HTTP_PROXY || env.http_proxy
  if (!proxy || /^(localhost|127\.|\[::1\])/.test(hostname)) return false
  const exceptions = (env.NO_PROXY || env.no_proxy || '').split(/[\s,]+/).filter(Boolean)
  return !exceptions.some((one) => one === '*' || hostname.endsWith(one.replace(/^\*/, '')))
}
