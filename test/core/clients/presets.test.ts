import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { expandPresets, REDIRECT_URI_PRESETS } from '../../../src/core/clients/presets.ts'
import {
  findRedirectUriFault,
  isUsable,
  matchesRule,
  type RedirectPolicy,
} from '../../../src/core/clients/redirect-uri.ts'

/** What each client was seen to send, or its documents state. */
const SENT: ReadonlyMap<string, readonly string[]> = new Map([
  [
    'vscode',
    [
      ...['https://insiders.vscode.dev/redirect', 'https://vscode.dev/redirect'],
      ...['http://127.0.0.1/', 'http://127.0.0.1:33418/', 'http://127.0.0.1:58123/'],
    ],
  ],
  [
    'claude',
    ['https://claude.ai/api/mcp/auth_callback', 'https://claude.com/api/mcp/auth_callback'],
  ],
  ['claude-code', ['http://localhost:51234/callback', 'http://localhost/callback']],
  [
    'cursor',
    [
      'cursor://anysphere.cursor-mcp/oauth/callback',
      'https://www.cursor.com/agents/mcp/oauth/callback',
      'http://localhost:8787/callback',
    ],
  ],
  [
    'chatgpt',
    [
      'https://chatgpt.com/connector_platform_oauth_redirect',
      'https://chatgpt.com/connector/oauth/aBc-123_xYz',
    ],
  ],
  ['codex', ['http://127.0.0.1:41234/callback', 'http://localhost:41234/callback']],
  ['copilot-studio', ['https://global.consent.azure-apim.net/redirect/cr123-5fexpenses']],
  ['gemini-cli', ['http://localhost:37261/oauth/callback']],
  ['inspector', ['http://127.0.0.1:6276/oauth/callback', 'http://localhost:6274/oauth/callback']],
  ['mcp-remote', ['http://localhost:16442/oauth/callback']],
  ['opencode', ['http://127.0.0.1:19876/mcp/oauth/callback']],
  ['mcporter', ['http://127.0.0.1:40001/callback']],
  ['fastmcp', ['http://localhost:40001/callback']],
  ['entrance', ['http://127.0.0.1:40001/callback']],
  ['loopback', ['http://localhost:1/x/y?z', 'http://127.0.0.1/', 'http://[::1]:8080/cb']],
])

function policyOf(...entries: readonly string[]): RedirectPolicy {
  const allowed = expandPresets(entries)
  const ownOrigins = new Set(['https://expenses.example.com'])
  return { ownOrigins, privateUseRedirectUris: new Set(allowed), allowed }
}

suite('a preset', () => {
  test('is there for every client that is known, and each is tried', () => {
    assert.deepEqual([...REDIRECT_URI_PRESETS.keys()].toSorted(), [...SENT.keys()].toSorted())
  })

  for (const [name, uris] of SENT) {
    test(`${name} lets through what that client sends`, () => {
      for (const uri of uris) assert.equal(isUsable(uri, policyOf(name)), true, uri)
    })
  }

  test('lets through nothing else', () => {
    const strangers = [
      ...['https://evil.example/cb', 'https://claude.ai/', 'https://chatgpt.com/connector/oauth/'],
      ...['https://vscode.dev/redirect/', 'https://vscode.dev/redirect?x=1', 'cursor://evil/cb'],
      ...['https://claude.ai.evil.example/api/mcp/auth_callback', 'https://localhost/callback'],
      'https://evil.example/https://vscode.dev/redirect',
    ]
    const all = policyOf(...REDIRECT_URI_PRESETS.keys())
    for (const uri of strangers) assert.equal(isUsable(uri, all), false, uri)
  })
})

suite('a rule that ends in /*', () => {
  const rule = 'https://chatgpt.com/connector/oauth/*'

  test('stands for one segment', () => {
    for (const segment of ['a', 'aBc-123_~', '...', 'a.b', 'x'.repeat(200)]) {
      assert.equal(matchesRule(`https://chatgpt.com/connector/oauth/${segment}`, rule), true)
    }
  })

  test('does not cross a slash, a query, a fragment, a user name or an encoded byte', () => {
    const tails = [
      ...['', '/', 'a/', 'a/b', '../steal', '..', '.', 'a/../b', '%2e%2e', '%2e', 'a%2fb', 'a%5Cb'],
      ...[
        'a?b',
        '?b',
        'a#b',
        '#b',
        'a@b',
        '@evil.example',
        'a;b',
        'a:b',
        'a\\b',
        'a b',
        'a\nb',
        '*',
      ],
      ...['\u00e4', 'a\u2044b', '%', 'a%00'],
    ]
    for (const tail of tails) {
      const uri = `https://chatgpt.com/connector/oauth/${tail}`
      assert.equal(matchesRule(uri, rule), false, tail)
    }
  })

  test('says nothing of another host, scheme or path', () => {
    for (const uri of [
      ...['http://chatgpt.com/connector/oauth/a', 'https://evil.com/connector/oauth/a'],
      ...['https://chatgpt.com:444/connector/oauth/a', 'https://chatgpt.com/connector/oauth'],
      ...['https://chatgpt.com.evil.com/connector/oauth/a', 'https://chatgpt.com/x/oauth/a'],
      ...['https://CHATGPT.com/connector/oauth/a', 'https://x@chatgpt.com/connector/oauth/a'],
    ]) {
      assert.equal(matchesRule(uri, rule), false, uri)
    }
  })
})

suite('a redirect URI that is not on the list', () => {
  test('is told the nearest that is, and the line to add', () => {
    const policy = policyOf('claude', 'vscode')
    const fault = findRedirectUriFault('https://vscode.dev/other', policy) ?? ''
    assert.match(fault, /^is not on this server's list of redirect URIs/)
    assert.match(fault, /the nearest that is allowed: https:\/\/vscode\.dev\/redirect\)/)
    assert.match(
      fault,
      /its operator can add 'https:\/\/vscode\.dev\/other' to registration\.allow/,
    )
  })

  test('is none where there is no list, and every one where the list is empty', () => {
    const uri = 'https://app.example/cb'
    const { allowed: _, ...open } = policyOf()
    assert.equal(isUsable(uri, open), true)
    assert.equal(isUsable(uri, policyOf()), false)
  })

  test('is refused for what it is first', () => {
    const fault = findRedirectUriFault('javascript:alert(1)', policyOf('loopback'))
    assert.match(fault ?? '', /never allowed/)
  })

  test('does not become good by a rule for another port or name of loopback', () => {
    const policy = policyOf('http://localhost:1234/cb')
    assert.equal(isUsable('http://localhost:9/cb', policy), true)
    for (const uri of ['http://127.0.0.1:1234/cb', 'http://localhost:1234/cb2']) {
      assert.equal(isUsable(uri, policy), false, uri)
    }
  })
})
