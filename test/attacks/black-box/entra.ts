import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LOOPBACK_ADDRESSES, listen } from '../../../src/adapters/listen.ts'
import { toNodeHandler } from '../../../src/adapters/node.ts'
import { createEmulator, type Emulator } from '../../../src/emulator/emulator.ts'
import { createCertificate, createLoopbackFetch } from '../../support/certificate.ts'
import { createForger, type Forger } from './forge.ts'

/** Changes what Entra answers; `answer` gives the genuine answer. */
export type Tamper = (url: URL, answer: () => Promise<Response>) => Promise<Response>

/**
 * Entra, as every product of the comparison meets it: the emulator behind TLS. Attacks see what
 * reached it, change its directory, and stand between it and the product.
 */
export type Entra = AsyncDisposable & {
  readonly emulator: Emulator
  readonly origin: string
  /** Host and port. */
  readonly host: string
  /** The file with the certificate that a product has to trust. */
  readonly certificateFile: string
  /** A `fetch` that trusts it. */
  readonly fetch: typeof fetch
  tamper: Tamper | undefined
  /** Its key is in Entra's document from the start: products keep that for a while. */
  readonly forger: Forger
}

export async function startEntra(): Promise<Entra> {
  const certificate = await createCertificate(['localhost'])
  const folder = mkdtempSync(join(tmpdir(), 'entrance-entra-'))
  const certificateFile = join(folder, 'entra.pem')
  writeFileSync(certificateFile, certificate.cert)

  const opened = Promise.withResolvers<Entra>()
  const handler = toNodeHandler(async (request) => {
    const { emulator, tamper, forger } = await opened.promise
    const answer = () => answerWithKey(emulator, forger, request)
    return tamper ? tamper(new URL(request.url), answer) : answer()
  })
  const listening = await listen(handler, { port: 0, hosts: LOOPBACK_ADDRESSES, tls: certificate })
  const host = `localhost:${listening.port}`
  const origin = `https://${host}`
  const emulator = createEmulator({ origin })
  const entra: Entra = {
    emulator,
    origin,
    host,
    certificateFile,
    fetch: createLoopbackFetch(certificate),
    tamper: undefined,
    forger: createForger(),
    [Symbol.asyncDispose]: async () => {
      await listening.close()
      await emulator.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
  opened.resolve(entra)
  return entra
}

/** Entra's answer; its document of keys has one more. */
async function answerWithKey(
  emulator: Emulator,
  { jwk }: Forger,
  request: Request,
): Promise<Response> {
  const response = await emulator.fetch(request)
  if (!response.ok || !new URL(request.url).pathname.endsWith('/keys')) return response
  const { keys } = (await response.json()) as { keys: object[] }
  return Response.json({ keys: [...keys, jwk] })
}
