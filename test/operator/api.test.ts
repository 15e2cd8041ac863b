import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, suite, test } from 'node:test'
import { SEED } from '../../src/emulator/seed.ts'
import { createOperatorApi } from '../../src/operator/api.ts'
import { json, signIn } from '../support/oauth-client.ts'
import { type RunningEntrance, startEntrance } from '../support/start.ts'

const TOKEN = randomBytes(32).toString('base64url')
const ROLE_ID = '5d1a4a52-4cf0-4c9e-9f2b-0d4a3c9d1b77'

let server: RunningEntrance
let api: ReturnType<typeof createOperatorApi>
before(async () => {
  server = await startEntrance()
  const { applications } = server.emulator.directory
  applications[0]?.appRoles.push({
    id: ROLE_ID,
    value: 'Entrance.Operator',
    displayName: 'Operator',
    isEnabled: true,
    allowedMemberTypes: ['Application', 'User'],
  } as never)
  api = createOperatorApi({ operator: server.entrance.operator, token: TOKEN })
})
after(() => server.stop())

type Init = { method?: string; body?: unknown; token?: string; headers?: Record<string, string> }

function ask(path: string, { method = 'GET', body, token = TOKEN, headers }: Init = {}) {
  return api(
    new Request(`http://localhost:9000${path}`, {
      method,
      headers: {
        ...(token && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    }),
  )
}

const post = (path: string, body: unknown) => ask(path, { method: 'POST', body })

/** A token for this application of a program that has been given the app role, or has not. */
async function appToken(hasRole: boolean): Promise<string> {
  const { directory, origin, tenantId, application } = server.emulator
  const [principal] = directory.servicePrincipals
  assert.ok(principal)
  principal.appRoleAssignedTo = hasRole
    ? [{ principalId: principal.id, appRoleId: ROLE_ID } as never]
    : []
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: application.clientId,
    client_secret: application.clientSecret,
    scope: `api://${application.clientId}/.default`,
  })
  const answer = await fetch(`${origin}/${tenantId}/oauth2/v2.0/token`, { method: 'POST', body })
  return (await json<{ access_token: string }>(answer)).access_token
}

suite('the API is shut', () => {
  const REFUSED: readonly (readonly [string, string, Init, number, RegExp])[] = [
    ['to whoever brings no token', '/api/users', { token: '' }, 401, /^A token is needed/],
    [
      'to another token',
      '/api/users',
      { token: 'x'.repeat(43) },
      401,
      /not the one of this server/,
    ],
    [
      'to the token but for its end',
      '/api/users',
      { token: TOKEN.slice(0, -1) },
      401,
      /not the one/,
    ],
    ['to a JWT that is none of Entra', '/api/users', { token: 'a.b.c' }, 401, /cannot be accepted/],
    [
      'to a name that a page may have pointed here (DNS rebinding)',
      '/api/users',
      { headers: { host: 'evil.example' } },
      403,
      /Host header 'evil.example'/,
    ],
    [
      'to pages of a browser, by their Origin',
      '/api/users',
      { headers: { origin: 'http://localhost:9000' } },
      403,
      /Pages of a browser/,
    ],
    [
      'to pages of a browser, by Sec-Fetch-Site',
      '/api/users',
      { headers: { 'sec-fetch-site': 'cross-site' } },
      403,
      /Pages of a browser/,
    ],
    ['at other addresses', '/api/nothing', {}, 404, /nothing at this address/],
    ['to other methods', '/api/users/block', {}, 405, /GET is not allowed here; POST is/],
    [
      'to a form',
      '/api/users/block',
      { method: 'POST', body: 'user=a', headers: { 'content-type': 'text/plain' } },
      415,
      /has to be JSON/,
    ],
    [
      'to what is no JSON',
      '/api/users/block',
      { method: 'POST', body: '[' },
      400,
      /not a JSON object/,
    ],
    ['to an array', '/api/users/block', { method: 'POST', body: [] }, 400, /not a JSON object/],
    [
      'to a long body',
      '/api/users/block',
      { method: 'POST', body: { user: 'x'.repeat(5000) } },
      413,
      /longer than 4096 bytes/,
    ],
    ['to nobody', '/api/users/block', { method: 'POST', body: {} }, 400, /'user' is missing/],
    ['to a number', '/api/users/block', { method: 'POST', body: { user: 1 } }, 400, /not a text/],
    [
      'to a revocation of nothing in particular',
      '/api/sessions/revoke',
      { method: 'POST', body: {} },
      400,
      /Exactly one of session, user, client, all/,
    ],
    [
      'to a revocation of everything that is not meant',
      '/api/sessions/revoke',
      { method: 'POST', body: { all: 'false' } },
      400,
      /'all' has to be true/,
    ],
    ['to too many', '/api/sessions?limit=1001', {}, 400, /1001 is no number of entries/],
    [
      'to an address in another spelling than its client has, which would stop nobody',
      '/api/clients/disable',
      { method: 'POST', body: { client: 'https://Client.example/app' } },
      400,
      /is not in its normal form/,
    ],
    [
      'to a person whom nobody knows',
      '/api/users/block',
      { method: 'POST', body: { user: 'mallory@nowhere.example' } },
      404,
      /Nobody who is signed in or blocked here/,
    ],
  ]
  for (const [title, path, init, status, message] of REFUSED) {
    test(title, async () => {
      const answer = await ask(path, init)
      const body = (await answer.json()) as { message: string }
      assert.match(body.message, message)
      assert.equal(answer.status, status)
    })
  }

  test('to many wrong tokens for a minute, and never to the right one', async () => {
    const own = createOperatorApi({ operator: server.entrance.operator, token: TOKEN })
    const headers = { authorization: 'Bearer wrong' }
    const guess = () => own(new Request('http://localhost/api/users', { headers }))
    const statuses: number[] = []
    for (let i = 0; i < 22; i++) statuses.push((await guess()).status)
    assert.deepEqual([statuses[19], statuses[20], statuses[21]], [401, 429, 429])
    const right = { authorization: `Bearer ${TOKEN}` }
    assert.equal(
      (await own(new Request('http://localhost/api/users', { headers: right }))).status,
      200,
    )
  })

  test('without a token of its own, to every text that is none of Entra', async () => {
    const own = createOperatorApi({ operator: server.entrance.operator })
    for (const authorization of ['Bearer undefined', 'Bearer ', 'Bearer x']) {
      const answer = await own(
        new Request('http://localhost/api/users', { headers: { authorization } }),
      )
      assert.equal(answer.status, 401)
    }
  })
})

suite('the API is open', () => {
  test('to an access token of Entra for this application with the app role', async () => {
    assert.equal((await ask('/api/users', { token: await appToken(true) })).status, 200)
  })

  test('and not to one without it', async () => {
    const answer = await ask('/api/users', { token: await appToken(false) })
    const body = (await answer.json()) as { message: string }
    assert.equal(answer.status, 403)
    assert.match(body.message, /lacks the app role Entrance\.Operator/)
  })

  test('nor to an operator who is blocked, and would let themselves in again', async () => {
    const token = await appToken(true)
    const [principal] = server.emulator.directory.servicePrincipals
    const user = `${SEED.tenantId}/${principal?.id}`
    await json(await post('/api/users/block', { user }))
    const unblock = { method: 'POST', body: { user }, token }
    const answer = await ask('/api/users/unblock', unblock)
    assert.match(((await answer.json()) as { message: string }).message, /blocked this account/)
    assert.equal(answer.status, 401)
    await json(await post('/api/users/unblock', { user }))
    assert.equal((await ask('/api/users', { token })).status, 200)
  })

  test('not to our own access tokens', async () => {
    const { tokens } = await signIn(server.url)
    assert.equal((await ask('/api/users', { token: tokens.access_token })).status, 401)
  })
})

suite('the API does what the operator can', () => {
  test('lists sessions, of one person and in parts, and ends one', async () => {
    const bob = await signIn(server.url, { account: 'Bob', metadata: { client_name: 'One' } })
    await signIn(server.url, { account: 'Bob', metadata: { client_name: 'Two' } })
    type Part = {
      sessions: { id: string; username: string; client: { name: string } }[]
      next?: string
    }
    const user = `bob@${SEED.domain}`
    const first = await json<Part>(await ask(`/api/sessions?user=${user}&limit=1`))
    assert.equal(first.sessions.length, 1)
    const second = await json<Part>(
      await ask(`/api/sessions?user=${user}&limit=1&after=${first.next}`),
    )
    const both = [...first.sessions, ...second.sessions]
    assert.deepEqual(both.map(({ client }) => client.name).toSorted(), ['One', 'Two'])
    assert.equal(second.next, undefined)
    const one = both.find(({ client }) => client.name === 'One')
    const done = await json(await post('/api/sessions/revoke', { session: one?.id }))
    assert.deepEqual(done, { count: 1 })
    const refresh = await bob.client.refresh(bob.client_id, bob.tokens.refresh_token)
    assert.equal(refresh.status, 400)
    const rest = await json<Part>(await ask(`/api/sessions?user=${user}`))
    assert.deepEqual(
      rest.sessions.map(({ client }) => client.name),
      ['Two'],
    )
  })

  test('blocks, lists and unblocks a person by object id', async () => {
    const done = await json<object>(await post('/api/users/block', { user: SEED.ada }))
    const id = `${SEED.tenantId}/${SEED.ada}`
    assert.deepEqual(done, { id, isNew: true, sessions: 0 })
    const { users } = await json<{ users: { id: string }[] }>(await ask('/api/users'))
    assert.deepEqual(
      users.map((user) => user.id),
      [id],
    )
    await json(await post('/api/users/unblock', { user: SEED.ada }))
    assert.deepEqual(await json(await ask('/api/users')), { users: [] })
  })

  test('lists clients with their counts, and names what is ambiguous', async () => {
    await signIn(server.url, { metadata: { client_name: 'Twin' } })
    const uris = ['http://127.0.0.1:49152/callback', 'http://127.0.0.1:49152/other']
    await signIn(server.url, { metadata: { client_name: 'Twin', redirect_uris: uris } })
    type Listed = { clients: { name: string; sessions: number; people: number }[] }
    const { clients } = await json<Listed>(await ask('/api/clients'))
    const twins = clients.filter(({ name }) => name === 'Twin')
    assert.deepEqual(
      twins.map(({ sessions, people }) => [sessions, people]),
      [
        [1, 1],
        [1, 1],
      ],
    )
    const answer = await post('/api/clients/disable', { client: 'twin' })
    assert.equal(answer.status, 409)
    assert.match(((await answer.json()) as { message: string }).message, /several clients/)
  })

  test('says in the log who did what', async () => {
    await post('/api/sessions/revoke', { user: SEED.ada })
    const line = server.logs.findLast(({ event }) => event === 'operator.sessions-revoked')
    assert.deepEqual(
      [line?.actor, line?.user, line?.count],
      ['token', `${SEED.tenantId}/${SEED.ada}`, 0],
    )
  })
})
