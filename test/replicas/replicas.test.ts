import assert from 'node:assert/strict'
import { after, before, suite, type TestContext, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { countEntraCalls, redemptionOf, refreshOf } from '../attacks/support.ts'
import { addExpense, getExpenses } from '../flows/expenses.ts'
import { createBrowser } from '../support/browser.ts'
import { withoutNginx } from '../support/nginx.ts'
import {
  codeOf,
  createOAuthClient,
  json,
  type SignedIn,
  signIn,
  type TokenResponse,
} from '../support/oauth-client.ts'
import { type Replica, type RunningReplicas, startReplicas } from '../support/replicas.ts'
import { SHARED_STORES } from '../support/shared-store.ts'
import { type ClientProcesses, startClientProcesses } from './client-processes.ts'

for (const kind of SHARED_STORES) {
  suite(`three replicas behind nginx, on ${kind.kind}`, { skip: withoutNginx || kind.skip }, () => {
    let running: RunningReplicas
    let clients: ClientProcesses
    before(async () => {
      running = await startReplicas(kind)
      clients = await startClientProcesses(8)
    })
    after(async () => {
      await clients?.[Symbol.asyncDispose]()
      await running?.[Symbol.asyncDispose]()
    })

    test('/authorize on one, the callback on the next, the token of the third, /mcp and refreshes on any', () =>
      signInAcross(running))
    test('a code that is redeemed 50 times at once gives one set of tokens, which is taken back on all', () =>
      redeemOften(running, clients))
    test('a refresh token that 8 processes use at once gives one successor, of one call to Entra', () =>
      refreshTogether(running, clients))
    test('what is revoked on one is refused on all within two seconds', (t) =>
      measureRevocation(running, t))
  })
}

async function signInAcross(running: RunningReplicas): Promise<void> {
  const { url, replicas } = running
  const [first, second, third] = replicas as [Replica, Replica, Replica]
  const client = createOAuthClient(url)
  const { client_id } = await json<{ client_id: string }>(await client.register())
  const authorization = client.authorization(client_id)
  const until = authorization.redirect_uri
  const browser = createBrowser()
  const on = async <T>(replica: Replica, path: string, work: () => Promise<T>): Promise<T> => {
    await running.leadTo(replica)
    const { result, asked } = await watchRequests(running, path, work)
    assert.deepEqual(asked, [replica.port], path)
    return result
  }

  const consent = await on(first, '/authorize', () => browser.open(authorization.url))
  const accounts = await browser.press(consent, 'Allow Access')
  const permissions = await browser.press(accounts, /^Alice/)
  const accept = () => browser.press(permissions, 'Accept', { until })
  const code = codeOf(await on(second, '/auth/callback', accept))
  const exchange = async () => json<TokenResponse>(await client.exchange(authorization, code))
  let { access_token, refresh_token } = await on(third, '/token', exchange)

  for (const replica of replicas) {
    await on(replica, '/mcp', () => addExpense(client, access_token, `on ${replica.name}`))
    const refresh = async () => json<TokenResponse>(await client.refresh(client_id, refresh_token))
    const renewed = await on(replica, '/token', refresh)
    assert.notEqual(renewed.refresh_token, refresh_token)
    ;({ access_token, refresh_token } = renewed)
  }
  const expected = replicas.map(({ name }) => `on ${name}`).toReversed()
  for (const replica of replicas) {
    const listed = await on(replica, '/mcp', () => getExpenses(client, access_token))
    assert.deepEqual(
      listed.map(({ description }) => description),
      expected,
    )
  }
}

async function redeemOften(running: RunningReplicas, clients: ClientProcesses): Promise<void> {
  const { url } = running
  const client = createOAuthClient(url)
  const { client_id } = await json<{ client_id: string }>(await client.register())
  const authorization = client.authorization(client_id)
  const until = authorization.redirect_uri
  const code = codeOf(await createBrowser().signIn(authorization.url, { until }))
  const { asked } = await watchRequests(running, '/token', async () => {
    const form = defined(redemptionOf(authorization, code))
    const answers = await clients.send(`${url}/token`, form, 50)
    assert.equal(answers.length, 50)
    const winners = answers.filter(({ status }) => status === 200)
    assert.equal(winners.length, 1, JSON.stringify(answers.map(({ status }) => status)))
    for (const { status, body } of answers.filter((answer) => !winners.includes(answer))) {
      assert.deepEqual([status, body.error], [400, 'invalid_grant'])
    }
    const token = winners[0]?.body.access_token as string
    const times = await refusedAfter(running, token, performance.now())
    assert.ok(Math.max(...times) < 2000, `let in for ${times} ms`)
  })
  assert.equal(new Set(asked).size, 3)
}

async function refreshTogether(running: RunningReplicas, clients: ClientProcesses): Promise<void> {
  const { url, emulator } = running
  const signedIn = await signIn(url)
  const form = defined(refreshOf(signedIn, signedIn.tokens))
  const before = countEntraCalls(emulator, 'refresh_token')
  const { asked } = await watchRequests(running, '/token', async () => {
    const answers = await clients.send(`${url}/token`, form, 8)
    assert.deepEqual(
      answers.map(({ status }) => status),
      Array(8).fill(200),
    )
    const successors = new Set(answers.map(({ body }) => body.refresh_token))
    assert.equal(successors.size, 1)
    const [successor] = successors
    assert.notEqual(successor, signedIn.tokens.refresh_token)
    assert.equal(countEntraCalls(emulator, 'refresh_token') - before, 1)
    await json(await signedIn.client.refresh(signedIn.client_id, String(successor)))
  })
  assert.equal(new Set(asked).size, 3)
}

const REVOKED = 20

async function measureRevocation(running: RunningReplicas, t: TestContext): Promise<void> {
  const { replicas, url } = running
  const sessions: SignedIn[] = []
  for (let i = 0; i < REVOKED; i++) sessions.push(await signIn(url))
  const times = await Promise.all(
    sessions.map(async ({ client, client_id, tokens }, i) => {
      const { access_token: token } = tokens
      for (const replica of replicas) assert.equal(await replica.askGate(token), 200)
      // At another moment of everybody's second.
      await wait(i * 97)
      const start = performance.now()
      assert.equal((await client.revoke({ client_id, token: tokens.refresh_token })).status, 200)
      return refusedAfter(running, token, start)
    }),
  )
  const sorted = times.flat().toSorted((a, b) => a - b)
  const at = (share: number) => Math.round(sorted[Math.ceil(share * sorted.length) - 1] ?? 0)
  t.diagnostic(`refused after ${at(0.5)} ms (p50), ${at(0.99)} ms (p99), ${at(1)} ms at most`)
  assert.ok(at(0.99) <= 2000, `${at(0.99)} ms`)
}

/** How long each replica still lets a token in after `start`, in milliseconds. */
function refusedAfter(
  { replicas }: RunningReplicas,
  token: string,
  start: number,
): Promise<number[]> {
  return Promise.all(
    replicas.map(async (replica) => {
      for (let asked = start; asked - start < 10_000; await wait(20)) {
        asked = performance.now()
        if ((await replica.askGate(token)) === 401) return asked - start
      }
      return Number.POSITIVE_INFINITY
    }),
  )
}

/** Does something, and gives the ports that were asked for `path` meanwhile. */
async function watchRequests<T>(
  { nginx }: RunningReplicas,
  path: string,
  work: () => Promise<T>,
): Promise<{ result: T; asked: readonly (number | undefined)[] }> {
  const before = nginx.requests().length
  const result = await work()
  for (;;) {
    const asked = nginx.requests().slice(before)
    const answered = asked
      .filter((request) => request.path === path)
      .map(({ ports }) => ports.at(-1))
    if (answered.length > 0) return { result, asked: answered }
    // It writes the line after the answer.
    await wait(5)
  }
}

function defined(parameters: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined)
  return Object.fromEntries(given) as Record<string, string>
}
