import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { createKeyring } from '../../../src/core/keys/keyring.ts'
import { isGenuine, readGrantToken, writeGrantToken } from '../../../src/core/tokens/grant-token.ts'

const OLD = 'entrance test vector: forty characters ..'
const NEW = 'entrance test vector: another forty chars '
const keyring = createKeyring([OLD])
const source = { grantId: 'A'.repeat(22), generation: 3, salt: 'salt' }
const BINDING = 'AbCdEf'
const REFRESH_TOKEN =
  'r1.AAAAAAAAAAAAAAAAAAAAAA.3.5DwVDPDF.AbCdEf.GKDMeFf5JY7NwJovOornohR6_dHwTGCCbyffHYztwz8'

suite('a code or refresh token', () => {
  test('can be made again from the record, in every process and version', () => {
    const write = () => writeGrantToken('refresh_token', source, keyring.current, BINDING)
    assert.equal(write(), REFRESH_TOKEN)
    assert.notEqual(
      writeGrantToken('code', source, keyring.current, BINDING).slice(3),
      write().slice(3),
    )
  })

  test('is genuine for its kind, grant, generation, salt, key and binding only', () => {
    const read = readGrantToken('refresh_token', REFRESH_TOKEN, BINDING)
    assert.ok(read && read !== 'foreign')
    const isIt = (token = read, salt = 'salt', ring = keyring, binding = BINDING) =>
      isGenuine('refresh_token', token, { salt }, ring, binding)
    assert.equal(isIt(), true)
    assert.equal(isIt({ ...read, generation: 4 }), false)
    assert.equal(isIt({ ...read, grantId: 'B'.repeat(22) }), false)
    assert.equal(isIt(read, 'pepper'), false)
    assert.equal(isIt(read, 'salt', createKeyring([NEW])), false)
    assert.equal(isIt(read, 'salt', keyring, 'XXXXXX'), false)
    assert.equal(isGenuine('code', read, { salt: 'salt' }, keyring, BINDING), false)
    assert.equal(isIt(read, 'salt', createKeyring([NEW, OLD])), true)
  })

  test('of another Entra configuration is told from one that is none', () => {
    assert.equal(readGrantToken('refresh_token', REFRESH_TOKEN, 'XXXXXX'), 'foreign')
    assert.equal(readGrantToken('code', REFRESH_TOKEN, 'XXXXXX'), undefined)
  })

  test('that is not in its exact shape is none', () => {
    const others = [
      ...[
        '',
        'r1',
        REFRESH_TOKEN.slice(1),
        `${REFRESH_TOKEN}A`,
        `${REFRESH_TOKEN}\n`,
        ` ${REFRESH_TOKEN}`,
      ],
      ...[REFRESH_TOKEN.replace('.3.', '.-3.'), REFRESH_TOKEN.replace('.3.', '.3e1.')],
      ...[REFRESH_TOKEN.replace('.3.', '.0x3.'), REFRESH_TOKEN.replace('.3.', '.\u0663.')],
      ...[REFRESH_TOKEN.replace('.3.', '.9999999999.'), REFRESH_TOKEN.replace('r1', 'R1')],
      ...[
        REFRESH_TOKEN.replace('.3.', '..'),
        REFRESH_TOKEN.replaceAll('.', ','),
        'x'.repeat(10_000),
      ],
    ]
    for (const text of others) {
      assert.equal(readGrantToken('refresh_token', text, BINDING), undefined, text.slice(0, 80))
    }
  })
})
