import { createHash, createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { ConfigError } from '../errors.ts'

/** A certificate with its private key, ready to sign. */
export type SigningCertificate = {
  readonly privateKey: KeyObject
  /** SHA-256 of the certificate, in base64url (`x5t#S256`, RFC 7515 §4.1.8). */
  readonly thumbprint: string
  /** Milliseconds since the epoch. */
  readonly endsAt: number
}

/** Longer than any chain of certificates with a key, in characters. */
const PEM_MAX_LENGTH = 64 * 1024

const OPTION = 'entra.credential'

/**
 * Reads the PEM texts of a certificate and its RSA key. Where there are several certificates, it is
 * the one that the key belongs to. Throws `ConfigError`, which repeats nothing of the texts.
 */
export function parseCertificate(
  given: { readonly certificate: string; readonly privateKey: string },
  now = Date.now(),
): SigningCertificate {
  const privateKey = parsePrivateKey(given.privateKey)
  const certificates = parseCertificates(given.certificate)
  const own = certificates.find((certificate) => certificate.checkPrivateKey(privateKey))
  if (!own)
    throw fault('privateKey', 'has a private key that does not belong to the certificate.', MATCH)
  const [beginsAt, endsAt] = [Date.parse(own.validFrom), Date.parse(own.validTo)]
  if (endsAt <= now) throw fault('certificate', `ended on ${day(endsAt)}.`, RENEW)
  if (beginsAt > now) throw fault('certificate', `is not valid before ${day(beginsAt)}.`, CLOCK)
  const thumbprint = createHash('sha256').update(own.raw).digest('base64url')
  return { privateKey, thumbprint, endsAt }
}

const MATCH = 'Give the key that the certificate was made with.'
const RENEW =
  "Make a new one, upload it under 'Certificates & secrets', Certificates, and put it here."
const CLOCK = "Check this machine's clock."
const PLAIN = 'Write it without a passphrase: openssl pkey -in key.pem -out plain.pem'
const PEM_KEY = 'Give it as PEM: a text with -----BEGIN PRIVATE KEY-----.'
const PEM_CERTIFICATE = 'Give it as PEM: a text with -----BEGIN CERTIFICATE-----.'
const RSA =
  'Entra takes RSA keys of 2048 bits or more: openssl req -x509 -newkey rsa:2048 -noenc -days 365'

function parsePrivateKey(text: unknown): KeyObject {
  const block = blocksOf(text, '[A-Z ]*PRIVATE KEY', 'privateKey')[0]
  if (!block) throw fault('privateKey', 'has no private key in it.', PEM_KEY)
  if (/ENCRYPTED/.test(block)) throw fault('privateKey', 'is encrypted.', PLAIN)
  const key = attempt(() => createPrivateKey(block))
  if (!key) throw fault('privateKey', 'cannot be read: it is damaged.', PEM_KEY)
  if (key.asymmetricKeyType !== 'rsa') {
    throw fault('privateKey', `is of the type ${key.asymmetricKeyType}.`, RSA)
  }
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0
  if (bits < 2048) throw fault('privateKey', `has ${bits} bits.`, RSA)
  return key
}

function parseCertificates(text: unknown): readonly X509Certificate[] {
  const blocks = blocksOf(text, 'CERTIFICATE', 'certificate')
  if (blocks.length === 0) throw fault('certificate', 'has no certificate in it.', PEM_CERTIFICATE)
  return blocks.map((block) => {
    const certificate = attempt(() => new X509Certificate(block))
    if (!certificate) {
      throw fault('certificate', 'cannot be read: it is damaged.', PEM_CERTIFICATE)
    }
    return certificate
  })
}

/** What stands between the lines of RFC 7468. */
function blocksOf(text: unknown, label: string, part: string): readonly string[] {
  if (typeof text !== 'string') throw fault(part, 'is missing.', 'Give it as a PEM text.')
  if (text.length > PEM_MAX_LENGTH) {
    const problem = `has ${text.length} characters; ${PEM_MAX_LENGTH} at most are read.`
    throw fault(part, problem, 'Give the certificate and its key only.')
  }
  const block = new RegExp(`-----BEGIN (${label})-----[^]*?-----END \\1-----`, 'g')
  return text.match(block) ?? []
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}

function day(time: number): string {
  return new Date(time).toISOString().slice(0, 10)
}

function fault(part: string, problem: string, cure: string): ConfigError {
  return new ConfigError([{ option: `${OPTION}.${part}`, problem, cure }])
}
