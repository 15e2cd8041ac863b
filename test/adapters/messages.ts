import assert from 'node:assert/strict'
import { request } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import type { TestContext } from 'node:test'
import type { MountedServer } from './contract.ts'

/** How the rest of a message travels through an adapter: methods, targets, headers, statuses. */
export async function messageTests(t: TestContext, server: MountedServer): Promise<void> {
  await t.test('HEAD has the headers of GET and no body', () => answersHead(server))
  await t.test('a header that is sent twice arrives as one list', () => joinsHeaders(server))
  await t.test('several Set-Cookie headers stay apart', () => keepsCookies(server))
  await t.test('status, headers and an empty body are those of the handler', () => answers(server))
  await t.test('the handler sees the address that was asked for', () => keepsTarget(server))
  await t.test('a handler that throws is a 500 that tells nothing', () => hidesErrors(server))
  for (const [what, message, status] of STRANGE) {
    await t.test(`${what} is answered with ${status}`, async () => {
      assert.match(await send(server, message), new RegExp(`^HTTP/1\\.1 (${status}) `))
      assert.equal((await fetch(`${server.url}/health`)).status, 200)
    })
  }
}

/** Requests that no client sends; what is no URL of ours is the application's to answer. */
const STRANGE: readonly [what: string, message: string, status: string][] = [
  ['a Host with a space', 'GET /health HTTP/1.1\r\nHost: a b', '400|404'],
  ['a Host with a user', 'GET /health HTTP/1.1\r\nHost: a:b@localhost', '400|404'],
  ['a Host with a path', 'GET /health HTTP/1.1\r\nHost: localhost/mcp?', '400|404'],
  ['an empty Host', 'GET /health HTTP/1.1\r\nHost:', '400|404'],
  ['a Host with a port that is none', 'GET /health HTTP/1.1\r\nHost: localhost:99999', '400|404'],
  ['no Host', 'GET /health HTTP/1.1', '400'],
  ['no Host in HTTP/1.0', 'GET /health HTTP/1.0', '200'],
  ['another Host at the gate', 'POST /mcp HTTP/1.1\r\nHost: evil.example', '403'],
  ['a target with two slashes', 'GET //localhost/health HTTP/1.1\r\nHost: localhost', '404'],
  ['a whole URL', 'GET http://localhost/health HTTP/1.1\r\nHost: localhost', '200'],
  ['a whole URL with a user', 'GET http://a:b@c/health HTTP/1.1\r\nHost: localhost', '400|404'],
  ['an asterisk', 'OPTIONS * HTTP/1.1\r\nHost: localhost', '200|400|404'],
  ['TRACE', 'TRACE /health HTTP/1.1\r\nHost: localhost', '404|405|501'],
  ['a method of WebDAV', 'PROPFIND /health HTTP/1.1\r\nHost: localhost', '405'],
  ['a broken escape', 'GET /%zz HTTP/1.1\r\nHost: localhost', '400|404'],
  ['a backslash', 'GET /\\health HTTP/1.1\r\nHost: localhost', '400|404'],
]

async function answersHead(server: MountedServer): Promise<void> {
  const get = await fetch(`${server.url}/health`)
  const head = await fetch(`${server.url}/health`, { method: 'HEAD' })
  assert.equal(await get.text(), '{"status":"healthy","service":"mcp-server"}')
  assert.equal(await head.text(), '')
  assert.equal(head.status, 200)
  assert.equal(head.headers.get('content-type'), get.headers.get('content-type'))
  const gate = await fetch(`${server.url}/mcp`, { method: 'HEAD' })
  assert.equal(gate.status, 401)
  assert.match(gate.headers.get('www-authenticate') ?? '', /^Bearer .*resource_metadata=/)
}

async function joinsHeaders(server: MountedServer): Promise<void> {
  server.handle(({ headers }) => Response.json([headers.get('x-list'), headers.get('x-latin')]))
  const headers = {
    authorization: `Bearer ${server.accessToken}`,
    'x-list': ['one', 'two'],
    'x-latin': 'é',
  }
  const message = request(new URL(`${server.url}/mcp`), { headers, agent: false })
  const response = await new Promise<NodeJS.ReadableStream>((resolve, reject) => {
    message.once('response', resolve).once('error', reject).end()
  })
  assert.deepEqual(JSON.parse(await text(response)), ['one, two', 'é'])
}

async function keepsCookies(server: MountedServer): Promise<void> {
  const cookies = ['a=1; Path=/; Expires=Thu, 01 Jan 2026 00:00:00 GMT', 'b=2; HttpOnly']
  server.handle(() => {
    const headers = new Headers()
    for (const cookie of cookies) headers.append('set-cookie', cookie)
    return new Response('ok', { headers })
  })
  assert.deepEqual((await server.call()).headers.getSetCookie(), cookies)
}

async function answers(server: MountedServer): Promise<void> {
  for (const status of [200, 202, 204, 304, 404, 418]) {
    server.handle(() => new Response(null, { status, headers: { 'x-own': String(status) } }))
    const response = await server.call()
    assert.deepEqual([response.status, response.headers.get('x-own')], [status, String(status)])
    assert.equal(await response.text(), '')
  }
}

async function keepsTarget(server: MountedServer): Promise<void> {
  server.handle(({ url, method }) => Response.json([method, url]))
  const authorization = `Bearer ${server.accessToken}`
  const url = `${server.url}/mcp?a=%2F&b=ü`
  for (const method of ['GET', 'POST', 'DELETE']) {
    const response = await fetch(url, { method, headers: { authorization } })
    assert.deepEqual(await response.json(), [method, new URL(url).href])
  }
}

async function hidesErrors(server: MountedServer): Promise<void> {
  server.handle(() => {
    throw new Error('the password is xyzzy')
  })
  const response = await server.call()
  assert.equal(response.status, 500)
  assert.doesNotMatch(await response.text(), /xyzzy/)
}

/** Sends it byte by byte as it is; gives the answer. */
async function send({ port }: MountedServer, message: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.end(`${message}\r\nConnection: close\r\n\r\n`)
  return text(socket)
}
