import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import type { Store } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { createBrowser } from '../support/browser.ts'
import {
  type Authorization,
  codeOf,
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
  isLet,
  type Replicas,
  readError,
  redemptionOf,
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

const REPLAYED = 'The code has been redeemed before. What it gave has been revoked: sign in again.'
const REVOKED = 'The code belongs to a sign-in that has been revoked.'

suite('a code redeemed by many at once', () => {
  test('50 parallel redemptions of one code give one set of tokens (fastmcp W1)', async () => {
    const pending = await authorized()
    const redeem = () => client.exchange(pending.authorization, pending.code)
    await assertOneWinner(await Promise.all(Array.from({ length: 50 }, redeem)))
  })

  test('50 parallel redemptions over two replicas give one set of tokens (fastmcp W1)', async () => {
    const { authorization, code } = await authorized()
    const turns = Array.from({ length: 50 }, (_, turn) => turn)
    const redeem = (turn: number) => replicas.token(turn, redemptionOf(authorization, code))
    await assertOneWinner(await Promise.all(turns.map(redeem)))
  })

  test('two callbacks at once with the same answer of Entra give one code', async () => {
    const browser = createBrowser()
    const { client_id } = await json<{ client_id: string }>(await client.register())
    const { url, redirect_uri } = client.authorization(client_id)
    const until = `${replicas.server.url}/auth/callback`
    const { url: callback } = await browser.signIn(url, { until })
    const visits = [1, 2, 3, 4].map(() => browser.open(callback, { until: redirect_uri }))
    const pages = await Promise.all(visits)
    const arrived = pages.filter((page) => page.url.href.startsWith(redirect_uri))
    assert.equal(arrived.length, 1)
    assert.ok(arrived[0]?.url.searchParams.get('code'))
  })
})

suite('a code redeemed again', () => {
  test('takes back what it gave (fastmcp W4, RFC 6749 §4.1.2)', async () => {
    const signedIn = await signIn(replicas.server.url)
    assert.equal(await isLet(signedIn, signedIn.tokens.access_token), true)
    const replay = await client.exchange(signedIn.authorization, signedIn.code)
    await assertRefused(replay, 400, 'invalid_grant', REPLAYED)
    await assertTakenBack(signedIn)
  })

  test('takes back also what has been refreshed since (fastmcp W4)', async () => {
    const signedIn = await signIn(replicas.server.url)
    const { client_id, tokens } = signedIn
    const renewed = await json<TokenResponse>(await client.refresh(client_id, tokens.refresh_token))
    const replay = await client.exchange(signedIn.authorization, signedIn.code)
    await assertRefused(replay, 400, 'invalid_grant', REPLAYED)
    await assertTakenBack({ ...signedIn, tokens: renewed })
  })

  test('by another client takes nothing back (ts-peers row 19)', async () => {
    const signedIn = await signIn(replicas.server.url)
    const stranger = await registerAnother()
    const replay = await client.exchange(signedIn.authorization, signedIn.code, {
      client_id: stranger,
    })
    await assertRefused(replay, 400, 'invalid_grant', 'The code was given to another client.')
    assert.equal(await isLet(signedIn, signedIn.tokens.access_token), true)
  })
})

suite('a code in the wrong hands', () => {
  test('is not given to another client, and not used up by it (ts-peers row 19)', async () => {
    const { authorization, code } = await authorized()
    const stolen = { ...authorization, client_id: await registerAnother() }
    const refused = await client.exchange(stolen, code)
    await assertRefused(refused, 400, 'invalid_grant', 'The code was given to another client.')
    assert.equal((await client.exchange(authorization, code)).status, 200)
  })

  test('is not redeemed without its verifier, nor with it afterwards (fastmcp W17)', async () => {
    const { authorization, code } = await authorized()
    const missing = await client.exchange(authorization, code, { code_verifier: undefined })
    await assertRefused(missing, 400, 'invalid_grant', /^code_verifier is missing: PKCE/)
    const late = await client.exchange(authorization, code)
    await assertRefused(late, 400, 'invalid_grant', REVOKED)
  })

  test('is not redeemed with a guessed verifier, nor with the right one afterwards (fastmcp W17)', async () => {
    const { authorization, code } = await authorized()
    const guess = await client.exchange(authorization, code, { code_verifier: 'a'.repeat(43) })
    await assertRefused(guess, 400, 'invalid_grant', /^code_verifier does not match/)
    const told = replicas.server.logs.findLast(({ event }) => event === 'grant.revoked')
    assert.equal(told?.level, 'warn')
    assert.match(told?.message ?? '', /\(code_verifier wrong\); the grant is revoked\.$/)
    const late = await client.exchange(authorization, code)
    await assertRefused(late, 400, 'invalid_grant', REVOKED)
  })

  test('is not redeemed for another redirect URI (ts-peers row 4, fastmcp W17)', async () => {
    const { authorization, code } = await authorized()
    const redirect_uri = 'http://127.0.0.1:49152/other'
    const refused = await client.exchange(authorization, code, { redirect_uri })
    await assertRefused(refused, 400, 'invalid_grant', /^redirect_uri is not the one/)
    const late = await client.exchange(authorization, code)
    await assertRefused(late, 400, 'invalid_grant', REVOKED)
  })

  test('is not redeemed when one character of it has been changed', async () => {
    const { authorization, code } = await authorized()
    const parts = code.split('.')
    for (const [i, part] of parts.entries()) {
      const changed = `${part.startsWith('1') ? '2' : '1'}${part.slice(1)}`
      const forged = parts.with(i, changed).join('.')
      const refused = await client.exchange(authorization, forged)
      assert.equal((await readError(refused)).error, 'invalid_grant', `part ${i}`)
      assert.equal(refused.status, 400)
    }
    // None of these used it up.
    assert.equal((await client.exchange(authorization, code)).status, 200)
  })

  test('is redeemed within five minutes, and not after (RFC 6749 §4.1.2)', async () => {
    for (const [seconds, status] of [
      [299, 200],
      [301, 400],
    ] as const) {
      // Stopped before the code is made: a second might end in between.
      using clock = stopClock()
      const { authorization, code } = await authorized()
      clock.forward(seconds)
      const answer = await client.exchange(authorization, code)
      assert.equal(answer.status, status)
      if (status === 400) await assertRefused(answer, 400, 'invalid_grant', /^The code has expired/)
    }
  })

  test('leaves no access token alive when a guess at the verifier loses the race', async () => {
    const { store, holdNextReplace } = overtakenStore()
    await using server = await startEntrance({ entrance: { store } })
    const own = createOAuthClient(server.url)
    const { authorization, code } = await authorized(own)
    // The guess reads the grant first, and comes to write after the redemption has been written.
    const isHeld = holdNextReplace()
    const guess = own.exchange(authorization, code, { code_verifier: 'b'.repeat(43) })
    await isHeld
    const right = await own.exchange(authorization, code)
    const { access_token } = await json<TokenResponse>(right)
    await assertRefused(await guess, 400, 'invalid_grant', /^code_verifier does not match/)
    assert.equal(await isLet({ client: own }, access_token), false)
  })
})

type Pending = { authorization: Authorization; code: string }

/** A sign-in whose code has not been redeemed yet. */
async function authorized(by = client): Promise<Pending> {
  const { client_id } = await json<{ client_id: string }>(await by.register())
  const authorization = by.authorization(client_id)
  const until = authorization.redirect_uri
  const page = await createBrowser().signIn(authorization.url, { until })
  return { authorization, code: codeOf(page) }
}

async function registerAnother(): Promise<string> {
  const answer = await client.register({ client_name: 'Somebody else' })
  return (await json<{ client_id: string }>(answer)).client_id
}

/** One got tokens; the others were replays, and so took them back. */
async function assertOneWinner(answers: readonly Response[]): Promise<void> {
  const winners = answers.filter(({ status }) => status === 200)
  assert.equal(winners.length, 1)
  for (const loser of answers.filter(({ status }) => status !== 200)) {
    assert.equal(loser.status, 400)
    const { error, error_description } = await readError(loser)
    assert.equal(error, 'invalid_grant')
    assert.ok([REPLAYED, REVOKED].includes(error_description), error_description)
  }
  const { access_token } = await json<TokenResponse>(winners[0] as Response)
  assert.equal(await isLet({ client }, access_token), false)
}

async function assertTakenBack({ client_id, tokens, ...rest }: SignedIn): Promise<void> {
  const mcp = await rest.client.mcp(tokens.access_token, { method: 'ping' })
  const reason = 'The access token has been revoked. Sign in again.'
  await assertRefused(mcp, 401, 'invalid_token', reason)
  const refresh = await rest.client.refresh(client_id, tokens.refresh_token)
  const ended = 'The sign-in has been revoked (code replayed). Sign in again.'
  await assertRefused(refresh, 400, 'invalid_grant', ended)
}

/** A store in which one write can be made to wait until another one has been done. */
function overtakenStore(): { store: Store; holdNextReplace(): Promise<void> } {
  const inner = memoryStore()
  let reached: (() => void) | undefined
  let overtaken: (() => void) | undefined
  const store: Store = {
    ...inner,
    async replace(record, version) {
      if (reached) {
        const { promise, resolve } = Promise.withResolvers<void>()
        overtaken = resolve
        reached()
        reached = undefined
        await promise
        return inner.replace(record, version)
      }
      const done = await inner.replace(record, version)
      overtaken?.()
      return done
    },
  }
  return {
    store,
    holdNextReplace: () => {
      const { promise, resolve } = Promise.withResolvers<void>()
      reached = resolve
      return promise
    },
  }
}
