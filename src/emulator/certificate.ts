import { createHash, createPublicKey, type KeyObject, randomBytes, sign } from 'node:crypto'
import { isIP } from 'node:net'
import {
  bitString,
  NULL,
  octetString,
  oid,
  sequence,
  serialNumber,
  set,
  TRUE,
  tagged,
  utcTime,
  utf8String,
} from './der.ts'

export type CertificateOptions = {
  readonly commonName: string
  readonly publicKey: KeyObject
  readonly issuer: { readonly commonName: string; readonly privateKey: KeyObject }
  /** Milliseconds since the epoch. */
  readonly notBefore: number
  readonly notAfter: number
  /** What {@link authorityExtensions} or {@link serverExtensions} give. @default none */
  readonly extensions?: readonly Buffer[]
}

/** An X.509 certificate (DER), signed with SHA-256 by an RSA or an EC key. */
export function createCertificate(options: CertificateOptions): Buffer {
  const { issuer, publicKey, extensions = [] } = options
  const isEc = issuer.privateKey.asymmetricKeyType === 'ec'
  const algorithm = isEc ? sequence(oid('1.2.840.10045.4.3.2')) : RSA_SHA256
  const body = sequence(
    tagged(0xa0, Buffer.from([0x02, 0x01, 0x02])),
    serialNumber(randomBytes(16)),
    algorithm,
    name(issuer.commonName),
    sequence(utcTime(options.notBefore), utcTime(options.notAfter)),
    name(options.commonName),
    publicKey.export({ type: 'spki', format: 'der' }),
    ...(extensions.length > 0 ? [tagged(0xa3, sequence(...extensions))] : []),
  )
  return sequence(body, algorithm, bitString(sign('sha256', body, issuer.privateKey)))
}

const RSA_SHA256 = sequence(oid('1.2.840.113549.1.1.11'), NULL)

/**
 * A self-signed certificate around an RSA key, so that `x5c`, `x5t` and `kid` in the key document
 * are what they are at Entra: a certificate and its thumbprint.
 */
export function selfSign(privateKey: KeyObject, publicKey: KeyObject, commonName: string): Buffer {
  const [notBefore, notAfter] = [Date.UTC(2020, 0, 1), Date.UTC(2049, 11, 31, 23, 59, 59)]
  return createCertificate({
    commonName,
    publicKey,
    issuer: { commonName, privateKey },
    notBefore,
    notAfter,
  })
}

/** Of an authority that vouches for nothing but these names: stolen, it fools nobody elsewhere. */
export function authorityExtensions(publicKey: KeyObject, names: readonly string[]): Buffer[] {
  const permitted = names.map((host) => sequence(generalName(host, true)))
  return [
    extension('2.5.29.19', sequence(TRUE, Buffer.from([0x02, 0x01, 0x00])), true),
    // keyCertSign
    extension('2.5.29.15', bitString(Buffer.from([0x04]), 2), true),
    extension('2.5.29.14', octetString(keyId(publicKey))),
    extension('2.5.29.30', sequence(tagged(0xa0, Buffer.concat(permitted))), true),
  ]
}

/** Of a server that answers to these host names and addresses. */
export function serverExtensions(
  publicKey: KeyObject,
  names: readonly string[],
  issuerKey: KeyObject,
): Buffer[] {
  const alternatives = names.map((host) => generalName(host, false))
  const issuerId = tagged(0x80, keyId(createPublicKey(issuerKey)))
  return [
    extension('2.5.29.19', sequence(), true),
    // digitalSignature
    extension('2.5.29.15', bitString(Buffer.from([0x80]), 7), true),
    extension('2.5.29.37', sequence(oid('1.3.6.1.5.5.7.3.1'))),
    extension('2.5.29.17', sequence(...alternatives)),
    extension('2.5.29.14', octetString(keyId(publicKey))),
    extension('2.5.29.35', sequence(issuerId)),
  ]
}

/** DER as PEM (RFC 7468). */
export function toPem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}

function name(commonName: string): Buffer {
  return sequence(set(sequence(oid('2.5.4.3'), utf8String(commonName))))
}

function extension(id: string, value: Buffer, isCritical = false): Buffer {
  return sequence(oid(id), ...(isCritical ? [TRUE] : []), octetString(value))
}

/** RFC 5280 §4.2.1.6; in a constraint an address has its mask behind it (§4.2.1.10). */
function generalName(host: string, isConstraint: boolean): Buffer {
  const family = isIP(host)
  if (family === 0) return tagged(0x82, Buffer.from(host))
  const address = family === 4 ? Buffer.from(host.split('.').map(Number)) : ipv6Bytes(host)
  const mask = Buffer.alloc(isConstraint ? address.length : 0, 0xff)
  return tagged(0x87, Buffer.concat([address, mask]))
}

function ipv6Bytes(host: string): Buffer {
  const [head = '', tail] = (URL.parse(`http://[${host}]`)?.hostname ?? '').slice(1, -1).split('::')
  const before = head.split(':').filter(Boolean)
  const after = (tail ?? '').split(':').filter(Boolean)
  const zeros = Array(8 - before.length - after.length).fill('0')
  const groups = [...before, ...zeros, ...after].map((group) => group.padStart(4, '0'))
  return Buffer.from(groups.join(''), 'hex')
}

/** RFC 5280 §4.2.1.2 (1), over the key itself. */
function keyId(publicKey: KeyObject): Buffer {
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  return createHash('sha1').update(spki).digest()
}
