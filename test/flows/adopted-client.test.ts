import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { createKeyring } from '../../src/core/keys/keyring.ts'
import { forgetStoreKey } from '../../src/core/store-keys.ts'
import { createEntrance } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { locationOf } from '../attacks/consent-form.ts'
import { formRequest, get } from '../attacks/support.ts'
import { createBrowser } from '../support/browser.ts'
import { codeOf, createOAuthClient, json, type TokenResponse } from '../support/oauth-client.ts'
import { startEntrance } from '../support/start.ts'
import { addExpense, getExpenses } from './expenses.ts'

const newSecret = () => randomBytes(32).toString('base64url')

test('a client whose registration was lost gets through from /authorize to /mcp with its old id', async (t) => {
  // The server that it registered at had a key that is gone, as after `rm -r .entrance`.
  await using before = await startEntrance()
  const registered = await createOAuthClient(before.url).register()
  const { client_id } = await json<{ client_id: string }>(registered)
  const { emulator } = before

  const store = memoryStore()
  const options = { secret: newSecret(), store, registration: { adopt: true } }
  await using server = await startEntrance({ emulator, entrance: options })
  const client = createOAuthClient(server.url)

  // What a program asks first says that it is unknown, and one that can registers again.
  const authorization = client.authorization(client_id)
  const looked = await fetch(authorization.url, { redirect: 'manual' })
  assert.equal(looked.status, 400)

  const browser = createBrowser()
  const consentPage = locationOf(await get(authorization.url))
  const consent = await browser.open(consentPage)
  assert.match(consent.text, /An unverified application that is not registered here wants/)
  const until = authorization.redirect_uri
  const code = codeOf(await browser.signIn(consentPage, { until }))
  const tokens = await json<TokenResponse>(await client.exchange(authorization, code))
  await addExpense(client, tokens.access_token, 'with the old id')
  assert.equal((await getExpenses(client, tokens.access_token)).length, 1)

  // Known from now on: on another replica, and after a restart, which is the same thing.
  const { tenantId, application, origin: authority } = emulator
  const entra = { tenantId, ...application, authority }
  const replica = createEntrance({ ...options, url: server.url, entra })
  t.after(() => replica.close())
  const refresh = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token, client_id }
  const renewed = await replica.fetch(formRequest(`${server.url}/token`, refresh))
  const { refresh_token } = await json<TokenResponse>(renewed)
  const again = await fetch(client.authorization(client_id).url, { redirect: 'manual' })
  assert.match(again.headers.get('location') ?? '', /\/consent\?request=/)

  // And it can sign out.
  assert.equal((await client.revoke({ token: refresh_token, client_id })).status, 200)
  const refused = await client.refresh(client_id, refresh_token)
  assert.equal(refused.status, 400)
  assert.ok(server.logs.some(({ event }) => event === 'client.adopted'))
})

test('a client of a key that was retired heals in the same store', async () => {
  const [old, current] = [newSecret(), newSecret()]
  const store = memoryStore()
  await using before = await startEntrance({ entrance: { secret: old, store } })
  const registered = await createOAuthClient(before.url).register()
  const { client_id } = await json<{ client_id: string }>(registered)
  const { emulator } = before
  const registration = { adopt: true }
  await using between = await startEntrance({
    emulator,
    entrance: { secret: [current, old], store, registration },
  })
  // While its key is in force, it is the client that registered.
  const known = createOAuthClient(between.url).authorization(client_id)
  const consent = await createBrowser().open(known.url)
  assert.match(consent.text, /The application Test client wants/)

  // As `entrance keys retire` does: else the key counts as another replica's for a while.
  assert.ok(await forgetStoreKey(createKeyring([old]).current.id, store))
  await using server = await startEntrance({
    emulator,
    entrance: { secret: current, store, registration },
  })
  const client = createOAuthClient(server.url)
  const authorization = client.authorization(client_id)
  const until = authorization.redirect_uri
  const consentPage = locationOf(await get(authorization.url))
  const code = codeOf(await createBrowser().signIn(consentPage, { until }))
  assert.equal((await client.exchange(authorization, code)).status, 200)
})
