import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createEmulator, createTenant, createUser, SEED } from '../../src/emulator/emulator.ts'
import {
  account,
  addPersonal,
  assertErrorRedirect,
  authorizeUrl,
  CALLBACK,
  claimsOf,
  entrance,
  heading,
  openBrowser,
  redeem,
  signIn,
} from './support.ts'

test('choosing an account and accepting sends the code, state and session to the client', async () => {
  const emulator = createEmulator()
  const browser = openBrowser(emulator)
  const picker = await browser.get(authorizeUrl(emulator))
  assert.equal(heading(picker), 'Pick an account')
  assert.match(picker.text, /alice@entrance\.example/)
  assert.match(picker.text, /bob@entrance\.example/)
  const consent = await browser.submit(picker, { account: SEED.alice })
  assert.equal(heading(consent), 'Permissions requested')
  const { location, status } = await browser.submit(consent, { decision: 'accept' })
  assert.equal(status, 302)
  assert.equal(`${location?.origin}${location?.pathname}`, CALLBACK)
  assert.deepEqual([...(location?.searchParams.keys() ?? [])], ['code', 'session_state', 'state'])
  const code = location?.searchParams.get('code') ?? ''
  assert.match(code, /^1\.A[\w.-]{797,}$/)
  assert.equal(location?.searchParams.get('state'), 'the-state')
})

test('a request by POST is answered like one by GET', async () => {
  const emulator = createEmulator()
  const url = new URL(authorizeUrl(emulator))
  const body = new URLSearchParams(url.search)
  url.search = ''
  const response = await emulator.fetch(new Request(url, { method: 'POST', body }))
  assert.match(await response.text(), /<h1>Pick an account/)
})

test('a second sign-in goes through without a question, prompt=select_account asks', async () => {
  const emulator = createEmulator()
  const browser = openBrowser(emulator)
  await signIn(emulator, { browser })
  const silent = await browser.get(authorizeUrl(emulator))
  assert.ok(silent.location?.searchParams.get('code'))
  const asked = await browser.get(authorizeUrl(emulator, { prompt: 'select_account' }))
  assert.equal(heading(asked), 'Pick an account')
  assert.match(asked.text, /Signed in/)
})

test('with two people signed in the picker is shown, and login_hint chooses between them', async () => {
  const emulator = createEmulator()
  const browser = openBrowser(emulator)
  await signIn(emulator, { browser })
  await signIn(emulator, { browser, name: 'Bob', changes: { prompt: 'select_account' } })
  assert.equal(heading(await browser.get(authorizeUrl(emulator))), 'Pick an account')
  const hinted = await browser.get(authorizeUrl(emulator, { login_hint: 'BOB@entrance.example' }))
  assert.ok(hinted.location?.searchParams.get('code'))
})

test('prompt=login asks again, and for the password of an account that has one', async () => {
  const emulator = createEmulator()
  account(emulator, 'Alice').password = 'open sesame'
  const browser = openBrowser(emulator)
  const picker = await browser.get(authorizeUrl(emulator))
  const asked = await browser.submit(picker, { account: SEED.alice })
  assert.equal(heading(asked), 'Enter password')
  const wrong = await browser.submit(asked, { password: 'guess' })
  assert.match(wrong.text, /account or password is incorrect/)
  const consent = await browser.submit(wrong, { password: 'open sesame' })
  assert.equal(heading(consent), 'Permissions requested')
  const { location } = await browser.submit(consent, { decision: 'accept' })
  assert.ok(location?.searchParams.get('code'))
  const again = await browser.get(authorizeUrl(emulator, { prompt: 'login' }))
  assert.equal(heading(again), 'Pick an account')
  assert.doesNotMatch(again.text, /Signed in/)
  assert.equal(heading(await browser.submit(again, { account: SEED.alice })), 'Enter password')
})

test('a password does nothing on a form that did not ask for it', async () => {
  const emulator = createEmulator()
  account(emulator, 'Alice').password = 'open sesame'
  const browser = openBrowser(emulator)
  const picker = await browser.get(authorizeUrl(emulator))
  const answer = await browser.submit(picker, { account: SEED.alice, password: 'open sesame' })
  assert.equal(heading(answer), 'Enter password')
})

test('an account can be named instead of chosen', async () => {
  const emulator = createEmulator()
  const browser = openBrowser(emulator)
  const picker = await browser.get(authorizeUrl(emulator))
  const form = await browser.submit(picker, { account: 'other' })
  const unknown = await browser.submit(form, { username: '<nobody@entrance.example>' })
  assert.match(unknown.text, /value="&lt;nobody@entrance\.example&gt;"/)
  const consent = await browser.submit(unknown, { username: ' Bob@Entrance.example ' })
  assert.match(consent.text, /bob@entrance\.example/)
  assert.equal(heading(consent), 'Permissions requested')
})

test('login_hint without a session puts that account first, or asks for its password', async () => {
  const emulator = createEmulator()
  const url = authorizeUrl(emulator, { login_hint: 'bob@entrance.example' })
  const picker = await openBrowser(emulator).get(url)
  assert.ok(picker.text.indexOf(SEED.bob) < picker.text.indexOf(SEED.alice))
  account(emulator, 'Bob').password = 'secret'
  assert.equal(heading(await openBrowser(emulator).get(url)), 'Enter password')
})

test('response_mode=fragment answers behind #, form_post as a form to the client', async () => {
  const emulator = createEmulator()
  const browser = openBrowser(emulator)
  const location = await signIn(emulator, { browser, changes: { response_mode: 'fragment' } })
  assert.equal(location.search, '')
  assert.ok(new URLSearchParams(location.hash.slice(1)).get('code'))
  const page = await browser.get(authorizeUrl(emulator, { response_mode: 'form_post' }))
  assert.match(page.text, new RegExp(`<form method="post" action="${CALLBACK}">`))
  assert.match(page.text, /name="code" value="1\.A/)
  assert.match(page.text, /name="state" value="the-state"/)
})

test('client_info=1 tells who signed in, with the code and with the tokens', async () => {
  const emulator = createEmulator()
  const location = await signIn(emulator, { changes: { client_info: '1' } })
  const expected = { uid: SEED.alice, utid: SEED.tenantId }
  const { code, client_info: info } = Object.fromEntries(location.searchParams)
  assert.deepEqual(decode(info), expected)
  const { body } = await redeem(emulator, { code: String(code), client_info: '1' })
  assert.deepEqual(decode(body.client_info), expected)
})

test('the port of a localhost redirect URI is ignored, its path and host are not', async () => {
  const emulator = createEmulator()
  const uri = 'http://localhost:54321/auth/callback'
  const location = await signIn(emulator, { changes: { redirect_uri: uri } })
  assert.equal(`${location.origin}${location.pathname}`, uri)
  entrance(emulator).web.redirectUris = ['http://localhost']
  const bare = await signIn(emulator, { changes: { redirect_uri: 'http://localhost:1234' } })
  assert.equal(bare.href.split('?')[0], 'http://localhost:1234/')
})

test('an app of several tenants signs people in at /common, each in their own tenant', async () => {
  const emulator = createEmulator()
  const { directory } = emulator
  entrance(emulator).signInAudience = 'AzureADMultipleOrgs'
  const tenant = createTenant({ domains: ['partner.example'] })
  directory.tenants.push(tenant)
  directory.users.push(
    createUser({ tenantId: tenant.id, userPrincipalName: 'x@partner.example', displayName: 'X' }),
  )
  const code = (await signIn(emulator, { name: 'X', tenant: 'common' })).searchParams.get('code')
  const { body } = await redeem(emulator, { code }, { tenant: 'common' })
  const claims = JSON.parse(atob(String(body.access_token).split('.')[1] as string))
  assert.equal(claims.tid, tenant.id)
  assert.equal(claims.iss, `${emulator.origin}/${tenant.id}/v2.0`)
  assert.ok(directory.servicePrincipals.some((principal) => principal.tenantId === tenant.id))
})

test('prompt=none with several people signed in is AADSTS16000, unless a hint names one', async () => {
  const emulator = createEmulator()
  const browser = openBrowser(emulator)
  await signIn(emulator, { browser })
  await signIn(emulator, { browser, name: 'Bob', changes: { prompt: 'select_account' } })
  const silent = await browser.get(authorizeUrl(emulator, { prompt: 'none' }))
  assertErrorRedirect(silent.location, 16000, 'interaction_required')
  const hint = { prompt: 'none', login_hint: 'bob@entrance.example' }
  assert.ok((await browser.get(authorizeUrl(emulator, hint))).location?.searchParams.get('code'))
})

test('the claim login_hint names its person at the next sign-in, and at a sign-out', async () => {
  const emulator = createEmulator()
  const hint = { name: 'login_hint', additionalProperties: [] }
  entrance(emulator).optionalClaims = { idToken: [hint], accessToken: [] }
  const browser = openBrowser(emulator)
  await signIn(emulator, { browser })
  const prompt = 'select_account'
  const location = await signIn(emulator, { browser, name: 'Bob', changes: { prompt } })
  const { body } = await redeem(emulator, { code: location.searchParams.get('code') })
  const { login_hint, oid } = claimsOf(body.id_token)
  assert.equal(oid, SEED.bob)
  const changes = { prompt: 'none', login_hint: String(login_hint) }
  const again = await browser.get(authorizeUrl(emulator, changes))
  assert.ok(again.location?.searchParams.get('code'))
  const query = new URLSearchParams({ logout_hint: String(login_hint) })
  await browser.get(`${emulator.origin}/${emulator.tenantId}/oauth2/v2.0/logout?${query}`)
  const picker = await browser.get(authorizeUrl(emulator, { prompt }))
  assert.equal([...picker.text.matchAll(/Signed in</g)].length, 1, 'Alice still is')
})

test('domain_hint chooses among those signed in, and puts its accounts first', async () => {
  const emulator = createEmulator()
  entrance(emulator).signInAudience = 'AzureADandPersonalMicrosoftAccount'
  const dana = addPersonal(emulator)
  for (const [hint, first, second] of [
    ['consumers', dana.id, SEED.alice],
    ['organizations', SEED.alice, dana.id],
    ['entrance.example', SEED.alice, dana.id],
  ] as const) {
    const url = authorizeUrl(emulator, { domain_hint: hint }, 'common')
    const { text } = await openBrowser(emulator).get(url)
    assert.ok(text.indexOf(first) < text.indexOf(second), hint)
  }
  const browser = openBrowser(emulator)
  await signIn(emulator, { browser, name: 'Dana', tenant: 'common' })
  const changes = { prompt: 'none', domain_hint: 'organizations' }
  const { location } = await browser.get(authorizeUrl(emulator, changes, 'common'))
  assertErrorRedirect(location, 50058, 'login_required')
})

test('prompt=create registers a person, in an External ID tenant only', async () => {
  const emulator = createEmulator()
  const url = authorizeUrl(emulator, { prompt: 'create' })
  assertErrorRedirect((await openBrowser(emulator).get(url)).location, 90023, 'invalid_request')
  for (const tenant of emulator.directory.tenants) tenant.kind = 'external'
  const browser = openBrowser(emulator)
  const page = await browser.get(url)
  assert.equal(heading(page), 'Create account')
  const taken = { new_username: 'Alice@entrance.example', new_name: 'Mallory' }
  assert.match((await browser.submit(page, taken)).text, /There cannot be an account/)
  const fresh = { new_username: 'eve@customer.example', new_name: 'Eve' }
  const consent = await browser.submit(page, fresh)
  assert.equal(heading(consent), 'Permissions requested')
  const { location } = await browser.submit(consent, { decision: 'accept' })
  const { body } = await redeem(emulator, { code: location?.searchParams.get('code') as string })
  assert.equal(claimsOf(body.id_token).preferred_username, 'eve@customer.example')
  const picker = await openBrowser(emulator).get(authorizeUrl(emulator))
  assert.ok(picker.text.includes('eve@customer.example'))
})

test('a form that does not register anybody registers nobody', async () => {
  const emulator = createEmulator()
  const before = emulator.directory.users.length
  const browser = openBrowser(emulator)
  const picker = await browser.get(authorizeUrl(emulator))
  await browser.submit(picker, { new_username: 'eve@customer.example', new_name: 'Eve' })
  assert.equal(emulator.directory.users.length, before)
})

test('logout signs everybody out, and leads only to a registered address', async () => {
  const emulator = createEmulator()
  const browser = openBrowser(emulator)
  await signIn(emulator, { browser })
  const logout = `${emulator.origin}/${emulator.tenantId}/oauth2/v2.0/logout`
  const elsewhere = await browser.get(`${logout}?post_logout_redirect_uri=https://evil.example/`)
  assert.equal(heading(elsewhere), 'You signed out of your account')
  assert.equal(elsewhere.location, undefined)
  assert.equal(heading(await browser.get(authorizeUrl(emulator))), 'Pick an account')
  const query = new URLSearchParams({ post_logout_redirect_uri: CALLBACK, state: 'a b' })
  const home = await browser.get(`${logout}?${query}`)
  assert.equal(home.location?.href, `${CALLBACK}?state=a+b`)
})

function decode(text: unknown): unknown {
  return JSON.parse(Buffer.from(String(text), 'base64url').toString())
}
