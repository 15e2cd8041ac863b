import { aadsts } from './aadsts-error.ts'
import { isGuid } from './guid.ts'

const MAX_BODY = 64 * 1024

/** The form in a request's body; empty where the body is something else, as Entra has it. */
export async function readForm(request: Request): Promise<URLSearchParams> {
  const type = request.headers.get('content-type') ?? ''
  if (!request.body || !/^application\/x-www-form-urlencoded\s*(;|$)/i.test(type)) {
    return new URLSearchParams()
  }
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of request.body) {
    size += chunk.byteLength
    if (size > MAX_BODY) throw aadsts(90100)
    chunks.push(chunk)
  }
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'))
}

/** A parameter's value; an empty one counts as missing. */
export function optional(params: URLSearchParams, name: string): string | undefined {
  const values = params.getAll(name)
  if (values.length > 1) throw aadsts(9000411, { name })
  return values[0] || undefined
}

/** A parameter's value, without which the request makes no sense (AADSTS900144). */
export function required(params: URLSearchParams, name: string): string {
  const value = optional(params, name)
  if (value === undefined) throw aadsts(900144, { name })
  return value
}

/** The client's own id of a request, or a new one. */
export function correlationIdOf(request: Request, ...sources: URLSearchParams[]): string {
  const name = 'client-request-id'
  const sent = [...sources.map((params) => params.get(name)), request.headers.get(name)]
  return sent.find((id) => id && isGuid(id)) ?? crypto.randomUUID()
}
