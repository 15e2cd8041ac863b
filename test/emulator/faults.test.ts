import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { type TestContext, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import {
  ConnectionDropped,
  createEmulator,
  type Fault,
  type StartOptions,
  startEmulator,
} from '../../src/emulator/emulator.ts'
import { assertRefused, getCode, redeem, refresh } from './support.ts'

const NOW = Date.UTC(2026, 10, 27)

test('throttling is 429 with Retry-After and Entra’s own body', async () => {
  const emulator = createEmulator({ now: () => NOW })
  const { body } = await redeem(emulator, { code: await getCode(emulator) })
  emulator.faults.add({ match: { endpoint: 'token' }, action: { status: 429, retryAfter: 7 } })
  const answer = await refresh(emulator, body.refresh_token)
  assert.equal(answer.status, 429)
  assert.equal(answer.headers.get('retry-after'), '7')
  assert.equal(answer.body.error, 'temporarily_unavailable')
  assert.deepEqual(answer.body.error_codes, [90055])
  assert.match(String(answer.body.error_description), /^AADSTS90055: .* Trace ID: .* 00:00:00Z$/)
  assert.equal(answer.body.timestamp, '2026-11-27 00:00:00Z')
  emulator.faults.clear()
  assert.equal((await refresh(emulator, body.refresh_token)).status, 200)
})

test('a fault meets the grant, the client and the turn that it names, and is counted', async () => {
  const emulator = createEmulator()
  const { clientId } = emulator.application
  const { body } = await redeem(emulator, { code: await getCode(emulator) })
  const match = { endpoint: 'token', grant: 'refresh_token', clientId, nth: 2 }
  const fault = emulator.faults.add({ match, action: { status: 503 } })
  const other = emulator.faults.add({
    match: { clientId: emulator.tenantId },
    action: { status: 500 },
  })
  const statuses: number[] = []
  for (let i = 0; i < 3; i++) {
    statuses.push((await redeem(emulator, { code: await getCode(emulator) })).status)
    statuses.push((await refresh(emulator, body.refresh_token)).status)
  }
  assert.deepEqual(statuses, [200, 200, 200, 503, 200, 200])
  assert.deepEqual([fault.matched, fault.applied], [3, 1])
  assert.deepEqual([other.matched, other.applied], [0, 0])
})

test('a client is found in a Basic header too', async () => {
  const emulator = createEmulator()
  const { clientId, clientSecret } = emulator.application
  emulator.faults.add({ match: { clientId }, action: { status: 503 } })
  const credentials = Buffer.from(`${clientId}:${clientSecret}`).toString('base64')
  const headers = { authorization: `Basic ${credentials}` }
  const none = { client_id: null, client_secret: null, code: 'x' }
  assert.equal((await redeem(emulator, none, { headers })).status, 503)
})

test('the oldest of several faults happens, until it is removed', async () => {
  const emulator = createEmulator()
  const first = emulator.faults.add({ action: { status: 500 } })
  const second = emulator.faults.add({ action: { status: 502 } })
  const ask = async () => (await emulator.fetch(new Request(emulator.origin))).status
  assert.equal(await ask(), 500)
  assert.equal(emulator.faults.remove(first.id), true)
  assert.equal(emulator.faults.remove(first.id), false)
  assert.equal(await ask(), 502)
  assert.deepEqual(
    emulator.faults.list().map(({ id, matched, applied }) => [id, matched, applied]),
    [[second.id, 2, 1]],
  )
})

test('every endpoint can fail, in its own form: page, JSON, Microsoft Graph’s JSON', async () => {
  const emulator = createEmulator()
  emulator.faults.add({ match: { endpoint: 'graph' }, action: { status: 429 } })
  emulator.faults.add({ match: { endpoint: '/oidc/' }, action: { status: 500, body: 'gone' } })
  emulator.faults.add({ action: { status: 503 } })
  const ask = (path: string) => emulator.fetch(new Request(`${emulator.origin}${path}`))

  const graph = (await (await ask('/v1.0/applications')).json()) as { error: { code: string } }
  assert.equal(graph.error.code, 'TooManyRequests')
  const keys = (await (await ask('/common/discovery/v2.0/keys')).json()) as { error: string }
  assert.equal(keys.error, 'temporarily_unavailable')
  const page = await ask('/common/oauth2/v2.0/authorize')
  assert.equal(page.status, 503)
  assert.match(page.headers.get('content-type') ?? '', /^text\/html/)
  assert.match(await page.text(), /AADSTS90033/)
  assert.equal((await ask('/nowhere')).status, 503)
})

test('a front door answers with HTML where JSON was asked for', async () => {
  const emulator = createEmulator()
  emulator.faults.add({ match: { endpoint: 'keys' }, action: { html: true } })
  const url = `${emulator.origin}/common/discovery/v2.0/keys`
  const answer = await emulator.fetch(new Request(url))
  assert.equal(answer.status, 503)
  assert.equal(answer.headers.get('content-type'), 'text/html; charset=utf-8')
  assert.match(await answer.text(), /^<!DOCTYPE html>/)
})

test('a body of one’s own goes out as it is', async () => {
  const emulator = createEmulator()
  const ask = async (fault: Fault) => {
    const { id } = emulator.faults.add(fault)
    const answer = await emulator.fetch(new Request(emulator.origin))
    emulator.faults.remove(id)
    return [answer.status, answer.headers.get('content-type'), await answer.text()]
  }
  const json = { action: { status: 400, body: { error: 'x' } } }
  assert.deepEqual(await ask(json), [400, 'application/json', '{"error":"x"}'])
  const text = { action: { status: 500, body: 'Nope.' } }
  assert.deepEqual(await ask(text), [500, 'text/plain; charset=utf-8', 'Nope.'])
})

test('a truncated answer looks whole and does not parse', async () => {
  const emulator = createEmulator()
  emulator.faults.add({ action: { truncate: true } })
  const path = `/${emulator.tenantId}/v2.0/.well-known/openid-configuration`
  const answer = await emulator.fetch(new Request(`${emulator.origin}${path}`))
  assert.equal(answer.status, 200)
  const text = await answer.text()
  assert.match(text, /^\{"token_endpoint"/)
  assert.throws(() => JSON.parse(text), SyntaxError)
})

test('a Date header can be wrong', async () => {
  const emulator = createEmulator({ now: () => NOW })
  emulator.faults.add({ action: { dateSkew: -600 } })
  const { headers } = await emulator.fetch(new Request(emulator.origin))
  assert.equal(headers.get('date'), 'Thu, 26 Nov 2026 23:50:00 GMT')
})

test('a connection dropped at the request leaves nothing done; at the response, all', async () => {
  const emulator = createEmulator()
  const code = await getCode(emulator)
  const token = { endpoint: 'token' }
  const before = emulator.faults.add({ match: token, action: { drop: 'request' } })
  await assert.rejects(redeem(emulator, { code }), ConnectionDropped)
  emulator.faults.remove(before.id)
  emulator.faults.add({ match: { ...token, nth: 1 }, action: { drop: 'response' } })
  await assert.rejects(redeem(emulator, { code }), TypeError)
  assertRefused(await redeem(emulator, { code }), 54005, 'invalid_grant')
  const statuses = emulator.seen.filter(({ endpoint }) => endpoint === 'token')
  assert.deepEqual(
    statuses.map(({ status, fault }) => [status, fault]),
    [
      [0, before.id],
      [200, undefined],
      [400, undefined],
    ],
  )
})

test('a dropped connection ends without a byte, and the next request is served', async (t) => {
  const emulator = await start(t)
  for (const drop of ['request', 'response'] as const) {
    const { id } = emulator.faults.add({ action: { drop } })
    const socket = connect(emulator.port, '127.0.0.1')
    let received = ''
    socket.on('data', (chunk) => {
      received += chunk
    })
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await once(socket, 'close')
    assert.equal(received, '', drop)
    emulator.faults.remove(id)
    assert.equal((await fetch(emulator.origin)).status, 200)
  }
})

test('who does not wait for a slow answer does not hold the emulator up', async (t) => {
  const emulator = await start(t)
  const fault = emulator.faults.add({ match: { nth: 1 }, action: { delay: 60_000 } })
  const patience = new AbortController()
  const left = assert.rejects(fetch(emulator.origin, { signal: patience.signal }))
  // Not before the fault is there: on a busy machine the next request would be the first.
  while (fault.applied === 0) await wait(5)
  patience.abort()
  await left
  assert.equal((await fetch(emulator.origin)).status, 200)
})

test('a slow answer comes after its delay', async () => {
  const emulator = createEmulator()
  emulator.faults.add({ action: { delay: 30 } })
  const start = performance.now()
  assert.equal((await emulator.fetch(new Request(emulator.origin))).status, 200)
  assert.ok(performance.now() - start >= 29)
})

test('what is no fault is refused with everything that is wrong with it', () => {
  const { faults } = createEmulator()
  const wrong = { match: { nth: 0, host: 'x' }, action: { status: 200, delay: 1e6 }, times: 2 }
  assert.throws(() => faults.add(wrong as Fault), {
    name: 'TypeError',
    message:
      'There is no times in a fault, only match and action. ' +
      'match.nth has to be a whole number from 1 to 1000000. ' +
      'There is no match.host, only endpoint, grant, clientId, nth. ' +
      'action.status has to be a status from 400 to 599. ' +
      'action.delay has to be milliseconds, from 0 to 60000.',
  })
  for (const action of [
    {},
    { body: 'x' },
    { drop: 'request', status: 500 },
    { drop: true },
    { status: 500, body: 'x'.repeat(70_000) },
  ]) {
    assert.throws(() => faults.add({ action } as Fault), TypeError)
  }
  assert.deepEqual(faults.list(), [])
})

test('there are a hundred faults at most', () => {
  const { faults } = createEmulator()
  for (let i = 0; i < 100; i++) faults.add({ action: { status: 500 } })
  assert.throws(() => faults.add({ action: { status: 500 } }), RangeError)
})

async function start(t: TestContext, options: StartOptions = {}) {
  const emulator = await startEmulator({ port: 0, ...options })
  t.after(() => emulator.close())
  return emulator
}
