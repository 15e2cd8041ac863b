import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createEmulator, SEED } from '../../../src/emulator/emulator.ts'
import {
  account,
  addPersonal,
  authorizeUrl,
  entrance,
  getCode,
  openBrowser,
  redeem,
  refresh,
} from '../support.ts'
import { AZURE_CLI, assertError, graphAs, graphWith } from './support.ts'

const HOME = { id: '5d0ae6a9-6a3a-4d1b-8a4e-6f1f4a3b9a11', domain: 'fabrikam.example' }
const { tenantId } = SEED
const groupIds = {
  staff: '11111111-aaaa-4bbb-8ccc-000000000001',
  finance: '11111111-aaaa-4bbb-8ccc-000000000002',
  lists: '11111111-aaaa-4bbb-8ccc-000000000003',
}
const people = ['Alice', 'Bob', 'Ada'].map((displayName) => ({
  id: SEED[displayName.toLowerCase() as 'alice' | 'bob' | 'ada'],
  tenantId,
  displayName,
  userPrincipalName: `${displayName.toLowerCase()}@${SEED.domain}`,
  directoryRoles: displayName === 'Ada' ? ['Global Administrator'] : [],
}))
const eve = { tenantId: HOME.id, displayName: 'Eve', userPrincipalName: `eve@${HOME.domain}` }
const emulator = createEmulator({
  directory: {
    tenants: [
      { id: tenantId, domains: [SEED.domain], displayName: 'Entrance Example' },
      { id: HOME.id, domains: [HOME.domain] },
    ],
    users: [...people, eve],
    groups: [
      { id: groupIds.finance, tenantId, displayName: 'Finance', members: [SEED.alice] },
      { id: groupIds.staff, tenantId, displayName: 'Staff', members: [groupIds.finance] },
      {
        id: groupIds.lists,
        tenantId,
        displayName: 'Newsletter',
        securityEnabled: false,
        members: [SEED.alice],
      },
    ],
  },
})
const graph = await graphAs(emulator)

test('organization names the tenant and its domains', async () => {
  const { body } = await graph('GET', '/organization?$select=id,displayName,verifiedDomains')
  const [own, ...others] = body.value
  assert.deepEqual(others, [])
  assert.equal(own.id, tenantId)
  assert.deepEqual(
    own.verifiedDomains.map((domain: { name: string }) => domain.name),
    [SEED.domain],
  )
})

test('me is who signed in, userinfo the same in OpenID Connect’s words', async () => {
  const scope = 'https://graph.microsoft.com/User.Read openid profile email'
  const code = await getCode(emulator, { changes: { scope } })
  const { body } = await redeem(emulator, { code, scope })
  const own = graphWith(emulator, String(body.access_token))
  const me = (await own('GET', '/me')).body
  assert.deepEqual(
    { id: me.id, displayName: me.displayName, mail: me.mail },
    { id: SEED.alice, displayName: 'Alice', mail: 'alice@entrance.example' },
  )
  assert.equal('accountEnabled' in me, false)
  assert.equal((await own('GET', '/me?$select=accountEnabled')).body.accountEnabled, true)
  const info = (await own('GET', '/oidc/userinfo')).body
  const [, payload = ''] = String(body.id_token).split('.')
  const idToken = JSON.parse(Buffer.from(payload, 'base64url').toString())
  assert.equal(info.sub, idToken.sub)
  assert.deepEqual(info, {
    sub: idToken.sub,
    name: 'Alice',
    given_name: 'Alice',
    picture: `${emulator.origin}/v1.0/me/photo/$value`,
    email: 'alice@entrance.example',
  })
})

test('a personal account reads its own profile', async () => {
  const own = createEmulator()
  const dana = addPersonal(own)
  entrance(own).signInAudience = 'AzureADandPersonalMicrosoftAccount'
  const scope = 'https://graph.microsoft.com/User.Read'
  const at = { name: 'Dana', tenant: 'consumers', changes: { scope } }
  const { body } = await redeem(own, { code: await getCode(own, at), scope }, at)
  const answer = await graphWith(own, String(body.access_token))('GET', '/me')
  assert.equal(answer.body.id, dana.id)
})

test('people are found by id and by name', async () => {
  for (const key of [SEED.bob, 'bob@entrance.example', 'BOB@entrance.example']) {
    assert.equal((await graph('GET', `/users/${key}`)).body.id, SEED.bob)
  }
  const found = await graph('GET', "/users?$filter=startswith(displayName,'al')&$select=id")
  assert.deepEqual(found.body.value, [{ id: SEED.alice }])
  assertError(await graph('GET', '/users/nobody'), 404, 'Request_ResourceNotFound', /'nobody'/)
})

test('memberships go through groups in groups', async () => {
  const all = [groupIds.finance, groupIds.lists, groupIds.staff]
  const ids = async (path: string, body?: unknown) => {
    const answer = await graph(body ? 'POST' : 'GET', path, body)
    const values: (string | { id: string })[] = answer.body.value
    return values.map((one) => (typeof one === 'string' ? one : one.id)).toSorted()
  }
  const alice = `/users/${SEED.alice}`
  assert.deepEqual(await ids(`${alice}/transitiveMemberOf`), all.toSorted())
  assert.deepEqual(await ids(`${alice}/memberOf`), [groupIds.finance, groupIds.lists].toSorted())
  const any = { securityEnabledOnly: false }
  assert.deepEqual(await ids(`${alice}/getMemberObjects`, any), all.toSorted())
  const secure = { securityEnabledOnly: true }
  const security = [groupIds.finance, groupIds.staff].toSorted()
  assert.deepEqual(await ids(`${alice}/getMemberGroups`, secure), security)
  const asked = { groupIds: [groupIds.staff, crypto.randomUUID()] }
  assert.deepEqual(await ids(`${alice}/checkMemberGroups`, asked), [groupIds.staff])
  assert.deepEqual(await ids('/me/checkMemberGroups', asked), [])
  const many = { groupIds: Array.from({ length: 21 }, () => crypto.randomUUID()) }
  assertError(
    await graph('POST', `${alice}/checkMemberGroups`, many),
    400,
    'Request_BadRequest',
    /20/,
  )
})

test('directory roles are memberships, too, and no groups', async () => {
  const { body } = await graph('GET', '/me/memberOf')
  const [role, ...others] = body.value
  assert.deepEqual(others, [])
  assert.equal(role['@odata.type'], '#microsoft.graph.directoryRole')
  assert.equal(role.displayName, 'Global Administrator')
  assert.equal(role.roleTemplateId, '62e90394-69f5-4237-9190-012177145e10')
  assert.deepEqual((await graph('POST', '/me/getMemberObjects', {})).body.value, [role.id])
  assert.deepEqual((await graph('POST', '/me/getMemberGroups', {})).body.value, [])
})

test('with User.Read alone people read their own memberships, without the names', async () => {
  const scope = 'https://graph.microsoft.com/User.Read'
  const code = await getCode(emulator, { changes: { scope } })
  const { body } = await redeem(emulator, { code, scope })
  const own = graphWith(emulator, String(body.access_token))
  const asked = { groupIds: [groupIds.staff] }
  assert.deepEqual((await own('POST', '/me/checkMemberGroups', asked)).body.value, asked.groupIds)
  const [first] = (await own('GET', '/me/memberOf')).body.value
  assert.equal(first.id, groupIds.finance)
  assert.equal(first.displayName, null)
  for (const path of [`/users/${SEED.bob}`, `/users/${SEED.bob}/memberOf`, '/groups']) {
    assertError(await own('GET', path), 403, 'Authorization_RequestDenied', /./)
  }
})

test('revoked sessions end refresh tokens, the browser’s session and Graph tokens', async () => {
  const { body } = await redeem(emulator, { code: await getCode(emulator, { name: 'Bob' }) })
  const answer = await graph('POST', `/users/${SEED.bob}/revokeSignInSessions`)
  assert.equal(answer.status, 200)
  assert.equal(answer.body.value, true)
  assert.deepEqual((await refresh(emulator, body.refresh_token)).body.error_codes, [50173])
})

test('a guest who is invited signs in with the account at home', async () => {
  const answer = await graph('POST', '/invitations', {
    invitedUserEmailAddress: eve.userPrincipalName,
    inviteRedirectUrl: 'https://app.example',
  })
  assert.equal(answer.status, 201)
  assert.equal(answer.body.status, 'Completed')
  const guest = emulator.directory.users.find(({ id }) => id === answer.body.invitedUser.id)
  assert.equal(guest?.userType, 'Guest')
  assert.equal(guest?.userPrincipalName, `eve_${HOME.domain}#EXT#@${SEED.domain}`)

  const browser = openBrowser(emulator)
  const page = await browser.get(authorizeUrl(emulator))
  const next = await browser.submit(page, { username: eve.userPrincipalName })
  const last = next.location ? next : await browser.submit(next, { decision: 'accept' })
  const { body } = await redeem(emulator, { code: last.location?.searchParams.get('code') ?? '' })
  const [, payload = ''] = String(body.access_token).split('.')
  assert.equal(JSON.parse(Buffer.from(payload, 'base64url').toString()).oid, guest?.id)

  const again = await graph('POST', '/invitations', {
    invitedUserEmailAddress: eve.userPrincipalName,
    inviteRedirectUrl: 'https://app.example',
  })
  assert.equal(again.body.invitedUser.id, guest?.id)
  const stranger = await graph('POST', '/invitations', {
    invitedUserEmailAddress: 'mallory@elsewhere.example',
    inviteRedirectUrl: 'https://app.example',
  })
  assert.equal(stranger.body.status, 'PendingAcceptance')
})

test('the policies say what members may do', async (t) => {
  const [tenant] = emulator.directory.tenants
  assert.ok(tenant)
  t.after(() => {
    tenant.allowUserConsent = true
    tenant.allowUserAppRegistration = true
  })
  const read = async () =>
    (await graph('GET', '/policies/authorizationPolicy')).body.defaultUserRolePermissions
  assert.equal((await read()).allowedToCreateApps, true)
  assert.equal((await read()).permissionGrantPoliciesAssigned.length, 1)
  tenant.allowUserConsent = false
  tenant.allowUserAppRegistration = false
  assert.equal((await read()).allowedToCreateApps, false)
  assert.deepEqual((await read()).permissionGrantPoliciesAssigned, [])
})

test('the sign-in log has what became of a sign-in, by its correlation id', async () => {
  const bob = account(emulator, 'Bob')
  const id = crypto.randomUUID()
  const find = async () =>
    (await graph('GET', `/auditLogs/signIns?$filter=correlationId eq '${id}'`)).body.value
  const browser = openBrowser(emulator)
  const url = authorizeUrl(emulator, { 'client-request-id': id })
  const page = await browser.get(url)
  bob.accountEnabled = false
  await browser.submit(page, { account: bob.id })
  bob.accountEnabled = true
  const [failed] = await find()
  assert.equal(failed.status.errorCode, 50057)
  assert.equal(failed.status.failureReason, 'The user account is disabled.')
  assert.equal(failed.userId, bob.id)
  assert.equal(failed.appId, emulator.application.clientId)
  assert.deepEqual((await graph('GET', `/auditLogs/signIns/${failed.id}`)).body.id, failed.id)

  await redeem(emulator, { client_secret: 'wrong', code: 'x', 'client-request-id': id })
  assert.equal((await find())[0].status.errorCode, 7000215)
  const cli = await graph('GET', `/auditLogs/signIns?$filter=appId eq '${AZURE_CLI}'&$top=1`)
  assert.equal(cli.body.value[0].status.errorCode, 0)
  assert.equal(cli.body.value[0].userDisplayName, 'Ada')
})

test('a reset leaves nothing in the sign-in log', async () => {
  const own = createEmulator()
  await getCode(own)
  own.reset()
  const { body } = await (await graphAs(own))('GET', '/auditLogs/signIns')
  assert.deepEqual(
    body.value.map((entry: { appId: string }) => entry.appId),
    [AZURE_CLI],
  )
})
