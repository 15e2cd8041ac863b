import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createEmulator, createGroup, type Emulator, SEED } from '../../src/emulator/emulator.ts'
import {
  account,
  addGuest,
  assertErrorPage,
  authorizeUrl,
  claimsOf,
  entrance,
  openBrowser,
  redeem,
  signIn,
} from './support.ts'

const { tenantId } = SEED

test('there is no groups claim until the registration asks for one', async () => {
  const emulator = createEmulator()
  addGroup(emulator, 'Staff', [SEED.alice])
  for (const wanted of [null, 'None'] as const) {
    entrance(emulator).groupMembershipClaims = wanted
    for (const claims of await tokensOf(emulator)) assert.equal(claims.groups, undefined)
  }
})

test('SecurityGroup names security groups, those by way of other groups included; All names all', async () => {
  const emulator = createEmulator()
  const inner = addGroup(emulator, 'Inner', [SEED.alice])
  const outer = addGroup(emulator, 'Outer', [inner.id])
  inner.members.push(outer.id)
  const mail = addGroup(emulator, 'Distribution list', [SEED.alice])
  mail.securityEnabled = false
  addGroup(emulator, 'Others', [SEED.bob])
  entrance(emulator).groupMembershipClaims = 'SecurityGroup'
  for (const claims of await tokensOf(emulator)) {
    assert.deepEqual(claims.groups, [inner.id, outer.id])
    assert.equal(claims.wids, undefined)
  }
  entrance(emulator).groupMembershipClaims = 'All'
  account(emulator, 'Alice').directoryRoles = ['Application Administrator']
  for (const claims of await tokensOf(emulator)) {
    assert.deepEqual(new Set(claims.groups as string[]), new Set([inner.id, outer.id, mail.id]))
    assert.deepEqual(claims.wids, [
      '9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3',
      'b79fbf4d-3ef9-4689-8143-76b194e85509',
    ])
  }
})

test('ApplicationGroup names the groups assigned to the application, direct members only', async () => {
  const emulator = createEmulator()
  const assigned = addGroup(emulator, 'Assigned', [SEED.alice])
  const nested = addGroup(emulator, 'Assigned too', [assigned.id])
  addGroup(emulator, 'Not assigned', [SEED.alice])
  assign(emulator, assigned.id)
  assign(emulator, nested.id)
  const application = entrance(emulator)
  application.groupMembershipClaims = 'ApplicationGroup'
  for (const claims of await tokensOf(emulator)) assert.deepEqual(claims.groups, [assigned.id])
  const named = [{ name: 'groups', additionalProperties: ['cloud_displayname'] }]
  application.optionalClaims = { idToken: [], accessToken: named }
  const [access, id] = await tokensOf(emulator)
  assert.deepEqual(access?.groups, ['Assigned'])
  assert.deepEqual(id?.groups, [assigned.id])
})

test('emit_as_roles puts the groups among the roles', async () => {
  const emulator = createEmulator()
  const group = addGroup(emulator, 'Staff', [SEED.bob])
  const application = entrance(emulator)
  application.groupMembershipClaims = 'SecurityGroup'
  const asRoles = [{ name: 'groups', additionalProperties: ['emit_as_roles'] }]
  application.optionalClaims = { idToken: [], accessToken: asRoles }
  const [access, id] = await tokensOf(emulator, 'Bob')
  assert.deepEqual(access?.roles, ['Expenses.Approver', group.id])
  assert.equal(access?.groups, undefined)
  assert.deepEqual(id?.groups, [group.id])
})

test('200 groups are in the token; of 201 it says only where to ask', async () => {
  const emulator = createEmulator()
  entrance(emulator).groupMembershipClaims = 'SecurityGroup'
  for (let i = 0; i < 200; i++) addGroup(emulator, `Group ${i}`, [SEED.alice])
  for (const claims of await tokensOf(emulator)) {
    assert.equal((claims.groups as string[]).length, 200)
    assert.equal(claims._claim_names, undefined)
  }
  addGroup(emulator, 'One too many', [SEED.alice])
  const endpoint = `https://graph.windows.net/${tenantId}/users/${SEED.alice}/getMemberObjects`
  for (const claims of await tokensOf(emulator)) {
    assert.equal(claims.groups, undefined)
    assert.deepEqual(claims._claim_names, { groups: 'src1' })
    assert.deepEqual(claims._claim_sources, { src1: { endpoint } })
  }
})

test('a guest’s groups are those of the tenant that invited them', async () => {
  const emulator = createEmulator()
  const { carol, guest } = addGuest(emulator)
  const here = addGroup(emulator, 'Guests', [guest.id])
  const there = createGroup({ tenantId: carol.tenantId, displayName: 'X', members: [carol.id] })
  emulator.directory.groups.push(there)
  entrance(emulator).groupMembershipClaims = 'SecurityGroup'
  for (const claims of await tokensOf(emulator, 'Carol')) assert.deepEqual(claims.groups, [here.id])
})

test('a role given to a group is its direct members’', async () => {
  const emulator = createEmulator()
  const group = addGroup(emulator, 'Auditors', [SEED.alice])
  const outer = addGroup(emulator, 'More auditors', [group.id])
  const [, auditor] = entrance(emulator).appRoles
  assign(emulator, group.id, auditor?.id)
  assign(emulator, outer.id, entrance(emulator).appRoles[0]?.id)
  for (const claims of await tokensOf(emulator)) {
    assert.deepEqual(claims.roles, ['Expenses.Auditor'])
  }
})

test('where an assignment is required, a group lets its direct members in (AADSTS50105)', async () => {
  const emulator = createEmulator()
  const group = addGroup(emulator, 'Staff', [SEED.alice])
  const outer = addGroup(emulator, 'Everybody', [group.id])
  await signIn(emulator)
  Object.assign(emulator.directory.servicePrincipals[0] ?? {}, {
    appRoleAssignmentRequired: true,
    appRoleAssignedTo: [],
  })
  assign(emulator, outer.id)
  const browser = openBrowser(emulator)
  const picker = await browser.get(authorizeUrl(emulator))
  assertErrorPage(await browser.submit(picker, { account: SEED.alice }), 50105)
  assign(emulator, group.id)
  assert.ok(await signIn(emulator, { browser }))
})

function addGroup(emulator: Emulator, displayName: string, members: string[]) {
  const group = createGroup({ tenantId, displayName, members })
  emulator.directory.groups.push(group)
  return group
}

function assign(emulator: Emulator, principalId: string, role?: string): void {
  const appRoleId = role ?? '00000000-0000-0000-0000-000000000000'
  emulator.directory.servicePrincipals[0]?.appRoleAssignedTo.push({ principalId, appRoleId })
}

/** The claims of the access token and of the id_token. */
async function tokensOf(emulator: Emulator, name = 'Alice') {
  const location = await signIn(emulator, { name })
  const { body } = await redeem(emulator, { code: location.searchParams.get('code') })
  return [claimsOf(body.access_token), claimsOf(body.id_token)]
}
