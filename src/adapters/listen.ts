import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import {
  bounded,
  explainClientErrors,
  HEADERS_MAX_BYTES,
  TIMEOUTS,
  type Timeouts,
} from './bounds.ts'

export type ListenOptions = {
  /** 0 takes a free one. */
  readonly port: number
  /** The addresses to bind; none means every address of the machine. */
  readonly hosts: readonly string[]
  /** PEM texts; with them it speaks HTTPS. */
  readonly tls?: { readonly key: string; readonly cert: string } | undefined
  /** Those that are to differ. */
  readonly timeouts?: Partial<Timeouts>
}

export type Listening = {
  readonly port: number
  /** Stops accepting; resolves when what is under way is answered, or cut off after `graceMs`. */
  close(graceMs?: number): Promise<void>
}

/** The addresses behind the name localhost. */
export const LOOPBACK_ADDRESSES: readonly string[] = ['127.0.0.1', '::1']

const ATTEMPTS = 20

/**
 * Listens on one port of each address. Rejects with the system's error, e.g. `EADDRINUSE`. An
 * address that the machine does not have is left out, unless it is the only one.
 */
export async function listen(
  listener: RequestListener,
  options: ListenOptions,
): Promise<Listening> {
  const [first, ...others] = options.hosts
  for (let attempt = 1; ; attempt++) {
    const server = await open(listener, options, first, options.port)
    const port = (server.address() as AddressInfo).port
    const servers = [server]
    try {
      for (const host of others) {
        const other = await open(listener, options, host, port).catch(ignoreMissing)
        if (other) servers.push(other)
      }
      return { port, close: (graceMs) => closeAll(servers, graceMs) }
    } catch (error) {
      await closeAll(servers)
      // A port that is free on the one address may be taken on the other; another is as good.
      const isTaken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
      if (!isTaken || options.port !== 0 || attempt === ATTEMPTS) throw error
    }
  }
}

function open(
  listener: RequestListener,
  { tls, timeouts }: ListenOptions,
  host: string | undefined,
  port: number,
): Promise<Server> {
  const bounds = { ...TIMEOUTS, ...timeouts, maxHeaderSize: HEADERS_MAX_BYTES }
  const answer = bounded(listener)
  const server = tls ? createTlsServer({ ...bounds, ...tls }, answer) : createServer(bounds, answer)
  explainClientErrors(server)
  // A connection that is done with its last answer waits for another question, and close for it.
  server.on('request', (_request, response) => {
    response.once('close', () => {
      if (!server.listening) server.closeIdleConnections()
    })
  })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port, ...(host !== undefined && { host }) }, () => {
      server.off('error', reject)
      resolve(server)
    })
  })
}

/** A machine without IPv6 has only the other address. */
function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'EADDRNOTAVAIL' || error.code === 'EAFNOSUPPORT') return undefined
  throw error
}

async function closeAll(servers: readonly Server[], graceMs = 0): Promise<void> {
  const closed = Promise.all(
    servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))),
  )
  const cut = () => {
    for (const server of servers) server.closeAllConnections()
  }
  if (graceMs === 0) cut()
  const timer = setTimeout(cut, graceMs)
  await closed
  clearTimeout(timer)
}
