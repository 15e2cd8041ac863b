import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createBrowser } from '../../support/browser.ts'
import { type RunningEntrance, startEntrance } from '../../support/start.ts'
import { entrance } from './command.ts'
import { createPerson, expired, printedAddress } from './person.ts'

const server = await startEntrance()
after(() => server.stop())

function count(from: RunningEntrance, name: string): number {
  return from.logs.filter(({ event }) => event === name).length
}

test('without a sign-in, the command that is missing is told', async () => {
  await using alice = await createPerson(server)
  for (const args of [['tools'], ['call', 'get_expenses'], ['call', 'get_expenses', '--json']]) {
    const { code, stdout, stderr } = await alice.run(...(args as [string, ...string[]]))
    assert.deepEqual([code, stdout], [1, ''])
    assert.match(
      stderr,
      /^Error: You are not signed in to http\S+\.\nSign in with: entrance client login http/,
    )
  }
})

test('in a clone that command is the clone’s', async () => {
  await using alice = await createPerson(server)
  const env = { ...alice.desktop.env, ENTRANCE_CLONE: '1' }
  const { stderr } = await entrance(['client', 'tools', `${server.url}/mcp`], { env })
  assert.match(stderr, /Sign in with: npm run --silent entrance -- client login http/)
})

test('an access token that has run out is renewed without a word', async () => {
  await using alice = await createPerson(server)
  await alice.run('login')
  const before = alice.kept()
  alice.keep(expired)
  const { code, stderr } = await alice.run('call', 'get_expenses')
  assert.deepEqual([code, stderr], [0, ''])
  const now = alice.kept()
  assert.notEqual(now?.tokens?.access_token, before?.tokens?.access_token)
  assert.notEqual(now?.tokens?.refresh_token, before?.tokens?.refresh_token)
  assert.ok((now?.tokens?.expiresAt ?? 0) > Date.now() / 1000)
})

test('an access token that the server refuses is renewed, and the request repeated', async () => {
  await using alice = await createPerson(server)
  await alice.run('login')
  alice.keep((kept) => {
    const tokens = { ...kept.tokens, access_token: `${kept.tokens?.access_token}x` }
    return { ...kept, tokens }
  })
  const { code, stderr } = await alice.run('call', 'get_expenses')
  assert.deepEqual([code, stderr], [0, ''])
})

test('several commands at once renew the tokens once between them', async () => {
  await using alice = await createPerson(server)
  await alice.run('login')
  alice.keep(expired)
  const before = count(server, 'token.issued')
  const runs = Array.from({ length: 4 }, () => alice.run('call', 'get_expenses'))
  for (const { code, stderr } of await Promise.all(runs)) assert.deepEqual([code, stderr], [0, ''])
  assert.equal(count(server, 'token.issued') - before, 1)
})

test('a sign-in that the server has ended is told; the registration stays', async () => {
  await using alice = await createPerson(server)
  await alice.run('login')
  alice.keep((kept) => {
    const tokens = { access_token: 'x', refresh_token: 'not one of ours' }
    return { ...kept, tokens }
  })
  const { code, stderr } = await alice.run('tools')
  assert.equal(code, 1)
  assert.match(
    stderr,
    /^Error: Your sign-in to http\S+ is over: [^\n]+\nSign in with: entrance client login/,
  )
  assert.equal(alice.kept()?.tokens, undefined)
  const before = count(server, 'client.registered')
  assert.equal((await alice.run('login')).code, 0)
  assert.equal(count(server, 'client.registered'), before)
})

test('a registration that the server no longer knows is made anew by itself', async () => {
  await using first = await startEntrance()
  await using alice = await createPerson(first)
  await alice.run('login')
  const before = alice.kept()
  await first.stop()
  // The same address with other keys: to it, the client has never been there.
  await using second = await startEntrance({ port: first.port })
  const tools = await alice.run('tools')
  assert.equal(tools.code, 1)
  assert.match(tools.stderr, /no longer knows this client\.\nSign in with/)
  alice.keep(() => before as NonNullable<typeof before>)
  const login = await alice.run('login')
  assert.equal(login.code, 0, login.stderr)
  assert.match(login.stderr, /registering it again/)
  assert.equal(count(second, 'client.registered'), 1)
  assert.equal((await alice.run('call', 'get_expenses')).code, 0)
})

test('what fails for the moment costs nobody their sign-in', async () => {
  await using own = await startEntrance()
  await using alice = await createPerson(own)
  await alice.run('login')
  alice.keep(expired)
  const before = alice.kept()
  await own.emulator.close()
  const refused = await alice.run('tools')
  assert.equal(refused.code, 1)
  assert.match(refused.stderr, /^Error: The sign-in could not be renewed: temporarily_unavailable/)
  assert.deepEqual(alice.kept(), before)
  await own.stop()
  const unreachable = await alice.run('tools')
  assert.equal(unreachable.code, 1)
  assert.match(
    unreachable.stderr,
    /^Error: Cannot reach http\S+: nothing listens there\.\nIs the server/,
  )
  assert.deepEqual(alice.kept(), before)
})

test('logout has the server take back what it gave, and forgets it here', async () => {
  await using alice = await createPerson(server)
  await alice.run('login')
  const tokens = alice.kept()?.tokens
  const before = count(server, 'grant.revoked')
  const { code, stdout, stderr } = await alice.run('logout')
  assert.deepEqual([code, stdout], [0, ''])
  assert.match(stderr, /^Signed out of http\S+\/mcp\.\n$/)
  assert.equal(alice.kept(), undefined)
  assert.equal(count(server, 'grant.revoked'), before + 1)
  const headers = { authorization: `Bearer ${tokens?.access_token}` }
  assert.equal((await fetch(`${server.url}/mcp`, { method: 'POST', headers })).status, 401)
  assert.match((await alice.run('logout')).stderr, /^You were not signed in to/)
})

test('logout forgets also when the server is down, and says what that means', async () => {
  await using own = await startEntrance()
  await using alice = await createPerson(own)
  await alice.run('login')
  await own.stop()
  const { code, stderr } = await alice.run('logout')
  assert.equal(code, 0)
  assert.match(stderr, /Signed out.*could not be told: Cannot reach .*stays valid there until/s)
  assert.equal(alice.kept(), undefined)
})

test('list names the servers and whether one is signed in', async () => {
  await using alice = await createPerson(server)
  const { env } = alice.desktop
  const none = await entrance(['client', 'list'], { env })
  assert.deepEqual([none.code, none.stdout], [0, ''])
  assert.match(none.stderr, /not signed in to any server/)
  await alice.run('login')
  const text = await entrance(['client', 'list'], { env })
  assert.equal(text.stdout, `${server.url}/mcp  signed in (mcp-access)\n`)
  const { servers } = JSON.parse((await entrance(['client', 'list', '--json'], { env })).stdout)
  const expected = {
    url: `${server.url}/mcp`,
    issuer: server.url,
    isSignedIn: true,
    scope: 'mcp-access',
  }
  assert.deepEqual(servers, [expected])
})

test('a second sign-in in a browser that is signed in works as the first', async () => {
  await using alice = await createPerson(server)
  const browser = createBrowser()
  for (let i = 0; i < 2; i++) {
    const running = alice.start('login')
    const page = await browser.signIn(await printedAddress(running))
    assert.match(page.text, /Authentication successful/)
    assert.equal((await running.finished).code, 0)
  }
})
