import assert from 'node:assert/strict'
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  X509Certificate,
} from 'node:crypto'
import { suite, test } from 'node:test'
import { generate } from 'selfsigned'
import type { ConfigError } from '../../../src/core/errors.ts'
import { parseCertificate } from '../../../src/core/keys/certificate.ts'

const NAME = [{ name: 'commonName', value: 'expenses' }]
const make = (keyType: 'rsa' | 'ec' = 'rsa', keySize = 2048) =>
  generate(NAME, { keyType, keySize, algorithm: 'sha256', notAfterDate: END })
const END = new Date('2031-05-06T12:00:00Z')

const { cert, private: key } = await make()
const other = await make()
const elliptic = await make('ec')
const rsa = createPrivateKey(key)
const pem = (options: object) => rsa.export({ format: 'pem', type: 'pkcs8', ...options }) as string
const encrypted = pem({ cipher: 'aes-256-cbc', passphrase: 'a passphrase' })
const legacy = pem({ type: 'pkcs1', cipher: 'aes-256-cbc', passphrase: 'a passphrase' })
const short = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey
const publicOnly = createPublicKey(rsa).export({ format: 'pem', type: 'spki' }) as string

suite('a certificate with its key', () => {
  test('is read from two texts, or both times from the same one', () => {
    const thumbprint = new X509Certificate(cert).fingerprint256.replaceAll(':', '').toLowerCase()
    for (const text of [undefined, `${cert}\n${key}`, `${key}${cert}`]) {
      const parsed = parseCertificate({ certificate: text ?? cert, privateKey: text ?? key })
      assert.equal(Buffer.from(parsed.thumbprint, 'base64url').toString('hex'), thumbprint)
      assert.equal(parsed.endsAt, END.getTime())
    }
  })

  test('of several in a chain is the one that the key belongs to', () => {
    const chain = { certificate: other.cert + cert, privateKey: key }
    const alone = { certificate: cert, privateKey: key }
    assert.equal(parseCertificate(chain).thumbprint, parseCertificate(alone).thumbprint)
  })

  test('may be in the older form of PEM', () => {
    parseCertificate({ certificate: cert, privateKey: pem({ type: 'pkcs1' }) })
  })
})

suite('a certificate that cannot be used', () => {
  const WRONG: readonly (readonly [string, object, string, RegExp])[] = [
    ['with the key of another', { privateKey: other.private }, 'privateKey', /does not belong to/],
    ['with an encrypted key', { privateKey: encrypted }, 'privateKey', /^is encrypted\.$/],
    ['with a key encrypted the old way', { privateKey: legacy }, 'privateKey', /^is encrypted\.$/],
    ['with a public key', { privateKey: publicOnly }, 'privateKey', /has no private key in it/],
    ['without a key', { privateKey: '' }, 'privateKey', /has no private key in it/],
    ['with nothing for a key', { privateKey: undefined }, 'privateKey', /is missing/],
    [
      'with a damaged key',
      { privateKey: key.replace(/[a-z]{3}/g, 'aaa') },
      'privateKey',
      /damaged/,
    ],
    ['with an elliptic key', { privateKey: elliptic.private }, 'privateKey', /of the type ec/],
    [
      'with a short key',
      { privateKey: short.export({ format: 'pem', type: 'pkcs8' }) },
      ...(['privateKey', /has 1024 bits/] as const),
    ],
    ['without a certificate', { certificate: key }, 'certificate', /has no certificate in it/],
    [
      'that is damaged',
      { certificate: cert.replace(/[a-z]{3}/g, 'aaa') },
      ...(['certificate', /damaged/] as const),
    ],
    ['that is a book', { certificate: 'x'.repeat(70_000) }, 'certificate', /has 70000 characters/],
  ]
  for (const [name, change, part, problem] of WRONG) {
    test(`${name} is refused with the cure, and nothing of it is repeated`, () => {
      const given = { certificate: cert, privateKey: key, ...change } as Parameters<
        typeof parseCertificate
      >[0]
      assert.throws(
        () => parseCertificate(given),
        (error: ConfigError) => {
          const [first] = error.problems
          assert.equal(first?.option, `entra.credential.${part}`)
          assert.match(first?.problem ?? '', problem)
          assert.ok(first?.cure)
          assert.doesNotMatch(error.message, /MII|passphrase:.*a passphrase/)
          return true
        },
      )
    })
  }

  test('any more, or not yet, is told with the day', () => {
    const given = { certificate: cert, privateKey: key }
    assert.throws(() => parseCertificate(given, END.getTime()), /ended on 2031-05-06\. Make a new/)
    assert.throws(() => parseCertificate(given, 0), /is not valid before .* Check this machine/)
  })
})
