import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, suite, test } from 'node:test'
import { memoryStore } from '../../src/stores/memory.ts'
import type { Store } from '../../src/stores/store.ts'
import { createBrowser, type Page } from '../support/browser.ts'
import { codeOf, json, REDIRECT_URI, type SignedIn, signIn } from '../support/oauth-client.ts'
import { type RunningEntrance, startEntrance } from '../support/start.ts'
import { assertRefused, stopClock } from './support.ts'

const POLICY = 'b2c7a0f4-7f1c-4f0f-9d3c-5f2b8d1e9a10'
const CLAIMS = { access_token: { capolids: { essential: true, values: [POLICY] } } }

let store: Store
let server: RunningEntrance
let clock: ReturnType<typeof stopClock>
before(async () => {
  store = memoryStore()
  // Looked up at each call: the clock is stopped later.
  server = await startEntrance({ entrance: { store }, emulator: { now: () => Date.now() } })
})
after(() => server.stop())
beforeEach(() => {
  clock = stopClock()
  server.emulator.directory.conditionalAccessPolicies = []
})
afterEach(() => clock[Symbol.dispose]())

suite('a policy that asks for more than the person has shown (entra 9.6, user-asks T14)', () => {
  test('ends the grant, and the next sign-in of this browser brings the claims and meets it', async () => {
    const signedIn = await signIn(server.url)
    await refuseRefresh(signedIn)
    const authorization = signedIn.client.authorization(signedIn.client_id)
    const entra = await toEntra(signedIn, authorization.url)
    assert.deepEqual(JSON.parse(entra.searchParams.get('claims') ?? ''), CLAIMS)
    assert.equal(entra.searchParams.get('login_hint'), 'alice@entrance.example')
    assert.equal(entra.searchParams.get('prompt'), 'select_account')

    clock.forward(5)
    const page = await signedIn.browser.signIn(entra, { until: REDIRECT_URI })
    const tokens = await json<{ refresh_token: string }>(
      await signedIn.client.exchange(authorization, codeOf(page)),
    )
    const renewed = await signedIn.client.refresh(signedIn.client_id, tokens.refresh_token)
    assert.equal(renewed.status, 200, await renewed.clone().text())
    // It has been met, and is not asked for again.
    const again = await toEntra(signedIn, authorization.url)
    assert.equal(again.searchParams.has('claims'), false)
    assert.equal(again.searchParams.has('login_hint'), false)
  })

  test('is forgotten after a day', async () => {
    const signedIn = await signIn(server.url)
    await refuseRefresh(signedIn)
    clock.forward(24 * 60 * 60 + 1)
    const { url } = signedIn.client.authorization(signedIn.client_id)
    assert.equal((await toEntra(signedIn, url)).searchParams.has('claims'), false)
  })

  test('stays until the person themselves has met it, and goes to nobody else', async () => {
    const signedIn = await signIn(server.url)
    await refuseRefresh(signedIn)
    const { url } = signedIn.client.authorization(signedIn.client_id)
    const bob = await signIn(server.url, { account: 'Bob' })
    assert.equal((await toEntra(bob, url)).searchParams.has('claims'), false)
    // In Alice's browser, too, another account may be chosen.
    clock.forward(5)
    const entra = await toEntra(signedIn, url)
    codeOf(await signedIn.browser.signIn(entra, { account: 'Bob', until: REDIRECT_URI }))
    const alice = await signIn(server.url, { browser: createBrowser() })
    assert.equal((await toEntra(alice, url)).searchParams.has('claims'), true)
    // Nor does a sign-in that brought none meet it.
    assert.equal((await toEntra(alice, url)).searchParams.has('claims'), true)
  })

  test('is not readable in the store', async () => {
    const signedIn = await signIn(server.url)
    await refuseRefresh(signedIn)
    const [tid, oid] = ['tid', 'oid'].map((name) => claimOf(signedIn, name))
    const records = await store.list({ person: `${tid}/${oid}` })
    const kept = records.filter(({ key }) => key.startsWith('claims:'))
    assert.equal(kept.length, 1)
    assert.ok(!kept[0]?.value.includes(POLICY) && !kept[0]?.key.includes(String(oid)))
  })
})

test('a client cannot inject claims, a login_hint or a prompt', async () => {
  const own = {
    claims: JSON.stringify(CLAIMS),
    login_hint: 'alice@entrance.example',
    prompt: 'none',
  }
  const signedIn = await signIn(server.url, { account: 'Bob' })
  const { url } = signedIn.client.authorization(signedIn.client_id, own)
  const entra = await toEntra(signedIn, url)
  assert.equal(entra.searchParams.has('claims'), false)
  assert.equal(entra.searchParams.has('login_hint'), false)
  assert.equal(entra.searchParams.get('prompt'), 'select_account')
})

/** The policy comes into force, and Entra refuses to renew. */
async function refuseRefresh({ client, client_id, tokens }: SignedIn): Promise<void> {
  clock.forward(5)
  server.emulator.directory.conditionalAccessPolicies = [
    {
      id: POLICY,
      displayName: 'Require multi-factor authentication',
      state: 'enabled',
      conditions: {
        applications: { includeApplications: [server.emulator.application.clientId] },
      },
      modifiedDateTime: new Date().toISOString(),
    },
  ]
  const refused = await client.refresh(client_id, tokens.refresh_token)
  await assertRefused(refused, 400, 'invalid_grant', /AADSTS50076/)
}

/** Allows the client, and stops at Entra's door. */
async function toEntra({ browser }: SignedIn, url: URL): Promise<URL> {
  const page: Page = await browser.open(url)
  const until = server.emulator.origin
  return (await browser.press(page, 'Allow Access', { until })).url
}

function claimOf({ tokens }: SignedIn, name: string): unknown {
  const [, payload = ''] = tokens.access_token.split('.')
  return JSON.parse(String(Buffer.from(payload, 'base64url')))[name]
}
