import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { cleanName, parseClientMetadata } from '../../../src/core/clients/client-metadata.ts'

const policy = { ownOrigins: new Set<string>(), privateUseRedirectUris: new Set<string>() }
const parse = (document: unknown) => parseClientMetadata(document, policy)
const redirect_uris = ['http://localhost/cb']

suite('a registration', () => {
  test('without an authentication method is confidential (RFC 7591 §2)', () => {
    const { token_endpoint_auth_method } = parse({ redirect_uris })
    assert.equal(token_endpoint_auth_method, 'client_secret_basic')
  })

  test('with members that nobody knows is taken without them', () => {
    const document = {
      redirect_uris,
      scope: '',
      software_id: 'x',
      client_uri: 'https://client.example',
      contacts: ['x@client.example'],
      application_type: null,
      x: 1,
    }
    assert.deepEqual(parse(document), {
      client_name: undefined,
      redirect_uris,
      token_endpoint_auth_method: 'client_secret_basic',
    })
  })

  test('with redirect URIs of which some cannot be registered keeps the others, each once', () => {
    const mixed = [
      'javascript:x',
      'http://localhost/cb',
      'http://evil.example/',
      'http://localhost/cb',
    ]
    assert.deepEqual(parse({ redirect_uris: mixed }).redirect_uris, redirect_uris)
  })

  test('that is no object is refused', () => {
    for (const document of [null, [], 'x', 1, true, undefined]) {
      assert.throws(() => parse(document), { code: 'invalid_client_metadata' })
    }
  })

  test('is not changed by members that an object has by nature', () => {
    const document = JSON.parse('{"__proto__":{"redirect_uris":["http://localhost/cb"]}}')
    assert.throws(() => parse(document), { code: 'invalid_redirect_uri' })
  })

  test('that wants another flow is refused', () => {
    const wrong = [
      { grant_types: ['implicit'] },
      { grant_types: [] },
      { grant_types: 'authorization_code' },
      { response_types: ['token'] },
      { token_endpoint_auth_method: 'tls_client_auth' },
      { token_endpoint_auth_method: '' },
      { token_endpoint_auth_method: ['none'] },
      { application_type: 'desktop' },
      { application_type: '' },
      { application_type: ['native'] },
    ]
    for (const metadata of wrong) {
      const registration = () => parse({ redirect_uris, ...metadata })
      assert.throws(registration, { code: 'invalid_client_metadata' })
    }
  })

  test('remembers whether the method was named, unless there is no secret', () => {
    const isNamed = (token_endpoint_auth_method: unknown) =>
      parse({ redirect_uris, token_endpoint_auth_method }).isMethodNamed
    for (const method of [undefined, null, 'none']) assert.equal(isNamed(method), undefined)
    for (const method of ['client_secret_basic', 'client_secret_post']) {
      assert.equal(isNamed(method), true)
    }
  })

  test('of a native application may mix all kinds of addresses, as VS Code and Cursor do', () => {
    const mixed = [
      ...['https://vscode.dev/redirect', 'http://127.0.0.1/', 'http://127.0.0.1:33418/'],
      'cursor://anysphere.cursor-mcp/oauth/callback',
    ]
    const parsed = parse({ redirect_uris: mixed, application_type: 'native' })
    assert.deepEqual(parsed.redirect_uris, mixed)
    assert.equal(parsed.application_type, 'native')
  })

  test('of a web application keeps its https addresses (SEP-837), and needs one', () => {
    const uris = ['http://localhost/cb', 'https://app.example/cb', 'my-app://cb']
    const parsed = parse({ redirect_uris: uris, application_type: 'web' })
    assert.deepEqual(parsed.redirect_uris, ['https://app.example/cb'])
    assert.equal(parsed.application_type, 'web')
    const registration = () => parse({ redirect_uris, application_type: 'web' })
    assert.throws(registration, { code: 'invalid_redirect_uri', message: /needs an https/ })
  })

  test('may say null for what it leaves out', () => {
    const nothing = {
      client_name: null,
      grant_types: null,
      response_types: null,
      token_endpoint_auth_method: null,
      application_type: null,
    }
    assert.equal(parse({ redirect_uris, ...nothing }).client_name, undefined)
  })
})

suite('a name', () => {
  const NAMES: readonly (readonly [string, string])[] = [
    ['  Visual   Studio Code ', 'Visual Studio Code'],
    ['e\u0301', '\u00e9'],
    ['\u202eedoC', 'edoC'],
    ['a\u200db\u200cc\ufeffd', 'abcd'],
    ['\u0645\u0631\u062d\u0628\u0627', '\u0645\u0631\u062d\u0628\u0627'],
    ['\u4f60\u597d', '\u4f60\u597d'],
    ['\u{1f98a} Fox', '\u{1f98a} Fox'],
    ['\u3164', ''],
    ['\ud83d', ''],
    ['\x1b[31mred', '[31mred'],
    ['one\r\ntwo\u2028three', 'one two three'],
    ['Z\u0335\u0336\u0337\u0338algo', 'Z\u0335\u0336algo'],
    ['x'.repeat(81), 'x'.repeat(80)],
  ]
  test('keeps what can be read and loses what hides', () => {
    for (const [name, clean] of NAMES) assert.equal(cleanName(name), clean)
  })

  test('that is clean stays as it is', () => {
    for (const [, clean] of NAMES) assert.equal(cleanName(clean), clean)
  })
})
