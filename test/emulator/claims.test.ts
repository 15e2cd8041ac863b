import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose'
import { createEmulator, type Emulator, SEED } from '../../src/emulator/emulator.ts'
import { account, addGuest, entrance, fullScope, getCode, redeem, refresh } from './support.ts'

const NOW = Date.UTC(2026, 10, 22, 12)
const V2 =
  'aud iss iat nbf exp aio azp azpacr name oid preferred_username rh scp sid sub tid uti ver xms_ftd'
const V1 =
  'aud iss iat nbf exp acr aio amr appid appidacr given_name ipaddr name oid rh scp sid sub tid unique_name upn uti ver xms_ftd'
const ID = 'aud iss iat nbf exp aio email name nonce oid preferred_username rh sid sub tid uti ver'

test('a v2 access token has Entra’s claims', async () => {
  const emulator = createEmulator({ now: () => NOW })
  const { body } = await redeem(emulator, { code: await getCode(emulator) })
  const { payload, protectedHeader } = await verify(emulator, body.access_token)
  assert.deepEqual(Object.keys(payload), V2.split(' '))
  assert.deepEqual(Object.keys(protectedHeader), ['typ', 'alg', 'kid'])
  const { iat, nbf, exp, ...claims } = payload
  assert.equal(iat, NOW / 1000 - 300)
  assert.equal(nbf, iat)
  assert.equal(exp, NOW / 1000 + Number(body.expires_in))
  assert.match(String(claims.sub), /^[\w-]{43}$/)
  const expected = {
    aud: SEED.clientId,
    iss: `${emulator.origin}/${SEED.tenantId}/v2.0`,
    azp: SEED.clientId,
    azpacr: '1',
    name: 'Alice',
    oid: SEED.alice,
    preferred_username: 'alice@entrance.example',
    scp: 'mcp-access',
    tid: SEED.tenantId,
    ver: '2.0',
  }
  assert.partialDeepStrictEqual(claims, expected)
})

test('requestedAccessTokenVersion null or 1 gives a v1 access token, beside a v2 id_token', async () => {
  const emulator = createEmulator({ now: () => NOW })
  for (const version of [null, 1] as const) {
    entrance(emulator).api.requestedAccessTokenVersion = version
    const { body } = await redeem(emulator, { code: await getCode(emulator) })
    const { payload, protectedHeader } = await verify(emulator, body.access_token)
    assert.deepEqual(Object.keys(payload), V1.split(' '))
    assert.deepEqual(Object.keys(protectedHeader), ['typ', 'alg', 'x5t', 'kid'])
    assert.partialDeepStrictEqual(payload, {
      aud: `api://${SEED.clientId}`,
      iss: `https://sts.windows.net/${SEED.tenantId}/`,
      appid: SEED.clientId,
      appidacr: '1',
      upn: 'alice@entrance.example',
      scp: 'mcp-access',
      ver: '1.0',
    })
    const idToken = await verify(emulator, body.id_token)
    assert.equal(idToken.payload.iss, `${emulator.origin}/${SEED.tenantId}/v2.0`)
  }
})

test('an id_token has Entra’s claims, nonce included; a refreshed one has no nonce', async () => {
  const emulator = createEmulator({ now: () => NOW })
  const { body } = await redeem(emulator, { code: await getCode(emulator) })
  const { payload } = await verify(emulator, body.id_token)
  assert.deepEqual(Object.keys(payload), ID.split(' '))
  assert.equal(payload.aud, SEED.clientId)
  assert.equal(payload.nonce, 'the-nonce')
  const later = await refresh(emulator, body.refresh_token)
  const refreshed = await verify(emulator, later.body.id_token)
  assert.equal(refreshed.payload.nonce, undefined)
  assert.equal(refreshed.payload.sub, payload.sub)
})

test('name and preferred_username need the profile scope, email the email scope', async () => {
  const emulator = createEmulator({ now: () => NOW })
  const scope = `api://${SEED.clientId}/mcp-access openid`
  const code = await getCode(emulator, { changes: { scope } })
  const { body } = await redeem(emulator, { code, scope })
  for (const token of [body.access_token, body.id_token]) {
    const { payload } = await verify(emulator, token)
    assert.equal(payload.name, undefined)
    assert.equal(payload.preferred_username, undefined)
    assert.equal(payload.email, undefined)
  }
})

test('roles are those assigned, and absent for a person without one', async () => {
  const emulator = createEmulator({ now: () => NOW })
  const ofBob = await redeem(emulator, { code: await getCode(emulator, { name: 'Bob' }) })
  for (const token of [ofBob.body.access_token, ofBob.body.id_token]) {
    assert.deepEqual((await verify(emulator, token)).payload.roles, ['Expenses.Approver'])
  }
  for (const role of entrance(emulator).appRoles) role.isEnabled = false
  const disabled = await refresh(emulator, ofBob.body.refresh_token)
  assert.equal((await verify(emulator, disabled.body.access_token)).payload.roles, undefined)
})

test('a token holds every scope consented to, not only those asked for', async () => {
  const emulator = createEmulator({ now: () => NOW })
  const { api } = entrance(emulator)
  const [scope] = api.oauth2PermissionScopes
  assert.ok(scope)
  api.oauth2PermissionScopes.push({ ...scope, id: crypto.randomUUID(), value: 'other' })
  const both = `${fullScope(emulator)} api://${SEED.clientId}/other`
  await redeem(emulator, {
    code: await getCode(emulator, { changes: { scope: both } }),
    scope: both,
  })
  const { body } = await redeem(emulator, { code: await getCode(emulator) })
  assert.equal(body.scope, `api://${SEED.clientId}/mcp-access api://${SEED.clientId}/other`)
  assert.equal((await verify(emulator, body.access_token)).payload.scp, 'mcp-access other')
  for (const one of api.oauth2PermissionScopes) one.isEnabled = one.value !== 'other'
  const disabled = await redeem(emulator, { code: await getCode(emulator) })
  assert.equal(disabled.body.scope, `api://${SEED.clientId}/mcp-access`)
})

test('sub is another one in another application, oid is the same', async () => {
  const emulator = createEmulator({ now: () => NOW })
  const first = await redeem(emulator, { code: await getCode(emulator) })
  const application = entrance(emulator)
  application.appId = crypto.randomUUID()
  application.identifierUris = [`api://${application.appId}`]
  for (const principal of emulator.directory.servicePrincipals) principal.appId = application.appId
  const second = await redeem(emulator, { code: await getCode(emulator) })
  const a = (await verify(emulator, first.body.id_token)).payload
  const b = (await verify(emulator, second.body.id_token)).payload
  assert.notEqual(a.sub, b.sub)
  assert.equal(a.oid, b.oid)
})

test('a user without a mailbox has no email claim', async () => {
  const emulator = createEmulator({ now: () => NOW })
  account(emulator, 'Alice').mail = null
  const { body } = await redeem(emulator, { code: await getCode(emulator) })
  assert.equal((await verify(emulator, body.id_token)).payload.email, undefined)
})

test('optional claims are in the token whose registration asks for them', async () => {
  const emulator = createEmulator({ now: () => NOW })
  const alice = account(emulator, 'Alice')
  alice.surname = 'Liddell'
  const names = ['acct', 'auth_time', 'email', 'family_name', 'ipaddr', 'upn', 'xms_cc', 'unheard']
  const wanted = names.map((name) => ({ name, additionalProperties: [] }))
  const idtyp = { name: 'idtyp', additionalProperties: ['include_user_token'] }
  entrance(emulator).optionalClaims = { idToken: [], accessToken: [...wanted, idtyp] }
  const claims = JSON.stringify({ access_token: { xms_cc: { values: ['cp1'] } } })
  const code = await getCode(emulator)
  const { body } = await redeem(emulator, { code, claims })
  const access = (await verify(emulator, body.access_token)).payload
  assert.partialDeepStrictEqual(access, {
    acct: 0,
    auth_time: NOW / 1000,
    email: 'alice@entrance.example',
    family_name: 'Liddell',
    idtyp: 'user',
    ipaddr: '127.0.0.1',
    upn: 'alice@entrance.example',
    xms_cc: ['cp1'],
  })
  assert.equal(access.unheard, undefined)
  const id = (await verify(emulator, body.id_token)).payload
  for (const name of ['acct', 'auth_time', 'upn', 'xms_cc']) assert.equal(id[name], undefined)
  // What the sign-in declared counts for its code, too.
  const later = await redeem(emulator, { code: await getCode(emulator, { changes: { claims } }) })
  assert.deepEqual((await verify(emulator, later.body.access_token)).payload.xms_cc, ['cp1'])
})

test('a guest’s upn is in a token only as the registration asks for it', async () => {
  const emulator = createEmulator({ now: () => NOW })
  const { guest } = addGuest(emulator)
  const upnWith = async (property: string | undefined) => {
    const upn = { name: 'upn', additionalProperties: property ? [property] : [] }
    entrance(emulator).optionalClaims = { idToken: [], accessToken: [upn] }
    const { body } = await redeem(emulator, { code: await getCode(emulator, { name: 'Carol' }) })
    return (await verify(emulator, body.access_token)).payload.upn
  }
  assert.equal(await upnWith(undefined), undefined)
  const upn = guest.userPrincipalName
  assert.equal(await upnWith('include_externally_authenticated_upn'), upn)
  const withoutHash = 'include_externally_authenticated_upn_without_hash'
  assert.equal(await upnWith(withoutHash), upn.replaceAll('#', '_'))
})

test('use_guid makes the client id the audience of a v1 token', async () => {
  const emulator = createEmulator({ now: () => NOW })
  const application = entrance(emulator)
  application.api.requestedAccessTokenVersion = 1
  const aud = { name: 'aud', additionalProperties: ['use_guid'] }
  application.optionalClaims = { idToken: [], accessToken: [aud] }
  const { body } = await redeem(emulator, { code: await getCode(emulator) })
  assert.equal((await verify(emulator, body.access_token)).payload.aud, SEED.clientId)
})

test('an app for personal accounts too has no optional claims', async () => {
  const emulator = createEmulator({ now: () => NOW })
  const application = entrance(emulator)
  application.signInAudience = 'AzureADandPersonalMicrosoftAccount'
  const acct = { name: 'acct', additionalProperties: [] }
  application.optionalClaims = { idToken: [acct], accessToken: [acct] }
  const { body } = await redeem(emulator, { code: await getCode(emulator) })
  assert.equal((await verify(emulator, body.id_token)).payload.acct, undefined)
})

async function verify(emulator: Emulator, token: unknown) {
  const url = `${emulator.origin}/${emulator.tenantId}/discovery/v2.0/keys`
  const keys = (await (await emulator.fetch(new Request(url))).json()) as JSONWebKeySet
  // The emulator of a test may live at another time.
  const currentDate = new Date(NOW)
  return jwtVerify(String(token), createLocalJWKSet(keys), { currentDate })
}
