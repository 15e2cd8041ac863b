import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import {
  CLIENT_ID_MAX_LENGTH,
  clientSecretOf,
  isClientSecret,
  isOfKeyInForce,
  openClient,
  sealClient,
} from '../../../src/core/clients/client.ts'
import type { ClientMetadata } from '../../../src/core/clients/client-metadata.ts'
import { OAuthError } from '../../../src/core/errors.ts'
import { createKeyring } from '../../../src/core/keys/keyring.ts'

const OLD = 'entrance test vector: forty characters ..'
const NEW = 'entrance test vector: another forty chars '
const keyring = createKeyring([OLD])

const EDITOR: ClientMetadata = {
  client_name: 'Editor',
  redirect_uris: ['http://localhost/cb'],
  token_endpoint_auth_method: 'none',
}
const CONFIDENTIAL: ClientMetadata = {
  ...EDITOR,
  token_endpoint_auth_method: 'client_secret_basic',
}

suite('the client_id of a public client', () => {
  test('is the same for the same metadata, in every process and version', () => {
    const { client_id, digest } = sealClient(EDITOR, keyring)
    const expected =
      'e1.5DwVDPDF.WyJFZGl0b3IiLCJub25lIixbImh0dHA6Ly9sb2NhbGhvc3QvY2IiXV0.itp1fvxcZ_nQv25vuVCqG9GgZpDVFYMFJqU1CLAUxr4'
    assert.equal(client_id, expected)
    assert.equal(digest, 'ST3xYRHr6VH31fvsgyf4too0IfC8qYDdDHnMvwH_nqQ')
  })

  test('says what was registered', () => {
    const { client_id } = sealClient(EDITOR, keyring)
    assert.partialDeepStrictEqual(openClient(client_id, keyring), { ...EDITOR, client_id })
    const nameless = sealClient({ ...EDITOR, client_name: undefined }, keyring)
    assert.equal(openClient(nameless.client_id, keyring)?.client_name, undefined)
  })

  test('is another one for other metadata', () => {
    const ids = [
      EDITOR,
      { ...EDITOR, client_name: 'Editor ' },
      { ...EDITOR, redirect_uris: ['http://localhost/cb', 'http://localhost/cb2'] },
      CONFIDENTIAL,
    ].map((metadata) => sealClient(metadata, keyring).client_id)
    assert.equal(new Set(ids).size, 4)
  })
})

suite('the client_id of a confidential client', () => {
  test('is its own, however alike the metadata, and so is its secret', () => {
    const clients = Array.from({ length: 20 }, () => sealClient(CONFIDENTIAL, keyring))
    assert.equal(new Set(clients.map(({ client_id }) => client_id)).size, 20)
    const secrets = clients.map((client) => clientSecretOf(client, keyring))
    assert.equal(new Set(secrets).size, 20)
    for (const secret of secrets) assert.match(secret, /^[\w-]{43}$/)
  })

  test('opens with its own secret only', () => {
    const [one, two] = [sealClient(CONFIDENTIAL, keyring), sealClient(CONFIDENTIAL, keyring)]
    const secret = clientSecretOf(one, keyring)
    assert.equal(isClientSecret(one, secret, keyring), true)
    for (const wrong of [
      '',
      secret.slice(1),
      `${secret}A`,
      clientSecretOf(two, keyring),
      one.client_id,
    ]) {
      assert.equal(isClientSecret(one, wrong, keyring), false)
    }
  })
})

suite('a client_id', () => {
  test('is none of ours when any one character is another', () => {
    const { client_id } = sealClient(CONFIDENTIAL, keyring)
    for (let at = 0; at < client_id.length; at++) {
      for (const other of ['A', '-', '.', '=']) {
        if (client_id[at] === other) continue
        const changed = `${client_id.slice(0, at)}${other}${client_id.slice(at + 1)}`
        assert.equal(openClient(changed, keyring), undefined, `${other} at ${at}`)
      }
    }
    for (const more of ['.', '.x', 'A', ' ', '=']) {
      assert.equal(openClient(`${client_id}${more}`, keyring), undefined)
    }
  })

  test('is at most 1 kB long, and a registration that would be longer is refused', () => {
    const uri = (length: number) => `https://app.example/${'a'.repeat(length)}`
    const { client_id } = sealClient({ ...EDITOR, redirect_uris: [uri(480)] }, keyring)
    assert.ok(client_id.length <= CLIENT_ID_MAX_LENGTH)
    assert.equal(CLIENT_ID_MAX_LENGTH, 1024)
    const tooMuch = { ...EDITOR, redirect_uris: [uri(480), uri(479)] }
    assert.throws(
      () => sealClient(tooMuch, keyring),
      (error) =>
        error instanceof OAuthError &&
        error.code === 'invalid_client_metadata' &&
        /^The registration is too long by \d+ characters: register fewer/.test(error.message),
    )
    assert.equal(openClient('e1.'.padEnd(CLIENT_ID_MAX_LENGTH + 1, 'A'), keyring), undefined)
  })

  test('says whether its method was named, and one from before that was told apart opens', () => {
    const named = sealClient({ ...CONFIDENTIAL, isMethodNamed: true }, keyring)
    assert.equal(openClient(named.client_id, keyring)?.isMethodNamed, true)
    assert.equal(isClientSecret(named, clientSecretOf(named, keyring), keyring), true)
    const before =
      'e1.5DwVDPDF.WyJFZGl0b3IiLCJjbGllbnRfc2VjcmV0X2Jhc2ljIixbImh0dHA6Ly9sb2NhbGhvc3QvY2IiXSwiT1ZKUVZBT2ctaWM1Il0.LIbSjof1sbGVbFIk-OG00XivY8Hi4wiio2nXryO5OeM'
    const opened = openClient(before, keyring)
    assert.partialDeepStrictEqual(opened, CONFIDENTIAL)
    assert.equal(opened?.isMethodNamed, undefined)
  })

  test('is of a key in force, or could be from before one was retired', () => {
    const { client_id } = sealClient(EDITOR, keyring)
    assert.equal(isOfKeyInForce(client_id, keyring), true)
    assert.equal(isOfKeyInForce(`${client_id}x`, keyring), true)
    assert.equal(isOfKeyInForce(client_id, createKeyring([NEW])), false)
    assert.equal(isOfKeyInForce('my-client', keyring), false)
  })

  test('outlives the rotation of its key with its secret, and not its retirement', () => {
    const client = sealClient(CONFIDENTIAL, keyring)
    const secret = clientSecretOf(client, keyring)
    const rotated = createKeyring([NEW, OLD])
    const opened = openClient(client.client_id, rotated)
    assert.ok(opened)
    assert.equal(isClientSecret(opened, secret, rotated), true)
    assert.equal(openClient(client.client_id, createKeyring([NEW])), undefined)
    assert.notEqual(sealClient(EDITOR, rotated).client_id, sealClient(EDITOR, keyring).client_id)
  })
})
