import assert from 'node:assert/strict'
import { generateKeyPairSync, sign, verify } from 'node:crypto'
import { suite, test } from 'node:test'
import { signES256, verifyES256 } from '../../../src/core/tokens/es256.ts'

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const dsaEncoding = 'ieee-p1363'

/** Enough for numbers with a zero in front, and with one that looks negative, in both places. */
const TEXTS = Array.from({ length: 1500 }, (_, i) => `text ${i}`)

suite('ES256 (RFC 7518 §3.4)', () => {
  test('signs in 64 bytes what others verify', () => {
    const signatures = TEXTS.map((text) => [text, signES256(text, privateKey)] as const)
    for (const [text, signature] of signatures) {
      assert.equal(signature.length, 64)
      const key = { key: publicKey, dsaEncoding } as const
      assert.ok(verify('sha256', Buffer.from(text), key, signature))
    }
    assert.ok(signatures.some(([, signature]) => signature[0] === 0))
    assert.ok(signatures.some(([, signature]) => signature[32] === 0))
  })

  test('verifies what others have signed', () => {
    for (const text of TEXTS) {
      const signature = sign('sha256', Buffer.from(text), { key: privateKey, dsaEncoding })
      assert.ok(verifyES256(text, publicKey, signature))
    }
  })

  test('refuses another text, another key, and each bit that is changed', () => {
    const signature = signES256('text', privateKey)
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey
    assert.equal(verifyES256('text', publicKey, signature), true)
    assert.equal(verifyES256('Text', publicKey, signature), false)
    assert.equal(verifyES256('text', other, signature), false)
    for (let bit = 0; bit < 512; bit++) {
      const changed = Buffer.from(signature)
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7))
      assert.equal(verifyES256('text', publicKey, changed), false)
    }
  })

  test('refuses numbers that are none of a signature, and any other length', () => {
    const signature = signES256('text', privateKey)
    const order = Buffer.from(
      'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551',
      'hex',
    )
    const zero = Buffer.alloc(32)
    const [r, s] = [signature.subarray(0, 32), signature.subarray(32)]
    const wrong = [
      ...[
        Buffer.alloc(64),
        Buffer.alloc(64, 255),
        Buffer.concat([zero, s]),
        Buffer.concat([r, zero]),
      ],
      ...[Buffer.concat([order, s]), Buffer.concat([r, order])],
      ...[Buffer.alloc(0), r, signature.subarray(1), Buffer.concat([signature, Buffer.alloc(1)])],
      ...[Buffer.alloc(65), Buffer.concat([Buffer.alloc(1), signature])],
      sign('sha256', Buffer.from('text'), privateKey),
    ]
    for (const each of wrong) assert.equal(verifyES256('text', publicKey, each), false)
  })
})
