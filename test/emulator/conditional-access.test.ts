import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type ConditionalAccessPolicy,
  createEmulator,
  createGroup,
  type Emulator,
  SEED,
} from '../../src/emulator/emulator.ts'
import {
  account,
  addGuest,
  addPartner,
  assertErrorPage,
  assertErrorRedirect,
  assertRefused,
  authorizeUrl,
  claimsOf,
  entrance,
  getCode,
  heading,
  openBrowser,
  redeem,
  refresh,
  signIn,
} from './support.ts'

const POLICY = 'b2c7a0f4-7f1c-4f0f-9d3c-5f2b8d1e9a10'
const CHALLENGE = { access_token: { capolids: { essential: true, values: [POLICY] } } }
const HOUR = 60 * 60 * 1000

test('a policy that asks for a second factor is AADSTS50076 with claims that name it', async () => {
  const emulator = createEmulator()
  const { body } = await redeem(emulator, { code: await getCode(emulator) })
  const policy = addPolicy(emulator)
  const refused = await refresh(emulator, body.refresh_token)
  assertRefused(refused, 50076, 'interaction_required')
  assert.equal(refused.body.suberror, 'basic_action')
  assert.deepEqual(JSON.parse(String(refused.body.claims)), CHALLENGE)
  policy.state = 'disabled'
  assert.equal((await refresh(emulator, body.refresh_token)).status, 200)
  policy.state = 'enabled'
  policy.conditions.applications.includeApplications = ['another']
  assert.equal((await refresh(emulator, body.refresh_token)).status, 200)
})

test('approving on the page meets the policy, for this browser and for what it was given', async () => {
  const emulator = createEmulator()
  addPolicy(emulator)
  const browser = openBrowser(emulator)
  const picker = await browser.get(authorizeUrl(emulator))
  const page = await browser.submit(picker, { account: SEED.alice })
  assert.equal(heading(page), 'Approve sign in request')
  assert.equal(
    heading(await browser.submit(page, { decision: 'approve' })),
    'Permissions requested',
  )
  entrance(emulator).api.requestedAccessTokenVersion = 1
  const code = await getCode(emulator, { browser })
  const { body } = await redeem(emulator, { code })
  assert.deepEqual(claimsOf(body.access_token).amr, ['pwd', 'mfa'])
  assert.equal((await refresh(emulator, body.refresh_token)).status, 200)
})

test('the second factor belongs to who showed it, and denying it ends the sign-in (AADSTS500121)', async () => {
  const emulator = createEmulator()
  const browser = openBrowser(emulator)
  await signIn(emulator, { browser })
  addPolicy(emulator)
  const page = await browser.get(authorizeUrl(emulator))
  assert.equal(heading(page), 'Approve sign in request')
  assertErrorPage(await browser.submit(page, { decision: 'deny' }), 500121)
  await signIn(emulator, { browser })
  const picker = await browser.get(authorizeUrl(emulator, { prompt: 'select_account' }))
  const forBob = await browser.submit(picker, { account: SEED.bob })
  assert.equal(heading(forBob), 'Approve sign in request')
  assert.match(forBob.text, /bob@entrance\.example/)
})

test('a form that did not ask for the second factor cannot approve it (AADSTS165000)', async () => {
  const emulator = createEmulator()
  const browser = openBrowser(emulator)
  const picker = await browser.get(authorizeUrl(emulator))
  const consent = await browser.submit(picker, { account: SEED.alice })
  addPolicy(emulator)
  for (const page of [picker, consent]) {
    const moved = { ...page, text: page.text.replace(/\/(login|consent)"/, '/mfa"') }
    assertErrorPage(await browser.submit(moved, { decision: 'approve' }), 165000)
  }
})

test('who has no second factor is AADSTS50079, and registers one on the page', async () => {
  const emulator = createEmulator()
  const browser = openBrowser(emulator)
  const { body } = await redeem(emulator, { code: await getCode(emulator, { browser }) })
  addPolicy(emulator)
  account(emulator, 'Alice').isMfaRegistered = false
  const refused = await refresh(emulator, body.refresh_token)
  assertRefused(refused, 50079, 'interaction_required')
  assert.deepEqual(JSON.parse(String(refused.body.claims)), CHALLENGE)
  const page = await browser.get(authorizeUrl(emulator))
  assert.equal(heading(page), 'More information required')
  assertErrorPage(await browser.submit(page, { decision: 'approve' }), 165000)
  const { location } = await browser.submit(page, { decision: 'register' })
  assert.ok(location?.searchParams.get('code'))
  assert.equal(account(emulator, 'Alice').isMfaRegistered, true)
})

test('prompt=none is told what is missing as interaction_required', async () => {
  let now = Date.now()
  const emulator = createEmulator({ now: () => now })
  const browser = openBrowser(emulator)
  await signIn(emulator, { browser })
  const policy = addPolicy(emulator)
  const ask = async (code: number) => {
    const { location } = await browser.get(authorizeUrl(emulator, { prompt: 'none' }))
    assertErrorRedirect(location, code, 'interaction_required')
    return location?.searchParams.get('claims')
  }
  assert.deepEqual(JSON.parse((await ask(50076)) ?? ''), CHALLENGE)
  account(emulator, 'Alice').isMfaRegistered = false
  await ask(50079)
  policy.grantControls = { builtInControls: ['block'] }
  await ask(53003)
  policy.grantControls = { builtInControls: ['compliantDevice'] }
  await ask(53000)
  policy.grantControls = null
  policy.sessionControls = { signInFrequency: { value: 1, type: 'hours' } }
  now += HOUR
  await ask(70044)
})

for (const [control, code, error, suberror] of [
  ['block', 53003, 'invalid_grant', 'message_only'],
  ['compliantDevice', 53000, 'interaction_required', 'additional_action'],
] as const) {
  test(`the control ${control} is AADSTS${code}, on a page and at the token endpoint`, async () => {
    const emulator = createEmulator()
    const browser = openBrowser(emulator)
    const { body } = await redeem(emulator, { code: await getCode(emulator, { browser }) })
    addPolicy(emulator).grantControls = { builtInControls: [control] }
    assertErrorPage(await browser.get(authorizeUrl(emulator)), code)
    const refused = await refresh(emulator, body.refresh_token)
    assertRefused(refused, code, error)
    assert.equal(refused.body.suberror, suberror)
    assert.deepEqual(JSON.parse(String(refused.body.claims)), CHALLENGE)
  })
}

test('a sign-in frequency ends refresh tokens with AADSTS70043 and asks for the account again', async () => {
  let now = Date.now()
  const emulator = createEmulator({ now: () => now })
  const browser = openBrowser(emulator)
  const { body } = await redeem(emulator, { code: await getCode(emulator, { browser }) })
  addPolicy(emulator).sessionControls = { signInFrequency: { value: 2, type: 'hours' } }
  now += HOUR
  assert.equal((await refresh(emulator, body.refresh_token)).status, 200)
  now += HOUR
  const refused = await refresh(emulator, body.refresh_token)
  assertRefused(refused, 70043, 'invalid_grant')
  assert.equal(refused.body.suberror, 'token_expired')
  assert.match(
    String(refused.body.error_description),
    /allowed lifetime for this request is 7200\./,
  )
  const page = await browser.get(authorizeUrl(emulator))
  assert.equal(heading(page), 'Pick an account')
  account(emulator, 'Alice').password = 'secret'
  assert.equal(heading(await browser.submit(page, { account: SEED.alice })), 'Enter password')
  account(emulator, 'Alice').password = null
  const { location } = await browser.submit(page, { account: SEED.alice })
  const fresh = await redeem(emulator, { code: location?.searchParams.get('code') as string })
  assert.equal((await refresh(emulator, fresh.body.refresh_token)).status, 200)
})

test('a policy may be for some people, groups or guests, and leave others out', async () => {
  const emulator = createEmulator()
  const { carol, guest } = addGuest(emulator)
  const group = createGroup({ tenantId: SEED.tenantId, displayName: 'X', members: [SEED.bob] })
  emulator.directory.groups.push(group)
  const policy = addPolicy(emulator)
  policy.grantControls = { builtInControls: ['block'] }
  const blocked = async () => {
    const names: string[] = []
    for (const { id, displayName } of [
      account(emulator, 'Alice'),
      account(emulator, 'Bob'),
      carol,
    ]) {
      const browser = openBrowser(emulator)
      const page = await browser.submit(await browser.get(authorizeUrl(emulator)), { account: id })
      if (page.text.includes('AADSTS53003')) names.push(displayName)
    }
    return names
  }
  const { conditions } = policy
  for (const [users, expected] of [
    [{ includeUsers: ['All'] }, ['Alice', 'Bob', 'Carol']],
    [{ includeUsers: ['All'], excludeUsers: [SEED.alice] }, ['Bob', 'Carol']],
    [{ includeUsers: ['All'], excludeUsers: ['GuestsOrExternalUsers'] }, ['Alice', 'Bob']],
    [{ includeUsers: ['GuestsOrExternalUsers'] }, ['Carol']],
    [{ includeUsers: [guest.id] }, ['Carol']],
    [{ includeUsers: [carol.id] }, []],
    [{ includeGroups: [group.id] }, ['Bob']],
    [{ includeUsers: ['All'], excludeGroups: [group.id] }, ['Alice', 'Carol']],
    [{}, []],
  ] as const) {
    conditions.users = JSON.parse(JSON.stringify(users))
    assert.deepEqual(await blocked(), expected, JSON.stringify(users))
  }
})

test('a policy for All applications leaves out those that it excludes, and other tenants', async () => {
  const emulator = createEmulator()
  const browser = openBrowser(emulator)
  await signIn(emulator, { browser })
  const policy = addPolicy(emulator)
  policy.grantControls = { builtInControls: ['block'] }
  policy.conditions.applications = { includeApplications: ['All'] }
  assertErrorPage(await browser.get(authorizeUrl(emulator)), 53003)
  policy.conditions.applications.excludeApplications = [SEED.clientId]
  assert.ok((await browser.get(authorizeUrl(emulator))).location)
  policy.conditions.applications.excludeApplications = []
  policy.tenantId = crypto.randomUUID()
  assert.ok((await browser.get(authorizeUrl(emulator))).location)
})

test('a policy on an authentication context is met by a step-up, and the token says so', async () => {
  const emulator = createEmulator()
  const policy = addPolicy(emulator)
  policy.conditions.applications = {
    includeApplications: [],
    includeAuthenticationContextClassReferences: ['c1'],
  }
  const acrs = { name: 'acrs', additionalProperties: [] }
  entrance(emulator).optionalClaims = { idToken: [], accessToken: [acrs] }
  const browser = openBrowser(emulator)
  const plain = await redeem(emulator, { code: await getCode(emulator, { browser }) })
  assert.equal(claimsOf(plain.body.access_token).acrs, undefined)
  const claims = JSON.stringify({ access_token: { acrs: { essential: true, value: 'c1' } } })
  assertRefused(
    await refresh(emulator, plain.body.refresh_token, { claims }),
    50076,
    'interaction_required',
  )
  const page = await browser.get(authorizeUrl(emulator, { claims }))
  assert.equal(heading(page), 'Approve sign in request')
  const { location } = await browser.submit(page, { decision: 'approve' })
  const { body } = await redeem(emulator, { code: location?.searchParams.get('code') as string })
  assert.deepEqual(claimsOf(body.access_token).acrs, ['c1'])
})

test('who is not in a tenant that asks for a second factor is AADSTS90072', async () => {
  const emulator = createEmulator()
  const { carol } = addPartner(emulator)
  addPolicy(emulator)
  const browser = openBrowser(emulator)
  const picker = await browser.get(authorizeUrl(emulator))
  assertErrorPage(await browser.submit(picker, { account: carol.id }), 90072)
})

function addPolicy(emulator: Emulator): ConditionalAccessPolicy {
  const policy: ConditionalAccessPolicy = {
    id: POLICY,
    displayName: 'Require multi-factor authentication',
    state: 'enabled',
    conditions: { applications: { includeApplications: [SEED.clientId] } },
    modifiedDateTime: new Date(0).toISOString(),
  }
  emulator.directory.conditionalAccessPolicies.push(policy)
  return policy
}
