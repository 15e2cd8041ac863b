import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createEmulator, createServicePrincipal } from '../../../src/emulator/emulator.ts'
import { account, getCode, redeem } from '../support.ts'
import {
  appToken,
  assertDone,
  assertError,
  GRAPH,
  graphAs,
  graphToken,
  graphWith,
  register,
} from './support.ts'

let time = Date.now()
const emulator = createEmulator({ now: () => time })
const { directory } = emulator
const [tenant] = directory.tenants
assert.ok(tenant)
const DENIED = 'Insufficient privileges to complete the operation.'

test('a request without a good token is 401, and says what is wrong with it', async () => {
  const token = await graphToken(emulator)
  const { body: own } = await redeem(emulator, { code: await getCode(emulator) })
  const [head = '', payload = '', signature = ''] = token.split('.')
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
  const stolen = Buffer.from(JSON.stringify({ ...claims, oid: account(emulator, 'Bob').id }))
  for (const [what, sent, message] of [
    ['none', '', 'Access token is empty.'],
    ['no JWT', 'token', /^IDX14100: JWT is not well formed/],
    ['no JSON', 'a.b.c', /^IDX12729: /],
    ['another API’s', String(own.access_token), /Invalid audience/],
    [
      'a changed payload',
      `${head}.${stolen.toString('base64url')}.${signature}`,
      /Invalid signature/,
    ],
    ['no signature', `${head}.${payload}.`, /^IDX14100/],
    ['too long', `${head}.${'a'.repeat(20_000)}.${signature}`, /^IDX14100/],
  ] as const) {
    const answer = await graphWith(emulator, sent)('GET', '/me')
    assertError(answer, 401, 'InvalidAuthenticationToken', message)
    assert.match(String(answer.headers.get('www-authenticate')), /^Bearer realm=""/, what)
  }
  const bare = await emulator.fetch(new Request(`${emulator.origin}/v1.0/me`))
  assert.equal(bare.status, 401)
})

test('an unsigned token is refused (alg none)', async () => {
  const [head = '', payload = ''] = (await graphToken(emulator)).split('.')
  const header = JSON.parse(Buffer.from(head, 'base64url').toString())
  const none = Buffer.from(JSON.stringify({ ...header, alg: 'none' })).toString('base64url')
  const answer = await graphWith(emulator, `${none}.${payload}.AA`)('GET', '/me')
  assertError(answer, 401, 'InvalidAuthenticationToken', /Signing key is invalid/)
})

test('a token ends with its time, its person’s sessions, and the account', async (t) => {
  const before = time
  const bob = account(emulator, 'Bob')
  t.after(() => {
    time = before
    bob.accountEnabled = true
    bob.sessionsValidFrom = 0
  })
  const graph = await graphAs(emulator, 'Bob')
  assert.equal((await graph('GET', '/me')).status, 200)
  bob.accountEnabled = false
  assertError(await graph('GET', '/me'), 401, 'InvalidAuthenticationToken', /UserDisabled/)
  bob.accountEnabled = true
  time += 2000
  bob.sessionsValidFrom = time
  const answer = await graph('GET', '/me')
  assertError(
    answer,
    401,
    'InvalidAuthenticationToken',
    'Continuous access evaluation resulted in challenge with result: InteractionRequired and code: TokenIssuedBeforeRevocationTimestamp',
  )
  const claims = /claims="([^"]+)"/.exec(String(answer.headers.get('www-authenticate')))?.[1] ?? ''
  const { access_token: wanted } = JSON.parse(Buffer.from(claims, 'base64').toString())
  assert.deepEqual(wanted, { nbf: { essential: true, value: String(Math.ceil(time / 1000)) } })
  time += 2000
  const fresh = await graphAs(emulator, 'Bob')
  assert.equal((await fresh('GET', '/me')).status, 200)
  time += 91 * 60 * 1000
  assertError(
    await fresh('GET', '/me'),
    401,
    'InvalidAuthenticationToken',
    'Lifetime validation failed, the token is expired.',
  )
})

test('a permission that the token lacks is 403', async () => {
  const narrow = graphWith(emulator, await appTokenOf([]))
  for (const [method, path] of [
    ['GET', '/applications'],
    ['POST', '/applications'],
    ['GET', '/servicePrincipals'],
    ['GET', '/oauth2PermissionGrants'],
    ['GET', '/users'],
    ['GET', '/groups'],
    ['GET', '/organization'],
    ['GET', '/policies/authorizationPolicy'],
    ['GET', '/auditLogs/signIns'],
    ['POST', '/invitations'],
    ['GET', '/me'],
  ] as const) {
    const body = method === 'POST' ? {} : undefined
    assertError(await narrow(method, path, body), 403, 'Authorization_RequestDenied', DENIED)
  }
})

test('a person’s role does nothing through a client without the permission', async () => {
  // "Entrance" has nothing of Graph's but what a sign-in takes.
  const scope = 'https://graph.microsoft.com/User.Read openid'
  const { body } = await redeem(emulator, {
    code: await getCode(emulator, { name: 'Ada', changes: { scope } }),
    scope,
  })
  const graph = graphWith(emulator, String(body.access_token))
  assert.equal((await graph('GET', '/me')).status, 200)
  const made = { displayName: 'Beyond the client' }
  assertError(await graph('GET', '/users'), 403, 'Authorization_RequestDenied', DENIED)
  assertError(
    await graph('POST', '/applications', made),
    403,
    'Authorization_RequestDenied',
    DENIED,
  )
})

test('members register applications unless the tenant reserves that for roles', async (t) => {
  t.after(() => {
    tenant.allowUserAppRegistration = true
    account(emulator, 'Alice').directoryRoles = []
  })
  const graph = await graphAs(emulator, 'Alice')
  await register(graph)
  tenant.allowUserAppRegistration = false
  const body = { displayName: 'Reserved' }
  assertError(
    await graph('POST', '/applications', body),
    403,
    'Authorization_RequestDenied',
    DENIED,
  )
  account(emulator, 'Alice').directoryRoles = ['Application Developer']
  await register(graph)
})

test('an application is its owners’ and the application administrators’', async (t) => {
  t.after(() => {
    account(emulator, 'Bob').directoryRoles = []
  })
  const [alice, bob] = [await graphAs(emulator, 'Alice'), await graphAs(emulator, 'Bob')]
  const { id, appId } = await register(alice)
  const attempts: [string, string, unknown?][] = [
    ['PATCH', `/applications/${id}`, { displayName: 'Mine now' }],
    ['POST', `/applications/${id}/addPassword`, {}],
    ['POST', '/servicePrincipals', { appId }],
    [
      'POST',
      `/applications/${id}/federatedIdentityCredentials`,
      {
        name: 'takeover',
        issuer: 'https://issuer.example',
        subject: 'x',
        audiences: ['api://AzureADTokenExchange'],
      },
    ],
    [
      'POST',
      `/applications/${id}/owners/$ref`,
      { '@odata.id': `https://graph.microsoft.com/v1.0/users/${account(emulator, 'Bob').id}` },
    ],
    ['DELETE', `/applications/${id}`],
  ]
  assert.equal((await bob('GET', `/applications/${id}`)).status, 200)
  for (const attempt of attempts) {
    assertError(await bob(...attempt), 403, 'Authorization_RequestDenied', DENIED)
  }
  account(emulator, 'Bob').directoryRoles = ['Cloud Application Administrator']
  for (const attempt of attempts) {
    const { status } = await bob(...attempt)
    assert.ok(status < 300, `${attempt[0]} ${attempt[1]}: ${status}`)
  }
})

test('consent for others takes an administrator', async () => {
  const bob = await graphAs(emulator, 'Bob')
  const [principal] = directory.servicePrincipals
  const grant = {
    clientId: principal?.id,
    resourceId: principal?.id,
    consentType: 'AllPrincipals',
    scope: 'mcp-access',
  }
  assertError(
    await bob('POST', '/oauth2PermissionGrants', grant),
    403,
    'Authorization_RequestDenied',
    DENIED,
  )
  assertError(await bob('GET', '/auditLogs/signIns'), 403, 'Authorization_RequestDenied', DENIED)
  const path = `/users/${account(emulator, 'Alice').id}/revokeSignInSessions`
  assertError(await bob('POST', path), 403, 'Authorization_RequestDenied', DENIED)
})

test('an application by itself does what its roles say, and OwnedBy its own only', async () => {
  const all = graphWith(emulator, await appTokenOf(['Application.ReadWrite.All']))
  const { id } = await register(all)
  const owned = graphWith(emulator, await appTokenOf(['Application.ReadWrite.OwnedBy']))
  const { id: own } = await register(owned)
  assertDone(await owned('PATCH', `/applications/${own}`, { displayName: 'Own' }))
  assertError(
    await owned('PATCH', `/applications/${id}`, { displayName: 'Taken' }),
    403,
    'Authorization_RequestDenied',
    DENIED,
  )
  assertDone(await all('PATCH', `/applications/${own}`, { displayName: 'Any' }))
  assertError(await all('GET', '/me'), 403, 'Authorization_RequestDenied', DENIED)
})

test('one tenant does not see another’s applications, people or consent', async () => {
  const other = { ...tenant, id: crypto.randomUUID(), domains: ['other.example'] }
  directory.tenants.push(other)
  const ada = account(emulator, 'Ada')
  const id = crypto.randomUUID()
  const name = 'eve@other.example'
  directory.users.push({
    ...ada,
    id,
    tenantId: other.id,
    userPrincipalName: name,
    displayName: 'Eve',
  })
  const { appId, id: objectId } = await register(await graphAs(emulator))
  const token = await appTokenOf(['Application.ReadWrite.All', 'User.Read.All'], other.id)
  const eve = graphWith(emulator, token)
  for (const path of [
    `/applications/${objectId}`,
    `/applications(appId='${appId}')`,
    `/users/${ada.id}`,
    `/users/${ada.userPrincipalName}`,
  ]) {
    assertError(await eve('GET', path), 404, 'Request_ResourceNotFound', /./)
  }
  assert.deepEqual((await eve('GET', `/applications?$filter=appId eq '${appId}'`)).body.value, [])
  const { body: graphPrincipal } = await eve('GET', `/servicePrincipals(appId='${GRAPH}')`)
  const own = graphWith(
    emulator,
    await appTokenOf(
      ['DelegatedPermissionGrant.ReadWrite.All', 'AppRoleAssignment.ReadWrite.All'],
      other.id,
    ),
  )
  const grant = {
    clientId: graphPrincipal.id,
    resourceId: graphPrincipal.id,
    consentType: 'Principal',
    principalId: ada.id,
    scope: 'User.Read',
  }
  const { id: foreign } = directory.servicePrincipals[0] ?? {}
  for (const body of [grant, { ...grant, principalId: id, clientId: foreign }]) {
    const answer = await own('POST', '/oauth2PermissionGrants', body)
    assertError(answer, 404, 'Request_ResourceNotFound', /./)
  }
  const assignment = {
    principalId: ada.id,
    resourceId: graphPrincipal.id,
    appRoleId: '00000000-0000-0000-0000-000000000000',
  }
  assertError(
    await own('POST', `/servicePrincipals/${graphPrincipal.id}/appRoleAssignedTo`, assignment),
    404,
    'Request_ResourceNotFound',
    /./,
  )
  assertError(
    await eve('DELETE', `/applications/${objectId}`),
    404,
    'Request_ResourceNotFound',
    /./,
  )
})

/** A token of an application with these application permissions. */
async function appTokenOf(
  values: readonly string[],
  tenantId = emulator.tenantId,
): Promise<string> {
  const graph = directory.applications.find(({ appId }) => appId === GRAPH)
  const [base] = directory.applications
  assert.ok(graph && base)
  const appId = crypto.randomUUID()
  directory.applications.push({
    ...base,
    id: crypto.randomUUID(),
    appId,
    tenantId,
    identifierUris: [],
  })
  const principal = createServicePrincipal({ appId, tenantId })
  const resource =
    directory.servicePrincipals.find((one) => one.appId === GRAPH && one.tenantId === tenantId) ??
    createServicePrincipal({ appId: GRAPH, tenantId })
  if (!directory.servicePrincipals.includes(resource)) directory.servicePrincipals.push(resource)
  directory.servicePrincipals.push(principal)
  for (const value of values) {
    const role = graph.appRoles.find((one) => one.value === value)
    assert.ok(role, value)
    resource.appRoleAssignedTo.push({ principalId: principal.id, appRoleId: role.id })
  }
  const secret = base.passwordCredentials[0]?.secretText ?? ''
  return appToken(emulator, appId, secret, tenantId)
}
