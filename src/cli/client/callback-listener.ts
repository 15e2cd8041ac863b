import { once } from 'node:events'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { toNodeHandler } from '../../adapters/node.ts'
import { type AuthorizationResponse, ForeignResponse } from './authorization-response.ts'
import { foreignPage, notFoundPage, type Outcome, resultPage } from './result-page.ts'

/** Where the browser comes back to: a listener on this machine's loopback (RFC 8252 §7.3). */
export type CallbackListener = {
  readonly redirectUri: string
  /** Waits for the first response that `parse` accepts. */
  readonly response: Promise<AuthorizationResponse>
  /** Shows the outcome to the browser that waits for it, if one does, and stops listening. */
  finish(outcome: Outcome): Promise<void>
}

/**
 * Listens on `port`, which an earlier registration names, or on any that is free. What `parse`
 * refuses with `ForeignResponse` gets a page that says so, and is forgotten.
 * Undefined when `port` is not to be had.
 */
export async function listenForCallback(
  port: number,
  parse: (params: URLSearchParams) => AuthorizationResponse,
): Promise<CallbackListener | undefined> {
  const first = Promise.withResolvers<AuthorizationResponse>()
  const over = Promise.withResolvers<Outcome>()
  const answer = toNodeHandler(async (request) => {
    const url = new URL(request.url)
    if (url.pathname !== '/callback' || request.method !== 'GET') return notFoundPage()
    try {
      // The first counts; a reload of the same page is shown how that one went.
      first.resolve(parse(url.searchParams))
    } catch (error) {
      if (error instanceof ForeignResponse) return foreignPage(error.message)
      throw error
    }
    return resultPage(await over.promise)
  })
  const unanswered = new Set<ServerResponse>()
  const server = createServer((incoming, outgoing) => {
    unanswered.add(outgoing)
    outgoing.once('close', () => unanswered.delete(outgoing))
    answer(incoming, outgoing)
  })
  const bound = await listen(server, port)
  if (bound === undefined) return undefined
  return {
    redirectUri: `http://127.0.0.1:${bound}/callback`,
    response: first.promise,
    finish: async (outcome) => {
      over.resolve(outcome)
      server.close()
      await allClosed(unanswered)
      // Browsers open connections that they may come to need.
      server.closeAllConnections()
    },
  }
}

function listen(server: Server, port: number): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const isTaken = error.code === 'EADDRINUSE' || error.code === 'EACCES'
      if (isTaken && port !== 0) resolve(undefined)
      else reject(error)
    })
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })
}

/** Lets the pages that are being sent arrive, as far as the browser still takes them. */
async function allClosed(responses: ReadonlySet<ServerResponse>): Promise<void> {
  const signal = AbortSignal.timeout(1000)
  const closing = [...responses].map((response) => once(response, 'close', { signal }))
  await Promise.allSettled(closing)
}
