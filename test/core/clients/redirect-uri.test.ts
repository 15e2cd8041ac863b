import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import {
  findRedirectUriFault,
  isLoopbackUri,
  isUsable,
  matchRedirectUri,
  type RedirectPolicy,
  recallRedirectUri,
} from '../../../src/core/clients/redirect-uri.ts'

const CURSOR = 'cursor://anysphere.cursor-mcp/oauth/callback'
const policy: RedirectPolicy = {
  ownOrigins: new Set(['https://expenses.example.com', 'https://expenses.example.com:8443']),
  privateUseRedirectUris: new Set([CURSOR]),
}

/** What real clients register. */
const GOOD = [
  'http://localhost/callback',
  'http://localhost:3334/oauth/callback',
  'http://127.0.0.1/',
  'http://127.0.0.1:33418',
  'http://127.0.0.1:33418/',
  'http://[::1]:8080/cb',
  'https://vscode.dev/redirect',
  'https://insiders.vscode.dev/redirect',
  'https://claude.ai/api/mcp/auth_callback',
  'https://chatgpt.com/connector_platform_oauth_redirect',
  'https://app.example/cb?tenant=1&x=%20',
  'https://app.example:8443/cb',
  'https://10.0.0.1/cb',
  'https://xn--bcher-kva.example/cb',
  'https://app.example/a..b/.well-known/...',
  'https://app.example/~user/(x)/*;v=1,2!$',
]

const BAD: readonly (readonly [uri: string, fault: RegExp])[] = [
  ['', /characters that a URI cannot have/],
  ['app.example/cb', /is not an absolute URI/],
  ['https://app.example/c b', /characters/],
  ['https://app.example/\u00e4', /characters/],
  ['https://app.example/a\\b', /characters/],
  ['https://a@app.example/cb', /user name/],
  ['https://@app.example/cb', /user name/],
  ['https://app.example/cb#', /fragment/],
  ['https://app.example/../cb', /dot segments/],
  ['https://app.example/%2E%2e/cb', /dot segments/],
  ['https://app.example/cb/.', /dot segments/],
  ['https://app.example/cb?code=1', /query parameter of the authorization response/],
  ['https://app.example/cb?x=1&state=', /query parameter of the authorization response/],
  ['https:app.example/cb', /has no host/],
  ['http://app.example/cb', /uses http/],
  ['http://127.0.0.2/cb', /uses http/],
  ['http://localhost.example/cb', /uses http/],
  ['javascript:alert(1)', /javascript: which is never allowed/],
  ['c:/x', /drive letter/],
  ['https://expenses.example.com/auth/callback', /this server itself/],
  ['https://expenses.example.com./auth/callback', /this server itself/],
  ['https://expenses.example.com.:8443/', /this server itself/],
  [`https://app.example/${'a'.repeat(493)}`, /longer than 512 characters/],
]

suite('a redirect URI', () => {
  test('that clients really use may be registered', () => {
    for (const uri of [...GOOD, CURSOR, 'com.example.app:/cb', 'my-app://cb']) {
      assert.equal(findRedirectUriFault(uri, policy), undefined, uri)
    }
  })

  test('that harms is refused with the reason', () => {
    for (const [uri, fault] of BAD)
      assert.match(findRedirectUriFault(uri, policy) ?? '', fault, uri)
  })

  test('of exactly 512 characters may be registered', () => {
    const uri = `https://app.example/${'a'.repeat(492)}`
    assert.equal(uri.length, 512)
    assert.equal(findRedirectUriFault(uri, policy), undefined)
  })

  test('with a private-use scheme can be used only if the operator lists it, exactly', () => {
    assert.equal(isUsable(CURSOR, policy), true)
    for (const uri of [`${CURSOR}/`, `${CURSOR}?x=1`, CURSOR.toUpperCase(), 'my-app://cb']) {
      assert.equal(isUsable(uri, policy), false, uri)
      assert.equal(recallRedirectUri(uri, policy), undefined)
    }
  })

  test('is on loopback by the three names, over http', () => {
    for (const uri of ['http://localhost/', 'http://127.0.0.1:1/cb', 'http://[::1]/']) {
      assert.equal(isLoopbackUri(uri), true)
    }
    for (const uri of ['https://localhost/', 'http://localhost.example/', CURSOR, 'x']) {
      assert.equal(isLoopbackUri(uri), false)
    }
  })
})

suite('a requested redirect URI', () => {
  const match = (asked: string, ...registered: string[]) =>
    matchRedirectUri(asked, registered, policy) !== undefined

  test('matches the same text', () => {
    for (const uri of [...GOOD, CURSOR])
      assert.equal(match(uri, 'https://x.example/', uri), true, uri)
  })

  test('matches on loopback with any port, and nothing else of it changed', () => {
    for (const host of ['localhost', '127.0.0.1', '[::1]']) {
      for (const registered of [`http://${host}/cb`, `http://${host}:1234/cb`]) {
        for (const port of ['', ':80', ':1234', ':65535']) {
          assert.equal(match(`http://${host}${port}/cb`, registered), true)
        }
        for (const asked of [
          ...[`http://${host}:1234/cb/`, `http://${host}:1234/CB`, `http://${host}:1234/cb?x`],
          ...[`http://${host}:1234/`, `https://${host}:1234/cb`, `http://${host}:1234/%63b`],
          ...[`http://${host}:99999/cb`, `http://${host}:x/cb`, `HTTP://${host}:1234/cb`],
        ]) {
          assert.equal(match(asked, registered), false, asked)
        }
      }
    }
  })

  test('does not match another loopback name', () => {
    assert.equal(match('http://127.0.0.1/cb', 'http://localhost/cb'), false)
    assert.equal(match('http://localhost/cb', 'http://[::1]/cb'), false)
  })

  test('does not match at another port where it is not on loopback', () => {
    assert.equal(match('https://app.example:8443/cb', 'https://app.example/cb'), false)
    assert.equal(match('https://localhost:2/cb', 'https://localhost:1/cb'), false)
  })

  test('does not match by a pattern, a prefix or nothing', () => {
    assert.equal(match('https://a.example/cb', 'https://*.example/cb'), false)
    assert.equal(match('https://app.example/cb/x', 'https://app.example/cb'), false)
    assert.equal(match('https://app.example/cb'), false)
  })

  test('that is registered is judged by the policy all the same', () => {
    for (const [uri] of BAD) assert.equal(match(uri, uri), false, uri)
    assert.equal(match('my-app://cb', 'my-app://cb'), false)
  })
})
