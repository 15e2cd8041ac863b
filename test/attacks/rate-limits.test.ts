import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, suite, test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createEntrance, type Entrance } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { createBrowser } from '../support/browser.ts'
import {
  codeOf,
  REDIRECT_URI,
  type SignedIn,
  signIn,
  type TokenResponse,
} from '../support/oauth-client.ts'
import { type RunningEntrance, startEntrance } from '../support/start.ts'
import { assertRefused, formRequest, isLet, refreshOf, stopClock } from './support.ts'

/** One that all of a company's people have, one of somebody who means harm, and a third. */
const [EGRESS, ATTACKER, OTHER] = ['198.51.100.1', '203.0.113.66', '192.0.2.7'] as const

/** More than is read of a form. */
const BIG = 'x'.repeat(20_000)

const TOO_MANY = 'Too many requests from this address; try again in 10 seconds.'

let server: RunningEntrance
before(async () => {
  // As it is deployed: the limits are those that everybody gets.
  server = await startEntrance({ entrance: { limits: {} } })
})
after(() => server.stop())

type Asked = { from?: string; headers?: Record<string, string>; entrance?: Entrance }

function register({ from, headers, entrance = server.entrance }: Asked = {}): Promise<Response> {
  const body = JSON.stringify({
    redirect_uris: [REDIRECT_URI],
    token_endpoint_auth_method: 'none',
  })
  const own = { 'content-type': 'application/json', ...headers }
  const request = new Request(`${server.url}/register`, { method: 'POST', body, headers: own })
  return entrance.fetch(request, { remoteAddress: from })
}

const post = (path: string, form: Record<string, string>, from: string) =>
  server.entrance.fetch(formRequest(`${server.url}${path}`, form), { remoteAddress: from })

async function statusesOf(count: number, ask: (i: number) => Promise<Response>) {
  const answers = await Promise.all(Array.from({ length: count }, (_, i) => ask(i)))
  return answers.map(({ status }) => status)
}

const many = (statuses: readonly number[], status: number) =>
  statuses.filter((one) => one === status).length

suite('500 registrations at once from one address (user-asks §5 13, gateways 6p, ts-peers 12)', () => {
  test('are let through by the hundred, then 429 as OAuth JSON that a page can read', async () => {
    const asked = { from: ATTACKER, headers: { origin: 'https://app.example' } }
    const answers = await Promise.all(Array.from({ length: 500 }, () => register(asked)))
    const statuses = answers.map(({ status }) => status)
    assert.ok(many(statuses, 201) >= 300, 'a shared egress address needs them')
    assert.ok(many(statuses, 429) > 100)
    assert.equal(many(statuses, 201) + many(statuses, 429), 500)
    const refused = await heldUp(() =>
      register({ from: ATTACKER, headers: { origin: 'https://app.example' } }),
    )
    assert.equal(refused.headers.get('retry-after'), '10')
    assert.equal(refused.headers.get('access-control-allow-origin'), '*')
    assert.match(refused.headers.get('access-control-expose-headers') ?? '', /Retry-After/)
    await assertRefused(refused, 429, 'temporarily_unavailable', TOO_MANY)
  })

  test('keep nobody else from registering, and stop nobody who is signed in', async () => {
    assert.equal((await register({ from: OTHER })).status, 201)
    assert.equal((await register({ from: EGRESS })).status, 201)
    const signedIn = await signIn(server.url)
    assert.equal(await isLet(signedIn, signedIn.tokens.access_token), true)
    const renewed = await post('/token', form(refreshOf(signedIn, signedIn.tokens)), ATTACKER)
    assert.equal(renewed.status, 200)
  })

  test('are one line of the log, with the address', () => {
    const lines = server.logs.filter(({ event }) => event === 'request.limited')
    assert.deepEqual(
      lines.map(({ path, address }) => [path, address]),
      [['/register', ATTACKER]],
    )
    assert.ok(server.logs.filter(({ event }) => event === 'request.refused').length < 10)
  })

  test('cannot be made by 500 neighbours of one IPv6 network', async () => {
    const from = (i: number) =>
      `2001:db8:bad:1:${((i * 131) & 0xffff).toString(16)}::${i.toString(16)}`
    const statuses = await statusesOf(500, (i) => register({ from: from(i) }))
    assert.ok(many(statuses, 429) > 100)
    assert.equal((await register({ from: '2001:db8:bad:2::1' })).status, 201)
  })

  test('cannot be hidden behind forged X-Forwarded-For, nor held against others', async () => {
    const from = '203.0.113.67'
    const forged = (i: number) => ({
      'x-forwarded-for': `192.0.2.${i % 250}, ${OTHER}`,
      forwarded: `for=192.0.2.${i % 250}`,
      'x-real-ip': OTHER,
      'cf-connecting-ip': OTHER,
    })
    const statuses = await statusesOf(500, (i) => register({ from, headers: forged(i) }))
    assert.ok(many(statuses, 429) > 100)
    assert.equal((await register({ from: OTHER })).status, 201)
  })
})

suite('behind one trusted proxy', () => {
  test('clients are told apart by what the proxy wrote, not by what they wrote', async () => {
    const entrance = createOther({ trustedProxyHops: 1, limits: { registrations: 10 } })
    const ask = (left: string, client: string) =>
      register({ from: '10.0.0.1', headers: { 'x-forwarded-for': `${left}, ${client}` }, entrance })
    const statuses = await statusesOf(50, (i) => ask(`192.0.2.${i}`, ATTACKER))
    assert.deepEqual([many(statuses, 201), many(statuses, 429)], [10, 40])
    assert.equal((await ask(ATTACKER, OTHER)).status, 201)
    for (const garbage of ['', ',,,', 'unknown', '[::', '%']) {
      const headers = { 'x-forwarded-for': garbage }
      assert.equal((await register({ from: '10.0.0.1', headers, entrance })).status, 201)
    }
    await entrance.close()
  })
})

suite('failures', () => {
  let signedIn: SignedIn
  before(async () => {
    signedIn = await signIn(server.url)
  })

  test('by the thousand at /token and /revoke end in 429, and cost another address nothing', async () => {
    const guess = {
      grant_type: 'refresh_token',
      client_id: signedIn.client_id,
      refresh_token: `r1.${'A'.repeat(22)}.1.AAAAAAAA.AAAAAA.${'A'.repeat(43)}`,
    }
    for (const path of ['/token', '/revoke']) {
      const wrong = path === '/token' ? guess : { client_id: 'nobody', token: 'x' }
      const statuses = await inTurn(650, () => post(path, wrong, ATTACKER))
      assert.ok(many(statuses, 429) >= 40, `${path}: ${many(statuses, 429)}`)
      assert.equal(many(statuses, 429) + many(statuses, path === '/token' ? 400 : 401), 650)
      const refused = await heldUp(() => post(path, wrong, ATTACKER))
      await assertRefused(refused, 429, 'temporarily_unavailable', TOO_MANY)
    }
    const tokens = form(refreshOf(signedIn, signedIn.tokens))
    assert.equal((await post('/token', tokens, EGRESS)).status, 200)
  })

  test('of a stranger lock nobody out who shares the address: what is right is let through', async () => {
    const refusals = () => server.logs.filter(({ event }) => event === 'request.refused').length
    const told = refusals()
    const wrong = { client_id: 'nobody', token: 'x', grant_type: 'refresh_token' }
    for (const path of ['/token', '/revoke']) {
      const statuses = await inTurn(700, () => post(path, wrong, ATTACKER))
      assert.ok(many(statuses, 429) > 0)
      await heldUp(() => post(path, wrong, ATTACKER))
    }
    assert.ok(refusals() - told < 1400, 'what is held up is no line of the log')
    const neighbour = await signIn(server.url)
    const renewed = await post('/token', form(refreshOf(neighbour, neighbour.tokens)), ATTACKER)
    assert.equal(renewed.status, 200)
    const { client_id, tokens } = neighbour
    const ended = await post('/revoke', { client_id, token: tokens.refresh_token }, ATTACKER)
    assert.equal(ended.status, 200)
    assert.equal(await isLet(neighbour, neighbour.tokens.access_token), false)
  })

  test('are all that counts: a thousand refreshes of one address are let through', async () => {
    // A repeat within the minute gets the same successor, and asks Entra no more.
    const repeated = form(refreshOf(signedIn, signedIn.tokens))
    const statuses = await inTurn(1000, () => post('/token', repeated, OTHER))
    assert.equal(many(statuses, 200), 1000)
  })

  test('at /auth/callback end in a page that says when to go on, and no sign-in of others ends', async () => {
    const address = `${server.url}/auth/callback?code=x&state=${'s'.repeat(43)}`
    const ask = (from: string) =>
      server.entrance.fetch(new Request(address, { headers: { accept: 'text/html' } }), {
        remoteAddress: from,
      })
    const statuses = await inTurn(650, () => ask(ATTACKER))
    assert.ok(many(statuses, 429) >= 40)
    const page = await heldUp(() => ask(ATTACKER))
    assert.equal(page.headers.get('retry-after'), '10')
    assert.match(await page.text(), /Not available at the moment[\s\S]*Wait a moment/)
    assert.equal((await ask(OTHER)).status, 403)
    const { authorization, client } = signedIn
    const again = client.authorization(authorization.client_id)
    assert.ok(codeOf(await createBrowser().signIn(again.url, { until: again.redirect_uri })))
  })

  test('of bad tokens at /mcp keep no neighbour from the challenge by which an old token is renewed', async () => {
    const guarded = server.entrance.protect(() => new Response('in'))
    const told = server.logs.length
    const ask = (authorization: string) => {
      const headers = { host: new URL(server.url).host, authorization }
      const request = new Request(`${server.url}/mcp`, { method: 'POST', headers })
      return guarded(request, { remoteAddress: ATTACKER })
    }
    const statuses = await inTurn(1500, () => ask('Bearer eyJhbGciOiJFUzI1NiJ9.e30.AAAA'))
    assert.equal(many(statuses, 401), 1500)
    assert.equal(server.logs.length, told, 'and fill no log')
    const neighbour = await signIn(server.url)
    const { tokens } = neighbour
    using clock = stopClock()
    clock.forward(3600)
    const old = await ask(`Bearer ${tokens.access_token}`)
    assert.equal(old.status, 401)
    assert.match(old.headers.get('www-authenticate') ?? '', /expired.*resource_metadata=/)
    const renewed = await post('/token', form(refreshOf(neighbour, tokens)), ATTACKER)
    const { access_token } = (await renewed.json()) as TokenResponse
    assert.equal((await ask(`Bearer ${access_token}`)).status, 200)
  })
})

suite('requests that no endpoint takes', () => {
  for (const [name, path, init] of [
    [
      'of another type',
      '/token',
      { method: 'POST', body: 'x', headers: { 'content-type': 'a/b' } },
    ],
    ['that are too large', '/revoke', { method: 'POST', body: new URLSearchParams({ a: BIG }) }],
    ['by another method', '/token', {}],
    ['by another method, for metadata', '/.well-known/jwks.json', { method: 'POST' }],
    ['by another method, for a page', '/consent', { method: 'DELETE' }],
  ] as const) {
    test(`${name} fill no log: they are held up as well`, async () => {
      const told = server.logs.length
      const from = '203.0.113.99'
      const ask = () =>
        server.entrance.fetch(new Request(`${server.url}${path}`, init), { remoteAddress: from })
      const statuses = await inTurn(1400, ask)
      assert.ok(many(statuses, 429) > 0)
      assert.ok(server.logs.length - told < 1400)
      assert.ok(statuses.every((status) => [405, 413, 415, 429].includes(status)))
    })
  }
})

test('sign-ins by the hundred from one address go on; a flood of them gets a page', async () => {
  const { client, client_id } = await signIn(server.url)
  const { url } = client.authorization(client_id)
  const ask = () =>
    server.entrance.fetch(new Request(url, { headers: { accept: 'text/html' } }), {
      remoteAddress: EGRESS,
    })
  const statuses = await inTurn(700, ask)
  assert.ok(many(statuses, 302) >= 600)
  assert.ok(many(statuses, 429) > 0)
  const page = await heldUp(ask)
  assert.match(page.headers.get('content-type') ?? '', /^text\/html/)
  assert.match(await page.text(), /Too many requests from this address/)
})

test('100,000 addresses leave memory flat, and one of them is limited all the same', async () => {
  const entrance = createOther({ limits: { registrations: 10 } })
  setFlagsFromString('--expose-gc')
  const collectGarbage = runInNewContext('gc') as () => void
  const heap = () => {
    collectGarbage()
    return process.memoryUsage().heapUsed
  }
  const ask = (i: number) => {
    const from = `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`
    // The cheapest request that counts.
    return entrance.fetch(new Request(`${server.url}/consent`), { remoteAddress: from })
  }
  for (let i = 0; i < 40_000; i++) await ask(i)
  const before = heap()
  for (let i = 40_000; i < 100_000; i++) await ask(i)
  const grown = heap() - before
  assert.ok(grown < 3_000_000, `${grown} bytes more for 60,000 addresses`)
  const statuses = await statusesOf(20, () => register({ from: ATTACKER, entrance }))
  assert.deepEqual([many(statuses, 201), many(statuses, 429)], [10, 10])
  await entrance.close()
})

test('without an address there is one ceiling for all, far above what anybody needs', async () => {
  const entrance = createOther({ limits: { registrations: 10 } })
  const statuses = await statusesOf(250, () => register({ entrance }))
  assert.deepEqual([many(statuses, 201), many(statuses, 429)], [200, 50])
  await entrance.close()
})

function createOther(options: Partial<Parameters<typeof createEntrance>[0]>): Entrance {
  const { tenantId, application, origin: authority } = server.emulator
  return createEntrance({
    url: server.url,
    secret: randomBytes(32).toString('base64url'),
    store: memoryStore(),
    entra: { tenantId, ...application, authority },
    ...options,
  })
}

/** A slow machine lets one through now and then: an address has as many again within a minute. */
async function heldUp(ask: () => Promise<Response>): Promise<Response> {
  for (;;) {
    const answer = await ask()
    if (answer.status === 429) return answer
  }
}

async function inTurn(count: number, ask: () => Promise<Response>): Promise<number[]> {
  const statuses: number[] = []
  for (let i = 0; i < count; i++) statuses.push((await ask()).status)
  return statuses
}

const form = (parameters: Readonly<Record<string, string | undefined>>) =>
  parameters as Record<string, string>
