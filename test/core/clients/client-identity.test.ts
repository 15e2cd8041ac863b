import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { ClientSource } from '../../../src/core/clients/client.ts'
import { identifyClient, receiverOf } from '../../../src/core/clients/client-identity.ts'

type Nameless = { readonly client_name: undefined }

const DOCUMENT = 'https://app.example.com/oauth/client.json'
const LOOPBACKS = ['http://localhost:1/cb', 'http://127.0.0.1/cb', 'http://[::1]:1234/cb']
const SCHEME = 'cursor://anysphere.cursor-mcp/oauth/callback'

const identify = (source: ClientSource, redirectUri: string, client_id = DOCUMENT) =>
  identifyClient({ source, client_id, client_name: 'Editor' }, redirectUri)

suite('who a client is said to be', () => {
  test('a domain vouches where it published the description and the code goes to it', () => {
    const { standing, isWarning } = identify('document', 'https://app.example.com/callback')
    assert.deepEqual([standing.rank, isWarning], ['verified', false])
    assert.equal(standing.label, 'Published by app.example.com')
    assert.match(standing.text, /^app\.example\.com published .* has been verified\.$/)
  })

  for (const redirectUri of [
    ...LOOPBACKS,
    SCHEME,
    'https://evil.example/callback',
    'https://app.example.com.evil.example/callback',
    'https://evil.example/app.example.com',
    'https://app.example.com:8443/callback',
    'https://www.app.example.com/callback',
  ]) {
    test(`a domain vouches for nothing that goes to ${redirectUri} (fastmcp W26)`, () => {
      const { standing } = identify('document', redirectUri)
      assert.equal(standing.rank, 'unverified')
      assert.doesNotMatch(JSON.stringify(standing), /been verified|app\.example\.com/)
    })
  }

  test('no domain vouches by a client_id that is no published description', () => {
    for (const source of ['registered', 'adopted'] as const) {
      assert.equal(identify(source, 'https://app.example.com/cb').standing.rank, 'unverified')
    }
    const plain = identify('document', 'http://app.example.com/cb', 'http://app.example.com/c.json')
    assert.equal(plain.standing.rank, 'unverified')
  })

  test('only who gave a name is said to have chosen it', () => {
    const named = { source: 'registered', client_id: 'e1.x', client_name: 'Editor' } as const
    const textOf = (client: typeof named | (Omit<typeof named, 'client_name'> & Nameless)) =>
      identifyClient(client, 'http://localhost/cb').standing.text
    assert.match(textOf(named), /it chose its name itself/)
    assert.match(textOf({ ...named, client_name: undefined }), /gave no name/)
    const adopted = { source: 'adopted', client_id: 'x', client_name: undefined } as const
    const { isKnownHere, standing } = identifyClient(adopted, 'http://localhost/cb')
    assert.equal(isKnownHere, false)
    assert.doesNotMatch(standing.text, /name/)
  })

  test('the operator knows a client of the configuration, wherever the code goes', () => {
    for (const redirectUri of [...LOOPBACKS, SCHEME, 'https://app.example.com/cb']) {
      const { standing } = identify('configured', redirectUri, 'editor')
      assert.equal(standing.rank, 'known')
      assert.match(standing.text, /operator/)
    }
  })

  test('any program on this computer could be asking from loopback (spec AS-12)', () => {
    for (const source of ['registered', 'configured', 'document', 'adopted'] as const) {
      for (const redirectUri of LOOPBACKS) {
        assert.match(identify(source, redirectUri).meaning, /Any program that runs here/)
      }
    }
  })

  test('what leaves the computer, and a scheme that any program may take, is warned of', () => {
    assert.equal(identify('registered', 'https://app.example.com/cb').isWarning, true)
    assert.equal(identify('adopted', 'https://app.example.com/cb').isWarning, true)
    assert.equal(identify('configured', 'https://app.example.com/cb').isWarning, false)
    for (const source of ['registered', 'configured', 'document'] as const) {
      assert.equal(identify(source, SCHEME).isWarning, true)
    }
  })
})

test('who receives a code is a host or a scheme, and no port of loopback', () => {
  assert.deepEqual(receiverOf('http://127.0.0.1:5000/cb'), { receiver: '127.0.0.1', isLocal: true })
  assert.deepEqual(receiverOf('http://[::1]:5000/cb'), { receiver: '[::1]', isLocal: true })
  assert.deepEqual(receiverOf(SCHEME), { receiver: 'cursor:', isLocal: true })
  const web = receiverOf('https://app.example.com:8443/cb')
  assert.deepEqual(web, { receiver: 'app.example.com:8443', isLocal: false })
})
