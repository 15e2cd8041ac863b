import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { CURES, fillIn } from '../../src/aadsts/cures.ts'
import { CURES_BY_ERROR, findAadsts } from '../../src/aadsts/find.ts'
import { parseDescription } from '../../src/aadsts/parse.ts'
import { AADSTS } from '../../src/aadsts/table.ts'
import { AADSTS as EMULATOR } from '../../src/emulator/aadsts.ts'

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
    assert.equal(findAadsts(50173, 'invalid_grant').isTransient, false)
  })
})

suite('the table', () => {
  test('names every number once, with a title, causes and cures that exist', () => {
    assert.ok(AADSTS.size > 120)
    for (const [code, entry] of AADSTS) {
      assert.ok(code >= 1000 && entry.code === code)
      assert.ok(entry.title.length > 10 && !entry.title.endsWith('.'), entry.title)
      assert.ok(entry.causes.every((cause) => cause.length > 5, `${code}`))
      for (const cure of entry.cures) assert.ok(CURES.has(cure), `${code}: ${cure}`)
      assert.ok(!(entry.isPersons && entry.isTransient), `${code}`)
    }
  })

  test('has every number that the emulator can give', () => {
    assert.deepEqual(
      [...EMULATOR.keys()].filter((code) => !AADSTS.has(code)),
      [],
    )
  })

  test('has no cure that nothing leads to', () => {
    const used = new Set([...AADSTS.values()].flatMap(({ cures }) => cures))
    const unused = [...CURES.keys()].filter((id) => !used.has(id))
    assert.deepEqual(unused, [])
    assert.ok([...CURES_BY_ERROR.values()].every((id) => CURES.has(id)))
  })
})

suite('a cure', () => {
  test('has its blanks filled in, and keeps those that are not known', () => {
    const text = 'PATCH /applications/$OID of $APP, not $APPLE'
    assert.equal(fillIn(text, { $APP: 'a' }), 'PATCH /applications/$OID of a, not $APPLE')
  })
})
