import { setTimeout as delay } from 'node:timers/promises'
import { CommandError, Interrupted } from '../exit-codes.ts'
import { GraphError, isReplicating, parseGraphProblem } from './graph-error.ts'

/** One request to Microsoft Graph, as it is shown, sent, and written down for an administrator. */
export type GraphCall = {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** Below `/v1.0`, with its query. */
  readonly path: string
  readonly body?: Readonly<Record<string, unknown>>
  readonly headers?: Readonly<Record<string, string>>
  /** What it does, for a person: "Create the service principal". */
  readonly why: string
  /** Blanks that later calls have, and the member of the answer that fills each. */
  readonly gives?: Readonly<Record<string, string>>
  /** Where the same object is found when it is there already. */
  readonly finds?: string
}

/** Microsoft Graph, as one signed-in account. Every function throws `GraphError`. */
export type Graph = {
  /** Its address, without a path. */
  readonly origin: string
  /** What is there; undefined where nothing is. */
  get<T>(path: string): Promise<T | undefined>
  /** Every page of a collection. */
  list<T>(path: string): Promise<T[]>
  /**
   * Sends a call; undefined where the answer has no body. With `isDependent`, what it needs has
   * just been written: the answers that a directory still copying it gives are waited out.
   */
  send<T>(call: GraphCall, options?: { readonly isDependent?: boolean }): Promise<T | undefined>
}

export type GraphOptions = {
  readonly origin: string
  readonly token: string
  readonly fetch?: typeof fetch
  /** Waits so many milliseconds. */
  readonly wait?: (time: number) => Promise<void>
  readonly signal?: AbortSignal
  /** Told when it has to wait. */
  readonly note?: (text: string) => void
}

/** How long one request may take, in milliseconds. */
const TIMEOUT = 30_000
const MAX_BYTES = 16 * 1024 * 1024
const MAX_PAGES = 500

/** How long a directory may take to copy what was written, in milliseconds. */
const REPLICATION = 120_000
const REPLICATION_STEP = 5000

/** How often a request is sent again that was refused for the moment, and the longest wait for it. */
const MAX_ATTEMPTS = 6
const MAX_WAIT = 120_000

/** Opens Microsoft Graph for a token. */
export function createGraph(options: GraphOptions): Graph {
  const { origin, signal } = options
  const wait = options.wait ?? ((time: number) => delay(time, undefined, signal && { signal }))
  const waiting = async (time: number, why: string) => {
    options.note?.(`${why}: waiting ${Math.ceil(time / 1000)} s.`)
    await wait(time).catch((error: unknown) => {
      throw signal?.aborted ? new Interrupted() : error
    })
  }

  /** Sends until it is answered, or refused for good. */
  async function sendOnce<T>(call: GraphCall, url: URL): Promise<T | undefined> {
    for (let attempt = 1; ; attempt++) {
      const response = await request(call, url, options)
      if (response.ok) return readAnswer<T>(call, response)
      const error = await toError(call, response)
      const time = retryAfter(response, attempt)
      if (!isBusy(call, response) || attempt >= MAX_ATTEMPTS) throw error
      if (time > MAX_WAIT) {
        options.note?.(`Microsoft Graph asks for ${Math.ceil(time / 60_000)} minutes without us.`)
        throw error
      }
      await waiting(time, 'Microsoft Graph is busy')
    }
  }

  async function send<T>(call: GraphCall, { isDependent = false } = {}): Promise<T | undefined> {
    const url = toUrl(origin, call.path)
    for (let waited = 0; ; waited += REPLICATION_STEP) {
      try {
        return await sendOnce<T>(call, url)
      } catch (error) {
        if (!isDependent || !isReplicating(error) || waited >= REPLICATION) throw error
      }
      await waiting(REPLICATION_STEP, 'The directory is still copying what was just written')
    }
  }

  return {
    origin,
    send,
    async get<T>(path: string) {
      try {
        return await send<T>({ method: 'GET', path, why: `Read ${pathOf(path)}` })
      } catch (error) {
        if (error instanceof GraphError && error.status === 404) return undefined
        throw error
      }
    },
    async list<T>(path: string) {
      const items: T[] = []
      let next: string | undefined = path
      for (let page = 0; next !== undefined; page++) {
        if (page >= MAX_PAGES) throw new CommandError(`${pathOf(path)} has too many pages.`)
        const call: GraphCall = { method: 'GET', path: next, why: `List ${pathOf(path)}` }
        const answer: Page<T> | undefined = await send<Page<T>>(call)
        if (!Array.isArray(answer?.value)) throw notGraph(call, 'is no list')
        items.push(...answer.value)
        next = nextPath(answer['@odata.nextLink'], origin)
      }
      return items
    },
  }
}

type Page<T> = { readonly value: readonly T[]; readonly '@odata.nextLink'?: string }

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Something between here and there answers in its place, or what is there is no Graph. */
function notGraph({ why }: GraphCall, what: string, cause?: unknown): CommandError {
  return new CommandError(`${why}: what Microsoft Graph answered ${what}.`, {
    cure: 'Does a proxy answer in its place? Check HTTPS_PROXY and ENTRANCE_AUTHORITY, and run it again; it goes on where it stopped.',
    cause,
  })
}

/** Whether it may do what it was asked for the next time; behind a 502, a POST may have been done. */
function isBusy({ method }: GraphCall, { status }: Response): boolean {
  return status === 429 || status === 503 || status === 504 || (status === 502 && method !== 'POST')
}

function pathOf(path: string): string {
  return path.split('?')[0] as string
}

function toUrl(origin: string, path: string): URL {
  return new URL(`${origin}/v1.0${path}`)
}

/** The token goes where it was meant for, whatever a page says comes next. */
function nextPath(link: unknown, origin: string): string | undefined {
  if (link === undefined || link === null) return undefined
  const url = URL.parse(String(link))
  if (url?.origin === origin && url.pathname.startsWith('/v1.0/')) {
    return `${url.pathname.slice('/v1.0'.length)}${url.search}`
  }
  throw new CommandError('Microsoft Graph points to a next page on another host; it is not read.')
}

async function request(call: GraphCall, url: URL, options: GraphOptions): Promise<Response> {
  const { token, signal, fetch: fetchFn = fetch } = options
  const timeout = AbortSignal.timeout(TIMEOUT)
  try {
    return await fetchFn(url, {
      method: call.method,
      redirect: 'error',
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      headers: {
        ...call.headers,
        accept: 'application/json',
        authorization: `Bearer ${token}`,
        ...(call.body && { 'content-type': 'application/json' }),
      },
      ...(call.body && { body: JSON.stringify(call.body) }),
    })
  } catch (cause) {
    if (signal?.aborted) throw new Interrupted()
    throw new CommandError(`${call.why}: Microsoft Graph at ${url.origin} cannot be reached.`, {
      cure: 'Check the connection (HTTPS_PROXY, NODE_EXTRA_CA_CERTS) and run it again; it goes on where it stopped.',
      cause,
    })
  }
}

async function readAnswer<T>(call: GraphCall, response: Response): Promise<T | undefined> {
  const text = await readText(call, response)
  if (text === '') return undefined
  const answer = parseJson(call, text)
  if (!isObject(answer)) throw notGraph(call, 'is no object')
  return answer as T
}

function parseJson(call: GraphCall, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw notGraph(call, 'is not JSON', cause)
  }
}

async function toError(call: GraphCall, response: Response): Promise<GraphError> {
  const text = await readText(call, response)
  return new GraphError(call.why, response.status, parseGraphProblem(text, response.headers))
}

async function readText(call: GraphCall, response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of response.body ?? []) {
      size += chunk.byteLength
      if (size > MAX_BYTES) throw notGraph(call, 'is too large')
      chunks.push(chunk)
    }
  } catch (cause) {
    throw cause instanceof CommandError ? cause : notGraph(call, 'broke off', cause)
  }
  return Buffer.concat(chunks).toString()
}

/** What the answer asks for, in seconds or as a date; else twice as long each time. */
function retryAfter(response: Response, attempt: number): number {
  const text = response.headers.get('retry-after') ?? ''
  const time = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now()
  return Number.isFinite(time) ? Math.max(time, 0) : 1000 * 2 ** (attempt - 1)
}
