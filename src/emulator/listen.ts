import { dirname } from 'node:path'
import { type Listening, LOOPBACK_ADDRESSES, listen } from '../adapters/listen.ts'
import { toNodeHandler } from '../adapters/node.ts'
import { type Emulator, type EmulatorOptions, openEmulator } from './create-emulator.ts'
import { ConnectionDropped } from './faults/apply-fault.ts'
import { issueServerCertificate, type ServerCertificate } from './local-authority.ts'

export type StartOptions = EmulatorOptions & {
  /** 0 takes a free one. @default 8400 */
  port?: number
  /** The address to bind. @default 127.0.0.1 and ::1, so that http://localhost works either way */
  host?: string
  /** The name in the origin, where `origin` is not given. @default 'localhost' */
  hostname?: string
  /**
   * Speaks HTTPS, with a certificate that it makes itself for localhost, 127.0.0.1, ::1 and
   * `hostname`. Its authority is kept beside `dataFile`. @default false
   */
  https?: boolean
  /** PEM texts of a certificate of your own; with them it speaks HTTPS. */
  tls?: { key: string; cert: string }
}

/** An emulator that listens. */
export type RunningEmulator = Emulator & {
  readonly port: number
  /** PEM of the authority to trust, where the emulator made its certificate itself. */
  readonly caCertificate: string | undefined
  /** The file that the authority is kept in, for `NODE_EXTRA_CA_CERTS`. */
  readonly caFile: string | undefined
}

/** Starts an emulator on a port of its own; `close` ends it at once, open connections included. */
export async function startEmulator(options: StartOptions = {}): Promise<RunningEmulator> {
  // The origin follows the port, so the servers listen before there is anything to answer.
  const opened = Promise.withResolvers<Emulator>()
  const listener = toNodeHandler(async (request) => send(await opened.promise, request), {
    onError: warnUnlessDropped,
  })
  const { port: asked = 8400, host } = options
  const made = options.https && !options.tls ? makeCertificate(options) : undefined
  const tls = options.tls ?? made
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
    return run(emulator, listening, made)
  } catch (error) {
    await listening.close()
    throw error
  }
}

function makeCertificate({ dataFile, hostname, host, origin }: StartOptions): ServerCertificate {
  const folder = dataFile === undefined ? undefined : dirname(dataFile)
  const named = origin === undefined ? [] : [new URL(origin).hostname.replaceAll(/^\[|\]$/g, '')]
  const names = [...named, hostname, host].filter((name) => name && !ANY_ADDRESS.has(name))
  return issueServerCertificate(folder, names as string[])
}

/** What is bound to mean every address; nobody asks for it by this name. */
const ANY_ADDRESS: ReadonlySet<string> = new Set(['0.0.0.0', '::'])

/** A dropped connection ends without a byte: the answer's body fails before its head is written. */
async function send(emulator: Emulator, request: Request): Promise<Response> {
  try {
    return await emulator.fetch(request)
  } catch (error) {
    if (!(error instanceof ConnectionDropped)) throw error
    return new Response(new ReadableStream({ pull: (controller) => controller.error(error) }))
  }
}

function warnUnlessDropped(error: unknown): void {
  if (error instanceof ConnectionDropped) return
  process.emitWarning(error instanceof Error ? error : `The emulator threw ${String(error)}.`)
}

function run(
  emulator: Emulator,
  listening: Listening,
  made: ServerCertificate | undefined,
): RunningEmulator {
  return {
    ...emulator,
    get tenantId() {
      return emulator.tenantId
    },
    get application() {
      return emulator.application
    },
    port: listening.port,
    caCertificate: made?.ca,
    caFile: made?.caFile,
    close: async () => {
      await listening.close()
      await emulator.close()
    },
  }
}
