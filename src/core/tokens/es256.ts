import { type KeyObject, sign, verify } from 'node:crypto'

/** Bytes of each of the two numbers of a signature. */
const SIZE = 32

/**
 * Signs as a JWS has it (RFC 7518 §3.4): r and s, 32 bytes each. The two forms of a signature are
 * converted here, because OpenSSL has to look the key over for it, which takes as long as signing.
 */
export function signES256(input: string, privateKey: KeyObject): Buffer {
  const der = sign('sha256', Buffer.from(input), privateKey)
  const r = readInteger(der, 2)
  const s = readInteger(der, r.end)
  return Buffer.concat([r.bytes, s.bytes])
}

/** Whether these are r and s of a signature of the input. */
export function verifyES256(input: string, publicKey: KeyObject, signature: Buffer): boolean {
  if (signature.length !== 2 * SIZE) return false
  const r = writeInteger(signature.subarray(0, SIZE))
  const s = writeInteger(signature.subarray(SIZE))
  const der = Buffer.concat([Buffer.of(SEQUENCE, r.length + s.length), r, s])
  return verify('sha256', Buffer.from(input), publicKey, der)
}

const SEQUENCE = 0x30
const INTEGER = 0x02

/** A number as DER has it (X.690 §8.3): as short as can be, and with a zero where it looked negative. */
function writeInteger(bytes: Buffer): Buffer {
  const first = bytes.findIndex((byte) => byte !== 0)
  const short = first < 0 ? bytes.subarray(-1) : bytes.subarray(first)
  const isNegative = (short[0] as number) >= 0x80
  return isNegative
    ? Buffer.concat([Buffer.of(INTEGER, short.length + 1, 0), short])
    : Buffer.concat([Buffer.of(INTEGER, short.length), short])
}

/** The number that begins there, with all its zeros. */
function readInteger(der: Buffer, at: number): { readonly bytes: Buffer; readonly end: number } {
  const end = at + 2 + (der[at + 1] as number)
  const digits = der.subarray(at + 2, end).subarray(-SIZE)
  return { bytes: Buffer.concat([Buffer.alloc(SIZE - digits.length), digits]), end }
}
