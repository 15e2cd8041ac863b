import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { after, before, suite, test } from 'node:test'
import { LOOPBACK_ADDRESSES, listen } from '../../src/adapters/listen.ts'
import { toNodeHandler } from '../../src/adapters/node.ts'
import { SEED } from '../../src/emulator/seed.ts'
import { createOperatorApi } from '../../src/operator/api.ts'
import { signIn } from '../support/oauth-client.ts'
import { COMMAND, type RunningServe, startServe } from '../support/serve.ts'
import { startEntrance } from '../support/start.ts'

let server: RunningServe
before(async () => {
  server = await startServe()
})
after(() => server.stop())

type Run = { code: number; out: string; err: string }

/** Runs the command beside the server, with its settings. */
async function entrance(args: readonly string[], given: Record<string, string> = {}): Promise<Run> {
  const env = {
    PATH: process.env.PATH,
    HOME: server.folder,
    PORT: String(server.port),
    EMULATOR_PORT: new URL(server.signInWith).port,
    ...given,
  }
  const child = spawn(process.execPath, [COMMAND, ...args], {
    cwd: server.folder,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exit = once(child, 'close')
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)])
  return { code: (await exit)[0] as number, out, err }
}

const local = (...args: string[]) => entrance([...args, '--emulator'])
const ALICE = `alice@${SEED.domain}`

suite('the operator, on the store of a server that runs,', () => {
  test('lists who is signed in with what, for people and for scripts', async () => {
    const { client_id } = await signIn(server.url)
    const table = await local('sessions', 'list')
    assert.equal(table.code, 0, table.err)
    assert.match(table.out, /^SESSION +PERSON +CLIENT +SINCE +RENEWED +SCOPE\n/)
    assert.match(table.out, new RegExp(`${ALICE} +Test client +20\\d\\d-`))
    const json = await local('sessions', 'list', '--client', client_id, '--json')
    const { sessions } = JSON.parse(json.out) as { sessions: { username: string }[] }
    assert.deepEqual([...new Set(sessions.map(({ username }) => username))], [ALICE])
    const clients = await local('clients', 'list')
    assert.match(clients.out, /Test client +\d+ +1 +20.* - +enabled/)
  })

  test('blocks a person by sign-in name, and the server refuses their token within two seconds', async () => {
    const { client, tokens } = await signIn(server.url)
    const done = await local('users', 'block', ALICE)
    assert.match(done.out, new RegExp(`^Blocked ${ALICE}; ended \\d+ sessions?\\.\n$`), done.err)
    const blocked = performance.now()
    while ((await client.mcp(tokens.access_token, { method: 'ping' })).status !== 401) {
      assert.ok(performance.now() - blocked < 2000, 'still let in')
    }
    assert.match((await local('users', 'list')).out, new RegExp(ALICE))
    const again = await local('users', 'block', ALICE, '--json')
    assert.equal(JSON.parse(again.out).isNew, false)
    assert.match((await local('users', 'unblock', ALICE)).out, /can sign in again\.\n$/)
    await signIn(server.url)
    assert.match((await local('users', 'list')).err, /Nobody is blocked/)
  })

  test('asks before many are hit, and where nobody answers wants --yes', async () => {
    await signIn(server.url, { account: 'Bob' })
    for (const args of [
      ['sessions', 'revoke', '--all'],
      ['clients', 'disable', 'Test client'],
      ['consents', 'reset', '--all'],
    ]) {
      const { code, err } = await local(...args)
      assert.equal(code, 2)
      assert.match(err, /This would hit many: .*\?\nGive --yes if it is meant/)
    }
    const { out } = await local('sessions', 'revoke', '--all', '--yes')
    assert.match(out, /^Ended \d+ sessions?\.\n$/)
    assert.match((await local('sessions', 'list')).err, /No sessions that these settings open/)
    assert.match((await local('consents', 'reset', '--all', '--yes')).out, /^Forgot 0/)
  })

  test('disables a client and enables it', async () => {
    await signIn(server.url)
    const off = await local('clients', 'disable', 'test client', '--yes')
    assert.match(off.out, /^Disabled Test client; ended 1 session\.\n$/, off.err)
    assert.match((await local('clients', 'list')).out, /Test client .* disabled/)
    assert.match((await local('clients', 'enable', 'Test client')).out, /can be used again/)
  })

  const WRONG: readonly (readonly [string, readonly string[], number, RegExp])[] = [
    ['a person whom nobody knows', ['users', 'block', 'x@y.example'], 1, /Nobody who is signed in/],
    ['a person that is none', ['users', 'block', 'a/b/c'], 2, /'a\/b\/c' is no person/],
    ['a client that nobody knows', ['clients', 'enable', 'x'], 1, /No client here is 'x'/],
    ['a session that is none', ['sessions', 'revoke', 'x'], 1, /There is no session 'x'/],
    ['nobody in particular', ['sessions', 'revoke'], 2, /Give exactly one of a session, --user/],
    ['two at once', ['sessions', 'revoke', '--all', '--user', 'a'], 2, /exactly one/],
    ['a limit that is none', ['sessions', 'list', '--limit', '0'], 2, /from 1 to 1000/],
    ['a folder without a store', ['users', 'list', '--data', 'nothing'], 1, /There is no store at/],
    [
      'an API over plain http elsewhere',
      ['users', 'list', '--api', 'http://a.example'],
      2,
      /token/,
    ],
  ]
  for (const [title, args, code, message] of WRONG) {
    test(`is told of ${title}`, async () => {
      const done = await local(...args)
      assert.match(done.err, message)
      assert.equal(done.code, code)
    })
  }
})

suite('the operator, through the API,', () => {
  test('does the same, with the token of the variable', async () => {
    await using remote = await startEntrance()
    const token = randomBytes(32).toString('base64url')
    const api = createOperatorApi({ operator: remote.entrance.operator, token })
    const port = await listen(toNodeHandler(api), { port: 0, hosts: LOOPBACK_ADDRESSES })
    const via = ['--api', `http://localhost:${port.port}`]
    const ask = (...args: string[]) =>
      entrance([...args, ...via], { ENTRANCE_OPERATOR_TOKEN: token })
    try {
      const { client, client_id, tokens } = await signIn(remote.url)
      assert.match((await ask('sessions', 'list')).out, new RegExp(ALICE))
      assert.match((await ask('users', 'block', ALICE)).out, /ended 1 session/)
      assert.equal((await client.refresh(client_id, tokens.refresh_token)).status, 400)
      const unknown = await ask('users', 'block', 'x@y.example')
      assert.match(unknown.err, /Nobody who is signed in or blocked here is 'x@y.example'/)
      const wrong = await entrance(['users', 'list', ...via], { ENTRANCE_OPERATOR_TOKEN: 'wrong' })
      assert.match(wrong.err, /The token is not the one of this server/)
      assert.equal(wrong.code, 1)
      assert.match(
        (await entrance(['users', 'list', ...via])).err,
        /ENTRANCE_OPERATOR_TOKEN is not/,
      )
    } finally {
      await port.close()
    }
  })

  test('is told where no operator’s port answers, and sends no token in clear', async () => {
    const env = { ENTRANCE_OPERATOR_TOKEN: 'secret-of-the-operator' }
    const none = await entrance(['users', 'list', '--api', 'http://127.0.0.1:1'], env)
    assert.match(none.err, /The operator's port at http:\/\/127\.0\.0\.1:1 cannot be reached/)
    const clear = await entrance(['users', 'list', '--api', 'http://entrance.example:9000'], env)
    assert.match(clear.err, /https, or http on this machine, is expected/)
    assert.doesNotMatch(none.err + clear.err, /secret-of-the-operator/)
  })
})
