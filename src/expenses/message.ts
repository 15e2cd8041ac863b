import { isJsonContentType, readRequestBody } from '@modelcontextprotocol/server'

// A call is some hundred bytes; a description is at most 500 characters.
export const MAX_BODY_BYTES = 64 * 1024

/** What of the server a request is about; undefined where there is more than one, or none to be read. */
export type Topic = string | undefined

/** A request's body, read as JSON once for all who look at it; or the refusal of one that is none. */
export type Message = { readonly message: unknown } | { readonly refusal: Response }

/** Undefined of a request in which no message is looked for: what is wrong with it is said without one. */
export async function readMessage(request: Request): Promise<Message | undefined> {
  const { method, headers } = request
  if (method !== 'POST' || !isJsonContentType(headers.get('content-type'))) return undefined
  const body = await readRequestBody(request, MAX_BODY_BYTES).catch(() => undefined)
  if (!body) return refuse(400, -32700, 'The request body could not be read to its end.')
  if (body.tooLarge) {
    return refuse(413, -32000, `The request body is larger than ${MAX_BODY_BYTES} bytes.`)
  }
  try {
    return { message: JSON.parse(body.text) }
  } catch {
    return refuse(400, -32700, 'The request body is not valid JSON.')
  }
}

/** `tools` of `tools/call`: the first word of the method. */
export function topicOf(message: unknown): Topic {
  const { method } = (message ?? {}) as { readonly method?: unknown }
  return typeof method === 'string' ? method.split('/', 1)[0] : undefined
}

const OF_REQUEST: ReadonlySet<string> = new Set(['jsonrpc', 'id', 'method', 'params'])

/**
 * Whether it can be nothing but a request of the revisions of 2025: a whole one, sent under one of
 * them, without the `_meta` in which later ones say what they are. The SDK's own look finds the same of
 * every message, and takes longer for it than the gate for a token.
 */
export function isPlainLegacy({ headers }: Request, message: unknown): boolean {
  if (typeof message !== 'object' || message === null) return false
  const { jsonrpc, id, method, params = {} } = message as Readonly<Record<string, unknown>>
  return (
    /^2025-\d\d-\d\d$/.test(headers.get('mcp-protocol-version') ?? '') &&
    Object.keys(message).every((name) => OF_REQUEST.has(name)) &&
    jsonrpc === '2.0' &&
    (typeof id === 'string' || Number.isSafeInteger(id)) &&
    typeof method === 'string' &&
    typeof params === 'object' &&
    params !== null &&
    !Array.isArray(params) &&
    !('_meta' in params)
  )
}

/** A JSON-RPC error of a request that has no id, as far as is known. */
function refuse(status: number, code: number, message: string): Message {
  const body = { jsonrpc: '2.0', error: { code, message }, id: null }
  return { refusal: Response.json(body, { status }) }
}
