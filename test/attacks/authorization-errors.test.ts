import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { textOf } from '../support/forms.ts'
import {
  createOAuthClient,
  json,
  type OAuthClient,
  type Parameters,
  REDIRECT_URI,
} from '../support/oauth-client.ts'
import { type RunningEntrance, startEntrance } from '../support/start.ts'
import { answerConsent, locationOf, showConsent } from './consent-form.ts'

let server: RunningEntrance
let client: OAuthClient
let client_id: string
before(async () => {
  server = await startEntrance()
  client = createOAuthClient(server.url)
  client_id = (await json<{ client_id: string }>(await client.register())).client_id
})
after(() => server.stop())

type Refusal = readonly [parameters: Parameters, error: string, description: RegExp]

const CHALLENGE = /^code_challenge must be 43 characters of base64url/

/** Faults that the client is told of, its redirect URI being its own. */
const TOLD: ReadonlyMap<string, readonly Refusal[]> = new Map<string, readonly Refusal[]>([
  [
    'without PKCE (ts-peers row 16)',
    [
      [{ code_challenge: undefined }, 'invalid_request', /^code_challenge is missing: PKCE/],
      [{ code_challenge: '' }, 'invalid_request', /^code_challenge is missing: PKCE/],
      [
        { code_challenge: undefined, code_challenge_method: undefined },
        'invalid_request',
        /^code_challenge is missing: PKCE/,
      ],
    ],
  ],
  [
    'with another PKCE method than S256 (ts-peers row 16)',
    ['plain', 's256', 'S999', 'S256 ', undefined, ''].map((code_challenge_method) => [
      { code_challenge_method },
      'invalid_request',
      /^code_challenge_method must be 'S256'\.$/,
    ]),
  ],
  [
    'with a code_challenge that S256 cannot have made (ts-peers row 16)',
    [
      ...['short', 'a'.repeat(42), 'a'.repeat(44), 'a'.repeat(128), `${'a'.repeat(42)}=`],
      ...[`${'a'.repeat(42)}+`, `${'a'.repeat(42)}/`, `${'a'.repeat(42)}\u00e4`, ' '.repeat(43)],
    ].map((code_challenge) => [{ code_challenge }, 'invalid_request', CHALLENGE]),
  ],
  [
    'with another response type',
    ['token', 'id_token', 'code token', 'none', 'CODE', 'code '].map((response_type) => [
      { response_type },
      'unsupported_response_type',
      /is not supported; 'code' is expected\.$/,
    ]),
  ],
  ['without a response type', [[{ response_type: undefined }, 'invalid_request', /is missing/]]],
  [
    'with another response mode',
    ['fragment', 'form_post', 'web_message', 'jwt'].map((response_mode) => [
      { response_mode },
      'invalid_request',
      /^response_mode must be 'query', or be left out\.$/,
    ]),
  ],
  [
    'with a state that is too long',
    [[{ state: 's'.repeat(2049) }, 'invalid_request', /^state is longer than 2048 characters\.$/]],
  ],
  [
    'with a request that would not fit into a cookie',
    [[{ state: '\u{1f600}'.repeat(1000) }, 'invalid_request', /^The request is too long/]],
  ],
])

suite('an authorization request', () => {
  for (const [name, refusals] of TOLD) {
    test(`${name} is refused, and the client is told, with iss (ts-peers row 18, RFC 9207)`, async () => {
      for (const [parameters, error, description] of refusals) {
        const asked = client.authorization(client_id, parameters)
        for (const answer of [await get(asked.url), await post(asked.url)]) {
          assert.equal(answer.status, 302)
          const location = answer.headers.get('location') ?? ''
          assert.ok(location.startsWith(`${REDIRECT_URI}?error=`), location.slice(0, 100))
          const { searchParams } = new URL(location)
          assert.equal(searchParams.get('error'), error)
          assert.match(searchParams.get('error_description') ?? '', description)
          assert.equal(searchParams.get('state'), parameters.state ?? asked.state)
          assert.deepEqual(searchParams.getAll('iss'), [server.url])
        }
      }
    })
  }

  test('of an unknown client, or to a foreign address, is refused on a page (RFC 6749 §4.1.2.1)', async () => {
    const cases: Parameters[] = [
      { client_id: undefined },
      { client_id: 'nobody' },
      { redirect_uri: 'https://evil.example/cb' },
    ]
    for (const parameters of cases) {
      for (const fault of [{}, { response_type: 'token' }, { code_challenge: undefined }]) {
        const { url } = client.authorization(client_id, { ...parameters, ...fault })
        const answer = await get(url)
        assert.equal(answer.status, 400)
        assert.equal(answer.headers.get('location'), null)
        assert.match(answer.headers.get('content-type') ?? '', /^text\/html/)
        assert.deepEqual(answer.headers.getSetCookie(), [])
      }
    }
  })

  test('with every parameter but resource in turn sent twice is refused on a page', async () => {
    const { url } = client.authorization(client_id)
    for (const [name, value] of url.searchParams) {
      // RFC 8707 §2 allows several; each is looked at (resource-and-scope.test.ts).
      if (name === 'resource') continue
      const twice = new URL(url)
      twice.searchParams.append(name, value)
      const answer = await get(twice)
      assert.equal(answer.status, 400)
      assert.equal(answer.headers.get('location'), null)
      assert.match(await answer.text(), new RegExp(`The parameter &#39;${name}&#39; was sent more`))
    }
  })

  test('sets no cookie and stores nothing, however often it is made (spec PX-6)', async () => {
    const { url } = client.authorization(client_id)
    for (let i = 0; i < 5; i++) {
      const answer = await get(url)
      assert.deepEqual(answer.headers.getSetCookie(), [])
      assert.equal(locationOf(answer).pathname, '/consent')
    }
  })
})

suite("the client's state", () => {
  const STATES = [
    'a+b/c==',
    ' lead and trail ',
    'a%20b%2Bc%00',
    '\r\nSet-Cookie: x=1',
    '"><script>alert(1)</script>',
    '&iss=https://evil.example&code=evil&error=x#fragment',
    '\u202e\u{1f600}\ud7ff\ufeff',
    'vscode://x?y=%2520&z=a%26b',
    '{"a":"\\u0000"}',
    '\t\x01\x7f',
    's'.repeat(1400),
  ]

  test('comes back byte for byte, and writes nothing else (header injection)', async () => {
    for (const state of STATES) {
      const shown = await showConsent(client.authorization(client_id, { state }).url)
      assert.doesNotMatch(shown.html, /<script/)
      const denied = await answerConsent(shown, { action: 'deny' })
      const location = locationOf(denied)
      assert.equal(location.searchParams.get('state'), state)
      assert.equal(location.searchParams.get('error'), 'access_denied')
      assert.deepEqual(location.searchParams.getAll('iss'), [server.url])
      assert.equal(location.searchParams.has('code'), false)
      assert.equal(location.hash, '')
      assert.deepEqual(denied.headers.getSetCookie(), [])
    }
  })

  test('that was not sent is not sent back (fastmcp W32)', async () => {
    for (const state of [undefined, '']) {
      const shown = await showConsent(client.authorization(client_id, { state }).url)
      const denied = locationOf(await answerConsent(shown, { action: 'deny' }))
      assert.equal(denied.searchParams.has('state'), false)
    }
  })
})

suite("the client's name", () => {
  const NAMES: readonly (readonly [name: string, kept: string | undefined])[] = [
    ['<script>alert(1)</script>', '<script>alert(1)</script>'],
    ['"onmouseover="alert(1)', '"onmouseover="alert(1)'],
    ['Evil\r\nSet-Cookie: x=1', 'Evil Set-Cookie: x=1'],
    ['Micro\u202esoft\u2066 \u200bTeams\ufeff', 'Microsoft Teams'],
    ['\u3164\u115f\u2800', undefined],
    ['\u00ad\u034f\u17b4\u180e', undefined],
    [`a${'\u0315\u0316'.repeat(3000)}`, 'a\u0316\u0316'],
    ['a'.repeat(5000), 'a'.repeat(80)],
    ['\u{1f600}'.repeat(100), '\u{1f600}'.repeat(80)],
    ['\ud83d lone \udc00', 'lone'],
  ]

  test('is shown as text, cut and cleaned of what hides or turns it (fastmcp W14, #3418)', async () => {
    for (const [client_name, kept] of NAMES) {
      const answer = await client.register({ client_name })
      const registered = await json<{ client_id: string; client_name?: string }>(answer)
      assert.equal(registered.client_name, kept)
      const { html } = await showConsent(client.authorization(registered.client_id).url)
      assert.doesNotMatch(html, /<script|"onmouseover/)
      const shown = kept === undefined ? 'none given' : kept
      assert.ok(textOf(html).includes(`Application name ${shown} Client ID`), textOf(html))
    }
  })

  test('of another type than a string is refused', async () => {
    for (const client_name of [1, {}, [], ['x'], true]) {
      const answer = await client.register({ client_name })
      assert.equal(answer.status, 400)
      const body = (await answer.json()) as { error: string }
      assert.equal(body.error, 'invalid_client_metadata')
    }
  })
})

function get(url: URL): Promise<Response> {
  return fetch(url, { redirect: 'manual', headers: { accept: 'text/html' } })
}

/** The same request in the body (OpenID Connect Core §3.1.2.1). */
function post(url: URL): Promise<Response> {
  const body = new URLSearchParams(url.search)
  return fetch(new URL(url.pathname, url), { method: 'POST', body, redirect: 'manual' })
}
