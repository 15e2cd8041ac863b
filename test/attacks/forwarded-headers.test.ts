import assert from 'node:assert/strict'
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { text } from 'node:stream/consumers'
import { after, before, suite, test } from 'node:test'
import { json, type SignedIn, signIn } from '../support/oauth-client.ts'
import { type RunningEntrance, startEntrance } from '../support/start.ts'

/** What proxies send on, and what anybody can send (user-asks T6, gateways 6f, fastmcp §14). */
const FORWARDED: readonly Readonly<Record<string, string>>[] = [
  { 'x-forwarded-host': 'evil.example' },
  { 'x-forwarded-host': 'evil.example, localhost' },
  { 'x-forwarded-proto': 'https' },
  { 'x-forwarded-scheme': 'https', 'x-forwarded-ssl': 'on', 'front-end-https': 'on' },
  { 'x-forwarded-port': '443' },
  { 'x-forwarded-prefix': '/evil', 'x-script-name': '/evil' },
  { 'x-forwarded-path': '/evil', 'x-forwarded-uri': '/evil' },
  { 'x-forwarded-server': 'evil.example', 'x-host': 'evil.example' },
  { forwarded: 'for=203.0.113.7;host=evil.example;proto=https' },
  { 'x-original-url': '/health', 'x-rewrite-url': '/health' },
  { 'x-original-host': 'evil.example', 'x-http-host-override': 'evil.example' },
  { 'x-http-method-override': 'GET', 'x-method-override': 'GET' },
  { 'x-forwarded-for': '127.0.0.1', 'x-real-ip': '127.0.0.1', 'client-ip': '127.0.0.1' },
  { 'x-forwarded-user': 'alice', 'x-ms-client-principal-name': 'alice', 'remote-user': 'alice' },
]

let server: RunningEntrance
let signedIn: SignedIn
before(async () => {
  // Where proxies are trusted, it is for the address of the client and for nothing else.
  server = await startEntrance({ entrance: { trustedProxyHops: 1 } })
  signedIn = await signIn(server.url)
})
after(() => server.stop())

suite('forwarded headers, even where a proxy is trusted, change nothing', () => {
  test('of the metadata, the challenge and the way of a sign-in', async () => {
    const { url } = signedIn.client.authorization(signedIn.client_id)
    const asked: readonly (readonly [method: string, path: string])[] = [
      ['GET', '/.well-known/oauth-authorization-server'],
      ['GET', '/.well-known/oauth-protected-resource/mcp'],
      ['POST', '/mcp'],
      ['GET', '/mcp'],
      ['GET', '/elsewhere'],
      ['POST', '/token'],
      ['GET', '/auth/callback'],
    ]
    for (const [method, path] of asked) {
      const plain = await send(method, path)
      for (const headers of FORWARDED) {
        assert.deepEqual(await send(method, path, headers), plain, JSON.stringify(headers))
      }
    }
    for (const headers of FORWARDED) {
      const { head } = await send('GET', `${url.pathname}${url.search}`, headers)
      assert.ok(head.location?.startsWith(`${server.url}/consent?request=`), head.location)
    }
  })

  test('of who is signed in: without a token nobody is, and with one it is who it is', async () => {
    const authorization = `Bearer ${signedIn.tokens.access_token}`
    for (const headers of FORWARDED) {
      assert.equal((await send('POST', '/mcp', headers)).status, 401)
      const { status } = await send('POST', '/mcp', { ...headers, authorization })
      assert.notEqual(status, 401, JSON.stringify(headers))
    }
  })

  test('of the tokens that are issued', async () => {
    const { client_id, tokens } = signedIn
    const parameters = {
      grant_type: 'refresh_token',
      client_id,
      refresh_token: tokens.refresh_token,
    }
    for (const headers of FORWARDED) {
      const { access_token } = await json<{ access_token: string }>(
        await signedIn.client.token(parameters, headers),
      )
      const [, payload = ''] = access_token.split('.')
      const claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
      assert.deepEqual([claims.iss, claims.aud], [server.url, `${server.url}/mcp`])
    }
  })
})

type Answer = { status: number; head: IncomingHttpHeaders; body: string }

async function send(
  method: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const outgoing = httpRequest(`${server.url}${path}`, { method, headers, agent: false }).end()
  const response = await new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
    outgoing.on('response', resolve).on('error', reject)
  })
  const { date: _, ...head } = response.headers
  return { status: response.statusCode ?? 0, head, body: await text(response) }
}
