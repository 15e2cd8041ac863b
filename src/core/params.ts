import { OAuthError } from './errors.ts'

/** The parameters of a request, each there once but for `resource`. */
export type Params = {
  /** The value; undefined when absent or empty (RFC 6749 §3.1: empty means omitted). */
  get(name: string): string | undefined
  /** The values of one that may be there several times; none when absent or empty. */
  getAll(name: string): readonly string[]
}

/** Largest form or query, in bytes. */
export const PARAMS_MAX_BYTES = 16 * 1024

/** Largest JSON body of a registration, in bytes. */
export const JSON_MAX_BYTES = 16 * 1024

const MAX_COUNT = 64

/** RFC 8707 §2: a token may be asked for several resources. */
const REPEATABLE = 'resource'

/** Reads the query of a GET, or the form of a POST (RFC 6749 §3.1, §3.2). */
export async function readParams(request: Request): Promise<Params> {
  if (request.method !== 'POST') return parseParams(new URL(request.url).search.slice(1))
  requireType(request, 'application/x-www-form-urlencoded')
  return parseParams(await readText(request, PARAMS_MAX_BYTES))
}

/** Reads a JSON body. */
export async function readJson(request: Request): Promise<unknown> {
  requireType(request, 'application/json')
  const text = await readText(request, JSON_MAX_BYTES)
  try {
    return JSON.parse(text)
  } catch {
    throw invalid('The body is not valid JSON.')
  }
}

/** Parses form-encoded text. What it cannot decode, it refuses; nothing is guessed. */
export function parseParams(text: string): Params {
  if (Buffer.byteLength(text) > PARAMS_MAX_BYTES) throw tooLarge(PARAMS_MAX_BYTES)
  const values = new Map<string, string[]>()
  const pairs = text.split('&').filter(Boolean)
  if (pairs.length > MAX_COUNT) throw invalid(`More than ${MAX_COUNT} parameters were sent.`)
  for (const pair of pairs) {
    const equals = pair.indexOf('=')
    const name = decode(equals < 0 ? pair : pair.slice(0, equals), 'The name of a parameter')
    const value = decode(equals < 0 ? '' : pair.slice(equals + 1), `The value of '${shown(name)}'`)
    // RFC 6749 §3.1: a parameter must not be included more than once.
    const known = values.get(name)
    if (known && name !== REPEATABLE) {
      throw invalid(`The parameter '${shown(name)}' was sent more than once.`)
    }
    if (known) known.push(value)
    else values.set(name, [value])
  }
  const getAll = (name: string) => values.get(name)?.filter(Boolean) ?? []
  return { get: (name) => getAll(name)[0], getAll }
}

/** `what` names the part in the error; its text stays out, for it may be a secret. */
function decode(text: string, what: string): string {
  let decoded: string
  try {
    decoded = decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    throw invalid(`${what} is not valid percent-encoded UTF-8.`)
  }
  if (decoded.includes('\0')) throw invalid(`${what} has a NUL character in it.`)
  return decoded
}

/** Enough of a parameter's name to recognise it by. */
function shown(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}...` : text
}

function requireType(request: Request, expected: string): void {
  const type = request.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase()
  if (type === expected) return
  const text = `The Content-Type must be ${expected}${type ? `, not ${shown(type)}` : ''}.`
  throw new OAuthError('invalid_request', text, { status: 415 })
}

/** Reads a body of bounded size; stops reading where the bound is passed. */
async function readText(request: Request, maxBytes: number): Promise<string> {
  if (Number(request.headers.get('content-length')) > maxBytes) throw tooLarge(maxBytes)
  const bytes = await readBytes(request, maxBytes)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw invalid('The body is not valid UTF-8.')
  }
}

async function readBytes(request: Request, maxBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of request.body ?? []) {
      size += chunk.byteLength
      if (size > maxBytes) throw tooLarge(maxBytes)
      chunks.push(chunk)
    }
  } catch (error) {
    // A client that hangs up in the midst of its words is no fault of ours.
    throw error instanceof OAuthError ? error : invalid('The body did not arrive as a whole.')
  }
  return Buffer.concat(chunks)
}

function tooLarge(maxBytes: number): OAuthError {
  const text = `The request is too large: ${maxBytes} bytes at most are read.`
  return new OAuthError('invalid_request', text, { status: 413 })
}

function invalid(text: string): OAuthError {
  return new OAuthError('invalid_request', text)
}
