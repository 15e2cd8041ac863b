import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { exportJWK, generateKeyPair, type JWK } from 'jose'
import {
  findDocumentIdFault,
  parseClientDocument,
} from '../../../src/core/clients/client-document.ts'
import { KNOWN_DOCUMENTS } from '../../../src/core/clients/known-documents.ts'
import { OAuthError } from '../../../src/core/errors.ts'
import { clientDocument } from '../../support/internet.ts'

const policy = {
  ownOrigins: new Set(['https://expenses.example.com']),
  privateUseRedirectUris: new Set<string>(),
}
const id = 'https://app.example.com/oauth/client.json'

suite('the address of a document', () => {
  test('is an https URL with a path', () => {
    for (const good of [id, 'https://app.example.com/c', 'https://app.example.com/a/b%20c/']) {
      assert.equal(findDocumentIdFault(good, policy), undefined)
    }
  })

  for (const [fault, ids] of [
    ['is not an https URL', ['http://app.example.com/c', 'https://', 'urn:x:y', 'https://[/c']],
    ['has no path', ['https://app.example.com/']],
    ['has a fragment', [`${id}#x`, `${id}#`]],
    ['has a query', [`${id}?x=1`, `${id}?`]],
    [
      'has a user name in it',
      ['https://a@app.example.com/c', 'https://:b@app.example.com/c', 'https://a:b@127.0.0.1/c'],
    ],
    [
      'is not in its normal form (RFC 3986 6.2)',
      [
        ...['https://app.example.com', 'https://app.example.com/a/../c', 'https:app.example.com/c'],
        ...['https://app.example.com/./c', 'https://app.example.com/a/%2e%2e/c', `${id} `],
        ...['https://app.example.com/a/.%2E/c', 'https://app.example.com/%2e', `\t${id}`],
        ...['https://APP.example.com/c', 'HTTPS://app.example.com/c', 'https://app.example.com\\c'],
        ...[
          'https://app.example.com:443/c',
          'https://@app.example.com/c',
          'https:///app.example/c',
        ],
        ...[
          'https://b\u00fccher.example.com/c',
          'https://app.example.com/\u00e9',
          'https://2130706433/c',
        ],
        ...['https://0x7f.1/c', 'https://127.1/c', 'https://[::ffff:127.0.0.1]/c'],
      ],
    ],
    [
      'has a port; 443 is expected',
      ['https://app.example.com:8443/c', 'https://a.example.com:22/c'],
    ],
    ['points at this server itself', ['https://expenses.example.com/c']],
    [
      'has an IP address for its host; a name is expected',
      ['https://127.0.0.1/c', 'https://169.254.169.254/c', 'https://[::1]/c', 'https://8.8.8.8/c'],
    ],
    [
      'has a host that is not on the public internet',
      ['https://localhost/c', 'https://db.internal/c'],
    ],
    ['has a dot at the end of its host', ['https://app.example.com./c', 'https://localhost./c']],
    ['is longer than 1024 characters', [`https://app.example.com/${'a'.repeat(1001)}`]],
  ] as const) {
    test(`is refused when it ${fault}`, () => {
      for (const bad of ids) assert.equal(findDocumentIdFault(bad, policy), fault, bad)
    })
  }
})

suite('a document', () => {
  test('gives the metadata of a client', () => {
    const document = clientDocument(id, {
      logo_uri: 'https://x',
      grant_types: ['authorization_code'],
    })
    assert.deepEqual(parseClientDocument(id, document, policy), {
      client_name: 'Document client',
      redirect_uris: ['http://127.0.0.1/callback'],
      token_endpoint_auth_method: 'none',
    })
  })

  test('that names no authentication method is one of a public client', () => {
    const { token_endpoint_auth_method: _, ...document } = clientDocument(id)
    const { token_endpoint_auth_method: method } = parseClientDocument(id, document, policy)
    assert.equal(method, 'none')
  })

  test('loses the redirect URIs that nobody may use, and keeps the others', () => {
    const good = 'https://app.example.com/callback'
    const redirect_uris = ['javascript:alert(1)', 'http://app.example.com/cb', good]
    const parsed = parseClientDocument(id, clientDocument(id, { redirect_uris }), policy)
    assert.deepEqual(parsed.redirect_uris, [good])
  })

  for (const [fault, document] of [
    ['it is not a JSON object', [clientDocument(id)]],
    ['it is not a JSON object', null],
    ['it is not a JSON object', id],
    [
      'its client_id is not the address that it was fetched from',
      clientDocument('https://other.example.com/client.json'),
    ],
    ['its client_id is not the address that it was fetched from', clientDocument(`${id}/`)],
    [
      'its client_id is not the address that it was fetched from',
      clientDocument('', { client_id: [id] }),
    ],
    ['it has the member client_secret: no secret can', clientDocument(id, { client_secret: 'x' })],
    [
      'it has the member client_secret_expires_at: no secret can',
      clientDocument(id, { client_secret_expires_at: 0 }),
    ],
    ...['client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'tls_client_auth', 1].map(
      (token_endpoint_auth_method) =>
        [
          'its token_endpoint_auth_method is neither none nor private_key_jwt',
          clientDocument(id, { token_endpoint_auth_method }),
        ] as const,
    ),
    ['it has no client_name', clientDocument(id, { client_name: undefined })],
    ['it has no client_name', clientDocument(id, { client_name: '\u202e ' })],
    ['client_name must be a string.', clientDocument(id, { client_name: {} })],
    [
      'redirect_uris must be an array of one or more strings.',
      clientDocument(id, { redirect_uris: [] }),
    ],
    [
      'redirect_uris must be an array of one or more strings.',
      clientDocument(id, { redirect_uris: undefined }),
    ],
    [
      "No redirect URI can be registered: 'data:x' has the scheme data: which is never allowed.",
      clientDocument(id, { redirect_uris: ['data:x'] }),
    ],
    [
      "No redirect URI can be registered: 'https://expenses.example.com/auth/callback' points at this server itself.",
      clientDocument(id, { redirect_uris: ['https://expenses.example.com/auth/callback'] }),
    ],
    [
      'it has a redirect URI with a wildcard; each is compared as it stands',
      clientDocument(id, {
        redirect_uris: ['https://app.example.com/cb', 'https://*.example.com/'],
      }),
    ],
    [
      "grant_types must be an array that includes 'authorization_code', or be left out.",
      clientDocument(id, { grant_types: ['client_credentials'] }),
    ],
  ] as const) {
    test(`is refused: ${fault}`, () => {
      assert.equal(faultOf(document), fault)
    })
  }
})

suite('a document of a client that has keys', async () => {
  const keys: JWK[] = []
  for (const alg of ['ES256', 'RS256', 'EdDSA']) {
    const { publicKey } = await generateKeyPair(alg, { extractable: true })
    keys.push(await exportJWK(publicKey))
  }
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  const pair = await exportJWK(privateKey)
  const signs = (more: Readonly<Record<string, unknown>>) =>
    clientDocument(id, { token_endpoint_auth_method: 'private_key_jwt', ...more })

  test('has them in it, or says where they are', () => {
    const inline = parseClientDocument(id, signs({ jwks: { keys } }), policy)
    assert.deepEqual(inline.jwks, { keys })
    const jwks_uri = 'https://app.example.com/keys?v=1'
    assert.equal(parseClientDocument(id, signs({ jwks_uri }), policy).jwks_uri, jwks_uri)
  })

  test('may have others beside those that can be used', () => {
    const odd = [{ kty: 'EC', use: 'enc' }, { kty: 'AKP' }, { kty: 'RSA', alg: 'RSA-OAEP' }]
    const parsed = parseClientDocument(id, signs({ jwks: { keys: [...odd, ...keys] } }), policy)
    assert.deepEqual(parsed.jwks, { keys })
  })

  for (const [fault, more] of [
    ['private_key_jwt needs either jwks or jwks_uri', {}],
    ['private_key_jwt needs either jwks or jwks_uri', { jwks: { keys }, jwks_uri: `${id}/k` }],
    ['its keys are not a JWK set', { jwks: keys }],
    ['its keys are not a JWK set', { jwks: { keys: 'x' } }],
    ['its keys are not a JWK set', { jwks: { keys: [null] } }],
    ['it has no key for ES256, PS256, RS256, EdDSA', { jwks: { keys: [] } }],
    [
      'it has no key for ES256, PS256, RS256, EdDSA',
      { jwks: { keys: [{ kty: 'RSA', e: 'AQAB', n: 'x'.repeat(1367) }] } },
    ],
    ['it has more than 20 keys', { jwks: { keys: Array(21).fill(keys[0]) } }],
    [
      'it has a private or symmetric key in it; publish public keys only',
      { jwks: { keys: [...keys, pair] } },
    ],
    [
      'it has a private or symmetric key in it; publish public keys only',
      { jwks: { keys: [{ kty: 'oct', k: 'c2VjcmV0' }] } },
    ],
    ['its jwks_uri is not a string', { jwks_uri: 1 }],
    ['its jwks_uri is not an https URL', { jwks_uri: 'http://app.example.com/k' }],
    ['its jwks_uri has a port; 443 is expected', { jwks_uri: 'https://app.example.com:1/k' }],
    ['its jwks_uri has a fragment', { jwks_uri: 'https://app.example.com/k#' }],
    ['its jwks_uri has a user name in it', { jwks_uri: 'https://a@app.example.com/k' }],
    [
      'its jwks_uri has an IP address for its host; a name is expected',
      { jwks_uri: 'https://169.254.169.254/latest' },
    ],
    [
      'its jwks_uri is not in its normal form (RFC 3986 6.2)',
      { jwks_uri: 'https://0xa9fea9fe/latest' },
    ],
    [
      'its jwks_uri is longer than 512 characters',
      { jwks_uri: `https://app.example.com/${'k'.repeat(500)}` },
    ],
  ] as const) {
    test(`is refused: ${fault} (${JSON.stringify(more).slice(0, 40)})`, () => {
      assert.equal(faultOf(signs(more)), fault)
    })
  }
})

test('every known document would be taken if its host gave it out', () => {
  assert.equal(KNOWN_DOCUMENTS.size, 5)
  for (const [clientId, metadata] of KNOWN_DOCUMENTS) {
    assert.equal(findDocumentIdFault(clientId, policy), undefined, clientId)
    const document = { client_id: clientId, ...metadata }
    assert.deepEqual(parseClientDocument(clientId, document, policy), metadata, clientId)
  }
})

function faultOf(document: unknown): string {
  try {
    parseClientDocument(id, document, policy)
  } catch (error) {
    assert.ok(error instanceof OAuthError)
    return error.message
  }
  return assert.fail('it is taken')
}
