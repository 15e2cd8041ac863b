import assert from 'node:assert/strict'
import { createSecretKey, type KeyObject } from 'node:crypto'
import { suite, test } from 'node:test'
import { createKeyring, type Key } from '../../../src/core/keys/keyring.ts'
import { isMac, mac } from '../../../src/core/keys/mac.ts'
import { open, seal } from '../../../src/core/keys/sealed.ts'
import { createAccessTokens } from '../../../src/core/tokens/access-token.ts'
import { deriveSigningKey } from '../../../src/core/tokens/signing-key.ts'

const keyring = createKeyring(['entrance test vector: forty characters ..'])
const BINDING = 'AbCdEf'

/** What the code derives a key for. */
const SEALING = [`grant ${BINDING}`, `consent ${BINDING}`, `claims ${BINDING}`, 'adopted client']
const MACING = [
  'client_id',
  'client_secret',
  'code',
  'refresh_token',
  'consent form',
  'access_token',
]
const SIGNING = [0, 1].map((half) => `ES256 ${BINDING} ${half}`)

suite('signing and encryption are apart', () => {
  test('no purpose has the key of another', () => {
    const all = [...SEALING, ...MACING, ...SIGNING, 'access_token user']
    const keys = all.map((purpose) => keyring.current.derive(purpose).export().toString('hex'))
    assert.equal(new Set(keys).size, all.length)
  })

  test('what signs opens nothing that is sealed, and makes no code or token', () => {
    const { privateKey } = deriveSigningKey(keyring.current, BINDING)
    const { d = '' } = privateKey.export({ format: 'jwk' })
    const scalar = createSecretKey(Buffer.from(d, 'base64url'))
    const halves = SIGNING.map((purpose) => keyring.current.derive(purpose))
    for (const key of [scalar, ...halves].map(asEverything)) {
      const thief = { current: key, keys: [key], find: () => key, isElsewhere: () => false }
      for (const purpose of SEALING) {
        assert.equal(
          open(thief, purpose, seal(keyring, purpose, 'a secret', 'ctx'), 'ctx'),
          undefined,
        )
        assert.equal(
          open(keyring, purpose, seal(thief, purpose, 'forged', 'ctx'), 'ctx'),
          undefined,
        )
      }
      for (const purpose of MACING) {
        const forged = mac(key, purpose, 'part').toString('base64url')
        assert.equal(isMac(mac(keyring.current, purpose, 'part'), forged), false)
      }
    }
  })

  test('what seals and authenticates signs no access token, and the public keys tell nothing of it', () => {
    const options = { binding: BINDING, audience: 'https://a.example/mcp', ttl: 3600 }
    const issuers = new Set(['https://a.example'])
    const tokens = createAccessTokens({ ...options, keyring, issuers })
    for (const purpose of [...SEALING, ...MACING]) {
      const key = { ...asEverything(keyring.current.derive(purpose)), id: keyring.current.id }
      const thief = {
        ...keyring,
        current: key,
        keys: [key],
        find: () => key,
        isElsewhere: () => false,
      }
      const forged = createAccessTokens({ ...options, keyring: thief, issuers }).issue(
        {
          ...{ iss: 'https://a.example', aud: 'https://a.example/mcp' },
          ...{ client_id: 'c', scope: 'mcp-access', gid: 'g' },
        },
        { oid: 'o', tid: 't', name: undefined, preferred_username: undefined, roles: [] },
      )
      assert.throws(() => tokens.verify(forged), /signature of the access token is not ours/)
    }
    const published = JSON.stringify(tokens.jwks)
    for (const purpose of [...SEALING, ...MACING, ...SIGNING]) {
      const key = keyring.current.derive(purpose).export().toString('base64url')
      assert.ok(!published.includes(key))
    }
  })
})

/** A key that gives one secret for every purpose: what somebody can do who has only that. */
function asEverything(secret: KeyObject): Key {
  return { id: keyring.current.id, activeFrom: 0, derive: () => secret }
}
