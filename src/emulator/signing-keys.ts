import type { KeyObject } from 'node:crypto'
import { createHash, createPrivateKey, createPublicKey, generateKeyPair } from 'node:crypto'
import { promisify } from 'node:util'
import { selfSign } from './certificate.ts'

/** A key that the emulator signs tokens with. */
export type SigningKey = {
  /** The thumbprint of its certificate, which is also its `x5t`. */
  readonly kid: string
  readonly privateKey: KeyObject
  /** Base64 of the certificate, as `x5c` has it. */
  readonly certificate: string
  readonly n: string
  readonly e: string
}

/** A signing key as it is written down. */
export type StoredKey = { privateKey: string; certificate: string }

const generateRsa = promisify(generateKeyPair)

/** Makes a new RSA key with its certificate. */
export async function generateSigningKey(): Promise<StoredKey> {
  const { privateKey, publicKey } = await generateRsa('rsa', { modulusLength: 2048 })
  const certificate = selfSign(privateKey, publicKey, 'accounts.accesscontrol.windows.net')
  return {
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    certificate: certificate.toString('base64'),
  }
}

/** A stored key, ready to sign. */
export function loadSigningKey(stored: StoredKey): SigningKey {
  const privateKey = createPrivateKey(stored.privateKey)
  const { n, e } = createPublicKey(privateKey).export({ format: 'jwk' })
  const thumbprint = createHash('sha1').update(Buffer.from(stored.certificate, 'base64')).digest()
  return {
    kid: thumbprint.toString('base64url'),
    privateKey,
    certificate: stored.certificate,
    n: n as string,
    e: e as string,
  }
}
