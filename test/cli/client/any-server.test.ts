import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { startFakeServer } from './fake-server.ts'
import { createPerson, type Person, printedAddress, redirectUriOf } from './person.ts'

/** Signs in where no page asks anything: the answer is `query`, the state being the right one. */
async function answer(person: Person, query: string) {
  const running = person.start('login')
  const address = await printedAddress(running)
  const state = new URL(address).searchParams.get('state')
  const page = await fetch(`${redirectUriOf(address)}?${query}&state=${state}`)
  return { page: await page.text(), ...(await running.finished) }
}

const REFUSALS = [
  [{ code_challenge_methods_supported: ['plain'] }, /does not offer PKCE with S256/],
  [{ code_challenge_methods_supported: undefined }, /does not offer PKCE with S256/],
  [{ authorization_endpoint: 'http://evil.example.com/' }, /not a secure address/],
  [{ authorization_endpoint: 'file:///etc/passwd' }, /not a secure address/],
  [{ authorization_endpoint: 'vscode://x' }, /not a secure address/],
  [{ registration_endpoint: 'http://evil.example.com/' }, /not a secure address/],
  [{ registration_endpoint: undefined }, /does not let clients register themselves/],
  [{ issuer: 'https://evil.example.com' }, /not its own \(issuer mismatch\)/],
] as const

for (const [metadata, reason] of REFUSALS) {
  const [[name, value] = []] = Object.entries(metadata)
  test(`a server with ${name} ${value} is refused before any browser opens`, async () => {
    await using server = await startFakeServer({}, metadata)
    await using alice = await createPerson(server)
    const { code, stdout, stderr } = await alice.run('login')
    assert.deepEqual([code, stdout], [1, ''])
    assert.match(stderr, reason)
    assert.doesNotMatch(stderr, /go to:/)
    assert.equal(alice.desktop.signIns.length, 0)
  })
}

test('a server that says it is another is refused', async () => {
  await using server = await startFakeServer({
    'GET /.well-known/oauth-protected-resource/mcp': (_, url) =>
      Response.json({ resource: 'https://other.example.com/mcp', authorization_servers: [url] }),
  })
  await using alice = await createPerson(server)
  const { code, stderr } = await alice.run('login')
  assert.equal(code, 1)
  assert.match(stderr, /says that it is https:\/\/other\.example\.com\/mcp/)
})

test('attack: metadata over plain http from elsewhere is not even asked for', async () => {
  await using server = await startFakeServer({
    'GET /.well-known/oauth-protected-resource/mcp': (_, url) =>
      Response.json({
        resource: `${url}/mcp`,
        authorization_servers: ['http://evil.example.com'],
      }),
  })
  await using alice = await createPerson(server)
  const { code, stderr } = await alice.run('login')
  assert.equal(code, 1)
  assert.match(stderr, /points to http:\/\/evil\.example\.com\/\S+, which is not a secure address/)
})

test('what a server’s error says cannot write to the terminal', async () => {
  await using server = await startFakeServer()
  await using alice = await createPerson(server)
  const evil = '\u001b[2J\u001b]0;owned\u0007\rAll is well\u202e\u009b31m'
  const query = `error=server_error&error_description=${encodeURIComponent(evil)}`
  const { code, stderr, page } = await answer(alice, query)
  assert.equal(code, 1)
  assert.match(stderr, /All is well/)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there.
  assert.doesNotMatch(stderr, /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/)
  assert.match(page, /Authentication failed/)
})

test('a registration that the authorization server refuses is made anew once', async () => {
  let registrations = 0
  let refusals = 0
  await using server = await startFakeServer({
    'POST /register': async (request) => {
      registrations++
      const body = (await request.json()) as object
      return Response.json({ ...body, client_id: `c${registrations}` }, { status: 201 })
    },
    'POST /token': async (request) => {
      const body = new URLSearchParams(await request.text())
      if (body.get('client_id') === 'c1' && registrations === 1 && refusals++ > 0) {
        return Response.json({ error: 'invalid_client' }, { status: 401 })
      }
      return Response.json({ access_token: 'good', token_type: 'Bearer' })
    },
  })
  await using alice = await createPerson(server)
  assert.equal((await answer(alice, 'code=1')).code, 0)
  assert.equal(registrations, 1)

  const running = alice.start('login')
  const first = await printedAddress(running)
  const state = (address: string) => new URL(address).searchParams.get('state')
  await fetch(`${redirectUriOf(first)}?code=2&state=${state(first)}`)
  await running.said(/registering it again/)
  const [, second = ''] = await running.said(/registering it again[\s\S]*^ {2}(http\S+)\n/m)
  assert.notEqual(state(second), state(first))
  await fetch(`${redirectUriOf(second)}?code=3&state=${state(second)}`)
  assert.equal((await running.finished).code, 0)
  assert.equal(registrations, 2)
  assert.equal(alice.kept()?.registration.client_id, 'c2')

  const third = alice.start('login')
  const address = await printedAddress(third)
  await fetch(`${redirectUriOf(address)}?error=unauthorized_client&state=${state(address)}`)
  const [, again = ''] = await third.said(/registering it again[\s\S]*^ {2}(http\S+)\n/m)
  // A second refusal is final: there is no third round.
  await fetch(`${redirectUriOf(again)}?error=unauthorized_client&state=${state(again)}`)
  const { code, stderr } = await third.finished
  assert.equal(code, 1)
  assert.match(stderr, /does not know this client/)
  assert.equal(registrations, 3)
})

test('a server that gives no refresh token is signed in to until the token ends', async () => {
  await using server = await startFakeServer({
    'POST /token': () => Response.json({ access_token: 'short', token_type: 'Bearer' }),
  })
  await using alice = await createPerson(server)
  assert.equal((await answer(alice, 'code=1')).code, 0)
  const { code, stderr } = await alice.run('tools')
  assert.equal(code, 1)
  assert.match(stderr, /Your sign-in to http\S+ is over\./)
  assert.equal(alice.kept()?.tokens, undefined)
})

test('an address with no MCP server, or one that needs no sign-in, is told so', async () => {
  await using nothing = await startFakeServer({
    'POST /mcp': () => new Response('no', { status: 404 }),
    'GET /.well-known/oauth-protected-resource/mcp': () => new Response('no', { status: 404 }),
    'GET /.well-known/oauth-authorization-server': () => new Response('no', { status: 404 }),
  })
  await using alice = await createPerson(nothing)
  assert.match((await alice.run('login')).stderr, /There is no MCP server at http\S+\/mcp \(404\)/)

  await using open = await startFakeServer({
    'POST /mcp': () => Response.json({ jsonrpc: '2.0', id: 1, result: {} }),
    'GET /.well-known/oauth-protected-resource/mcp': () => new Response('no', { status: 404 }),
    'GET /.well-known/oauth-authorization-server': () => new Response('no', { status: 404 }),
  })
  await using bob = await createPerson(open, 'Bob')
  const { code, stderr } = await bob.run('login')
  assert.equal(code, 1)
  assert.match(stderr, /names no authorization server/)
})

test('wrong usage touches neither network nor disk', async () => {
  await using server = await startFakeServer()
  await using alice = await createPerson({ url: server.url.replace('http:', 'ftp:') })
  assert.equal((await alice.run('login')).code, 2)
  assert.deepEqual(server.requests, [])
  assert.ok(!existsSync(join(alice.desktop.home, '.config')))
})

test('a server’s error page is not poured out into the terminal', async () => {
  await using server = await startFakeServer({
    'POST /token': () => new Response(`<html>${'x'.repeat(5000)}`, { status: 502 }),
  })
  await using alice = await createPerson(server)
  const { code, stderr } = await answer(alice, 'code=1')
  assert.equal(code, 1)
  assert.match(stderr, /^Error: The sign-in failed: the server answered 502$/m)
})

test('a page of a proxy in front of /mcp is not poured out into the terminal either', async () => {
  const page = '<html>\n<head><title>502 Bad Gateway</title></head></html>'
  await using server = await startFakeServer({
    'POST /mcp': () =>
      new Response(page, { status: 502, headers: { 'content-type': 'text/html' } }),
  })
  await using alice = await createPerson(server)
  const { code, stderr } = await alice.run('tools')
  assert.equal(code, 1)
  assert.match(stderr, /the server answered 502$/m)
  assert.doesNotMatch(stderr, /</)
})
