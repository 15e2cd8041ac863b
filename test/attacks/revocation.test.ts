import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { after, before, suite, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { type Entrance, OAuthError, type Store } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { createBrowser } from '../support/browser.ts'
import {
  codeOf,
  createOAuthClient,
  json,
  type SignedIn,
  signIn,
  type TokenResponse,
} from '../support/oauth-client.ts'
import { startEntrance } from '../support/start.ts'
import {
  assertRefused,
  basic,
  formRequest,
  isLet,
  type Replicas,
  redemptionOf,
  refreshOf,
  startReplicas,
} from './support.ts'

let replicas: Replicas
before(async () => {
  replicas = await startReplicas()
})
after(() => replicas[Symbol.asyncDispose]())

const GONE = 'The access token has been revoked. Sign in again.'

suite('a token that is revoked', () => {
  for (const which of ['access_token', 'refresh_token'] as const) {
    test(`ends the whole grant, by its ${which} (RFC 7009)`, async () => {
      const signedIn = await signIn(replicas.server.url)
      const { client, client_id, tokens } = signedIn
      const done = await client.revoke({ client_id, token: tokens[which] })
      assert.equal(done.status, 200)
      const mcp = await client.mcp(tokens.access_token, { method: 'ping' })
      await assertRefused(mcp, 401, 'invalid_token', GONE)
      const refresh = await client.refresh(client_id, tokens.refresh_token)
      const reason = 'The sign-in has been revoked (revoked by the client). Sign in again.'
      await assertRefused(refresh, 400, 'invalid_grant', reason)
    })

    test(`is not revoked by another client that has got hold of the ${which}`, async () => {
      const signedIn = await signIn(replicas.server.url)
      const { client, tokens } = signedIn
      const { client_id } = await json<{ client_id: string }>(
        await client.register({ client_name: 'Thief' }),
      )
      const refused = await client.revoke({ client_id, token: tokens[which] })
      const reason = 'The token was issued to another client.'
      await assertRefused(refused, 400, 'invalid_grant', reason)
      assert.equal(await isLet(signedIn, tokens.access_token), true)
      assert.equal((await client.refresh(signedIn.client_id, tokens.refresh_token)).status, 200)
    })
  }

  for (const method of ['client_secret_basic', 'client_secret_post']) {
    test(`ends the grant of a confidential client that proves itself, and of nobody else (${method}, RFC 7009 §2.1)`, async () => {
      const client = createOAuthClient(replicas.server.url)
      const metadata = { token_endpoint_auth_method: method }
      const registered = await client.register(metadata)
      const { client_id, client_secret } = await json<Record<string, string>>(registered)
      assert.ok(client_id && client_secret)
      const authorization = client.authorization(client_id)
      const until = authorization.redirect_uri
      const code = codeOf(await createBrowser().signIn(authorization.url, { until }))
      const isBasic = method === 'client_secret_basic'
      const proof = isBasic ? {} : { client_id, client_secret }
      const headers = isBasic ? basic(client_id, client_secret) : {}
      const redemption = redemptionOf(authorization, code)
      const redeemed = await client.token({ ...redemption, ...proof }, headers)
      const { access_token, refresh_token } = await json<TokenResponse>(redeemed)
      // Whoever holds the tokens and not the secret ends nothing.
      for (const wrong of [undefined, 'guessed', '']) {
        const refused = await client.revoke({
          client_id,
          client_secret: wrong,
          token: refresh_token,
        })
        await assertRefused(refused, 401, 'invalid_client', /./)
      }
      assert.equal(await isLet({ client }, access_token), true)
      assert.equal((await client.revoke({ ...proof, token: access_token }, headers)).status, 200)
      assert.equal(await isLet({ client }, access_token), false)
      const renewal = { grant_type: 'refresh_token', refresh_token }
      const refresh = await client.token({ ...renewal, ...proof }, headers)
      await assertRefused(refresh, 400, 'invalid_grant', /revoked by the client/)
    })
  }
  test('and was only guessed, by its own client, ends nothing', async () => {
    const signedIn = await signIn(replicas.server.url)
    const { client, client_id, tokens } = signedIn
    const parts = tokens.refresh_token.split('.')
    const guessed = parts.with(-1, 'A'.repeat(43)).join('.')
    // RFC 7009 §2.2: an unknown token is as good as revoked.
    assert.equal((await client.revoke({ client_id, token: guessed })).status, 200)
    assert.equal(await isLet(signedIn, tokens.access_token), true)
    assert.equal((await client.refresh(client_id, tokens.refresh_token)).status, 200)
  })

  test('is refused on the other replica within two seconds', async () => {
    const { client, client_id, tokens } = await signIn(replicas.server.url)
    const other = replicas.entrances[1] as Entrance
    const { host } = new URL(replicas.server.url)
    const authorization = `Bearer ${tokens.access_token}`
    assert.equal(other.authenticate({ authorization, host }).isAllowed, true)
    await client.revoke({ client_id, token: tokens.refresh_token })
    const deadline = Date.now() + 2000
    while (other.authenticate({ authorization, host }).isAllowed) {
      assert.ok(Date.now() < deadline, 'still let in after two seconds')
      await setTimeout(20)
    }
  })
})

suite('a revocation that races a refresh', () => {
  test('leaves nothing alive, whichever comes first', async () => {
    for (let round = 0; round < 6; round++) {
      const signedIn = await signIn(replicas.server.url)
      const { answers, revoked } = await race(signedIn, round)
      assert.equal(revoked.status, 200)
      for (const answer of answers) {
        if (answer.status !== 200) {
          await assertRefused(answer, 400, 'invalid_grant', /has been revoked/)
          continue
        }
        const tokens = (await answer.json()) as TokenResponse
        assert.equal(await isLet(signedIn, tokens.access_token), false)
        const again = await signedIn.client.refresh(signedIn.client_id, tokens.refresh_token)
        await assertRefused(again, 400, 'invalid_grant', /has been revoked/)
      }
    }
  })
})

async function race(signedIn: SignedIn, round: number) {
  const { client_id, tokens } = signedIn
  const refresh = refreshOf(signedIn, tokens)
  const turns = Array.from({ length: 8 }, (_, turn) => turn)
  const revoke = () => {
    const { fetch } = replicas.entrances[round % 2] as Entrance
    const url = `${replicas.server.url}/revoke`
    return fetch(formRequest(url, { client_id, token: tokens.refresh_token }))
  }
  // It enters the race a little later each round.
  const ahead = turns.slice(0, round).map((turn) => replicas.token(turn, refresh))
  const revoking = revoke()
  const behind = turns.slice(round).map((turn) => replicas.token(turn, refresh))
  return { answers: await Promise.all([...ahead, ...behind]), revoked: await revoking }
}

suite('a client that revokes over and over', () => {
  test('leaves one rule in the store, however often it does', async () => {
    const { client, client_id, tokens } = await signIn(replicas.server.url)
    using db = new DatabaseSync(replicas.path)
    const rules = () => Number(db.prepare('SELECT count(*) AS n FROM revocations').get()?.n)
    const before = rules()
    for (let i = 0; i < 25; i++) {
      await client.revoke({ client_id, token: tokens.access_token })
      await client.revoke({ client_id, token: tokens.refresh_token })
    }
    assert.equal(rules() - before, 1)
  })
})

suite('a store that fails in the midst of a revocation', () => {
  for (const operation of ['revoke', 'replace'] as const) {
    test(`gets all of it at the next try (${operation} fails first)`, async () => {
      const { store, failNext } = failingStore()
      await using server = await startEntrance({ entrance: { store } })
      const { client_id, tokens } = await signIn(server.url)
      const client = createOAuthClient(server.url)
      const revoke = () => client.revoke({ client_id, token: tokens.refresh_token })
      failNext(operation)
      const away = 'The server cannot reach its store at the moment. Try again shortly.'
      await assertRefused(await revoke(), 503, 'temporarily_unavailable', away)
      assert.equal((await revoke()).status, 200)
      // What every replica reads, and what the next refresh reads.
      const { revocations } = await store.revocations()
      assert.equal(revocations.length, 1)
      const refresh = await client.refresh(client_id, tokens.refresh_token)
      await assertRefused(refresh, 400, 'invalid_grant', /has been revoked/)
    })
  }

  test('a replayed code is told again until its access tokens are gone everywhere', async () => {
    const { store, failNext } = failingStore()
    await using server = await startEntrance({ entrance: { store } })
    const { client, authorization, code } = await signIn(server.url)
    failNext('revoke')
    assert.equal((await client.exchange(authorization, code)).status, 503)
    const again = await client.exchange(authorization, code)
    await assertRefused(again, 400, 'invalid_grant', /has been redeemed before/)
    assert.equal((await store.revocations()).revocations.length, 1)
  })
})

/** A store one of whose operations can be made to fail once. */
function failingStore() {
  const inner = memoryStore()
  let failing: keyof Store | undefined
  const fail = (operation: keyof Store) => {
    if (failing !== operation) return
    failing = undefined
    throw new OAuthError('server_error', 'connection reset by secret-host.internal:5432')
  }
  const store: Store = {
    ...inner,
    async revoke(rule) {
      fail('revoke')
      return inner.revoke(rule)
    },
    async replace(record, version) {
      fail('replace')
      return inner.replace(record, version)
    },
  }
  const failNext = (operation: 'revoke' | 'replace') => {
    failing = operation
  }
  return { store, failNext }
}
