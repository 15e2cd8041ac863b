import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { createKeyring } from '../../../src/core/keys/keyring.ts'
import { open, seal } from '../../../src/core/keys/sealed.ts'

const OLD = 'entrance test vector: forty characters ..'
const NEW = 'entrance test vector: another forty chars '
const keyring = createKeyring([OLD])

suite('a sealed text', () => {
  test('opens for its own purpose and context only', () => {
    const text = 'The quick brown \u{1f98a}'
    const sealed = seal(keyring, 'grant', text, 'grant:1')
    assert.equal(open(keyring, 'grant', sealed, 'grant:1'), text)
    assert.equal(open(keyring, 'grant', sealed, 'grant:2'), undefined)
    assert.equal(open(keyring, 'grant', sealed), undefined)
    assert.equal(open(keyring, 'transaction', sealed, 'grant:1'), undefined)
    assert.ok(!sealed.includes('quick'))
  })

  test('is another one each time', () => {
    const sealed = Array.from({ length: 50 }, () => seal(keyring, 'p', 'same'))
    assert.equal(new Set(sealed).size, 50)
  })

  test('does not open when any one character is another', () => {
    const sealed = seal(keyring, 'p', 'text', 'c')
    for (let at = 0; at < sealed.length; at++) {
      for (const other of ['A', '_', '.', '=']) {
        if (sealed[at] === other) continue
        const changed = `${sealed.slice(0, at)}${other}${sealed.slice(at + 1)}`
        assert.equal(open(keyring, 'p', changed, 'c'), undefined, `${other} at ${at}`)
      }
    }
  })

  test('does not open when something is missing or added', () => {
    const sealed = seal(keyring, 'p', 'text')
    for (let length = 0; length < sealed.length; length++) {
      assert.equal(open(keyring, 'p', sealed.slice(0, length)), undefined)
    }
    for (const more of ['A', '=', '.', ' ', '\n', 'AAAA']) {
      assert.equal(open(keyring, 'p', `${sealed}${more}`), undefined)
      assert.equal(open(keyring, 'p', `${more}${sealed}`), undefined)
    }
    assert.equal(open(keyring, 'p', `${sealed}${'A'.repeat(300_000)}`), undefined)
  })

  test('outlives the rotation of its key, and not its retirement', () => {
    const sealed = seal(keyring, 'p', 'text')
    assert.equal(open(createKeyring([NEW, OLD]), 'p', sealed), 'text')
    assert.equal(open(createKeyring([NEW]), 'p', sealed), undefined)
    assert.equal(
      seal(createKeyring([NEW, OLD]), 'p', 'x').startsWith(`${keyring.current.id}.`),
      false,
    )
  })

  test('may be empty', () => {
    assert.equal(open(keyring, 'p', seal(keyring, 'p', '')), '')
  })
})
