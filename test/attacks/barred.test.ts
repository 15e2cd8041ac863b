import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { SEED } from '../../src/emulator/seed.ts'
import type { Store } from '../../src/index.ts'
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
import { assertRefused, isLet } from './support.ts'

const ALICE = `${SEED.tenantId}/${SEED.alice}`

/** Calls of a store that can be held before they are done, or after. */
function heldStore() {
  const inner = memoryStore()
  type Hold = { reached: () => void; released: Promise<void>; when: 'before' | 'after' }
  const holds = new Map<string, Hold>()

  async function pass<T>(name: string, key: string, call: () => Promise<T>): Promise<T> {
    const id = `${name} ${key
      .split(':', 2)
      .join(':')
      .replace(/:[\w-]{22,}$/, '')}`
    const hold = holds.get(id)
    if (!hold) return call()
    holds.delete(id)
    if (hold.when === 'before') {
      hold.reached()
      await hold.released
      return call()
    }
    const done = await call()
    hold.reached()
    await hold.released
    return done
  }

  const store: Store = {
    ...inner,
    get: (key) => pass('get', key, () => inner.get(key)),
    create: (record) => pass('create', record.key, () => inner.create(record)),
    replace: (record, version) => pass('replace', record.key, () => inner.replace(record, version)),
    list: (by) => pass('list', 'person' in by ? 'person' : 'client', () => inner.list(by)),
    page: (query) => pass('page', query.prefix, () => inner.page(query)),
    revoke: (rule) => pass('revoke', rule.kind, () => inner.revoke(rule)),
  }
  /** The next such call stops there. */
  const hold = (when: Hold['when'], call: string) => {
    const reached = Promise.withResolvers<void>()
    const released = Promise.withResolvers<void>()
    holds.set(call, { when, reached: () => reached.resolve(), released: released.promise })
    return { reached: reached.promise, release: () => released.resolve() }
  }
  return { store, hold }
}

/** Everything that was given is worth nothing, and nothing more is given. */
async function assertShutOut(
  { client, client_id }: Pick<SignedIn, 'client' | 'client_id'>,
  tokens: TokenResponse,
  why: RegExp,
): Promise<void> {
  assert.equal(await isLet({ client }, tokens.access_token), false)
  const refresh = await client.refresh(client_id, tokens.refresh_token)
  await assertRefused(refresh, 400, 'invalid_grant', why)
}

const ENDED = /(revoked \(blocked by the operator\)|has blocked this account)/

suite('a person who is blocked', () => {
  test('is out at once, with what they have and with what they try next', async () => {
    await using server = await startEntrance()
    const signedIn = await signIn(server.url)
    const bob = await signIn(server.url, { account: 'Bob' })
    const done = await server.entrance.operator.as('test').users.block(ALICE)
    assert.deepEqual(
      { ...done },
      { id: ALICE, name: `alice@${SEED.domain}`, isNew: true, sessions: 1 },
    )
    await assertShutOut(signedIn, signedIn.tokens, ENDED)
    assert.equal(await isLet(bob, bob.tokens.access_token), true)
    const page = await createBrowser().signIn(
      createOAuthClient(server.url).authorization(signedIn.client_id).url,
      { account: 'Alice', until: 'nowhere:' },
    )
    assert.equal(page.status, 403)
    assert.match(page.text, /This account is blocked/)
    assert.match(page.text, /To be let in, ask the operator of this server/)
  })

  test('and is let in again gets in at once, and their former tokens stay worthless', async () => {
    await using server = await startEntrance()
    const former = await signIn(server.url)
    const { users } = server.entrance.operator.as('test')
    await users.block(ALICE)
    assert.equal((await users.unblock(ALICE)).isNew, true)
    const again = await signIn(server.url)
    assert.equal(await isLet(again, again.tokens.access_token), true)
    assert.equal(
      (await again.client.refresh(again.client_id, again.tokens.refresh_token)).status,
      200,
    )
    assert.equal(await isLet(former, former.tokens.access_token), false)
  })
})

suite('a person who is being blocked does not slip through', () => {
  /** Where the sign-in stands still while the operator blocks the person. */
  const CALLBACK = [
    ['before', 'get barred:person'],
    ['after', 'get barred:person'],
    ['before', 'create grant'],
    ['after', 'create grant'],
  ] as const
  for (const [when, call] of CALLBACK) {
    test(`at the callback, held ${when} '${call}'`, async () => {
      const { store, hold } = heldStore()
      await using server = await startEntrance({ entrance: { store } })
      const client = createOAuthClient(server.url)
      const { client_id } = await json<{ client_id: string }>(await client.register())
      const authorization = client.authorization(client_id)
      const held = hold(when, call)
      const until = authorization.redirect_uri
      const signingIn = createBrowser().signIn(authorization.url, { account: 'Alice', until })
      await held.reached
      await server.entrance.operator.as('test').users.block(ALICE)
      held.release()
      const page = await signingIn
      if (!page.url.href.startsWith(until)) {
        assert.equal(page.status, 403)
        assert.match(page.text, /has blocked this account/)
        return
      }
      const redeemed = await client.exchange(authorization, codeOf(page))
      await assertRefused(redeemed, 400, 'invalid_grant', /blocked/)
    })
  }

  for (const [when, call] of [
    ['before', 'get barred:person'],
    ['after', 'get barred:person'],
    ['before', 'replace grant'],
    ['after', 'replace grant'],
  ] as const) {
    test(`while a code is redeemed, held ${when} '${call}'`, async () => {
      const { store, hold } = heldStore()
      await using server = await startEntrance({ entrance: { store } })
      const client = createOAuthClient(server.url)
      const { client_id } = await json<{ client_id: string }>(await client.register())
      const authorization = client.authorization(client_id)
      const until = authorization.redirect_uri
      const code = codeOf(await createBrowser().signIn(authorization.url, { until }))
      const held = hold(when, call)
      const redeeming = client.exchange(authorization, code)
      await held.reached
      await server.entrance.operator.as('test').users.block(ALICE)
      held.release()
      await assertNothingGiven({ client, client_id }, await redeeming)
    })

    test(`while a token is refreshed, held ${when} '${call}'`, async () => {
      const { store, hold } = heldStore()
      await using server = await startEntrance({ entrance: { store } })
      const signedIn = await signIn(server.url)
      const held = hold(when, call)
      const refreshing = signedIn.client.refresh(signedIn.client_id, signedIn.tokens.refresh_token)
      await held.reached
      await server.entrance.operator.as('test').users.block(ALICE)
      held.release()
      await assertNothingGiven(signedIn, await refreshing)
    })
  }

  for (const call of ['create barred:person', 'revoke person', 'replace grant']) {
    test(`while the operator's hand stands still after '${call}'`, async () => {
      const { store, hold } = heldStore()
      await using server = await startEntrance({ entrance: { store } })
      const signedIn = await signIn(server.url)
      const held = hold('after', call)
      const blocking = server.entrance.operator.as('test').users.block(ALICE)
      await held.reached
      const { client, client_id, tokens } = signedIn
      const refreshed = await client.refresh(client_id, tokens.refresh_token)
      assert.equal(refreshed.status, 400)
      const page = await createBrowser().signIn(client.authorization(client_id).url, {
        until: 'nowhere:',
      })
      assert.match(page.text, /has blocked this account/)
      held.release()
      await blocking
      await assertShutOut(signedIn, tokens, ENDED)
    })
  }
})

/** A refusal; or tokens that are worth nothing. */
async function assertNothingGiven(
  given: Pick<SignedIn, 'client' | 'client_id'>,
  answer: Response,
): Promise<void> {
  if (answer.status !== 200) return assertRefused(answer, 400, 'invalid_grant', /./)
  await assertShutOut(given, (await answer.json()) as TokenResponse, ENDED)
}

suite('a client that is disabled', () => {
  test('is out for everybody, and other clients are not', async () => {
    await using server = await startEntrance()
    const signedIn = await signIn(server.url)
    const other = await signIn(server.url, { metadata: { client_name: 'Other' } })
    const { clients } = server.entrance.operator.as('test')
    assert.equal((await clients.disable(signedIn.client_id)).sessions, 1)
    await assertShutOut(signedIn, signedIn.tokens, /client disabled by the operator|switched this/)
    assert.equal(await isLet(other, other.tokens.access_token), true)
    const { url } = signedIn.client.authorization(signedIn.client_id)
    const page = await createBrowser().signIn(url, { until: 'nowhere:' })
    assert.match(page.text, /This application is switched off/)
    await clients.enable('Test client')
    const again = await signIn(server.url)
    assert.equal(await isLet(again, again.tokens.access_token), true)
  })

  test('gets nothing for a code that it had before', async () => {
    await using server = await startEntrance()
    const client = createOAuthClient(server.url)
    const { client_id } = await json<{ client_id: string }>(await client.register())
    const authorization = client.authorization(client_id)
    const until = authorization.redirect_uri
    const code = codeOf(await createBrowser().signIn(authorization.url, { until }))
    await server.entrance.operator.as('test').clients.disable(client_id)
    const redeemed = await client.exchange(authorization, code)
    await assertRefused(redeemed, 400, 'invalid_grant', /has been revoked|switched/)
  })
})

suite('everything that is ended', () => {
  test('ends all sign-ins that were there, their refresh included, and none that comes after', async () => {
    await using server = await startEntrance()
    const before = [await signIn(server.url), await signIn(server.url, { account: 'Bob' })]
    const { sessions } = server.entrance.operator.as('test')
    assert.equal(await sessions.revoke({ all: true }), 2)
    for (const one of before) {
      await assertShutOut(one, one.tokens, /ended by the operator/)
    }
    const after = await signIn(server.url)
    assert.equal(await isLet(after, after.tokens.access_token), true)
    assert.equal(
      (await after.client.refresh(after.client_id, after.tokens.refresh_token)).status,
      200,
    )
  })

  test('refuses the refresh of a grant whose record the operator never got to', async () => {
    const { store, hold } = heldStore()
    await using server = await startEntrance({ entrance: { store } })
    const signedIn = await signIn(server.url)
    const held = hold('before', 'page grant:')
    const ending = server.entrance.operator.as('test').sessions.revoke({ all: true })
    await held.reached
    const { client, client_id, tokens } = signedIn
    const refresh = await client.refresh(client_id, tokens.refresh_token)
    const text = 'The operator of this server has ended this sign-in. Sign in again.'
    await assertRefused(refresh, 400, 'invalid_grant', text)
    assert.equal(await isLet(signedIn, tokens.access_token), false)
    held.release()
    await ending
  })
})
