import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { type ChatMessage, type ChatTool, findFault } from './model-protocol.ts'
import { completionOf, eventsOf } from './model-stream.ts'

export type { ChatMessage, ChatTool } from './model-protocol.ts'

/** A request that came to the model. */
export type ModelRequest = {
  readonly path: string
  readonly headers: IncomingMessage['headers']
  /** The body, as it was sent. */
  readonly body: {
    readonly model: string
    readonly messages: readonly ChatMessage[]
    readonly tools?: readonly ChatTool[]
    readonly stream?: boolean
    readonly [member: string]: unknown
  }
  /** What the model is told at first. */
  readonly system: string
  /** What the person has said last. */
  readonly said: string
  /** What tools have answered since then, the first one first. */
  readonly results: readonly string[]
  /** The tools that are offered, by their names. */
  readonly tools: ReadonlyMap<string, ChatTool['function']>
  /** Settles when the client has gone before the answer was whole. */
  readonly gone: Promise<void>
}

/** A call of a tool; `json` in place of arguments for what is none. */
export type ModelCall = { readonly name: string; readonly args?: unknown; readonly json?: string }

/** What the model does with a request. Text and calls can stand together, as models do. */
export type ModelReply = {
  readonly text?: string
  readonly reasoning?: string
  readonly calls?: readonly ModelCall[]
  /** @default 'tool_calls' with calls, else 'stop'; null leaves it out */
  readonly finish?: string | null
  /** Whether the stream ends with `[DONE]`. @default true */
  readonly done?: boolean
  /** Not a completion: this status, body and headers. */
  readonly status?: number
  readonly body?: unknown
  readonly headers?: Record<string, string>
  /** The first byte waits for it: a promise that never settles is a model that never answers. */
  readonly before?: Promise<unknown>
  /** Cut off: after so many events of the stream, or in the middle of a body. */
  readonly cutAfter?: number
  /** After so many events of the stream nothing comes any more, and it stays open. */
  readonly silentAfter?: number
  /** Lines put in after the first event, as they are. */
  readonly lines?: readonly string[]
}

export type ModelStep = ModelReply | ((request: ModelRequest) => ModelReply | Promise<ModelReply>)

export type ScriptedModelOptions = {
  /** Keys that are let in, in either header. @default everybody is */
  readonly keys?: readonly string[]
  /** What is installed, and whether it can call tools: for `/models`, and Ollama's own lists. */
  readonly models?: Readonly<Record<string, { readonly tools: boolean }>>
  /** PEM texts; with them it speaks HTTPS. */
  readonly tls?: { readonly key: string; readonly cert: string }
}

/** A server of the OpenAI Chat Completions protocol that does as the test says. */
export type ScriptedModel = AsyncDisposable & {
  readonly origin: string
  /** The base address, as OpenAI has it. */
  readonly url: string
  /** Every completion that was asked for; one that was refused for its form stands in `faults`. */
  readonly requests: readonly ModelRequest[]
  /** Whatever was asked, as `GET /v1/models`. */
  readonly asked: readonly string[]
  /** What a request had wrong that a real server would refuse. */
  readonly faults: readonly string[]
  /** Adds answers, for one request each. */
  script(...steps: readonly ModelStep[]): void
  /** The answer to every request for which there is none left. */
  always(step: ModelStep): void
  close(): Promise<void>
}

/** An error as OpenAI and Azure write it. */
export function refusal(
  status: number,
  code: string | null,
  message: string,
  headers: Record<string, string> = {},
): ModelReply {
  return { status, headers, body: { error: { message, type: null, param: null, code } } }
}

/** Starts one on a free port of loopback. */
export async function startScriptedModel(
  options: ScriptedModelOptions = {},
): Promise<ScriptedModel> {
  const requests: ModelRequest[] = []
  const asked: string[] = []
  const faults: string[] = []
  const left: ModelStep[] = []
  let rest: ModelStep = refusal(500, 'no_script', 'The script says nothing about this request.')

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? ''
    const text = await textOf(request)
    asked.push(`${request.method} ${path}`)
    if (!isLetIn(request, options.keys)) return send(response, WRONG_KEY)
    const listed = list(path, text, options.models ?? {})
    if (listed) return send(response, listed)
    if (!/\/chat\/completions$/.test(path) || request.method !== 'POST') {
      return send(response, refusal(404, null, `Unknown request: ${request.method} ${path}`))
    }
    const body = parse(text)
    const fault = findFault(body)
    if (fault !== undefined) {
      faults.push(fault)
      return send(response, refusal(400, 'invalid_request_error', fault))
    }
    const seen = toRequest(request, body as ModelRequest['body'], response)
    requests.push(seen)
    const step = left.shift() ?? rest
    await reply(response, seen, typeof step === 'function' ? await step(seen) : step)
  }

  const listener = (request: IncomingMessage, response: ServerResponse) => {
    // A mistake of the script shows as a cut connection, and in the test's own output.
    answer(request, response).catch((error: unknown) => {
      process.stderr.write(`scripted model: ${error instanceof Error ? error.stack : error}\n`)
      response.destroy()
    })
  }
  const { tls } = options
  const server = tls ? createSecureServer(tls, listener) : createServer(listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const origin = `${tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`
  const close = async () => {
    if (!server.listening) return
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  }
  return {
    ...{ origin, url: `${origin}/v1`, requests, asked, faults, close },
    script: (...steps) => void left.push(...steps),
    always(step) {
      rest = step
    },
    [Symbol.asyncDispose]: close,
  }
}

const WRONG_KEY = refusal(
  401,
  'invalid_api_key',
  'Incorrect API key provided: sk-wro**********key.',
)

function isLetIn({ headers }: IncomingMessage, keys: readonly string[] | undefined): boolean {
  const given = headers['api-key'] ?? headers.authorization?.replace(/^Bearer /, '')
  return keys === undefined || keys.includes(String(given))
}

/** OpenAI's list of models, and Ollama's, whose capabilities are asked for one by one. */
function list(
  path: string,
  text: string,
  models: NonNullable<ScriptedModelOptions['models']>,
): ModelReply | undefined {
  const names = Object.keys(models)
  if (/\/models$/.test(path)) {
    const data = names.map((id) => ({ id, object: 'model', owned_by: 'tests' }))
    return { status: 200, body: { object: 'list', data } }
  }
  if (path === '/api/tags') {
    return { status: 200, body: { models: names.map((name) => ({ name, model: name })) } }
  }
  if (path !== '/api/show') return undefined
  const model = models[String((parse(text) as { model?: unknown })?.model)]
  if (!model) return { status: 404, body: { error: 'model not found' } }
  const capabilities = ['completion', ...(model.tools ? ['tools'] : [])]
  return { status: 200, body: { capabilities } }
}

function toRequest(
  request: IncomingMessage,
  body: ModelRequest['body'],
  response: ServerResponse,
): ModelRequest {
  const { messages } = body
  const textsOf = (role: string) => messages.filter((one) => one.role === role).map(contentOf)
  const since = messages.slice(messages.findLastIndex(({ role }) => role === 'user') + 1)
  const { promise: gone, resolve } = Promise.withResolvers<void>()
  response.once('close', () => {
    if (!response.writableFinished) resolve()
  })
  return {
    ...{ path: request.url ?? '', headers: request.headers, body, gone },
    system: textsOf('system').join('\n'),
    said: textsOf('user').at(-1) ?? '',
    results: since.filter(({ role }) => role === 'tool').map(contentOf),
    tools: new Map((body.tools ?? []).map((tool) => [tool.function.name, tool.function])),
  }
}

/** Content is a text, or a list of parts. */
function contentOf({ content }: ChatMessage): string {
  if (!Array.isArray(content)) return String(content ?? '')
  return content.map((part) => (part as { text?: string }).text ?? '').join('')
}

async function reply(
  response: ServerResponse,
  request: ModelRequest,
  step: ModelReply,
): Promise<void> {
  await Promise.race([step.before, request.gone])
  if (response.destroyed) return
  if (step.status !== undefined) return send(response, step)
  if (!request.body.stream)
    return send(response, { ...step, status: 200, body: completionOf(request, step) })
  response.socket?.setNoDelay(true)
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', ...step.headers })
  response.flushHeaders()
  const events = eventsOf(request, step)
  const end = step.cutAfter ?? step.silentAfter ?? events.length
  await writePieces(response, events.slice(0, end).join(''))
  if (step.cutAfter !== undefined) response.destroy()
  else if (step.silentAfter !== undefined) await request.gone
  else response.end()
}

function send(
  response: ServerResponse,
  { status = 200, body, headers, cutAfter }: ModelReply,
): void {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const type = typeof body === 'string' ? 'text/html; charset=utf-8' : 'application/json'
  const length = Buffer.byteLength(text)
  response.writeHead(status, { 'content-type': type, 'content-length': length, ...headers })
  if (cutAfter === undefined) return void response.end(text)
  response.write(text.slice(0, length / 2), () => response.destroy())
}

/** Odd lengths that never fall together with an event, a line or a character of several bytes. */
const PIECES = [1, 61, 3, 17, 2, 127, 5, 251]

/** Writes it in pieces that are cut anywhere: in a line, in JSON, in a character. */
async function writePieces(response: ServerResponse, text: string): Promise<void> {
  const bytes = Buffer.from(text)
  for (let at = 0, index = 0; at < bytes.length && !response.destroyed; index++) {
    const length = PIECES[index % PIECES.length] ?? 1
    response.write(bytes.subarray(at, at + length))
    at += length
    // One write, one packet: else the system would put them together again.
    await turn()
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}
