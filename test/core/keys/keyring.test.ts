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

  test('recognises a coming key, and makes with it from its time on', (t) => {
    t.mock.timers.enable({ apis: ['Date'], now: 1_000_000 })
    const keyring = createKeyring([{ secret: SECRET, activeFrom: 1_000_500 }, OTHER])
    assert.equal(keyring.current.id, keyIdOf(OTHER))
    assert.equal(keyring.find(keyIdOf(SECRET))?.id, keyIdOf(SECRET))
    t.mock.timers.setTime(1_000_499)
    assert.equal(keyring.current.id, keyIdOf(OTHER))
    t.mock.timers.setTime(1_000_500)
    assert.equal(keyring.current.id, keyIdOf(SECRET))
  })

  test('whose keys are all to come makes with the oldest, and with the latest of several', (t) => {
    t.mock.timers.enable({ apis: ['Date'], now: 1000 })
    const keys = [
      { secret: SECRET, activeFrom: 3000 },
      { secret: OTHER, activeFrom: 2000 },
    ]
    const keyring = createKeyring(keys)
    assert.equal(keyring.current.id, keyIdOf(OTHER))
    t.mock.timers.setTime(4000)
    assert.equal(keyring.current.id, keyIdOf(SECRET))
  })

  test('that is given other keys keeps what it knows of those that stay', () => {
    const keyring = createKeyring([OTHER])
    const before = keyring.current
    assert.equal(keyring.update([OTHER]), false)
    assert.equal(keyring.update([{ secret: SECRET, activeFrom: Date.now() + 60_000 }, OTHER]), true)
    assert.equal(keyring.current, before)
    assert.equal(keyring.keys.length, 2)
    assert.deepEqual(keyring.secrets, [SECRET, OTHER])
    assert.equal(keyring.update([SECRET]), true)
    assert.equal(keyring.current.id, keyIdOf(SECRET))
    assert.equal(keyring.find(keyIdOf(OTHER)), undefined)
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
