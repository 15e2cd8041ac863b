import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { toNodeHandler } from '../adapters/node.ts'
import { type Emulator, type EmulatorOptions, openEmulator } from './create-emulator.ts'

export type StartOptions = EmulatorOptions & {
  /** 0 takes a free one. @default 8400 */
  port?: number
  /** The address to bind. @default 127.0.0.1 and ::1, so that http://localhost works either way */
  host?: string
  /** The name in the origin, where `origin` is not given. @default 'localhost' */
  hostname?: string
  /** PEM texts; with them it speaks HTTPS. */
  tls?: { key: string; cert: string }
}

/** An emulator that listens. */
export type RunningEmulator = Emulator & { readonly port: number }

const ATTEMPTS = 20
const LOOPBACK = ['127.0.0.1', '::1']

/** Starts an emulator on a port of its own; `close` ends it at once, open connections included. */
export async function startEmulator(options: StartOptions = {}): Promise<RunningEmulator> {
  // The origin follows the port, so the servers listen before there is anything to answer.
  const opened = Promise.withResolvers<Emulator>()
  const listener = toNodeHandler(async (request) => (await opened.promise).fetch(request))
  const servers = await listenOn(options, listener)
  const port = portOf(servers[0] as Server)
  const scheme = options.tls ? 'https' : 'http'
  const origin = options.origin ?? `${scheme}://${options.hostname ?? 'localhost'}:${port}`
  try {
    const { emulator, sts } = openEmulator({ ...options, origin })
    opened.resolve(emulator)
    // Keys take a moment to make; whoever needs them waits for the same promise.
    sts.signingKeys().catch((cause: unknown) => {
      const message = 'The emulator could not keep its signing keys.'
      sts.log({ event: 'emulator.failed', level: 'error', message, cause })
    })
    return run(emulator, servers, port)
  } catch (error) {
    await Promise.all(servers.map(closeServer))
    throw error
  }
}

function run(emulator: Emulator, servers: readonly Server[], port: number): RunningEmulator {
  return {
    ...emulator,
    get tenantId() {
      return emulator.tenantId
    },
    get application() {
      return emulator.application
    },
    port,
    close: async () => {
      await Promise.all(servers.map(closeServer))
      await emulator.close()
    },
  }
}

async function listenOn(options: StartOptions, listener: RequestListener): Promise<Server[]> {
  const { host, port = 8400 } = options
  const open = (address: string, onPort: number) => openServer(options, listener, address, onPort)
  if (host !== undefined) return [await open(host, port)]
  const [first, second] = LOOPBACK as [string, string]
  for (let attempt = 1; ; attempt++) {
    const server = await open(first, port)
    try {
      return [server, await open(second, portOf(server))]
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      // A machine without IPv6 has only the one.
      if (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT') return [server]
      await closeServer(server)
      // A port that is free for IPv4 may be taken for IPv6; another one is as good.
      if (code !== 'EADDRINUSE' || port !== 0 || attempt === ATTEMPTS) throw error
    }
  }
}

function openServer(
  { tls }: StartOptions,
  listener: RequestListener,
  host: string,
  port: number,
): Promise<Server> {
  const server = tls ? createTlsServer(tls, listener) : createServer(listener)
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port }, () => {
      server.off('error', reject)
      resolve(server)
    })
  })
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
