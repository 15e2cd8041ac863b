import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createEmulator, createGuest, SEED, type Tenant } from '../../src/emulator/emulator.ts'
import {
  addGuest,
  addPartner,
  addPersonal,
  assertErrorPage,
  assertRefused,
  authorizeUrl,
  claimsOf,
  entrance,
  getCode,
  openBrowser,
  redeem,
  refresh,
  signIn,
} from './support.ts'

test('a guest signs in with the account at home and comes in under an object id of their own', async () => {
  const emulator = createEmulator()
  const { carol, guest } = addGuest(emulator)
  assert.equal(guest.userPrincipalName, 'carol_partner.example#EXT#@entrance.example')
  const location = await signIn(emulator, { name: 'Carol', changes: { client_info: '1' } })
  const code = location.searchParams.get('code')
  const { body } = await redeem(emulator, { code, client_info: '1' })
  const expected = {
    idp: `https://sts.windows.net/${carol.tenantId}/`,
    oid: guest.id,
    preferred_username: 'carol@partner.example',
    tid: SEED.tenantId,
    iss: `${emulator.origin}/${SEED.tenantId}/v2.0`,
  }
  assert.notEqual(guest.id, carol.id)
  assert.partialDeepStrictEqual(claimsOf(body.access_token), expected)
  assert.partialDeepStrictEqual(claimsOf(body.id_token), {
    ...expected,
    email: 'carol@partner.example',
  })
  const home = { uid: carol.id, utid: carol.tenantId }
  const info = JSON.parse(Buffer.from(String(body.client_info), 'base64url').toString())
  assert.deepEqual(info, home)
})

test('a guest has an email claim without the email scope, a member has not, and no idp', async () => {
  const emulator = createEmulator()
  addGuest(emulator)
  const scope = `api://${SEED.clientId}/mcp-access openid profile`
  const tokens = async (name: string) => {
    const code = await getCode(emulator, { name, changes: { scope } })
    return (await redeem(emulator, { code, scope })).body
  }
  assert.equal(claimsOf((await tokens('Carol')).id_token).email, 'carol@partner.example')
  const alice = claimsOf((await tokens('Alice')).id_token)
  assert.equal(alice.email, undefined)
  assert.equal(alice.idp, undefined)
})

test('a guest’s v1 token has no upn, and the account at home for a unique_name', async () => {
  const emulator = createEmulator()
  addGuest(emulator)
  entrance(emulator).api.requestedAccessTokenVersion = 1
  const { body } = await redeem(emulator, { code: await getCode(emulator, { name: 'Carol' }) })
  const claims = claimsOf(body.access_token)
  assert.equal(claims.upn, undefined)
  assert.equal(claims.unique_name, 'carol@partner.example')
  assert.equal(claims.email, 'carol@partner.example')
})

test('the account page offers the accounts people sign in with, not those of guests', async () => {
  const emulator = createEmulator()
  const { carol, guest } = addGuest(emulator)
  const page = await openBrowser(emulator).get(authorizeUrl(emulator))
  assert.ok(page.text.includes(carol.id))
  assert.ok(!page.text.includes(guest.id))
})

test('a guest may come in only through the tenant that invited them', async () => {
  const emulator = createEmulator()
  const { carol } = addGuest(emulator)
  entrance(emulator).signInAudience = 'AzureADMultipleOrgs'
  const code = await getCode(emulator, { name: 'Carol', tenant: 'organizations' })
  const { body } = await redeem(emulator, { code }, { tenant: 'organizations' })
  assert.partialDeepStrictEqual(claimsOf(body.access_token), {
    tid: carol.tenantId,
    oid: carol.id,
  })
  assert.equal(claimsOf(body.access_token).idp, undefined)
})

test('a refresh token of an account at home works where it is a guest, and not where it is not', async () => {
  const emulator = createEmulator()
  const { directory } = emulator
  const { tenant, carol } = addPartner(emulator)
  entrance(emulator).signInAudience = 'AzureADMultipleOrgs'
  const code = await getCode(emulator, { name: 'Carol', tenant: tenant.id })
  const { body } = await redeem(emulator, { code }, { tenant: tenant.id })
  assertRefused(await refresh(emulator, body.refresh_token), 50020, 'invalid_grant')
  const guest = createGuest(carol, directory.tenants[0] as Tenant)
  directory.users.push(guest)
  assertRefused(await refresh(emulator, body.refresh_token), 65001, 'invalid_grant')
  await signIn(emulator, { name: 'Carol' })
  const renewed = await refresh(emulator, body.refresh_token)
  assert.equal(claimsOf(renewed.body.access_token).oid, guest.id)
})

test('a guest is refused when either account is disabled, revoked at home only', async () => {
  let now = Date.now()
  const emulator = createEmulator({ now: () => now })
  const { carol, guest } = addGuest(emulator)
  const { body } = await redeem(emulator, { code: await getCode(emulator, { name: 'Carol' }) })
  for (const account of [carol, guest]) {
    account.accountEnabled = false
    assertRefused(await refresh(emulator, body.refresh_token), 50057, 'invalid_grant')
    account.accountEnabled = true
  }
  now += 1000
  guest.sessionsValidFrom = now
  assert.equal((await refresh(emulator, body.refresh_token)).status, 200)
  carol.sessionsValidFrom = now
  assertRefused(await refresh(emulator, body.refresh_token), 50173, 'invalid_grant')
})

test('a personal account comes in as a guest, with live.com for its identity provider', async () => {
  const emulator = createEmulator()
  const dana = addPersonal(emulator)
  const url = authorizeUrl(emulator)
  const browser = openBrowser(emulator)
  const refused = await browser.submit(await browser.get(url), { account: dana.id })
  assertErrorPage(refused, 50020)
  assert.match(refused.text, /from identity provider &#39;live\.com&#39; does not exist in tenant/)
  const guest = createGuest(dana, emulator.directory.tenants[0] as Tenant)
  emulator.directory.users.push(guest)
  const { body } = await redeem(emulator, { code: await getCode(emulator, { name: 'Dana' }) })
  assert.partialDeepStrictEqual(claimsOf(body.id_token), { idp: 'live.com', oid: guest.id })
})
