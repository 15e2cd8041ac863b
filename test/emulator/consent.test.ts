import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createEmulator, type Emulator, SEED } from '../../src/emulator/emulator.ts'
import {
  type Answer,
  assertErrorPage,
  assertErrorRedirect,
  authorizeUrl,
  type Browser,
  entrance,
  heading,
  openBrowser,
  signIn,
} from './support.ts'

test('the consent page says who asks for what, and Accept is remembered', async () => {
  const emulator = createEmulator()
  const browser = openBrowser(emulator)
  const page = await askConsent(emulator, browser)
  assert.match(page.text, /<strong>Entrance<\/strong>/)
  for (const text of ['Use the MCP server', 'Sign you in', 'View your email address']) {
    assert.ok(page.text.includes(text), text)
  }
  await browser.submit(page, { decision: 'accept' })
  assert.deepEqual(
    emulator.directory.oauth2PermissionGrants.map(({ principalId, scope }) => [principalId, scope]),
    [
      [SEED.alice, 'mcp-access'],
      [SEED.alice, 'openid profile email offline_access'],
    ],
  )
  assert.ok((await browser.get(authorizeUrl(emulator))).location?.searchParams.get('code'))
})

test('Cancel tells the client access_denied, AADSTS65004, and nothing is granted', async () => {
  const emulator = createEmulator()
  const browser = openBrowser(emulator)
  const page = await askConsent(emulator, browser)
  const { location } = await browser.submit(page, { decision: 'cancel' })
  assertErrorRedirect(location, 65004, 'access_denied')
  assert.equal(location?.searchParams.get('error_uri'), `${emulator.origin}/error?code=65004`)
  assert.deepEqual(emulator.directory.oauth2PermissionGrants, [])
})

test('what one person consents to does not count for another', async () => {
  const emulator = createEmulator()
  await signIn(emulator)
  const browser = openBrowser(emulator)
  const picker = await browser.get(authorizeUrl(emulator))
  const page = await browser.submit(picker, { account: SEED.bob })
  assert.equal(heading(page), 'Permissions requested')
})

test('an administrator’s grant for all, or pre-authorisation, needs no consent page', async () => {
  const emulator = createEmulator()
  const application = entrance(emulator)
  const clientId = emulator.directory.servicePrincipals[0]?.id as string
  emulator.directory.oauth2PermissionGrants.push({
    id: 'for-all',
    clientId,
    resourceId: clientId,
    consentType: 'AllPrincipals',
    principalId: null,
    scope: 'mcp-access',
  })
  const scope = `api://${SEED.clientId}/mcp-access`
  const asked = await openBrowser(emulator).get(authorizeUrl(emulator, { scope }))
  assert.equal(heading(asked), 'Pick an account')
  const browser = openBrowser(emulator)
  const picker = await browser.get(authorizeUrl(emulator, { scope }))
  const answer = await browser.submit(picker, { account: SEED.alice })
  assert.ok(answer.location?.searchParams.get('code'))
  emulator.directory.oauth2PermissionGrants.length = 0
  const delegatedPermissionIds = application.api.oauth2PermissionScopes.map(({ id }) => id)
  application.api.preAuthorizedApplications.push({ appId: SEED.clientId, delegatedPermissionIds })
  const again = await browser.get(authorizeUrl(emulator, { scope }))
  assert.ok(again.location?.searchParams.get('code'))
})

test('a scope added later is asked for alone, prompt=consent asks for everything again', async () => {
  const emulator = createEmulator()
  const browser = openBrowser(emulator)
  await signIn(emulator, { browser })
  const later = await browser.get(authorizeUrl(emulator, { scope: 'openid User.Read' }))
  assert.match(later.text, /Read your profile/)
  assert.doesNotMatch(later.text, /Sign you in/)
  const again = await browser.get(authorizeUrl(emulator, { prompt: 'consent' }))
  assert.match(again.text, /Use the MCP server/)
  const { location } = await browser.submit(again, { decision: 'accept' })
  assert.ok(location?.searchParams.get('code'))
})

test('prompt=none without consent is consent_required, AADSTS65001', async () => {
  const emulator = createEmulator()
  const browser = openBrowser(emulator)
  await signIn(emulator, { browser })
  emulator.directory.oauth2PermissionGrants.length = 0
  const { location } = await browser.get(authorizeUrl(emulator, { prompt: 'none' }))
  assertErrorRedirect(location, 65001, 'consent_required')
})

for (const [title, plant] of [
  ['a scope of type Admin', toAdminScope],
  ['a tenant that forbids user consent', forbidUserConsent],
  ['an app that requires an assignment', requireAssignment],
] as const) {
  test(`${title} needs an administrator, whatever the person submits (AADSTS90094)`, async () => {
    const emulator = createEmulator()
    const browser = openBrowser(emulator)
    const consent = await askConsent(emulator, browser)
    plant(emulator)
    const page = await browser.submit(consent, { decision: 'accept' })
    assert.equal(heading(page), 'Need admin approval')
    assert.deepEqual(emulator.directory.oauth2PermissionGrants, [])
    const { location } = await browser.submit(page, { decision: 'return' })
    assertErrorRedirect(location, 90094, 'access_denied')
  })
}

test('a form submitted by another browser is refused (AADSTS165000)', async () => {
  const emulator = createEmulator()
  const victim = openBrowser(emulator)
  await signIn(emulator, { browser: victim })
  const attacker = openBrowser(emulator)
  const picker = await attacker.get(authorizeUrl(emulator))
  assertErrorPage(await victim.submit(picker, { account: SEED.bob }), 165000)
  const consent = await attacker.submit(picker, { account: SEED.bob })
  assertErrorPage(await victim.submit(consent, { decision: 'accept' }), 165000)
  assertErrorPage(await openBrowser(emulator).submit(consent, { decision: 'accept' }), 165000)
})

test('a picker’s form is no consent form, and a forged or old one is none at all', async () => {
  let now = Date.now()
  const emulator = createEmulator({ now: () => now })
  const browser = openBrowser(emulator)
  const picker = await browser.get(authorizeUrl(emulator))
  const moved = { ...picker, text: picker.text.replace('/login"', '/consent"') }
  assertErrorPage(await browser.submit(moved, { decision: 'accept' }), 165000)
  assertErrorPage(await browser.submit(picker, { flow: 'forged', account: SEED.alice }), 165000)
  now += 61 * 60 * 1000
  assertErrorPage(await browser.submit(picker, { account: SEED.alice }), 165000)
})

test('two tabs of one browser can both finish', async () => {
  const emulator = createEmulator()
  const browser = openBrowser(emulator)
  const first = await browser.get(authorizeUrl(emulator, { state: 'one' }))
  const second = await browser.get(authorizeUrl(emulator, { state: 'two' }))
  for (const [page, state] of [
    [first, 'one'],
    [second, 'two'],
  ] as const) {
    const next = await browser.submit(page, { account: SEED.alice })
    const last = next.location ? next : await browser.submit(next, { decision: 'accept' })
    assert.equal(last.location?.searchParams.get('state'), state)
    assert.ok(last.location?.searchParams.get('code'))
  }
})

test('someone who has signed out meanwhile cannot accept any more', async () => {
  const emulator = createEmulator()
  const browser = openBrowser(emulator)
  const consent = await askConsent(emulator, browser)
  await browser.get(`${emulator.origin}/common/oauth2/v2.0/logout`)
  assertErrorPage(await browser.submit(consent, { decision: 'accept' }), 165000)
})

async function askConsent(emulator: Emulator, browser: Browser): Promise<Answer> {
  const picker = await browser.get(authorizeUrl(emulator))
  const page = await browser.submit(picker, { account: SEED.alice })
  assert.equal(heading(page), 'Permissions requested')
  return page
}

function toAdminScope(emulator: Emulator): void {
  for (const scope of entrance(emulator).api.oauth2PermissionScopes) scope.type = 'Admin'
}

function forbidUserConsent(emulator: Emulator): void {
  for (const tenant of emulator.directory.tenants) tenant.allowUserConsent = false
}

function requireAssignment(emulator: Emulator): void {
  Object.assign(emulator.directory.servicePrincipals[0] ?? {}, {
    appRoleAssignmentRequired: true,
    appRoleAssignedTo: [{ principalId: SEED.alice, appRoleId: crypto.randomUUID() }],
  })
}
