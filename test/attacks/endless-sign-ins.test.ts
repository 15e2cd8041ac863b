import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { suite, test } from 'node:test'
import { MAX_SIGN_INS } from '../../src/core/grants/excess.ts'
import { createGrants, personOf } from '../../src/core/grants/grant.ts'
import { resolveOptions } from '../../src/core/resolve-options.ts'
import { SEED } from '../../src/emulator/emulator.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { sqliteStore } from '../../src/stores/sqlite.ts'
import type { Store } from '../../src/stores/store.ts'
import { codeOf, json, type SignedIn, signIn, type TokenResponse } from '../support/oauth-client.ts'
import { type RunningEntrance, startEntrance } from '../support/start.ts'
import { assertRefused, stopClock } from './support.ts'

const ALICE = personOf({ tid: SEED.tenantId, oid: SEED.alice })
const DAY = 86_400

// One lists what a person has to see how much it is, one counts.
const STORES = new Map<string, () => Store>([
  ['in memory', memoryStore],
  ['in SQLite', () => sqliteStore(':memory:')],
])

suite('a client that has a person sign in over and over', () => {
  for (const [where, open] of STORES)
    test(`has a hundred sign-ins and no more, the latest; and what others have stays: ${where}`, async () => {
      const store = open()
      const secret = randomBytes(32).toString('base64url')
      await using server = await startEntrance({ entrance: { store, secret } })
      // Who registers alike is the same client: another one calls itself otherwise.
      const other = await signIn(server.url, { metadata: { client_name: 'Another client' } })
      const first = await signIn(server.url)
      await repeat(first, MAX_SIGN_INS - 1, { server, store, secret })
      const renewals = () =>
        server.entrance.operator.as('a test').sessions.list({ client: first.client_id })
      assert.equal((await renewals()).sessions.length, MAX_SIGN_INS)

      const last = await again(first)
      assert.equal((await renewals()).sessions.length, MAX_SIGN_INS)
      const refresh = ({ client, client_id }: SignedIn, { refresh_token }: TokenResponse) =>
        client.refresh(client_id, refresh_token)
      await assertRefused(await refresh(first, first.tokens), 400, 'invalid_grant', /revoked/)
      assert.equal((await refresh(first, last)).status, 200)
      assert.equal((await refresh(other, other.tokens)).status, 200)
      const ended = server.logs.filter(({ event }) => event === 'grant.revoked')
      assert.equal(ended.length, 1)

      // What has been ended is not kept for long either.
      const grants = async () =>
        (await store.list({ person: ALICE })).filter(({ key }) => key.startsWith('grant:')).length
      assert.equal(await grants(), MAX_SIGN_INS + 2)
      using clock = stopClock()
      clock.forward(DAY + 200)
      assert.equal(await grants(), MAX_SIGN_INS + 1)
    })
})

type Stored = {
  readonly server: RunningEntrance
  readonly store: Store
  readonly secret: string
}

/** As many sign-ins again, all of them later. */
async function repeat(signedIn: SignedIn, count: number, { server, store, secret }: Stored) {
  const { tenantId, application, origin: authority } = server.emulator
  const entra = { tenantId, ...application, authority }
  const grants = createGrants(resolveOptions({ url: server.url, secret, store, entra }))
  const [, payload = ''] = signedIn.tokens.access_token.split('.')
  const { gid } = JSON.parse(Buffer.from(payload, 'base64url').toString())
  const held = await grants.find(gid)
  assert.ok(held)
  for (let i = 1; i <= count; i++) {
    const id = randomBytes(16).toString('base64url')
    const rotatedAt = (held.grant.rotatedAt ?? 0) + i
    assert.ok(await grants.create({ ...held.grant, id, rotatedAt }))
  }
}

/** The same person, with the same client. */
async function again({ client, client_id, browser }: SignedIn): Promise<TokenResponse> {
  using clock = stopClock()
  clock.forward(MAX_SIGN_INS + 1)
  const authorization = client.authorization(client_id)
  const until = authorization.redirect_uri
  const page = await browser.signIn(authorization.url, { account: 'Alice', until })
  return json<TokenResponse>(await client.exchange(authorization, codeOf(page)))
}
