import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { createKeyring, keyIdOf } from '../../../src/core/keys/keyring.ts'

const SECRET = 'entrance test vector: forty characters ..'
const OTHER = 'entrance test vector: another forty chars '

suite('a keyring', () => {
  test('derives the same from the same secret, in every process and version', () => {
    const { current } = createKeyring([SECRET])
    assert.equal(current.id, '5DwVDPDF')
    const key = '4ee4608807cbb8d750ae696001fbb6c035e08b0c8b6744d15de53cd3ef1f0aa5'
    assert.equal(current.derive('client_id').export().toString('hex'), key)
  })

  test('has another key for every purpose, and none of them tells the id', () => {
    const { current } = createKeyring([SECRET])
    const purposes = ['client_id', 'client_secret', 'transaction', 'consent form', 'code', '']
    const keys = purposes.map((purpose) => current.derive(purpose).export().toString('base64url'))
    assert.equal(new Set(keys).size, purposes.length)
    assert.ok(keys.every((key) => !key.startsWith(current.id)))
    assert.ok(keys.every((key) => Buffer.from(key, 'base64url').length === 32))
  })

  test('makes with the first secret and recognises all', () => {
    const keyring = createKeyring([SECRET, OTHER])
    assert.equal(keyring.current.id, keyIdOf(SECRET))
    assert.equal(keyring.find(keyIdOf(OTHER))?.id, keyIdOf(OTHER))
    assert.deepEqual(
      keyring.keys.map(({ id }) => id),
      [keyIdOf(SECRET), keyIdOf(OTHER)],
    )
  })

  test('finds no key by a name that is none', () => {
    const keyring = createKeyring([SECRET])
    for (const id of ['', '__proto__', 'constructor', 'toString', keyIdOf(OTHER)]) {
      assert.equal(keyring.find(id), undefined)
    }
  })

  test('has a wholly different id for a secret that differs in one character', () => {
    const ids = [SECRET, `${SECRET}.`, SECRET.replace('e', 'E')].map(keyIdOf)
    assert.equal(new Set(ids).size, 3)
    for (const id of ids) assert.match(id, /^[\w-]{8}$/)
  })
})
