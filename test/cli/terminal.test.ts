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

test('what nobody would see is written out in JSON, and emoji and joined letters are not', () => {
  const unseen = 'a\u200bb\ufeffc\u061cd\u{e0041}e\u00adf\u2060g'
  const text = printableJson({ [unseen]: unseen })
  assert.match(text, /^[\x20-\x7e\n]*$/)
  assert.deepEqual(JSON.parse(text), { [unseen]: unseen })
  assert.equal(printableJson('👩‍💻 می‌خواهم ☕️'), '"👩‍💻 می‌خواهم ☕️"')
})

test('text of a server cannot turn the direction of writing by the mark of Arabic', () => {
  assert.equal(printable('a\u061cb\u2029c'), 'abc')
})
