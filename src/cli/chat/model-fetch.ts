import { setTimeout as wait } from 'node:timers/promises'
import { CommandError } from '../exit-codes.ts'
import {
  cutOff,
  explainRefusal,
  explainUnreachable,
  isFinal,
  type Model,
  nonsense,
  silent,
} from './model-errors.ts'
import { parseRefusal, type Refusal } from './model-refusal.ts'

export type ModelFetchOptions = {
  readonly model: Model
  /** Aborts when the person presses Ctrl-C. */
  readonly signal: AbortSignal
  /** Tells the person why it takes longer. */
  readonly note: (text: string) => void
  /** How a server is reached. @default the platform's */
  readonly fetch?: typeof fetch
}

const ATTEMPTS = 3

/** A pause that is longer is the person's to make, in milliseconds. */
const MAX_PAUSE = 30_000

/** Before the second attempt, in milliseconds; each further one waits twice as long. */
const FIRST_PAUSE = 1000

/** The longest answer, and the longest refusal, in bytes. */
const MAX_ANSWER = 16 * 1024 * 1024
const MAX_REFUSAL = 64 * 1024

const PASSING: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504, 529])
const PASSING_CODES = /ECONNRESET|UND_ERR_SOCKET|EAI_AGAIN|ETIMEDOUT|EPIPE/

/**
 * `fetch` for the library: within bounds of time and size, with few attempts, and every failure a
 * sentence for the person. What has begun to answer is never asked again: it may have done something.
 */
export function createModelFetch(options: ModelFetchOptions): typeof fetch {
  const { model, signal, note } = options
  // Which models want it is not known beforehand, and stays so.
  let mustNotReason = false

  async function attempt(url: string, init: RequestInit): Promise<Response | Refusal> {
    const body = mustNotReason ? withoutReasoning(init.body) : init.body
    const quiet = new AbortController()
    const signals = [signal, quiet.signal, init.signal].filter((one) => !!one)
    const timer = setTimeout(() => quiet.abort(silent(model)), model.settings.silence)
    const doFetch = options.fetch ?? fetch
    try {
      const response = await doFetch(url, {
        ...init,
        ...(body !== undefined && { body }),
        signal: AbortSignal.any(signals),
        // A key goes to the address that was given, and to no other.
        redirect: 'manual',
      })
      if (response.ok) return watched(await checkType(response, init, model), quiet, model)
      return await readRefusal(response, model)
    } finally {
      clearTimeout(timer)
    }
  }

  return async (input, init = {}) => {
    const url = String(input instanceof Request ? input.url : input)
    for (let count = 1; ; count++) {
      const answer = await attempt(url, init).catch((error: unknown) => passing(error, count))
      if (answer instanceof Response) return answer
      if (wantsNoReasoning(answer) && !mustNotReason) {
        mustNotReason = true
        continue
      }
      const pause = pauseBefore(answer, count)
      if (pause === undefined) throw explainRefusal(model, answer)
      note(`${model.title} is not answering just now; another attempt in ${inSeconds(pause)} s.`)
      await wait(pause, undefined, { signal: AbortSignal.any([signal, init.signal ?? signal]) })
    }
  }

  /** A connection that failed and may be better in a moment, as a refusal; throws any other. */
  function passing(error: unknown, count: number): Refusal {
    if (signal.aborted || error instanceof CommandError || isAbort(error)) throw error
    const told = explainUnreachable(model, error)
    if (count === ATTEMPTS || !PASSING_CODES.test(codesOf(error))) throw told
    return parseRefusal(503, new Headers(), told.message, model.settings)
  }
}

function pauseBefore(refusal: Refusal, count: number): number | undefined {
  const mayPass = refusal.mayRetry ?? PASSING.has(refusal.status)
  if (!mayPass || count >= ATTEMPTS || isFinal(refusal)) return undefined
  const pause = refusal.pause ?? FIRST_PAUSE * 2 ** (count - 1)
  return pause <= MAX_PAUSE ? pause : undefined
}

function inSeconds(milliseconds: number): number {
  return Math.max(1, Math.ceil(milliseconds / 1000))
}

/**
 * OpenAI's newer models call tools by this protocol only if they are told not to reason, and say so
 * themselves.
 */
function wantsNoReasoning({ status, param, message }: Refusal): boolean {
  return status === 400 && /reasoning_effort/.test(`${param} ${message}`) && /none/.test(message)
}

function withoutReasoning(body: RequestInit['body']): string {
  return JSON.stringify({ ...JSON.parse(String(body)), reasoning_effort: 'none' })
}

async function readRefusal(response: Response, model: Model): Promise<Refusal> {
  const { status, headers } = response
  if (status >= 300 && status < 400) {
    await response.body?.cancel()
    throw nonsense(model, `with a redirect (${status}), which is not followed`)
  }
  const text = await readText(response, MAX_REFUSAL)
  return parseRefusal(status, headers, parse(text), model.settings)
}

/** Whoever asks for a stream and gets a page has come to somebody else. */
async function checkType(response: Response, init: RequestInit, model: Model): Promise<Response> {
  const type = response.headers.get('content-type') ?? 'nothing that has a type'
  const isStream = /"stream":true/.test(String(init.body ?? ''))
  const isExpected = isStream ? /^text\/event-stream/i.test(type) : /\bjson\b/i.test(type)
  if (isExpected) return response
  const body = parse(await readText(response, MAX_REFUSAL))
  // Some gateways tell of an error with 200.
  if (typeof body === 'object' && body !== null && 'error' in body) {
    const { status, headers } = response
    throw explainRefusal(model, parseRefusal(status, headers, body, model.settings))
  }
  const what = /html/i.test(type) ? 'with a page for a browser' : `with ${type.slice(0, 60)}`
  throw nonsense(model, `${what} where ${isStream ? 'a stream' : 'JSON'} was expected`)
}

/** The body within its bounds: of the time between two pieces, and of the size of all. */
function watched(response: Response, quiet: AbortController, model: Model): Response {
  if (!response.body) throw nonsense(model, 'with nothing')
  const reader = response.body.getReader()
  let size = 0
  const body = new ReadableStream<Uint8Array>({
    async pull(out) {
      const timer = setTimeout(() => quiet.abort(silent(model)), model.settings.silence)
      try {
        const { done, value } = await reader.read()
        if (done) return out.close()
        size += value.length
        if (size > MAX_ANSWER) throw nonsense(model, 'with more than anybody could read')
        out.enqueue(value)
      } catch (error) {
        const isOurs = error instanceof CommandError || isAbort(error)
        out.error(isOurs ? error : cutOff(model))
        quiet.abort()
      } finally {
        clearTimeout(timer)
      }
    },
    cancel: (reason) => quiet.abort(reason),
  })
  const { status, headers } = response
  return new Response(body, { status, headers: withoutEncoding(headers) })
}

/** What the platform has undone already. */
function withoutEncoding(headers: Headers): Headers {
  const copy = new Headers(headers)
  for (const name of ['content-encoding', 'content-length']) copy.delete(name)
  return copy
}

/** As much of a body as is worth reading. */
export async function readText(response: Response, limit: number): Promise<string> {
  const chunks: Uint8Array[] = []
  let left = limit
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk.subarray(0, left))
    left -= chunk.length
    if (left <= 0) break
  }
  return Buffer.concat(chunks).toString()
}

/** JSON, or else the text as it is. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError')
}

/** The codes of an error and of what is behind it. */
function codesOf(error: unknown): string {
  const codes: string[] = []
  for (let at = error, depth = 0; at instanceof Error && depth < 8; depth++, at = at.cause) {
    if ('code' in at) codes.push(String(at.code))
  }
  return codes.join(' ')
}
