// The few parts of DER (X.690) that certificates are written in.

/** SEQUENCE */
export function sequence(...parts: Buffer[]): Buffer {
  return tagged(0x30, Buffer.concat(parts))
}

/** SET */
export function set(...parts: Buffer[]): Buffer {
  return tagged(0x31, Buffer.concat(parts))
}

/** INTEGER, of random bytes: positive, and never with a byte that DER would leave out. */
export function serialNumber(bytes: Buffer): Buffer {
  const positive = Buffer.from(bytes)
  if (positive.length > 1) positive.writeUInt8((positive.readUInt8(0) & 0x7f) | 0x40, 0)
  return tagged(0x02, positive)
}

/** BOOLEAN TRUE */
export const TRUE = tagged(0x01, Buffer.from([0xff]))

/** NULL */
export const NULL = tagged(0x05, Buffer.alloc(0))

/** OCTET STRING */
export function octetString(content: Buffer): Buffer {
  return tagged(0x04, content)
}

/** BIT STRING; it begins with the number of its unused bits. */
export function bitString(content: Buffer, unused = 0): Buffer {
  return tagged(0x03, Buffer.concat([Buffer.from([unused]), content]))
}

/** UTF8String */
export function utf8String(text: string): Buffer {
  return tagged(0x0c, Buffer.from(text))
}

/** UTCTime, which ends with the year 2049. */
export function utcTime(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replaceAll(/[-:T]|\.\d+/g, '')
  return tagged(0x17, Buffer.from(digits.slice(2)))
}

/** OBJECT IDENTIFIER */
export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...others] = dotted.split('.').map(Number)
  return tagged(0x06, Buffer.from([first * 40 + second, ...others.flatMap(base128)]))
}

/** An element with a tag of its own. */
export function tagged(tag: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([tag]), encodeLength(content.length), content])
}

function base128(value: number): number[] {
  const digits = [value & 0x7f]
  for (let rest = value >> 7; rest > 0; rest >>= 7) digits.unshift((rest & 0x7f) | 0x80)
  return digits
}

function encodeLength(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length])
  if (length < 0x100) return Buffer.from([0x81, length])
  return Buffer.from([0x82, length >> 8, length & 0xff])
}
