import { type Listening, LOOPBACK_ADDRESSES, listen } from '../adapters/listen.ts'
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

/** Starts an emulator on a port of its own; `close` ends it at once, open connections included. */
export async function startEmulator(options: StartOptions = {}): Promise<RunningEmulator> {
  // The origin follows the port, so the servers listen before there is anything to answer.
  const opened = Promise.withResolvers<Emulator>()
  const listener = toNodeHandler(async (request) => (await opened.promise).fetch(request))
  const { port: asked = 8400, host, tls } = options
  const hosts = host === undefined ? LOOPBACK_ADDRESSES : [host]
  const listening = await listen(listener, { port: asked, hosts, tls })
  const { port } = listening
  const scheme = tls ? 'https' : 'http'
  const origin = options.origin ?? `${scheme}://${options.hostname ?? 'localhost'}:${port}`
  try {
    const { emulator, sts } = openEmulator({ ...options, origin })
    opened.resolve(emulator)
    // Keys take a moment to make; whoever needs them waits for the same promise.
    sts.signingKeys().catch((cause: unknown) => {
      const message = 'The emulator could not keep its signing keys.'
      sts.log({ event: 'emulator.failed', level: 'error', message, cause })
    })
    return run(emulator, listening)
  } catch (error) {
    await listening.close()
    throw error
  }
}

function run(emulator: Emulator, listening: Listening): RunningEmulator {
  return {
    ...emulator,
    get tenantId() {
      return emulator.tenantId
    },
    get application() {
      return emulator.application
    },
    port: listening.port,
    close: async () => {
      await listening.close()
      await emulator.close()
    },
  }
}
