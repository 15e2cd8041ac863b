import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { createGrants, type Grant } from '../../src/core/grants/grant.ts'
import { resolveOptions } from '../../src/core/resolve-options.ts'
import {
  createOAuthClient,
  json,
  type OAuthClient,
  type SignedIn,
  signIn,
  type TokenResponse,
} from '../support/oauth-client.ts'
import { startEntrance } from '../support/start.ts'
import {
  assertRefused,
  countEntraCalls,
  isLet,
  type Replicas,
  refreshOf,
  startReplicas,
  stopClock,
} from './support.ts'

let replicas: Replicas
let client: OAuthClient
before(async () => {
  replicas = await startReplicas()
  client = createOAuthClient(replicas.server.url)
})
after(() => replicas[Symbol.asyncDispose]())

const REUSED =
  'The refresh token was replaced before; its use now has revoked the sign-in. Sign in again.'
const KILLED = 'The sign-in has been revoked (refresh token reused). Sign in again.'

suite('one refresh token presented by many at once', () => {
  test('20 parallel refreshes rotate once, ask Entra once and give all the same successor (fastmcp W2)', async () => {
    const signedIn = await signIn(replicas.server.url)
    const { client_id, tokens } = signedIn
    await assertOneRotation(signedIn, () => client.refresh(client_id, tokens.refresh_token))
  })

  test('20 parallel refreshes over two replicas do so too (fastmcp W2)', async () => {
    const signedIn = await signIn(replicas.server.url)
    const parameters = refreshOf(signedIn, signedIn.tokens)
    await assertOneRotation(signedIn, (turn) => replicas.token(turn, parameters))
  })

  test('a refresh that is repeated later meets the same successor, and Entra is not asked again (fastmcp W2)', async () => {
    const { client_id, tokens } = await signIn(replicas.server.url)
    const refresh = () => client.refresh(client_id, tokens.refresh_token)
    const first = await json<TokenResponse>(await refresh())
    const calls = countEntraCalls(replicas.server.emulator, 'refresh_token')
    const second = await json<TokenResponse>(await refresh())
    assert.equal(second.refresh_token, first.refresh_token)
    assert.equal(countEntraCalls(replicas.server.emulator, 'refresh_token'), calls)
  })
})

suite('a refresh token used again', () => {
  test('within 60 seconds gives the identical successor, after that ends the family (fastmcp W4)', async () => {
    const signedIn = await signIn(replicas.server.url)
    const { client_id, tokens } = signedIn
    const old = () => client.refresh(client_id, tokens.refresh_token)
    using clock = stopClock()
    const first = await json<TokenResponse>(await old())
    clock.forward(59)
    const repeat = await json<TokenResponse>(await old())
    assert.equal(repeat.refresh_token, first.refresh_token)
    clock.forward(2)
    await assertRefused(await old(), 400, 'invalid_grant', REUSED)
    assert.equal(await isLet(signedIn, first.access_token), false)
    assert.equal(await isLet(signedIn, tokens.access_token), false)
    const successor = await client.refresh(client_id, first.refresh_token)
    await assertRefused(successor, 400, 'invalid_grant', KILLED)
    const [told] = replicas.server.logs.filter(({ event }) => event === 'grant.revoked').slice(-1)
    assert.match(told?.message ?? '', /had been replaced long before was used again/)
  })

  test('two generations back ends the family at once (RFC 9700 §4.14.2)', async () => {
    const signedIn = await signIn(replicas.server.url)
    const { client_id, tokens } = signedIn
    const first = await json<TokenResponse>(await client.refresh(client_id, tokens.refresh_token))
    const second = await json<TokenResponse>(await client.refresh(client_id, first.refresh_token))
    const reuse = await client.refresh(client_id, tokens.refresh_token)
    await assertRefused(reuse, 400, 'invalid_grant', REUSED)
    assert.equal(await isLet(signedIn, second.access_token), false)
  })

  test('by another client neither succeeds nor ends anything (ts-peers row 5)', async () => {
    const signedIn = await signIn(replicas.server.url)
    const first = await json<TokenResponse>(
      await client.refresh(signedIn.client_id, signedIn.tokens.refresh_token),
    )
    const { client_id } = await json<{ client_id: string }>(
      await client.register({ client_name: 'Thief' }),
    )
    for (const { refresh_token } of [signedIn.tokens, first]) {
      const stolen = await client.refresh(client_id, refresh_token)
      const reason = 'The refresh token was given to another client.'
      await assertRefused(stolen, 400, 'invalid_grant', reason)
    }
    assert.equal((await client.refresh(signedIn.client_id, first.refresh_token)).status, 200)
  })

  test('by a client that never registered gets nothing (ts-peers row 5)', async () => {
    const { tokens } = await signIn(replicas.server.url)
    for (const client_id of ['nobody', replicas.server.emulator.application.clientId]) {
      const refused = await client.refresh(client_id, tokens.refresh_token)
      await assertRefused(refused, 401, 'invalid_client', /^No client with this client_id/)
    }
  })

  test('guessed from a genuine one ends nothing', async () => {
    const signedIn = await signIn(replicas.server.url)
    const { client_id, tokens } = signedIn
    const [version, id, generation, ...rest] = tokens.refresh_token.split('.')
    assert.equal(generation, '1')
    const tag = rest.pop() ?? ''
    const guesses = [
      [version, id, '0', ...rest, tag],
      [version, id, '2', ...rest, tag],
      [version, id, '999999999', ...rest, tag],
      [version, id, generation, ...rest, `${tag.startsWith('A') ? 'B' : 'A'}${tag.slice(1)}`],
    ]
    for (const guess of guesses) {
      const refused = await client.refresh(client_id, guess.join('.'))
      await assertRefused(refused, 400, 'invalid_grant', /is unknown or has expired/)
    }
    assert.equal((await client.refresh(client_id, tokens.refresh_token)).status, 200)
  })
})

suite('a process that died in the midst of a refresh', () => {
  test('holds the others up for 20 seconds at most', async () => {
    const signedIn = await signIn(replicas.server.url)
    const parameters = refreshOf(signedIn, signedIn.tokens)
    using clock = stopClock()
    await leaveLease(signedIn.tokens.refresh_token, Math.floor(Date.now() / 1000) + 20)
    const waiting = Promise.race([replicas.token(1, parameters), nextTurns()])
    assert.equal(await waiting, 'still waiting')
    clock.forward(21)
    const calls = countEntraCalls(replicas.server.emulator, 'refresh_token')
    const answer = await replicas.token(0, parameters)
    assert.equal(answer.status, 200)
    assert.equal(countEntraCalls(replicas.server.emulator, 'refresh_token'), calls + 1)
  })

  test('with its clock a day ahead holds nobody up', async () => {
    const signedIn = await signIn(replicas.server.url)
    await leaveLease(signedIn.tokens.refresh_token, Math.floor(Date.now() / 1000) + 86_400)
    const answer = await replicas.token(1, refreshOf(signedIn, signedIn.tokens))
    assert.equal(answer.status, 200)
  })

  test('and whose lease is renewed again and again keeps nobody waiting for ever', async () => {
    const signedIn = await signIn(replicas.server.url)
    using clock = stopClock()
    await leaveLease(signedIn.tokens.refresh_token, Math.floor(Date.now() / 1000) + 40)
    const waiting = replicas.token(1, refreshOf(signedIn, signedIn.tokens))
    await nextTurns()
    clock.forward(26)
    const answer = await waiting
    assert.equal(answer.headers.get('retry-after'), '10')
    await assertRefused(answer, 503, 'temporarily_unavailable', /Keep the refresh token/)
  })
})

suite('a refresh after the server has moved', () => {
  test('gives no token that its own server would refuse', async () => {
    const store = replicas.options.store
    const { emulator } = replicas.server
    const signedIn = await signIn(replicas.server.url)
    const { secret } = replicas.options
    await using moved = await startEntrance({ emulator, entrance: { store, secret } })
    const elsewhere = createOAuthClient(moved.url)
    const answer = await elsewhere.refresh(signedIn.client_id, signedIn.tokens.refresh_token)
    await assertRefused(answer, 400, 'invalid_grant', /is unknown or has expired/)
    // At home it goes on.
    const home = await client.refresh(signedIn.client_id, signedIn.tokens.refresh_token)
    assert.equal(home.status, 200)
  })
})

/** All got the same refresh token, and one call to Entra was made for them. */
async function assertOneRotation(
  signedIn: SignedIn,
  refresh: (turn: number) => Promise<Response>,
): Promise<void> {
  const { emulator } = replicas.server
  const before = countEntraCalls(emulator, 'refresh_token')
  const turns = Array.from({ length: 20 }, (_, turn) => turn)
  const answers = await Promise.all(turns.map(refresh))
  const tokens = await Promise.all(answers.map((answer) => json<TokenResponse>(answer)))
  const successors = new Set(tokens.map(({ refresh_token }) => refresh_token))
  assert.equal(successors.size, 1)
  assert.equal(successors.has(signedIn.tokens.refresh_token), false)
  assert.equal(countEntraCalls(emulator, 'refresh_token') - before, 1)
  for (const { access_token } of tokens) assert.equal(await isLet(signedIn, access_token), true)
  const [successor] = successors
  const next = await client.refresh(signedIn.client_id, successor as string)
  assert.equal(next.status, 200)
}

/** Writes the lease of a holder that never comes back into the grant of a refresh token. */
async function leaveLease(refreshToken: string, until: number): Promise<void> {
  const grants = createGrants(resolveOptions(replicas.options))
  const held = await grants.find(refreshToken.split('.')[1] as string)
  assert.ok(held)
  const lease = { holder: 'died', until }
  assert.ok(await grants.replace(held, { ...held.grant, lease } satisfies Grant))
}

/** Enough turns of the event loop for several looks at the store. */
async function nextTurns(): Promise<string> {
  const deadline = performance.now() + 200
  while (performance.now() < deadline) await new Promise((resolve) => setImmediate(resolve))
  return 'still waiting'
}
