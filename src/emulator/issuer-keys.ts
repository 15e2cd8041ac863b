import type { JWK } from 'jose'
import { aadsts } from './aadsts-error.ts'
import type { Sts } from './sts.ts'

const LOOPBACK: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]'])
const MAX_DOCUMENT = 64 * 1024
const MAX_KEYS = 50
const TIMEOUT = 5000

/**
 * The keys of another issuer by their `kid`, found by its discovery document. They are read anew
 * each time, from this machine or from the hosts that the emulator was told of.
 */
export async function fetchIssuerKeys(sts: Sts, issuer: string): Promise<Map<string, JWK>> {
  try {
    const address = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
    const document = await fetchJson(sts, address)
    if (document.issuer !== issuer) throw new Error('Its document names another issuer.')
    const { keys } = await fetchJson(sts, String(document.jwks_uri))
    if (!Array.isArray(keys) || keys.length > MAX_KEYS) throw new Error('Its keys are no list.')
    return new Map((keys as JWK[]).map((key) => [key.kid ?? '', key]))
  } catch (cause) {
    const message = `The emulator could not read the keys of ${issuer}: ${(cause as Error).message}`
    sts.log({ event: 'emulator.issuer.unreachable', level: 'warn', message, cause })
    throw aadsts(50166)
  }
}

async function fetchJson(sts: Sts, address: string): Promise<Record<string, unknown>> {
  const url = new URL(address)
  const isLoopback = LOOPBACK.has(url.hostname)
  const isNamed = url.protocol === 'https:' && sts.issuerHosts.includes(url.host)
  if (!isLoopback && !isNamed) throw new Error(`${url.host} is not among 'issuerHosts'.`)
  const signal = AbortSignal.timeout(TIMEOUT)
  const response = await fetch(url, { redirect: 'error', signal })
  if (!response.ok || !response.body) throw new Error(`${url} answers ${response.status}.`)
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body) {
    size += chunk.byteLength
    if (size > MAX_DOCUMENT) throw new Error(`${url} is too long.`)
    chunks.push(chunk)
  }
  const json: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'))
  if (typeof json !== 'object' || json === null) throw new Error(`${url} is no object.`)
  return json as Record<string, unknown>
}
