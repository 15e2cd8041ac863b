import assert from 'node:assert/strict'
import { test } from 'node:test'
import { printable, printableJson } from '../../src/cli/terminal.ts'

const HOSTILE = 'a\u001b]0;title\u0007\u001b[2J\u009b31m\u202eb\u2028c'

test('JSON for a terminal holds nothing that acts on it, and the same value', () => {
  const text = printableJson({ name: HOSTILE })
  assert.match(text, /^[\x20-\x7e\n]*$/)
  assert.deepEqual(JSON.parse(text), { name: HOSTILE })
})

test('text of a server loses what moves the cursor, recolours or reorders', () => {
  const told = printable(HOSTILE)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there.
  assert.doesNotMatch(told, /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/)
  assert.match(told, /^a.*b/s)
})
