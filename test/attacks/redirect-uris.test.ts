import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, suite, test } from 'node:test'
import type { Entrance, EntranceOptions } from '../../src/index.ts'
import { createBrowser } from '../support/browser.ts'
import { parseForms } from '../support/forms.ts'
import { codeOf, createOAuthClient, json, type OAuthClient } from '../support/oauth-client.ts'
import { type RunningEntrance, startEntrance } from '../support/start.ts'
import { answerConsent, assertTakenNoFurther, locationOf, showConsent } from './consent-form.ts'
import { assertRefused, unheardServer } from './support.ts'

let server: RunningEntrance
let client: OAuthClient
before(async () => {
  server = await startEntrance()
  client = createOAuthClient(server.url)
})
after(() => server.stop())

/** What nobody may register; `{own}` is the server's own origin. */
const NEVER: ReadonlyMap<string, readonly string[]> = new Map([
  [
    'a user name in it (fastmcp W15)',
    [
      'https://trusted.com@evil.com/cb',
      'https://user:pass@evil.com/cb',
      'https://@evil.com/cb',
      'https://:@evil.com/cb',
      'http://localhost@evil.com/cb',
      'http://localhost:80@evil.com/cb',
      'http://127.0.0.1:1234@localhost/cb',
      'https://trusted.com%40evil.com@evil.com/cb',
    ],
  ],
  [
    'a fragment (fastmcp W15)',
    ['https://evil.com/cb#', 'https://evil.com/cb#x', 'http://localhost/cb#code', 'cursor://x/y#z'],
  ],
  [
    'which is never allowed (fastmcp W15)',
    [
      ...['javascript:alert(1)', 'JavaScript:alert(1)', 'data:text/html,x', 'DATA:text/html,x'],
      ...['vbscript:x', 'file:///etc/passwd', 'about:blank', 'blob:https://evil.com/x'],
      ...['ms-msdt:/id', 'search-ms:query=x', 'intent:x', 'view-source:https://evil.com'],
      ...['chrome://settings', 'ftp://evil.com/cb', 'ws://evil.com/cb', 'wss://evil.com/cb'],
      ...['mailto:x@evil.com', 'shell:x', 'ms-officecmd:x', 'resource:x', 'filesystem:https://x/y'],
    ],
  ],
  [
    'points at this server itself (fastmcp W15)',
    [
      ...['{own}/auth/callback', '{own}/consent', '{own}/authorize', '{own}/', '{own}'],
      '{own}/mcp?x=1',
      '{alias}/auth/callback',
      '{own6}/auth/callback',
      '{decimal}/auth/callback',
    ],
  ],
  [
    'dot segments in its path (fastmcp #3963)',
    [
      ...['https://evil.com/cb/..', 'https://evil.com/a/../cb', 'https://evil.com/./cb'],
      ...['https://evil.com/%2e%2e/cb', 'https://evil.com/.%2E/cb', 'https://evil.com/a/%2e'],
      ...['http://localhost/../cb', 'http://localhost/callback/../../steal'],
    ],
  ],
  [
    'characters that a URI cannot have',
    [
      ...['https://evil.com\\@trusted.com/', 'https:\\\\evil.com/cb', 'https://evil.com/c b'],
      ...['https://evil.com/\tcb', 'https://ev\til.com/cb', 'java\tscript:alert(1)'],
      ...['https://evil.com/\r\nSet-Cookie:x', 'https://evil.com/\u0000', ' https://evil.com/cb'],
      ...['https://evil.com/cb ', 'https://ev\u0456l.com/cb', 'https://evil.com/\u202e'],
      ...[
        'https://evil\u3002com/cb',
        'https://evil.com/"><script>',
        "https://evil.com/`'",
        '\u00a0',
      ],
      ...[
        'https://evil.com/{x}',
        'https://evil.com/|',
        'https://evil.com/^',
        'https://[::1/\ud800',
      ],
    ],
  ],
  [
    'a query parameter of the authorization response',
    [
      ...['https://evil.com/cb?code=x', 'https://evil.com/cb?iss=x', 'http://localhost/cb?state=x'],
      ...['https://evil.com/cb?a=b&error=x', 'https://evil.com/cb?%63ode=x'],
    ],
  ],
  [
    'uses http; https is expected, or http to a loopback address',
    [
      ...['http://evil.com/cb', 'http://localhost.evil.com/cb', 'http://localhost./cb'],
      ...['http://127.0.0.2/cb', 'http://0.0.0.0/cb', 'http://[::]/cb', 'http://10.0.0.1/cb'],
      ...[
        'http://[::ffff:127.0.0.1]/cb',
        'http://169.254.169.254/cb',
        'http://127.0.0.1.nip.io/cb',
      ],
      ...['http://foo.localhost/cb', 'http://loca%6chost.evil.com/cb'],
    ],
  ],
  [
    'has no host',
    ['https:evil.com/cb', 'https:/evil.com/cb', 'https:///evil.com/cb', 'http:localhost'],
  ],
  [
    'is not an absolute URI',
    [
      ...['//evil.com/cb', '/cb', 'cb', 'https://', 'https://:443/cb', 'http://[::1/'],
      ...['https://evil.com:99999/cb', 'https://evil.com:-1/cb', 'http://localhost:8000:1/'],
    ],
  ],
  ['a drive letter instead of a scheme', ['c:/windows/system32/calc.exe', 'C:cb']],
  ['is longer than 512 characters', [`https://evil.com/${'a'.repeat(512)}`]],
])

suite('a redirect URI that nobody may register', () => {
  for (const [fault, uris] of NEVER) {
    test(`is refused: ${fault}`, async () => {
      for (const template of uris) {
        const uri = fill(template)
        const refused = await client.register({ redirect_uris: [uri] })
        await assertRefused(refused, 400, 'invalid_redirect_uri', includes(phraseOf(fault)))
      }
    })
  }

  test('does not slip in beside a good one', async () => {
    for (const template of [...NEVER.values()].flat()) {
      const good = 'http://localhost/callback'
      const answer = await client.register({ redirect_uris: [good, fill(template)] })
      const registered = await json<{ client_id: string; redirect_uris: string[] }>(answer)
      assert.deepEqual(registered.redirect_uris, [good])
      const { url } = client.authorization(registered.client_id, { redirect_uri: fill(template) })
      const refused = await fetch(url, { redirect: 'manual' })
      assert.equal(refused.headers.get('location'), null, template)
      assert.equal(refused.status, 400, template)
    }
  })

  test('is not one in disguise of another type', async () => {
    const good = 'https://ok.example/cb'
    for (const redirect_uris of ['https://x', { 0: good }, [], [[good]], [{}], [null], null, 1]) {
      const refused = await client.register({ redirect_uris })
      await assertRefused(refused, 400, 'invalid_redirect_uri', /must be an array of one or more/)
    }
    const many = Array.from({ length: 17 }, (_, i) => `https://ok.example/${i}`)
    const refused = await client.register({ redirect_uris: many })
    await assertRefused(refused, 400, 'invalid_redirect_uri', /17 entries; 16 at most/)
  })
})

suite('a redirect URI that the client did not register', () => {
  const CASES: readonly (readonly [registered: string, asked: readonly string[]])[] = [
    [
      'https://app.example/cb',
      [
        ...['https://app.example/cb/', 'https://app.example/cb?x=1', 'https://app.example/cB'],
        ...['https://app.example/cb%2f', 'https://app.example/%63b', 'https://app.example:443/cb'],
        ...['https://APP.example/cb', 'https://app.example./cb', 'HTTPS://app.example/cb'],
        ...['https://app.example/', 'https://app.example', 'https://app.example.evil.com/cb'],
        ...['http://app.example/cb', 'https://app.example:8443/cb', 'https://evil.com/cb'],
        ...['https://app.example/cb;x', 'https://app.example//cb', 'https://evil.app.example/cb'],
      ],
    ],
    [
      // What some read as a pattern is one URI, and no other (ts-peers row 9).
      'https://*.example.com/*',
      [
        ...['https://evil.com/.example.com/x', 'https://a.example.com/x', 'https://evil.com'],
        ...['https://a.example.com/*', 'https://*.example.com/x'],
      ],
    ],
    [
      'http://localhost:1234/cb',
      [
        ...['http://127.0.0.1:1234/cb', 'http://[::1]:1234/cb', 'http://localhost:1234/cb2'],
        ...['http://localhost:1234/', 'http://localhost:1234/cb?x', 'https://localhost:1234/cb'],
        ...['http://localhost:1234@evil.com/cb', 'http://localhost:evil.com/cb'],
        ...[
          'http://localhost.evil.com:1234/cb',
          'http://LOCALHOST:1234/cb',
          'http://localhost:/Cb',
        ],
        ...['http://localhost:1234%2f@evil.com/cb', 'http://localhost:99999/cb'],
        ...['http://localhost:1234.evil.com/cb', 'http://localhost:12 34/cb'],
      ],
    ],
    [
      'http://[::1]:1234/cb',
      ['http://[::1].evil.com/cb', 'http://[::2]:1234/cb', 'http://[::1]/c'],
    ],
  ]
  for (const [registered, asked] of CASES) {
    test(`is refused on a page, and nothing goes there (${registered})`, async () => {
      const client_id = await register(registered)
      for (const redirect_uri of asked) {
        const { url } = client.authorization(client_id, { redirect_uri })
        const refused = await fetch(url, { redirect: 'manual', headers: { accept: 'text/html' } })
        assert.equal(refused.status, 400, redirect_uri)
        assert.equal(refused.headers.get('location'), null)
        assert.doesNotMatch(await refused.text(), /<a /)
      }
    })
  }

  test('may differ in the port, where it is on loopback (RFC 8252 §7.3)', async () => {
    for (const host of ['localhost', '127.0.0.1', '[::1]']) {
      const client_id = await register(`http://${host}/cb`)
      for (const port of ['', ':1', ':49152', ':65535']) {
        const redirect_uri = `http://${host}${port}/cb`
        const { url } = client.authorization(client_id, { redirect_uri })
        const answer = await fetch(url, { redirect: 'manual' })
        assert.equal(locationOf(answer).pathname, '/consent', redirect_uri)
      }
    }
  })

  test('cannot reach one of our own endpoints by the port (fastmcp W15)', async () => {
    const client_id = await register('http://localhost:1/consent')
    const redirect_uri = `${server.url}/consent`
    const { url } = client.authorization(client_id, { redirect_uri })
    const refused = await fetch(url, { redirect: 'manual' })
    await assertRefused(refused, 400, 'invalid_request', /points at this server itself/)
  })
})

suite('a public deployment', () => {
  test('is not its own redirect URI by any spelling of its name', async () => {
    await using entrance = own({ url: 'https://expenses.example.com' })
    for (const uri of [
      'https://expenses.example.com/auth/callback',
      'https://EXPENSES.example.com/consent',
      'https://expenses.example.com:443/consent',
      'https://expenses.example.com./consent',
      'https://expenses.example.com.:443/consent',
      'https://expenses%2eexample.com/consent',
      'https://expenses%2Eexample%2Ecom%2E/consent',
    ]) {
      const refused = await registerAt(entrance, 'https://expenses.example.com', [uri])
      await assertRefused(refused, 400, 'invalid_redirect_uri', /points at this server itself/)
    }
  })
})

suite('a policy that changes under way (fastmcp #3066, #3098, #3772)', () => {
  const secret = randomBytes(32).toString('base64url')
  const uri = 'my-editor://signed-in/here'

  test('holds at once, for registrations made under the old one', async () => {
    await using before = await startEntrance({
      emulator: server.emulator,
      entrance: { secret, privateUseRedirectUris: [uri] },
    })
    await using later = own({ url: before.url, secret })
    const old = createOAuthClient(before.url)
    const answer = await old.register({ redirect_uris: [uri] })
    const { client_id } = await json<{ client_id: string }>(answer)
    const authorization = old.authorization(client_id, { redirect_uri: uri })
    assert.ok(codeOf(await createBrowser().signIn(authorization.url, { until: 'my-editor:' })))

    // At /authorize, on the consent page, at Allow and at the callback.
    const begun = await later.fetch(new Request(authorization.url))
    await assertRefused(begun, 400, 'invalid_request', /its operator can allow it/)
    const shown = await showConsent(authorization.url)
    await assertTakenNoFurther(later, shown, before.url)
  })

  test('never lets a dangerous scheme through, whatever the operator lists', async () => {
    const listed = ['javascript:alert(1)', 'data:text/html,x', 'file:///x']
    await using entrance = own({ privateUseRedirectUris: listed })
    for (const listedUri of listed) {
      const refused = await registerAt(entrance, server.url, [listedUri])
      await assertRefused(refused, 400, 'invalid_redirect_uri', /never allowed/)
    }
  })
})

suite('a redirect URI with a query of its own', () => {
  test('keeps it byte for byte, and gets each parameter once (fastmcp §5.6)', async () => {
    const redirect_uri = 'https://app.example/cb?Tenant=%41&b=1+2&empty='
    const client_id = await register(redirect_uri)
    const shown = await showConsent(client.authorization(client_id, { redirect_uri }).url)
    const denied = await answerConsent(shown, { action: 'deny' })
    const location = denied.headers.get('location') ?? ''
    assert.ok(location.startsWith(`${redirect_uri}&error=access_denied&`), location)
    const names = [...new URL(location).searchParams.keys()]
    assert.equal(new Set(names).size, names.length)
  })

  test('shows a link or a markup of its own as text only', async () => {
    const redirect_uri = "https://app.example/cb?x=%22%3E%3Cscript%3E&y='onmouseover='alert(1)"
    const client_id = await register(redirect_uri)
    const { html } = await showConsent(client.authorization(client_id, { redirect_uri }).url)
    assert.doesNotMatch(html, /<script|'onmouseover='/)
    assert.equal(parseForms(html, new URL(server.url)).length, 1)
  })
})

async function register(...redirect_uris: string[]): Promise<string> {
  return (await json<{ client_id: string }>(await client.register({ redirect_uris }))).client_id
}

function registerAt(entrance: Entrance, url: string, redirect_uris: string[]): Promise<Response> {
  const body = JSON.stringify({ redirect_uris, token_endpoint_auth_method: 'none' })
  const headers = { 'content-type': 'application/json' }
  return entrance.fetch(new Request(`${url}/register`, { method: 'POST', headers, body }))
}

const own = (options: Partial<EntranceOptions>) => unheardServer(server, options)

function fill(template: string): string {
  const { port } = server
  return template
    .replace('{own6}', `http://[::1]:${port}`)
    .replace('{own}', server.url)
    .replace('{alias}', `http://127.0.0.1:${port}`)
    .replace('{decimal}', `http://2130706433:${port}`)
}

/** The fault without where it was found. */
function phraseOf(fault: string): string {
  return fault.replace(/ \(.*\)$/, '')
}

function includes(text: string): RegExp {
  return new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
}
