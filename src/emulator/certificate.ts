import { createSign, type KeyObject, randomBytes } from 'node:crypto'

// SHA-256 with RSA, and its NULL parameters.
const SIGNATURE_ALGORITHM = sequence(
  Buffer.from([0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b]),
  Buffer.from([0x05, 0x00]),
)
const COMMON_NAME = Buffer.from([0x06, 0x03, 0x55, 0x04, 0x03])

/**
 * A self-signed X.509 certificate (DER) around an RSA key, so that `x5c`, `x5t` and `kid` in the
 * key document are what they are at Entra: a certificate and its thumbprint.
 */
export function selfSign(privateKey: KeyObject, publicKey: KeyObject, commonName: string): Buffer {
  const name = sequence(set(sequence(COMMON_NAME, element(0x0c, Buffer.from(commonName)))))
  const body = sequence(
    element(0xa0, integer(Buffer.from([2]))),
    integer(randomBytes(16)),
    SIGNATURE_ALGORITHM,
    name,
    sequence(utcTime('200101000000Z'), utcTime('491231235959Z')),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
  )
  const signature = createSign('sha256').update(body).sign(privateKey)
  // A bit string begins with the number of its unused bits.
  const bits = element(0x03, Buffer.concat([Buffer.from([0]), signature]))
  return sequence(body, SIGNATURE_ALGORITHM, bits)
}

function sequence(...parts: Buffer[]): Buffer {
  return element(0x30, Buffer.concat(parts))
}

function set(...parts: Buffer[]): Buffer {
  return element(0x31, Buffer.concat(parts))
}

function integer(bytes: Buffer): Buffer {
  const positive = Buffer.from(bytes)
  // The sign bit stays clear, and the first byte is never one that DER would leave out.
  if (positive.length > 1) positive.writeUInt8((positive.readUInt8(0) & 0x7f) | 0x40, 0)
  return element(0x02, positive)
}

function utcTime(text: string): Buffer {
  return element(0x17, Buffer.from(text))
}

function element(tag: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([tag]), derLength(content.length), content])
}

function derLength(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length])
  if (length < 0x100) return Buffer.from([0x81, length])
  return Buffer.from([0x82, length >> 8, length & 0xff])
}
