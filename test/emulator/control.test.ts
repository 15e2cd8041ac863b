import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { request as send } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { decodeJwt } from 'jose'
import { CONTROL_ROUTES } from '../../src/emulator/control/answer-control.ts'
import { SEED, type StartOptions, startEmulator } from '../../src/emulator/emulator.ts'
import { account, getCode, redeem } from './support.ts'

type Json = Record<string, unknown>

test('the directory is read, changed by name, and put back', async (t) => {
  const { emulator, call } = await start(t)
  const before = structuredClone(emulator.directory)
  const bob = emulator.directory.users[1]
  const changed = await call('PATCH', 'directory', {
    users: [
      { userPrincipalName: 'Bob@entrance.example', accountEnabled: false },
      { tenantId: 'entrance.example', userPrincipalName: 'zoe@entrance.example' },
    ],
    groups: [
      { tenantId: 'entrance.example', displayName: 'Staff', members: ['zoe@entrance.example'] },
    ],
    servicePrincipals: [
      {
        appId: SEED.clientId,
        tenantId: SEED.tenantId,
        appRoleAssignmentRequired: true,
        appRoleAssignedTo: [{ principalId: 'Staff', appRoleId: 'Expenses.Auditor' }],
      },
    ],
    oauth2PermissionGrants: [
      { clientId: 'Entrance', resourceId: 'Entrance', scope: SEED.scope },
      {
        clientId: 'Entrance',
        resourceId: 'Microsoft Graph',
        scope: 'openid profile email offline_access',
      },
    ],
  })
  assert.equal(changed.status, 200)
  assert.equal(bob?.accountEnabled, false, 'the object that a test holds is the one that changed')
  assert.equal(bob?.id, SEED.bob)
  const code = await getCode(emulator, { name: 'zoe' })
  const { body } = await redeem(emulator, { code })
  assert.deepEqual(decodeJwt(String(body.access_token)).roles, ['Expenses.Auditor'])

  const zoe = emulator.directory.users.at(-1)?.id
  assert.equal((await call('DELETE', `directory/users/${zoe}`)).status, 204)
  assert.equal((await call('DELETE', `directory/users/${zoe}`)).status, 404)
  assert.equal((await call('DELETE', 'directory/people/x')).status, 404)
  // The group has a member now that is nobody: no reason to refuse another change.
  const others = { tenants: [{ id: SEED.tenantId, allowUserConsent: false }] }
  assert.equal((await call('PATCH', 'directory', others)).status, 200)

  assert.equal((await call('POST', 'reset', {})).status, 204)
  const { body: directory } = await call('GET', 'directory')
  assert.deepEqual(directory, JSON.parse(JSON.stringify(before)))
})

test('a change that cannot be is refused whole, with every problem where it is in the patch', async (t) => {
  const { emulator, call } = await start(t)
  const before = structuredClone(emulator.directory)
  const { status, body } = await call('PATCH', 'directory', {
    users: [
      { id: SEED.bob, accountEnabled: false },
      { id: SEED.alice, acountEnabled: false },
      { tenantId: 'nowhere.example', userPrincipalName: 'x' },
      5,
    ],
  })
  assert.equal(status, 400)
  const problems = body.problems as { path: string; cure: string }[]
  assert.deepEqual(
    problems.map(({ path }) => path),
    ['users[1].acountEnabled', 'users[3]'],
  )
  assert.match(problems[0]?.cure ?? '', /^Did you mean accountEnabled\?/)
  const references = await call('PATCH', 'directory', {
    users: [{ tenantId: 'nowhere.example', userPrincipalName: 'x' }],
  })
  assert.deepEqual(
    (references.body.problems as { path: string }[]).map(({ path }) => path),
    ['users[0].tenantId'],
  )
  assert.equal((await call('PATCH', 'directory', { people: [] })).status, 400)
  assert.deepEqual(emulator.directory, before)
})

test('clock, keys, faults and tokens', async (t) => {
  const { emulator, call } = await start(t)
  const advanced = await call('POST', 'clock', { advance: 3600 })
  assert.equal(Math.round((Number(advanced.body.now) - Date.now()) / 1000), 3600)
  assert.equal((await call('POST', 'clock', { advance: -1 })).status, 400)
  assert.equal((await call('POST', 'clock', {})).status, 400)

  const { body: rotated } = await call('POST', 'keys', {})
  const issued = await call('POST', 'token', { user: SEED.bob, scopes: ['mcp-access'] })
  const [header = ''] = String(issued.body.access_token).split('.')
  const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString())
  assert.equal(kid, (rotated.keys as string[])[0])
  assert.equal((await call('POST', 'token', { user: 'eve' })).status, 400)

  const fault = { match: { endpoint: 'keys' }, action: { status: 503 } }
  const added = await call('POST', 'faults', fault)
  assert.equal((await fetch(`${emulator.origin}/common/discovery/v2.0/keys`)).status, 503)
  const { body: listed } = await call('GET', 'faults')
  assert.deepEqual(listed.faults, [{ ...fault, id: added.body.id, matched: 1, applied: 1 }])
  assert.equal((await call('DELETE', `faults/${added.body.id}`)).status, 204)
  assert.equal((await call('DELETE', `faults/${added.body.id}`)).status, 404)
  assert.equal((await call('POST', 'faults', { action: {} })).status, 400)
  assert.equal((await call('DELETE', 'faults')).status, 204)
  const { body: state } = await call('GET', 'state')
  assert.equal(state.origin, emulator.origin)
})

test('a fault for every request does not keep one from removing it', async (t) => {
  const { emulator, call } = await start(t)
  emulator.faults.add({ action: { drop: 'request' } })
  assert.equal((await call('DELETE', 'faults')).status, 204)
})

test('the requests are listed without what they were worth', async (t) => {
  const { emulator, call } = await start(t)
  await redeem(emulator, { code: await getCode(emulator) })
  const { body } = await call('GET', 'requests')
  const text = JSON.stringify(body)
  assert.ok(!text.includes(SEED.clientSecret))
  const token = (body.requests as Json[]).find(({ endpoint }) => endpoint === 'token')
  assert.equal(token?.status, 200)
  const params = token.params as Json
  assert.equal(params.client_secret, '(hidden)')
  assert.equal(params.grant_type, 'authorization_code')
})

test('a refused sign-in is in the log, with its number and who it was', async (t) => {
  const { emulator, call } = await start(t)
  await redeem(emulator, { code: await getCode(emulator), client_secret: 'wrong' })
  const { body } = await call('GET', 'sign-ins')
  const [latest] = body.signIns as Json[]
  assert.equal(latest?.errorCode, 7000215)
  assert.equal((latest.client as Json).appId, SEED.clientId)
  await call('POST', 'reset', {})
  assert.deepEqual((await call('GET', 'sign-ins')).body.signIns, [])
})

test('what it changed outlives the emulator, until it is reset', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'emulator-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const dataFile = join(folder, 'emulator.json')
  const first = await start(t, { dataFile })
  const policy = {
    displayName: 'Second factor',
    conditions: { applications: { includeApplications: ['Entrance'] } },
  }
  await first.call('PATCH', 'directory', {
    users: [{ id: SEED.bob, accountEnabled: false }],
    conditionalAccessPolicies: [policy],
  })
  await first.call('DELETE', `directory/users/${SEED.alice}`)
  await first.emulator.close()
  const second = await start(t, { dataFile })
  const { directory } = second.emulator
  assert.equal(account(second.emulator, 'Bob').accountEnabled, false)
  assert.equal(account(second.emulator, 'Alice'), undefined)
  assert.equal(directory.conditionalAccessPolicies[0]?.displayName, 'Second factor')
  await second.call('POST', 'reset', {})
  await second.emulator.close()
  const third = await start(t, { dataFile })
  assert.equal(account(third.emulator, 'Bob').accountEnabled, true)
  assert.ok(account(third.emulator, 'Alice'))
  assert.deepEqual(third.emulator.directory.conditionalAccessPolicies, [])
})

test('it is there only where it was switched on', async (t) => {
  const off = await start(t, { control: false })
  const answer = await off.call('POST', 'reset', {})
  assert.equal(answer.status, 404)
  assert.match(String(answer.body.error), /--control/)
})

test('it is not there on an address that others can reach', async (t) => {
  const { emulator } = await start(t, { host: '0.0.0.0' })
  const answer = await fetch(`http://127.0.0.1:${emulator.port}/_emulator/state`)
  assert.equal(answer.status, 404)
  assert.match(((await answer.json()) as { error: string }).error, /loopback/)
})

test('a page of another site cannot use it, by form, script or a name of its own (CSRF, DNS rebinding)', async (t) => {
  const { emulator } = await start(t)
  const json = { 'content-type': 'application/json' }
  const attacks: [number, Record<string, string>][] = [
    [403, { ...json, 'sec-fetch-site': 'cross-site' }],
    [403, { ...json, 'sec-fetch-site': 'same-site' }],
    [403, { ...json, origin: 'https://evil.example' }],
    [403, { ...json, origin: 'null' }],
    [403, { ...json, origin: 'http://localhost:1' }],
    [421, { ...json, host: `evil.example:${emulator.port}` }],
    [421, { ...json, host: 'localhost.evil.example', 'sec-fetch-site': 'same-origin' }],
    [415, { 'content-type': 'text/plain' }],
    [415, { 'content-type': 'application/x-www-form-urlencoded' }],
    [415, {}],
  ]
  for (const [status, headers] of attacks) {
    assert.equal(await post(emulator.port, 'reset', headers), status, JSON.stringify(headers))
  }
  for (const headers of [
    json,
    { ...json, 'sec-fetch-site': 'same-origin' },
    { ...json, origin: emulator.origin, host: new URL(emulator.origin).host },
  ]) {
    assert.equal(await post(emulator.port, 'reset', headers), 204, JSON.stringify(headers))
  }
  const answer = await fetch(`${emulator.origin}/_emulator/state`, { method: 'OPTIONS' })
  assert.equal(answer.headers.get('access-control-allow-origin'), null)
  assert.equal(answer.status, 405)
})

test('what it does not know it says, and what it does', async (t) => {
  const { call } = await start(t)
  const missing = await call('GET', 'nothing')
  assert.equal(missing.status, 404)
  assert.match(String(missing.body.error), /no \/_emulator\/nothing\. There are state, reset/)
  const method = await call('DELETE', 'clock')
  assert.equal(method.status, 405)
  assert.match(String(method.body.error), /It takes POST here/)
  assert.equal((await call('GET', 'directory/%zz')).status, 404)
  assert.ok(CONTROL_ROUTES.length > 10)
})

test('what is no JSON object, and what is too long, is refused', async (t) => {
  const { emulator } = await start(t)
  const url = `${emulator.origin}/_emulator/clock`
  const headers = { 'content-type': 'application/json; charset=utf-8' }
  for (const [status, body] of [
    [400, '{'],
    [400, '[]'],
    [400, 'null'],
    [413, `"${'x'.repeat(5 * 1024 * 1024)}"`],
  ] as const) {
    assert.equal((await fetch(url, { method: 'POST', headers, body })).status, status)
  }
})

async function start(t: TestContext, options: StartOptions = {}) {
  const emulator = await startEmulator({ port: 0, control: true, ...options })
  t.after(() => emulator.close())
  const call = async (method: string, path: string, json?: object) => {
    const answer = await fetch(`${emulator.origin}/_emulator/${path}`, {
      method,
      ...(json && {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(json),
      }),
    })
    const text = await answer.text()
    return { status: answer.status, body: (text ? JSON.parse(text) : {}) as Json }
  }
  return { emulator, call }
}

/** With headers that `fetch` would set itself. */
function post(port: number, path: string, headers: Record<string, string>): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const options = { port, path: `/_emulator/${path}`, method: 'POST', headers, agent: false }
  const outgoing = send({ host: '127.0.0.1', ...options }, (incoming) => {
    incoming.resume()
    resolve(incoming.statusCode ?? 0)
  })
  outgoing.on('error', reject)
  outgoing.end('{}')
  return promise
}
