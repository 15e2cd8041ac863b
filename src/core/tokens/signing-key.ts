import {
  createECDH,
  createPrivateKey,
  createPublicKey,
  type JsonWebKey,
  type KeyObject,
} from 'node:crypto'
import type { Key } from '../keys/keyring.ts'

/** The ES256 key that signs access tokens under one master key. */
export type SigningKey = {
  readonly kid: string
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
  /** RFC 7517, public part only. */
  readonly jwk: JsonWebKey
}

/** The order of P-256 (SEC 2). */
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n

/**
 * Derives the signing key from a master key, so that replicas sharing the one share the other.
 * `binding` makes it another key for another Entra configuration.
 */
export function deriveSigningKey(key: Key, binding: string): SigningKey {
  const halves = [0, 1].map((i) => key.derive(`ES256 ${binding} ${i}`).export())
  const d = toScalar(Buffer.concat(halves))
  const ecdh = createECDH('prime256v1')
  ecdh.setPrivateKey(d)
  const point = ecdh.getPublicKey()
  const kid = `${key.id}.${binding}`
  const coordinates = {
    kty: 'EC',
    crv: 'P-256',
    x: point.subarray(1, 33).toString('base64url'),
    y: point.subarray(33, 65).toString('base64url'),
  }
  const jwk = { ...coordinates, d: d.toString('base64url') }
  return {
    kid,
    privateKey: createPrivateKey({ key: jwk, format: 'jwk' }),
    publicKey: createPublicKey({ key: coordinates, format: 'jwk' }),
    jwk: { ...coordinates, kid, use: 'sig', alg: 'ES256' },
  }
}

/** FIPS 186-5 A.2.1: 64 more bits than the order, reduced, so that no scalar is likelier. */
function toScalar(bytes: Buffer): Buffer {
  const wide = BigInt(`0x${bytes.toString('hex')}`)
  const scalar = (wide % (ORDER - 1n)) + 1n
  return Buffer.from(scalar.toString(16).padStart(64, '0'), 'hex')
}
