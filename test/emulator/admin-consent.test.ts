import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  createApplication,
  createEmulator,
  type Emulator,
  SEED,
} from '../../src/emulator/emulator.ts'
import {
  type Answer,
  account,
  addPartner,
  assertErrorPage,
  assertErrorRedirect,
  authorizeUrl,
  type Browser,
  CALLBACK,
  entrance,
  GRAPH_APP_ID,
  heading,
  makeAdministrator,
  openBrowser,
  signIn,
} from './support.ts'

const USER_READ = 'e1fe6dd8-ba31-4d61-89e7-88639da4683d'
const API = `api://${SEED.clientId}`

test('an administrator may consent for everybody on the consent page, others are not asked', async () => {
  const emulator = createEmulator()
  const browser = openBrowser(emulator)
  const forAlice = await toConsent(emulator, browser)
  assert.doesNotMatch(forAlice.text, /on behalf of your organisation/)
  makeAdministrator(emulator, 'Alice')
  const page = await toConsent(emulator, browser)
  assert.match(page.text, /Consent on behalf of your organisation/)
  const { location } = await browser.submit(page, { decision: 'accept', for_all: '1' })
  assert.ok(location?.searchParams.get('code'))
  const types = emulator.directory.oauth2PermissionGrants.map((grant) => grant.consentType)
  assert.deepEqual(types, ['AllPrincipals', 'AllPrincipals'])
  const bob = openBrowser(emulator)
  const picker = await bob.get(authorizeUrl(emulator))
  const answer = await bob.submit(picker, { account: SEED.bob })
  assert.ok(answer.location?.searchParams.get('code'))
})

test('who is no administrator consents for themselves alone, whatever they submit', async () => {
  const emulator = createEmulator()
  const browser = openBrowser(emulator)
  const page = await toConsent(emulator, browser)
  await browser.submit(page, { decision: 'accept', for_all: '1' })
  const grants = emulator.directory.oauth2PermissionGrants
  assert.equal(grants.length, 2)
  for (const grant of grants) assert.equal(grant.consentType, 'Principal')
})

test('an administrator may consent to what others may not', async () => {
  const emulator = createEmulator()
  makeAdministrator(emulator, 'Alice')
  for (const scope of entrance(emulator).api.oauth2PermissionScopes) scope.type = 'Admin'
  for (const tenant of emulator.directory.tenants) tenant.allowUserConsent = false
  assert.ok((await signIn(emulator)).searchParams.get('code'))
})

test('/adminconsent grants the whole list of the registration, roles of the app itself included', async () => {
  const emulator = createEmulator()
  plantList(emulator)
  makeAdministrator(emulator, 'Alice')
  const browser = openBrowser(emulator)
  const page = await signInTo(browser, adminConsentUrl(emulator, 'adminconsent'), SEED.alice)
  assert.equal(heading(page), 'Permissions requested')
  for (const text of ['Review for your organisation', 'Use the MCP server', 'Read your profile']) {
    assert.ok(page.text.includes(text), text)
  }
  assert.match(page.text, /Expenses\.Robot/)
  const { location } = await browser.submit(page, { decision: 'accept' })
  assert.equal(location?.href.split('?')[0], CALLBACK)
  assert.deepEqual(Object.fromEntries(location?.searchParams ?? []), {
    admin_consent: 'True',
    tenant: SEED.tenantId,
    state: 'the-state',
  })
  const { oauth2PermissionGrants: grants, servicePrincipals } = emulator.directory
  const [own] = servicePrincipals
  const granted = grants.map(({ consentType, principalId, scope }) => [
    consentType,
    principalId,
    scope,
  ])
  assert.deepEqual(granted, [
    ['AllPrincipals', null, 'mcp-access'],
    ['AllPrincipals', null, 'User.Read'],
  ])
  assert.ok(own?.appRoleAssignedTo.some(({ principalId }) => principalId === own.id))
})

test('/v2.0/adminconsent grants what scope names, and says so', async () => {
  const emulator = createEmulator()
  plantList(emulator)
  makeAdministrator(emulator, 'Alice')
  const browser = openBrowser(emulator)
  const scope = `${API}/mcp-access`
  const page = await signInTo(
    browser,
    adminConsentUrl(emulator, 'v2.0/adminconsent', { scope }),
    SEED.alice,
  )
  const { location } = await browser.submit(page, { decision: 'accept' })
  assert.deepEqual(Object.fromEntries(location?.searchParams ?? []), {
    admin_consent: 'True',
    tenant: SEED.tenantId,
    scope,
    state: 'the-state',
  })
  const [grant, ...others] = emulator.directory.oauth2PermissionGrants
  assert.partialDeepStrictEqual(grant, { consentType: 'AllPrincipals', scope: 'mcp-access' })
  assert.deepEqual(others, [])
  assert.equal(emulator.directory.servicePrincipals[0]?.appRoleAssignedTo.length, 1)
})

test('/v2.0/adminconsent with .default stands for the list of that API, its roles included', async () => {
  const emulator = createEmulator()
  plantList(emulator)
  makeAdministrator(emulator, 'Alice')
  const browser = openBrowser(emulator)
  const url = adminConsentUrl(emulator, 'v2.0/adminconsent', { scope: `${API}/.default` })
  const page = await signInTo(browser, url, SEED.alice)
  assert.doesNotMatch(page.text, /Read your profile/)
  const { location } = await browser.submit(page, { decision: 'accept' })
  assert.equal(location?.searchParams.get('scope'), `${API}/mcp-access`)
  assert.equal(emulator.directory.servicePrincipals[0]?.appRoleAssignedTo.length, 2)
})

test('/v2.0/adminconsent without scope is AADSTS900144, an unregistered address AADSTS50011', async () => {
  const emulator = createEmulator()
  const browser = openBrowser(emulator)
  assertErrorPage(await browser.get(adminConsentUrl(emulator, 'v2.0/adminconsent')), 900144)
  const changes = { redirect_uri: 'https://evil.example/' }
  assertErrorPage(await browser.get(adminConsentUrl(emulator, 'adminconsent', changes)), 50011)
})

test('Cancel at /adminconsent is access_denied with error_subcode=cancel, without a text', async () => {
  const emulator = createEmulator()
  plantList(emulator)
  makeAdministrator(emulator, 'Alice')
  const browser = openBrowser(emulator)
  const page = await signInTo(browser, adminConsentUrl(emulator, 'adminconsent'), SEED.alice)
  const { location } = await browser.submit(page, { decision: 'cancel' })
  assert.deepEqual(Object.fromEntries(location?.searchParams ?? []), {
    error: 'access_denied',
    error_subcode: 'cancel',
    state: 'the-state',
  })
  assert.deepEqual(emulator.directory.oauth2PermissionGrants, [])
})

test('who is no administrator gets nowhere at /adminconsent', async () => {
  const emulator = createEmulator()
  plantList(emulator)
  makeAdministrator(emulator, 'Alice')
  const browser = openBrowser(emulator)
  const page = await signInTo(browser, adminConsentUrl(emulator, 'adminconsent'), SEED.alice)
  account(emulator, 'Alice').directoryRoles = []
  const refused = await browser.submit(page, { decision: 'accept' })
  assert.equal(heading(refused), 'Need admin approval')
  assert.deepEqual(emulator.directory.oauth2PermissionGrants, [])
  const { location } = await browser.submit(refused, { decision: 'return' })
  assert.equal(location?.searchParams.get('error'), 'access_denied')
})

test('/organizations/adminconsent lets an app of several tenants into the administrator’s', async () => {
  const emulator = createEmulator()
  plantList(emulator)
  entrance(emulator).signInAudience = 'AzureADMultipleOrgs'
  const { tenant, carol } = addPartner(emulator)
  carol.directoryRoles = ['Global Administrator']
  const browser = openBrowser(emulator)
  const url = adminConsentUrl(emulator, 'adminconsent', {}, 'organizations')
  const page = await signInTo(browser, url, carol.id)
  const { location } = await browser.submit(page, { decision: 'accept' })
  assert.equal(location?.searchParams.get('tenant'), tenant.id)
  const isThere = emulator.directory.servicePrincipals.some(
    ({ appId, tenantId }) => appId === SEED.clientId && tenantId === tenant.id,
  )
  assert.ok(isThere)
})

test('where requests for approval are allowed, one can be sent, and the client is told AADSTS90095', async () => {
  const logged: string[] = []
  const emulator = createEmulator({ log: ({ message }) => logged.push(message) })
  const [tenant] = emulator.directory.tenants
  assert.ok(tenant)
  Object.assign(tenant, { allowUserConsent: false, allowConsentRequests: true })
  const browser = openBrowser(emulator)
  const page = await signInTo(browser, authorizeUrl(emulator), SEED.alice)
  assert.equal(heading(page), 'Approval required')
  const sent = await browser.submit(page, { decision: 'request', justification: 'Work' })
  assert.equal(heading(sent), 'Request sent')
  assert.ok(logged.includes('Alice asks an administrator to approve Entrance.'))
  const { location } = await browser.submit(sent, { decision: 'return' })
  assertErrorRedirect(location, 90095, 'access_denied')
})

test('.default asks for the whole list once, and for nothing where there is any consent', async () => {
  const emulator = createEmulator()
  plantList(emulator)
  const scope = `${API}/.default openid`
  const browser = openBrowser(emulator)
  const picker = await browser.get(authorizeUrl(emulator, { scope }))
  const page = await browser.submit(picker, { account: SEED.alice })
  for (const text of ['Use the MCP server', 'Read your profile', 'Sign you in']) {
    assert.ok(page.text.includes(text), text)
  }
  await browser.submit(page, { decision: 'accept' })
  const { api, requiredResourceAccess } = entrance(emulator)
  const [first] = api.oauth2PermissionScopes
  assert.ok(first)
  api.oauth2PermissionScopes.push({ ...first, id: 'later', value: 'later' })
  requiredResourceAccess[0]?.resourceAccess.push({ id: 'later', type: 'Scope' })
  const again = await browser.get(authorizeUrl(emulator, { scope }))
  assert.ok(again.location?.searchParams.get('code'))
})

test('the consent page for an API that knows the client covers what the API needs behind it', async () => {
  const emulator = createEmulator()
  const { directory } = emulator
  const middle = createApplication({
    tenantId: SEED.tenantId,
    displayName: 'Middle',
    identifierUris: ['api://middle'],
    api: {
      oauth2PermissionScopes: [{ value: 'use', userConsentDisplayName: 'Use the middle' }],
      knownClientApplications: [SEED.clientId],
      requestedAccessTokenVersion: 2,
    },
    requiredResourceAccess: [
      { resourceAppId: GRAPH_APP_ID, resourceAccess: [{ id: USER_READ, type: 'Scope' }] },
    ],
  })
  directory.applications.push(middle)
  const id = middle.api.oauth2PermissionScopes[0]?.id as string
  entrance(emulator).requiredResourceAccess = [
    { resourceAppId: middle.appId, resourceAccess: [{ id, type: 'Scope' }] },
  ]
  // It has no service principal yet, and is known: it comes in with the client.
  entrance(emulator).signInAudience = 'AzureADMultipleOrgs'
  const browser = openBrowser(emulator)
  const picker = await browser.get(
    authorizeUrl(emulator, { scope: 'api://middle/.default' }, 'organizations'),
  )
  const page = await browser.submit(picker, { account: SEED.alice })
  assert.match(page.text, /Use the middle/)
  assert.match(page.text, /Read your profile/)
  await browser.submit(page, { decision: 'accept' })
  const own = directory.servicePrincipals.find(({ appId }) => appId === middle.appId)
  const behind = directory.oauth2PermissionGrants.find(({ clientId }) => clientId === own?.id)
  assert.equal(behind?.scope, 'User.Read')
})

/** The registration lists its own API, a role of it for the app itself, and a scope of Graph. */
function plantList(emulator: Emulator): void {
  const application = entrance(emulator)
  const [scope] = application.api.oauth2PermissionScopes
  const [role] = application.appRoles
  assert.ok(scope && role)
  const robot = { ...role, id: crypto.randomUUID(), value: 'Expenses.Robot' }
  application.appRoles.push({ ...robot, allowedMemberTypes: ['Application'] })
  application.requiredResourceAccess = [
    {
      resourceAppId: SEED.clientId,
      resourceAccess: [
        { id: scope.id, type: 'Scope' },
        { id: robot.id, type: 'Role' },
      ],
    },
    { resourceAppId: GRAPH_APP_ID, resourceAccess: [{ id: USER_READ, type: 'Scope' }] },
  ]
}

function adminConsentUrl(
  emulator: Emulator,
  path: string,
  changes: Record<string, string> = {},
  tenant = emulator.tenantId,
): string {
  const params = { client_id: SEED.clientId, redirect_uri: CALLBACK, state: 'the-state' }
  const query = new URLSearchParams({ ...params, ...changes })
  return `${emulator.origin}/${tenant}/${path}?${query}`
}

async function signInTo(browser: Browser, url: string, id: string): Promise<Answer> {
  return browser.submit(await browser.get(url), { account: id })
}

async function toConsent(emulator: Emulator, browser: Browser): Promise<Answer> {
  const page = await browser.get(authorizeUrl(emulator))
  return heading(page) === 'Pick an account' ? browser.submit(page, { account: SEED.alice }) : page
}
