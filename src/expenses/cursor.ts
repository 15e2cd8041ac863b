import { createCipheriv, createDecipheriv } from 'node:crypto'
import { CursorError } from './expense-store.ts'

/** A place in a list: behind this expense. What is added or deleted meanwhile does not move it. */
export type Position = { readonly date: string; readonly seq: number }

/** One block: the day in 4 bytes, the number in 8, and 4 that are 0, by which a false one is known. */
const BLOCK = 16
const CIPHER = 'aes-256-ecb'
const DAY = 86_400_000

/**
 * A position as one opaque word, sealed: the number counts everybody's expenses, which is nobody's
 * business. One block alone has no other like it to be compared with.
 */
export function toCursor({ date, seq }: Position, key: Uint8Array): string {
  const block = Buffer.alloc(BLOCK)
  block.writeInt32BE(Date.parse(`${date}T00:00:00Z`) / DAY)
  block.writeBigUInt64BE(BigInt(seq), 4)
  return inOneBlock(createCipheriv(CIPHER, key, null), block).toString('base64url')
}

/** Reads what `toCursor` made. Throws `CursorError`. */
export function readCursor(cursor: string, key: Uint8Array): Position {
  const sealed = Buffer.from(cursor, 'base64url')
  // Another spelling of it would be no cursor that a list gave.
  const isWord = sealed.length === BLOCK && sealed.toString('base64url') === cursor
  if (!isWord) throw new CursorError()
  const block = inOneBlock(createDecipheriv(CIPHER, key, null), sealed)
  const seq = Number(block.readBigUInt64BE(4))
  const day = new Date(block.readInt32BE() * DAY)
  const isOurs = block.readUInt32BE(12) === 0 && Number.isSafeInteger(seq)
  if (!isOurs || Number.isNaN(day.getTime())) throw new CursorError()
  return { date: day.toISOString().slice(0, 'YYYY-MM-DD'.length), seq }
}

type Cipher = ReturnType<typeof createCipheriv> | ReturnType<typeof createDecipheriv>

function inOneBlock(cipher: Cipher, block: Buffer): Buffer {
  cipher.setAutoPadding(false)
  return Buffer.concat([cipher.update(block), cipher.final()])
}
