import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { after, before, suite, test } from 'node:test'
import { createExpensesServer, sqliteExpenseStore } from '../../src/expenses/server.ts'
import { createBrowser } from '../support/browser.ts'
import { codeOf, json, type SignedIn, signIn } from '../support/oauth-client.ts'
import { leaveLog } from '../support/secrets.ts'
import { type RunningEntrance, startEntrance } from '../support/start.ts'
import { answerConsent, locationOf, showConsent, withCookies } from './consent-form.ts'
import {
  bytesOf,
  createRandom,
  type Draft,
  type Pair,
  spoil,
  textOf,
} from './malformed-requests.ts'

/** The same each time, and another one to look further with. */
const SEED = Number(process.env.MALFORMED_SEED ?? 20_261_122)
const COUNT = Number(process.env.MALFORMED_COUNT ?? 1000)
const OVER_HTTP = Math.ceil(COUNT / 25)

let server: RunningEntrance
let signedIn: SignedIn
let handle: (request: Request) => Promise<Response>
const drafts = new Map<string, Draft>()
const ends: (() => unknown)[] = []

before(async () => {
  console.log(`Malformed requests: seed ${SEED}, ${COUNT} at each endpoint.`)
  server = await startEntrance()
  leaveLog(server.logs)
  const expenses = sqliteExpenseStore(':memory:')
  const mcp = createExpensesServer({ expenses })
  handle = server.entrance.protect(mcp.fetch)
  ends.push(
    () => server.stop(),
    () => mcp.close(),
    () => expenses.close(),
  )
  signedIn = await signIn(server.url)
  await draftAll()
})
after(async () => {
  for (const end of ends) await end()
})

const ENDPOINTS = [
  ...['GET /authorize', 'POST /authorize', 'GET /consent', 'POST /consent', 'GET /auth/callback'],
  ...['POST /token (code)', 'POST /token (refresh)', 'POST /register', 'POST /revoke'],
  ...['POST /mcp (signed in)', 'POST /mcp', 'GET /health', 'GET /.well-known/jwks.json'],
  ...['GET /.well-known/oauth-protected-resource/mcp', 'GET /.well-known/openid-configuration'],
  'GET /.well-known/oauth-authorization-server',
]

for (const [i, name] of ENDPOINTS.entries()) {
  suite(name, () => {
    test(`${COUNT} malformed requests: no 5xx, no crash, each answer a named error`, async () => {
      const random = createRandom(SEED + i)
      const draft = drafts.get(name) as Draft
      const statuses = new Map<number, number>()
      for (let n = 0; n < COUNT; n++) {
        const spoilt = spoil(draft, random)
        const response = await handle(toRequest(spoilt))
        const { status, headers } = response
        await check({ status, headers, body: await response.text() }, spoilt, `request ${n}`)
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
      }
      // It has to have been malformed in earnest, and not only by a word that nobody reads.
      const refused = [...statuses].filter(([status]) => status >= 400)
      const isRead = !name.includes('.well-known') && !name.includes('/health')
      if (isRead) assert.ok(sum(refused) > COUNT / 4, JSON.stringify([...statuses]))
      assertNoFault()
    })

    test(`${OVER_HTTP} of them over a connection of their own`, async () => {
      const random = createRandom(SEED + 1000 + i)
      for (let n = 0; n < OVER_HTTP; n++) {
        const spoilt = spoil(drafts.get(name) as Draft, random)
        await check(await sendRaw(spoilt), spoilt, `request ${n} over HTTP`)
      }
      assertNoFault()
    })
  })
}

suite('after all that', () => {
  test('a sign-in works as before, and so do the tokens from before it', async () => {
    const { client, tokens } = await signIn(server.url, { account: 'Bob' })
    for (const { access_token } of [tokens, signedIn.tokens]) {
      const response = await client.mcp(access_token, { method: 'ping' })
      assert.notEqual(response.status, 401)
    }
  })
})

/** A good request for each endpoint, as far along in a sign-in as it takes. */
async function draftAll(): Promise<void> {
  const { client, tokens } = signedIn
  const { client_id } = await json<{ client_id: string }>(await client.register())
  const authorization = client.authorization(client_id)
  const until = authorization.redirect_uri
  const code = codeOf(await createBrowser().signIn(authorization.url, { until }))
  const shown = await showConsent(authorization.url)
  const allowed = await answerConsent(shown)
  const cookie = withCookies(shown.cookie, allowed)
  const state = locationOf(allowed).searchParams.get('state') ?? ''
  const accept = 'text/html'
  const origin = server.url
  const asked = pairs(authorization.url.searchParams)
  const posted = pairs({ ...shown.fields, action: 'allow' })
  const { code_verifier, redirect_uri } = authorization
  const redemption = pairs({
    ...{ grant_type: 'authorization_code', client_id, code, code_verifier, redirect_uri },
    resource: `${server.url}/mcp`,
  })
  const { refresh_token, access_token } = tokens
  const own = { client_id: signedIn.client_id }
  const form = { 'content-type': 'application/x-www-form-urlencoded' }
  draft('GET /authorize', { query: asked, headers: { accept } })
  draft('POST /authorize', { body: asked, headers: form })
  draft('GET /consent', { query: posted.slice(0, 1), headers: { accept, cookie } })
  draft('POST /consent', { body: posted, headers: { ...form, accept, cookie, origin } })
  draft('GET /auth/callback', {
    query: pairs({ code: 'x', state, session_state: 'x' }),
    headers: { accept, cookie },
  })
  draft('POST /token (code)', { body: redemption, headers: form })
  draft('POST /token (refresh)', {
    body: pairs({ grant_type: 'refresh_token', ...own, refresh_token }),
    headers: form,
  })
  draft('POST /revoke', {
    body: pairs({ ...own, token: 'x', token_type_hint: 'x' }),
    headers: form,
  })
  const typed = { 'content-type': 'application/json' }
  draft('POST /register', { body: { json: METADATA }, headers: typed })
  const call = {
    body: { json: CALL },
    headers: { ...typed, accept: 'application/json, text/event-stream' },
  }
  draft('POST /mcp', call)
  const authorized = { ...call.headers, authorization: `Bearer ${access_token}` }
  draft('POST /mcp (signed in)', { ...call, headers: authorized })
  for (const name of ENDPOINTS) if (!drafts.has(name)) draft(name, {})
}

const METADATA = {
  client_name: 'Malformed',
  redirect_uris: ['http://127.0.0.1:49152/callback', 'https://ok.example/cb'],
  token_endpoint_auth_method: 'client_secret_basic',
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
}

const CALL = {
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: { name: 'get_expenses', arguments: {} },
}

type Given = { query?: Pair[]; body?: Draft['body']; headers?: Record<string, string> }

function draft(name: string, { query = [], body, headers = {} }: Given): void {
  const [method = '', path = ''] = name.split(' ')
  drafts.set(name, { method, path, query, body, headers: new Map(Object.entries(headers)) })
}

function pairs(values: URLSearchParams | Record<string, string>): Pair[] {
  const entries = values instanceof URLSearchParams ? [...values] : Object.entries(values)
  return entries.map(([name, value]) => [name, encodeURIComponent(value)])
}

function targetOf({ path, query }: Draft): string {
  return query.length > 0 ? `${path}?${textOf(query)}` : path
}

function toRequest(draft: Draft): Request {
  const hasBody = draft.method !== 'GET' && draft.method !== 'HEAD'
  const body = hasBody ? bytesOf(draft.body) : undefined
  return new Request(`${server.url}${targetOf(draft)}`, {
    method: draft.method,
    headers: [...draft.headers],
    ...(body && { body: Buffer.from(body) }),
  })
}

type Answer = { status: number; headers: Headers; body: string }

/** Writes the request to a socket as it is; a connection that is closed without a word is an answer, too. */
function sendRaw(draft: Draft): Promise<Answer> {
  const body = bytesOf(draft.body) ?? Buffer.alloc(0)
  const headers = new Map([['host', `localhost:${server.port}`], ...draft.headers])
  const lines = [...headers].map(([name, value]) => `${name}: ${value}\r\n`).join('')
  const head = `${draft.method} ${targetOf(draft)} HTTP/1.1\r\n${lines}content-length: ${body.length}\r\nconnection: close\r\n\r\n`
  return new Promise((resolve, reject) => {
    const socket = connect(server.port, '127.0.0.1')
    const chunks: Buffer[] = []
    socket.on('data', (chunk) => {
      chunks.push(chunk)
      // An event stream says of its own accord that the connection is to stay.
      if (chunk.toString('latin1').endsWith('0\r\n\r\n')) socket.destroy()
    })
    // A server that refuses what is too long closes before it has read it all.
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error)
    })
    socket.on('close', () => resolve(parseAnswer(Buffer.concat(chunks).toString('latin1'))))
    socket.write(Buffer.concat([Buffer.from(head, 'latin1'), body]))
  })
}

function parseAnswer(text: string): Answer {
  const [head = '', ...rest] = text.split('\r\n\r\n')
  const [first = '', ...lines] = head.split('\r\n')
  const headers = new Headers(
    lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]),
  )
  const status = Number(first.split(' ')[1] ?? 0)
  const body = rest.join('\r\n\r\n')
  // Chunked: the sizes stand on lines of their own.
  const isChunked = headers.get('transfer-encoding') === 'chunked'
  return {
    status,
    headers,
    body: isChunked ? body.replace(/^[0-9a-f]+\r\n|\r\n[0-9a-f]+\r\n(\r\n)?/g, '') : body,
  }
}

async function check(answer: Answer, draft: Draft, what: string): Promise<void> {
  const { status, headers, body } = answer
  const about = `${what}: ${draft.method} ${targetOf(draft).slice(0, 300)} → ${status} ${body.slice(0, 300)}\n${JSON.stringify([...draft.headers]).slice(0, 600)}`
  assert.ok(status > 0 && status < 500, about)
  // What a HEAD would have for a body, the connection leaves out.
  if (draft.method === 'HEAD') return
  if (status < 300) return
  if (status < 400) return assert.ok(isExpectedRedirect(headers.get('location') ?? ''), about)
  if (status === 405) assert.ok(headers.get('allow'), about)
  const type = headers.get('content-type') ?? ''
  if (type.startsWith('text/html')) {
    assert.match(headers.get('content-security-policy') ?? '', /^default-src 'none'/, about)
    assert.match(body, /<h1>[^<]+<\/h1>/, about)
    assert.doesNotMatch(body, /<script/, about)
    return
  }
  if (type.startsWith('text/plain') || type === '') return assertRefusedByNode(answer, about)
  assert.match(type, /^application\/json/, about)
  assertNamed(JSON.parse(body), answer, draft, about)
}

const NAMED =
  /^(invalid_(request|client|grant|scope|target|token|redirect_uri|client_metadata)|unauthorized_client|unsupported_(grant_type|response_type)|access_denied|insufficient_scope)$/

function assertNamed(
  body: { error?: unknown; error_description?: string; jsonrpc?: string },
  { status, headers }: Answer,
  { path }: Draft,
  about: string,
): void {
  if (path === '/mcp' && body.jsonrpc === '2.0') {
    const { code, message } = body.error as { code: number; message: string }
    assert.ok(Number.isInteger(code) && message.length > 0, about)
    return
  }
  // RFC 6750 §3.1: who sent no token has made no error.
  const isAsked = path === '/mcp' && body.error === undefined
  assert.match(isAsked ? 'invalid_token' : String(body.error), NAMED, about)
  assert.match(body.error_description ?? '', /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/, about)
  if (path === '/mcp' && status === 401) {
    assert.match(headers.get('www-authenticate') ?? '', /^Bearer /, about)
  }
}

/** What Node itself refuses to read, or the adapter to take for a URL or for one of a good length. */
function assertRefusedByNode({ status }: Answer, about: string): void {
  assert.ok([400, 413, 414, 431].includes(status), about)
}

/** To our own consent page, to Entra, or to the client that is signing in. */
function isExpectedRedirect(location: string): boolean {
  if (location.startsWith(`${server.url}/consent?request=`)) return true
  if (location.startsWith(`${server.emulator.origin}/${server.emulator.tenantId}/oauth2/`))
    return true
  const isClients = /^http:\/\/127\.0\.0\.1(:\d{1,5})?\/callback\?/.test(location)
  const { searchParams } = new URL(location)
  return isClients && searchParams.has('error') && searchParams.getAll('iss').length === 1
}

/** Nothing came as a surprise to the server itself. */
function assertNoFault(): void {
  const faults = server.logs.filter(({ event }) => event === 'error.unexpected')
  assert.deepEqual(faults, [])
}

function sum(counts: readonly (readonly [number, number])[]): number {
  return counts.reduce((total, [, count]) => total + count, 0)
}
