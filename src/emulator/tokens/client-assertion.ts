import { createHash, X509Certificate } from 'node:crypto'
import { compactVerify, decodeJwt, decodeProtectedHeader, type JWTPayload } from 'jose'
import { aadsts } from '../aadsts-error.ts'
import { type Authority, findAuthority } from '../authority.ts'
import type { Call } from '../call.ts'
import type { Application, KeyCredential } from '../directory.ts'
import { required } from '../params.ts'
import { checkFederatedAssertion } from './federated-assertion.ts'

/** A JWT that a client shows instead of a secret (RFC 7523), not verified yet. */
export type ClientAssertion = {
  readonly text: string
  readonly header: Header
  readonly claims: JWTPayload
}

type Header = {
  readonly alg?: string
  readonly kid?: string
  readonly x5t?: string
  readonly 'x5t#S256'?: string
  readonly x5c?: readonly string[]
}

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
/** Milliseconds that clocks may differ. */
const SKEW = 5 * 60 * 1000

/** Checks that the assertion shows the client: by its certificate, or by another issuer's word. */
export async function checkClientAssertion(call: Call, client: Application): Promise<void> {
  const type = required(call.form, 'client_assertion_type')
  if (type !== ASSERTION_TYPE) throw aadsts(90023, { name: 'client_assertion_type', value: type })
  const assertion = parseAssertion(required(call.form, 'client_assertion'))
  // An application signs in its own name; any other issuer is an address.
  if (/^https?:\/\//.test(assertion.claims.iss ?? '')) {
    await checkFederatedAssertion(call, client, assertion)
  } else {
    await checkCertificate(call, client, assertion)
  }
  checkTimes(assertion.claims, call.sts.now())
}

async function checkCertificate(call: Call, client: Application, assertion: ClientAssertion) {
  const { iss = '', sub = '' } = assertion.claims
  if (iss !== sub) throw aadsts(50048, { iss, sub })
  if (sub.toLowerCase() !== client.appId) throw aadsts(700021)
  await verifyWithCertificate(client, assertion, call.sts.now())
  if (!isAddressedTo(call, assertion.claims.aud)) throw aadsts(700023)
}

async function verifyWithCertificate(
  client: Application,
  { text, header }: ClientAssertion,
  now: number,
): Promise<void> {
  const wanted = thumbprintOf(header)
  const refuse = (reason: string) => aadsts(700027, { reason, wanted, id: client.appId })
  const found = client.keyCredentials
    .map(openCredential)
    .find((one) => one !== undefined && (wanted === one.sha1 || wanted === one.sha256))
  if (!found) throw refuse('The key was not found.')
  const { startDateTime: start, endDateTime: end } = found.credential
  if (Date.parse(end) <= now || Date.parse(start) > now) {
    throw refuse(`The key used is expired., Found key 'Start=${start}, End=${end}'`)
  }
  try {
    await compactVerify(text, found.publicKey, { algorithms: ['RS256', 'PS256'] })
  } catch {
    throw refuse('The provided signature value did not match the expected signature value.')
  }
}

/** The thumbprint that the header names, in base64url: SHA-256, SHA-1, or that of the certificate sent. */
function thumbprintOf(header: Header): string {
  const named = header['x5t#S256'] ?? header.x5t
  // Some software writes ordinary base64.
  if (named !== undefined) return Buffer.from(named, 'base64').toString('base64url')
  const sent = header.x5c?.[0]
  return sent === undefined ? '' : thumbprint('sha256', Buffer.from(sent, 'base64'))
}

function openCredential(credential: KeyCredential) {
  const der = Buffer.from(credential.key, 'base64')
  try {
    const { publicKey } = new X509Certificate(der)
    return {
      credential,
      publicKey,
      sha1: thumbprint('sha1', der),
      sha256: thumbprint('sha256', der),
    }
  } catch {
    return undefined
  }
}

function thumbprint(algorithm: 'sha1' | 'sha256', der: Buffer): string {
  return createHash(algorithm).update(der).digest('base64url')
}

/** Entra takes its token endpoint, in either version, and its issuers, by any name of the tenant. */
function isAddressedTo(call: Call, audience: JWTPayload['aud']): boolean {
  const { origin } = call.sts
  const asked = findAuthority(call.sts, call.segment)
  return [audience ?? []].flat().some((one) => {
    const match = /^(https?:\/\/[^/]+)\/([^/]+)(\/v2\.0|\/oauth2(?:\/v2\.0)?\/token|)\/?$/.exec(one)
    const [, host, segment = '', rest] = match ?? []
    const isHere = host === origin || (host === 'https://sts.windows.net' && rest === '')
    return isHere && isSameAuthority(call, asked, segment)
  })
}

function isSameAuthority(call: Call, asked: Authority, segment: string): boolean {
  try {
    const named = findAuthority(call.sts, segment)
    return named.kind !== 'tenant' || asked.kind !== 'tenant' || named.name === asked.name
  } catch {
    return false
  }
}

function checkTimes({ nbf, exp }: JWTPayload, now: number): void {
  const start = nbf === undefined ? 0 : nbf * 1000
  const end = exp === undefined ? 0 : exp * 1000
  if (start <= now + SKEW && end > now - SKEW) return
  throw aadsts(700024, { now: iso(now), start: iso(start), end: iso(end) })
}

/** A time as an error shows it, whatever number was sent for it. */
function iso(ms: number): string {
  const date = new Date(ms)
  return Number.isNaN(date.valueOf()) ? String(ms) : date.toISOString()
}

function parseAssertion(text: string): ClientAssertion {
  try {
    const header = decodeProtectedHeader(text) as Header
    const claims = decodeJwt(text)
    const isWhole = [claims.iss, claims.sub].every((one) => typeof one === 'string')
    if (isWhole && [claims.nbf, claims.exp].every(isTime)) return { text, header, claims }
  } catch {
    // No JWT at all; the answer is the same.
  }
  throw aadsts(50027)
}

function isTime(value: unknown): boolean {
  return value === undefined || typeof value === 'number'
}
