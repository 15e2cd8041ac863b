import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type Listening, LOOPBACK_ADDRESSES, listen } from '../adapters/listen.ts'
import { toNodeHandler } from '../adapters/node.ts'
import { type Emulator, type EmulatorOptions, openEmulator } from './create-emulator.ts'
import { ConnectionDropped } from './faults/apply-fault.ts'
import { issueServerCertificate, type ServerCertificate } from './local-authority.ts'

export type StartOptions = EmulatorOptions & {
  /** The path of a configuration file, in place of `directory`. */
  config?: string
  /** 0 takes a free one. @default 8400 */
  port?: number
  /** The address to bind. @default 127.0.0.1 and ::1, so that http://localhost works either way */
  host?: string
  /** The name in the origin, where `origin` is not given. @default 'localhost' */
  hostname?: string
  /**
   * Speaks HTTPS, with a certificate that it makes itself for localhost, 127.0.0.1, ::1 and
   * `hostname`. Its authority is kept in `caFolder`, else beside `dataFile`. @default false
   */
  https?: boolean | { caFolder: string }
  /** PEM texts of a certificate of your own; with them it speaks HTTPS. */
  tls?: { key: string; cert: string }
  /**
   * Serves the control API under `/_emulator/`, for programs on this machine. Needs a loopback
   * `host`. @default false
   */
  control?: boolean
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
export async function startEmulator(given: StartOptions = {}): Promise<RunningEmulator> {
  const options = given.config === undefined ? given : await readConfig(given, given.config)
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
    const isLocal = host === undefined || LOOPBACK.test(host)
    const access = { isLocal, hasControl: options.control === true }
    const { emulator, sts } = openEmulator({ ...options, origin }, access)
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

/** Loaded only where it is used: the schema takes its time. */
async function readConfig(options: StartOptions, path: string): Promise<StartOptions> {
  const { parseConfiguration } = await import('./configuration/configuration.ts')
  return { ...options, directory: parseConfiguration(await readFile(path, 'utf8')) }
}

function makeCertificate(options: StartOptions): ServerCertificate {
  const { dataFile, https, hostname, host, origin } = options
  const beside = dataFile === undefined ? undefined : dirname(dataFile)
  const folder = typeof https === 'object' ? https.caFolder : beside
  const named = origin === undefined ? [] : [new URL(origin).hostname.replaceAll(/^\[|\]$/g, '')]
  const names = [...named, hostname, host].filter((name) => name && !ANY_ADDRESS.has(name))
  return issueServerCertificate(folder, names as string[])
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1)$/i

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
