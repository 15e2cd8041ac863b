// Requests of a driver: node:http with connections kept open, for `fetch` costs several times as much.
import { Agent, request } from 'node:http'

export type Answer = {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

export type Question = {
  readonly method: 'GET' | 'POST'
  readonly url: URL
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** Asks, on a connection that was asked before where one is free. */
export type Ask = (question: Question) => Promise<Answer>

/** How long an answer may take, in milliseconds: one that never comes ends the measurement. */
const PATIENCE = 30_000

/** At most `connections` at once to each server. */
export function createAsk(connections: number): Ask {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  return ({ method, url, headers = {}, body }) => {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
    const signal = AbortSignal.timeout(PATIENCE)
    request(url, { agent, method, headers: { ...headers, ...length }, signal })
      .on('response', (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', reject)
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString()
          resolve({ status: response.statusCode ?? 0, headers: toHeaders(response), text })
        })
      })
      .on('error', reject)
      .end(body)
    return promise
  }
}

function toHeaders({ rawHeaders }: { readonly rawHeaders: readonly string[] }): Headers {
  const headers = new Headers()
  for (let i = 0; i < rawHeaders.length; i += 2) {
    headers.append(rawHeaders[i] ?? '', rawHeaders[i + 1] ?? '')
  }
  return headers
}
