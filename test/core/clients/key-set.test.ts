import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { suite, test } from 'node:test'
import { exportJWK, type JWK } from 'jose'
import { parseKeySet } from '../../../src/core/clients/key-set.ts'

const ofBytes = (count: number, first: number) =>
  Buffer.alloc(count, 0xff).fill(first, 0, 1).toString('base64url')
const rsa = (bytes: number, e = 'AQAB') => ({ kty: 'RSA', n: ofBytes(bytes, 0xff), e })

test('of a key nothing is kept but what it is made of and goes by', () => {
  const key = { kty: 'EC', crv: 'P-256', x: 'x', y: 'y', kid: 'one', alg: 'ES256', use: 'sig' }
  const more = { x5c: ['x'.repeat(8000)], anything: { at: [{}, {}, {}] }, key_ops: ['verify'] }
  assert.deepEqual(parseKeySet({ keys: [{ ...key, ...more }] }), { keys: [key] })
  const odd = { ...key, kid: { toString: 'x' } }
  assert.deepEqual(parseKeySet({ keys: [odd] }).keys[0]?.kid, undefined)
})

test('a key that says it is for something else is left out', () => {
  const key = { kty: 'EC', crv: 'P-256', x: 'x', y: 'y' }
  for (const other of [{ use: 'enc' }, { key_ops: ['sign'] }, { key_ops: 7 }, { alg: 'ECDH-ES' }]) {
    assert.deepEqual(parseKeySet({ keys: [{ ...key, ...other }, key] }), { keys: [key] })
  }
})

suite('a key that takes its time to verify with', () => {
  const good = rsa(256)

  for (const [what, key] of [
    [
      'an exponent as long as its modulus (OpenSSL bounds it from 3072 bits on only)',
      rsa(384, ofBytes(384, 0x7f)),
    ],
    ['an exponent of 40 bits', rsa(256, ofBytes(5, 0x7f))],
    ['no exponent', { kty: 'RSA', n: good.n }],
    ['an exponent that is a number', { ...good, e: 65537 }],
    ['a modulus of 16384 bits', rsa(2048)],
    ['a modulus that is none', { ...good, n: 7 }],
  ] as const) {
    test(`is left out: ${what}`, () => {
      assert.deepEqual(parseKeySet({ keys: [key, good] }), { keys: [good] })
      assert.throws(() => parseKeySet({ keys: [key] }), /has no key for ES256/)
    })
  }

  test('is none that anybody has in use', async () => {
    for (const options of [{ modulusLength: 2048 }, { modulusLength: 2048, publicExponent: 3 }]) {
      const { publicKey } = generateKeyPairSync('rsa', options)
      const jwk = (await exportJWK(publicKey)) as JWK
      assert.deepEqual(parseKeySet({ keys: [jwk] }), { keys: [jwk] })
    }
    const largest = rsa(1024)
    assert.deepEqual(parseKeySet({ keys: [largest] }), { keys: [largest] })
  })
})
