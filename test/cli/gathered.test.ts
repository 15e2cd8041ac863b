import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { test } from 'node:test'
import { gathered } from '../../src/cli/gathered.ts'

/** Keeps what it is given, piece by piece. */
function keeper() {
  const pieces: string[] = []
  const first = Promise.withResolvers<void>()
  const write = (piece: string | Uint8Array) => {
    pieces.push(String(piece))
    first.resolve()
    return true
  }
  return { pieces, first: first.promise, stream: { write, writableLength: 7 } }
}

test('lines that come in close order are written in one piece, in their order', async () => {
  const { pieces, first, stream } = keeper()
  const lines = gathered(stream, new EventEmitter())
  for (const line of ['a\n', 'b\n', 'c\n']) lines.write(line)
  await first
  assert.deepEqual(pieces, ['a\nb\nc\n'])
})

test('what waits to be written is written when the process ends', () => {
  const { pieces, stream } = keeper()
  const ending = new EventEmitter()
  const lines = gathered(stream, ending)
  lines.write('the last words\n')
  ending.emit('exit')
  assert.deepEqual(pieces, ['the last words\n'])
})

test('what waits counts as not read yet', () => {
  const { stream } = keeper()
  const lines = gathered(stream, new EventEmitter())
  lines.write('12345')
  assert.equal(lines.writableLength, 12)
})
