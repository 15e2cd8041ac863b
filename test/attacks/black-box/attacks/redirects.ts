import { type Attack, fell, holds, noneOf, partly, withstood } from '../attack.ts'
import { authorization, type Client, register, registerClient, says } from '../client.ts'
import { allow, describe, getCode, open, openConsent, placeOf } from '../flow.ts'
import { asStrings, REDIRECT_URI, type Target } from '../target.ts'

/** Where codes are sent: every way known to have them sent elsewhere. */
export const redirects: readonly Attack[] = [
  registered(
    'a redirect URI with a user in it is refused',
    ['fastmcp W15', 'user-asks T7'],
    'high',
    [
      'https://trusted.example@evil.example/cb',
      'http://localhost:1@evil.example/cb',
      'http://user:pass@127.0.0.1:49152/callback',
    ],
  ),
  registered('a redirect URI with a fragment is refused', ['fastmcp W15'], 'medium', [
    'https://app.example/cb#fragment',
    'http://127.0.0.1:49152/callback#x',
  ]),
  registered(
    'a redirect URI that a browser or Windows would carry out is refused',
    ['fastmcp W15', '#4408'],
    'high',
    [
      'javascript:alert(1)//',
      'data:text/html,<script>alert(1)</script>',
      'vbscript:msgbox(1)',
      'file:///etc/passwd',
      'blob:https://evil.example/1',
      'about:blank',
      'ms-msdt:/id',
      'search-ms:query=x',
      'intent://x#Intent;end',
    ],
  ),
  registered(
    'a redirect URI with dot segments, a backslash or control characters is refused',
    ['fastmcp #3963'],
    'medium',
    [
      'http://127.0.0.1:49152\\@evil.example/cb',
      'https://evil.example\\.trusted.example/cb',
      'https://app.example/callback/../../steal',
      'https://app.example/callback/%2e%2e/steal',
      'https://app.example/cb\r\nx: y',
    ],
  ),
  registered(
    'a redirect URI in clear text to somewhere else is refused',
    ['AS-22', 'user-asks T7'],
    'high',
    [
      'http://evil.example/cb',
      'http://localhost.evil.example/cb',
      'http://127.0.0.1.nip.example/cb',
      'http://10.0.0.7/cb',
    ],
  ),
  {
    name: "the server's own endpoints are no redirect URIs",
    rows: ['fastmcp W15'],
    severity: 'medium',
    run: async (target) => {
      const browser = target.browser()
      const page = await openConsent(target, browser, authorization(target))
      const { url } = await allow(target, browser, page)
      const callback = url.searchParams.get('redirect_uri') ?? ''
      const { origin, pathname } = page.url
      const own = new Set([callback, `${origin}${pathname}`, target.site.authorize])
      return tryAll(target, [...own])
    },
  },
  {
    name: 'a redirect URI that is not registered gets nothing, not even an error',
    rows: ['AS-20', 'fastmcp #4408', 'ts-peers 9'],
    severity: 'critical',
    run: async (target) => {
      const others = [
        'https://evil.example/cb',
        `${REDIRECT_URI}/more`,
        `${REDIRECT_URI}?more=1`,
        REDIRECT_URI.replace('/callback', '/CALLBACK'),
        REDIRECT_URI.replace('/callback', '/callback/../steal'),
        REDIRECT_URI.replace('/callback', '/callback/%2e%2e/steal'),
        REDIRECT_URI.replace('127.0.0.1', '127.0.0.1@evil.example'),
        REDIRECT_URI.replace('127.0.0.1', '127.0.0.1.evil.example'),
        `${REDIRECT_URI}#x`,
        'javascript:alert(1)',
      ]
      return tryEach(target, others, (redirect_uri) => authorization(target, { redirect_uri }).url)
    },
  },
  {
    name: 'a request that is wrong otherwise redirects to no address that is not registered',
    rows: ['RFC 6749 §4.1.2.1', 'gateways 6a'],
    severity: 'high',
    run: async (target) => {
      const evil = 'https://evil.example/cb'
      const wrong = [
        { client_id: 'nobody', redirect_uri: evil },
        { client_id: undefined, redirect_uri: evil },
        { redirect_uri: evil, response_type: 'token' },
        { redirect_uri: evil, code_challenge: undefined },
        { redirect_uri: evil, scope: 'nonsense' },
      ]
      const through: string[] = []
      for (const overrides of wrong) {
        const page = await open(target, target.browser(), authorization(target, overrides).url)
        if (placeOf(target, page) !== 'page') through.push(describe(target, page))
      }
      return noneOf('wrong requests', wrong.length, through)
    },
  },
  {
    name: 'of two redirect URIs in one request none is believed',
    rows: ['RFC 6749 §3.1', 'ts-peers 9'],
    severity: 'high',
    run: async (target) => {
      const evil = 'https://evil.example/cb'
      const orders = [
        [REDIRECT_URI, evil],
        [evil, REDIRECT_URI],
      ]
      const taken: string[] = []
      for (const redirect_uri of orders) {
        const { url } = authorization(target, { redirect_uri })
        const page = await open(target, target.browser(), url)
        const isShown = placeOf(target, page) === 'consent' && page.text.includes('evil.example')
        const isEvil = page.url.hostname === 'evil.example' || isShown
        if (isEvil) return fell(`the foreign one of two: ${describe(target, page)}`)
        if (placeOf(target, page) !== 'page') taken.push(describe(target, page))
      }
      if (taken.length === 0) return withstood('both orders refused')
      return partly(`the registered one of two is taken: ${taken.join(', ')}`)
    },
  },
  {
    name: 'a wildcard in a redirect URI stands for nothing',
    rows: ['ts-peers 9', 'AS-20'],
    severity: 'high',
    run: async (target) => {
      const patterns = ['https://*.example.com/*', 'http://127.0.0.1:*/*', 'https://*/cb']
      const asked = 'https://evil.example/.example.com/x'
      const through: string[] = []
      for (const pattern of patterns) {
        const client = await registeredWith(target, pattern)
        if (!client) continue
        const { url } = authorization(target, { redirect_uri: asked }, client)
        const page = await open(target, target.browser(), url)
        if (placeOf(target, page) !== 'page') through.push(`${pattern}: ${describe(target, page)}`)
      }
      return noneOf('patterns', patterns.length, through)
    },
  },
  {
    name: 'an application on this computer may listen on another port each time',
    rows: ['ts-peers 14', 'RFC 8252 §7.3', 'C2'],
    severity: 'medium',
    run: async (target) => {
      const redirect_uri = REDIRECT_URI.replace('49152', '51515')
      const page = await open(target, target.browser(), authorization(target, { redirect_uri }).url)
      const evidence = `registered on port 49152, asked with 51515: ${describe(target, page)}`
      return holds(placeOf(target, page) === 'consent', evidence)
    },
  },
  {
    name: 'the redirect URIs of the clients that people use can be registered',
    rows: ['ts-peers 13', 'user-asks T7', 'C3.13'],
    severity: 'medium',
    run: realClients,
  },
  {
    name: 'the state comes back byte for byte, and none where none was sent',
    rows: ['C3.7', 'fastmcp W32'],
    severity: 'low',
    run: async (target) => {
      const states = ['AbC+/==', 'vscode://auth?x=%2F%3D&y=1 2', 'ü"<>%00', 'x'.repeat(2000)]
      const wrong: string[] = []
      for (const state of states) {
        const { response } = await getCode(target, { overrides: { state } })
        if (response.get('state') !== state) wrong.push(`${state.slice(0, 20)} changed`)
      }
      const { response } = await getCode(target, { overrides: { state: undefined } })
      if (response.has('state')) wrong.push('state= for none')
      return noneOf('ways to change it', states.length + 1, wrong)
    },
  },
]

/** An attack that registers addresses, and asks with those that were taken. */
function registered(
  name: string,
  rows: readonly string[],
  severity: Attack['severity'],
  uris: readonly string[],
): Attack {
  return { name, rows, severity, run: (target) => tryAll(target, uris) }
}

async function tryAll(target: Target, uris: readonly string[]) {
  const through: string[] = []
  for (const uri of uris) {
    const client = await registeredWith(target, uri)
    if (!client) continue
    const { url } = authorization(target, { redirect_uri: uri }, client)
    const page = await open(target, target.browser(), url)
    if (placeOf(target, page) !== 'page') through.push(uri)
  }
  return noneOf('redirect URIs', uris.length, through)
}

async function tryEach(target: Target, uris: readonly string[], toUrl: (uri: string) => URL) {
  const through: string[] = []
  for (const uri of uris) {
    const page = await open(target, target.browser(), toUrl(uri))
    if (placeOf(target, page) !== 'page') through.push(`${uri}: ${describe(target, page)}`)
  }
  return noneOf('addresses', uris.length, through)
}

/** A client that has this redirect URI; undefined where it was refused or dropped. */
async function registeredWith(target: Target, uri: string): Promise<Client | undefined> {
  const answer = await register(target, { redirect_uris: [uri] })
  if (answer.status >= 500) throw new Error(`${answer.status} to a registration with ${uri}`)
  if (!asStrings(answer.body.redirect_uris).includes(uri)) return undefined
  return registerClient(target, { redirect_uris: [uri] })
}

/** The sets that the clients register (reference: measured, or their published documents). */
const REAL_CLIENTS: ReadonlyMap<string, readonly string[]> = new Map([
  [
    'VS Code',
    [
      'https://insiders.vscode.dev/redirect',
      'https://vscode.dev/redirect',
      'http://127.0.0.1/',
      'http://127.0.0.1:33418/',
    ],
  ],
  ['Claude', ['https://claude.ai/api/mcp/auth_callback']],
  [
    'Cursor',
    [
      'cursor://anysphere.cursor-mcp/oauth/callback',
      'https://www.cursor.com/agents/mcp/oauth/callback',
      'http://localhost:8787/callback',
    ],
  ],
  ['ChatGPT', ['https://chatgpt.com/connector_platform_oauth_redirect']],
  ['Claude Code', ['http://localhost:54545/callback']],
  ['MCP Inspector', ['http://localhost:6274/oauth/callback']],
])

async function realClients(target: Target) {
  const refused: string[] = []
  for (const [name, redirect_uris] of REAL_CLIENTS) {
    const answer = await register(target, { redirect_uris })
    if (asStrings(answer.body.redirect_uris).length === 0) refused.push(`${name}: ${says(answer)}`)
  }
  const evidence = refused.join(', ') || `${REAL_CLIENTS.size} clients registered`
  if (refused.length === 0) return withstood(evidence)
  return refused.length < REAL_CLIENTS.size ? partly(evidence) : fell(evidence)
}
