import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { findAadsts, parseDescription } from '../../../src/core/entra/aadsts.ts'

suite("Entra's description", () => {
  test('is taken apart into number, sentence and ids', () => {
    const description =
      'AADSTS7000215: Invalid client secret provided.\r\nTrace ID: 6b1e0c1c-93d5-4a37-a2a2-a9cf0d0a2c00\r\nCorrelation ID: 7b1e0c1c-93d5-4a37-a2a2-a9cf0d0a2c00\r\nTimestamp: 2026-11-22 10:00:00Z'
    assert.deepEqual(parseDescription(description), {
      code: 7000215,
      traceId: '6b1e0c1c-93d5-4a37-a2a2-a9cf0d0a2c00',
      correlationId: '7b1e0c1c-93d5-4a37-a2a2-a9cf0d0a2c00',
      sentence: 'AADSTS7000215: Invalid client secret provided.',
    })
  })

  test('may be missing, or be anything', () => {
    for (const description of [undefined, '', 'no', 'AADSTS', 'AADSTS12', 'Trace ID: x']) {
      const { code, traceId, correlationId } = parseDescription(description)
      assert.deepEqual([code, traceId, correlationId], [undefined, undefined, undefined])
    }
  })

  test('comes out on one line of at most 400 visible characters', () => {
    const { sentence } = parseDescription(`a\r\n\t\x1b[2J\u202e\u200b\u2028\0b ${'x'.repeat(9000)}`)
    assert.ok(sentence.startsWith('a [2J b xxx'))
    assert.equal(sentence.length, 400)
  })
})

suite('a number of Entra', () => {
  test('that is known has its own cure; else the word decides', () => {
    assert.match(findAadsts(7000215, 'invalid_client').cure, /client secret/)
    assert.match(findAadsts(1, 'invalid_client').cure, /client secret/)
    assert.match(findAadsts(undefined, undefined).cure, /sign-in logs/)
    assert.match(findAadsts(123456, '__proto__').cure, /sign-in logs/)
    assert.equal(findAadsts(50105, 'invalid_grant').isPersons, true)
    assert.equal(findAadsts(90033, 'invalid_grant').isTransient, true)
    assert.equal(findAadsts(50173, 'invalid_grant').isTransient, undefined)
  })
})
