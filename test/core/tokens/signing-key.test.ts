import assert from 'node:assert/strict'
import { createPublicKey, sign, verify } from 'node:crypto'
import { suite, test } from 'node:test'
import { createKeyring } from '../../../src/core/keys/keyring.ts'
import { deriveSigningKey } from '../../../src/core/tokens/signing-key.ts'

const { current } = createKeyring(['entrance test vector: forty characters ..'])

suite('the signing key', () => {
  test('is the same for the same master key, in every process and version', () => {
    assert.deepEqual(deriveSigningKey(current, 'AbCdEf').jwk, {
      kty: 'EC',
      crv: 'P-256',
      x: 'TNGDlwyfeQOdV8FaQRaU010au-bt4JU82ExJj_BSj7k',
      y: 'hFA5bBcHW8_NMk7rmuzHuiHtDod-daKbf-sJBaRuqPU',
      kid: '5DwVDPDF.AbCdEf',
      use: 'sig',
      alg: 'ES256',
    })
  })

  test('is another one for another Entra configuration, and for another master key', () => {
    const { current: other } = createKeyring(['entrance test vector: another forty chars '])
    const keys = [
      deriveSigningKey(current, 'AbCdEf'),
      deriveSigningKey(current, 'AbCdEg'),
      deriveSigningKey(other, 'AbCdEf'),
    ]
    assert.equal(new Set(keys.map(({ jwk }) => jwk.x)).size, 3)
    assert.equal(new Set(keys.map(({ kid }) => kid)).size, 3)
  })

  test('publishes no private part', () => {
    const { jwk } = deriveSigningKey(current, 'AbCdEf')
    assert.equal('d' in jwk, false)
    assert.equal(createPublicKey({ key: jwk, format: 'jwk' }).type, 'public')
  })

  test('signs what its public part verifies', () => {
    for (let i = 0; i < 20; i++) {
      const { privateKey, publicKey } = deriveSigningKey(current, `bind${i}`)
      const text = Buffer.from(`text ${i}`)
      assert.ok(verify('sha256', text, publicKey, sign('sha256', text, privateKey)))
    }
  })
})
