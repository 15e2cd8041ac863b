import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { suite, test } from 'node:test'
import { readCursor, toCursor } from '../../src/expenses/cursor.ts'
import { CursorError } from '../../src/expenses/expense-store.ts'

const KEY = randomBytes(32)
const PLACE = { date: '2026-11-27', seq: 1_234_567 }

suite('a cursor', () => {
  test('reads back as the place that it was made of, up to the last day and number', () => {
    const days = ['1970-01-01', '2026-11-27', '2099-12-31']
    for (const date of days) {
      for (const seq of [0, 1, 2 ** 37, Number.MAX_SAFE_INTEGER]) {
        const cursor = toCursor({ date, seq }, KEY)
        assert.match(cursor, /^[\w-]{22}$/)
        assert.deepEqual(readCursor(cursor, KEY), { date, seq })
      }
    }
  })

  test('is sealed: nothing of the day or of the number is to be read off or compared', () => {
    const bytes = (seq: number) => [...Buffer.from(toCursor({ ...PLACE, seq }, KEY), 'base64url')]
    const [one, next] = [bytes(PLACE.seq), bytes(PLACE.seq + 1)]
    const same = one.filter((byte, i) => byte === next[i]).length
    assert.ok(same < 6, `${same} bytes are the same`)
    const number = Buffer.alloc(8)
    number.writeBigUInt64BE(BigInt(PLACE.seq))
    assert.equal(Buffer.from(one).includes(number.subarray(5)), false)
  })

  test('that is forged is refused: changed in any bit, made up, or of another store', () => {
    const forged = [toCursor(PLACE, randomBytes(32)), '', 'x', 'A'.repeat(10_000)]
    for (let bit = 0; bit < 128; bit++) {
      const block = Buffer.from(toCursor(PLACE, KEY), 'base64url')
      block.writeUInt8(block.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
      forged.push(block.toString('base64url'))
    }
    for (let i = 0; i < 1000; i++) forged.push(randomBytes(16).toString('base64url'))
    for (const cursor of forged) assert.throws(() => readCursor(cursor, KEY), CursorError, cursor)
  })
})
