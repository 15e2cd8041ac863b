import {
  createSign,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  X509Certificate,
} from 'node:crypto'

/** A key, and the certificate that Entra knows it by. */
export type KeyAndCertificate = {
  /** Both as PEM, the private key first. */
  readonly pem: string
  /** The certificate alone: base64 of its DER. */
  readonly certificate: string
  /** ISO 8601. */
  readonly endDateTime: string
}

const DAY = 24 * 3600 * 1000

/**
 * Makes an RSA key and a certificate that it signs itself (RFC 5280 §4.1): Entra looks at the key
 * and at the dates, at nobody who vouches for it.
 */
export function createKeyAndCertificate(
  commonName: string,
  days: number,
  now: number,
): KeyAndCertificate {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 3072 })
  // A clock that is a little behind takes it too.
  const end = now + days * DAY
  const der = selfSign(privateKey, publicKey, commonName, [now - 3600 * 1000, end])
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  return {
    pem: `${key}${new X509Certificate(der).toString()}`,
    certificate: der.toString('base64'),
    endDateTime: new Date(end).toISOString().replace(/\.\d+Z$/, 'Z'),
  }
}

/** Reads the first certificate of a PEM text; throws where there is none. */
export function readCertificate(
  pem: string,
): Pick<KeyAndCertificate, 'certificate' | 'endDateTime'> {
  const certificate = new X509Certificate(pem)
  return {
    certificate: certificate.raw.toString('base64'),
    endDateTime: new Date(certificate.validTo).toISOString().replace(/\.\d+Z$/, 'Z'),
  }
}

// SHA-256 with RSA and its NULL parameters; the common name.
const ALGORITHM = sequence(Buffer.from('06092a864886f70d01010b', 'hex'), Buffer.from('0500', 'hex'))
const COMMON_NAME = Buffer.from('0603550403', 'hex')

function selfSign(
  privateKey: KeyObject,
  publicKey: KeyObject,
  commonName: string,
  validity: readonly number[],
): Buffer {
  const name = sequence(
    element(0x31, sequence(COMMON_NAME, element(0x0c, Buffer.from(commonName)))),
  )
  const body = sequence(
    // Version 3.
    element(0xa0, element(0x02, Buffer.from([2]))),
    element(0x02, serialNumber()),
    ALGORITHM,
    name,
    sequence(...validity.map(time)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
  )
  const signature = createSign('sha256').update(body).sign(privateKey)
  // A bit string begins with the number of its unused bits.
  return sequence(body, ALGORITHM, element(0x03, Buffer.concat([Buffer.from([0]), signature])))
}

/** Positive, and without a first byte that DER would leave out. */
function serialNumber(): Buffer {
  const bytes = randomBytes(16)
  bytes.writeUInt8((bytes.readUInt8(0) & 0x3f) | 0x40, 0)
  return bytes
}

/** GeneralizedTime from 2050 on, UTCTime before (RFC 5280 §4.1.2.5). */
function time(at: number): Buffer {
  const digits = new Date(at).toISOString().replace(/[-:T]|\.\d+/g, '')
  return digits >= '2050'
    ? element(0x18, Buffer.from(digits))
    : element(0x17, Buffer.from(digits.slice(2)))
}

function sequence(...parts: Buffer[]): Buffer {
  return element(0x30, Buffer.concat(parts))
}

function element(tag: number, content: Buffer): Buffer {
  const { length } = content
  const head =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...head]), content])
}
