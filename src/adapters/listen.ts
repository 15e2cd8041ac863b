import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, Server as NetServer } from 'node:net'
import { setImmediate as nextRound, setTimeout as wait } from 'node:timers/promises'
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
  /**
   * Stops accepting; resolves when what is under way is answered, or cut off after `graceMs`. A
   * connection on which nothing is under way has `lingerMs` to be used once more: a proxy may have
   * sent a request on it already, and what it does not get an answer to is lost.
   */
  close(graceMs?: number, lingerMs?: number): Promise<void>
}

/** The addresses behind the name localhost. */
export const LOOPBACK_ADDRESSES: readonly string[] = ['127.0.0.1', '::1']

const ATTEMPTS = 20

/** How often a server that stops looks for connections that are done, in milliseconds. */
const SWEEP = 50

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
      return { port, close: (...times) => closeAll(servers, ...times) }
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
  askForNoMore(server)
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port, ...(host !== undefined && { host }) }, () => {
      server.off('error', reject)
      resolve(server)
    })
  })
}

/** What each server is answering. */
const underWay = new WeakMap<Server, Set<ServerResponse>>()

/** From when a server stops on, each answer says that its connection takes no further request. */
function askForNoMore(server: Server): void {
  const responses = new Set<ServerResponse>()
  underWay.set(server, responses)
  server.prependListener('request', (_request, response) => {
    if (!server.listening) return void response.setHeader('connection', 'close')
    responses.add(response)
    response.once('close', () => responses.delete(response))
  })
}

/** A machine without IPv6 has only the other address. */
function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'EADDRNOTAVAIL' || error.code === 'EAFNOSUPPORT') return undefined
  throw error
}

async function closeAll(servers: readonly Server[], graceMs = 0, lingerMs = 0): Promise<void> {
  if (lingerMs > 0) await quietMoment()
  const closed = Promise.all(servers.map(stopListening))
  const cut = () => {
    for (const server of servers) server.closeAllConnections()
  }
  if (graceMs === 0) cut()
  const timer = setTimeout(cut, graceMs)
  const done = new AbortController()
  const sweep = cutIdle(servers, lingerMs, done.signal)
  await closed
  clearTimeout(timer)
  done.abort()
  await sweep
}

/** Ends connections once nothing is under way on them, those of streams that end later included. */
async function cutIdle(
  servers: readonly Server[],
  lingerMs: number,
  done: AbortSignal,
): Promise<void> {
  const pause = (ms: number) => wait(ms, undefined, { signal: done }).catch(() => {})
  await pause(lingerMs)
  while (!done.aborted) {
    if (lingerMs > 0) await quietMoment()
    for (const server of servers) server.closeIdleConnections()
    await pause(SWEEP)
  }
}

/** Of `node:http`, `close` would cut idle connections at once. */
function stopListening(server: Server): Promise<void> {
  for (const response of underWay.get(server) ?? []) {
    if (!response.headersSent) response.setHeader('connection', 'close')
  }
  return new Promise((resolve) => NetServer.prototype.close.call(server, () => resolve()))
}

/**
 * A round of the event loop with little in it: whatever has come has been read by then. What still
 * waits in a socket that is closed is lost.
 */
async function quietMoment(): Promise<void> {
  await nextRound()
  for (let rounds = 0; rounds < 100; rounds++) {
    const start = performance.now()
    await nextRound()
    if (performance.now() - start < 0.5) return
  }
}
