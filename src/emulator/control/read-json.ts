/** A request to the control API cannot be answered as it is. */
export class ControlError extends Error {
  override readonly name = 'ControlError'
  readonly status: number
  readonly details: object

  constructor(status: number, message: string, details: object = {}) {
    super(message)
    this.status = status
    this.details = details
  }
}

/** The JSON object in a request's body. */
export async function readJson(request: Request, max: number): Promise<Record<string, unknown>> {
  // What a form or a simple cross-site request can send is none of it (Fetch standard).
  const type = request.headers.get('content-type') ?? ''
  if (!/^application\/json\s*(;|$)/i.test(type)) {
    throw new ControlError(415, 'The Content-Type has to be application/json.')
  }
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of request.body ?? []) {
    size += chunk.byteLength
    if (size > max) throw new ControlError(413, `The body has more than ${max} bytes.`)
    chunks.push(chunk)
  }
  const value = parse(Buffer.concat(chunks).toString('utf8') || '{}')
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ControlError(400, 'The body has to be a JSON object.')
  }
  return value as Record<string, unknown>
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new ControlError(400, `The body is not JSON: ${(error as Error).message}.`)
  }
}
