import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { createKeyring } from '../../../src/core/keys/keyring.ts'
import { digest, isMac, mac } from '../../../src/core/keys/mac.ts'

const [key, other] = createKeyring([
  'entrance test vector: forty characters ..',
  'entrance test vector: another forty chars ',
]).keys as [never, never]

suite('a MAC', () => {
  test('is the same in every process and version', () => {
    const expected = 'Bbsyc7v_MrTL9y2TwI1-EW06IXleuXpQeqk806dLRvA'
    assert.equal(mac(key, 'client_id', 'text').toString('base64url'), expected)
  })

  test('tells apart lists of parts that read the same when joined', () => {
    const lists = [['ab', 'c'], ['a', 'bc'], ['abc'], ['', 'abc'], ['abc', ''], ['1:a', 'bc'], []]
    const macs = lists.map((parts) => mac(key, 'p', ...parts).toString('hex'))
    assert.equal(new Set(macs).size, lists.length)
  })

  test('is another one for another key and another purpose', () => {
    const macs = [mac(key, 'p', 'x'), mac(key, 'q', 'x'), mac(other, 'p', 'x')]
    assert.equal(new Set(macs.map((bytes) => bytes.toString('hex'))).size, 3)
  })

  test('is taken in the one spelling that was given out', () => {
    const expected = mac(key, 'p', 'x')
    const text = expected.toString('base64url')
    assert.equal(isMac(expected, text), true)
    const others = [
      ...[
        `${text}=`,
        ` ${text}`,
        `${text}\n`,
        text.slice(0, -1),
        `${text}A`,
        '',
        text.toUpperCase(),
      ],
      ...[expected.toString('base64'), expected.toString('hex'), `~${text}`],
    ]
    for (const spelling of others) assert.equal(isMac(expected, spelling), false, spelling)
  })
})

test('a digest is the SHA-256 in base64url', () => {
  assert.equal(digest(''), '47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU')
  assert.equal(digest('\u00e4').length, 43)
})
