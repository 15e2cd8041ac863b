import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  createApplication,
  createEmulator,
  createServicePrincipal,
  createTenant,
  createUser,
  type Emulator,
  SEED,
  type Tenant,
} from '../../src/emulator/emulator.ts'
import {
  type Answer,
  account,
  assertErrorPage,
  assertErrorRedirect,
  authorizeUrl,
  consentForEverybody,
  entrance,
  openBrowser,
  signIn,
} from './support.ts'

type Plant = (emulator: Emulator) => Record<string, string | null> | undefined
type Case = [title: string, code: number, plant: Plant]

const ZEROS = '00000000-0000-0000-0000-000000000000'
const ELSE = '11111111-2222-4333-8444-555555555555'

const PAGES: Case[] = [
  ['a request without client_id', 900144, () => ({ client_id: null })],
  ['the all-zero client id', 700038, () => ({ client_id: ZEROS })],
  ['an unknown client id', 700016, () => ({ client_id: ELSE })],
  ['a client id that is no GUID', 700016, () => ({ client_id: 'my-app' })],
  ['an app without a service principal', 700016, (e) => clear(e.directory.servicePrincipals)],
  ['an app that is switched off', 7000112, (e) => set(principal(e), { accountEnabled: false })],
  ['an unregistered redirect URI', 50011, () => ({ redirect_uri: 'https://evil.example/' })],
  ['a trailing slash', 50011, () => ({ redirect_uri: 'http://localhost:8000/auth/callback/' })],
  ['another case', 50011, () => ({ redirect_uri: 'http://localhost:8000/auth/Callback' })],
  ['127.0.0.1 for localhost', 50011, () => ({ redirect_uri: 'http://127.0.0.1/auth/callback' })],
  ['a wrong registration', 50011, (e) => set(entrance(e).web, { redirectUris: ['https://x.y/z'] })],
  ['an app without any', 500113, (e) => set(entrance(e).web, { redirectUris: [] })],
  [
    'no redirect URI for an app without any',
    900971,
    (e) => {
      set(entrance(e).web, { redirectUris: [] })
      return { redirect_uri: null }
    },
  ],
  ['a tenant of another cloud', 90038, (e) => set(tenant(e), { cloud: 'usgov' })],
]

for (const [title, code, plant] of PAGES) {
  test(`${title} is AADSTS${code}, on a page`, async () => {
    const emulator = createEmulator()
    const changes = plant(emulator)
    assertErrorPage(await openBrowser(emulator).get(authorizeUrl(emulator, changes)), code)
  })
}

const REDIRECTS: [...Case, error: string][] = [
  ['no response_type', 900144, () => ({ response_type: null }), 'invalid_request'],
  ['response_type=token', 70005, () => ({ response_type: 'token' }), 'unsupported_response_type'],
  [
    'an id_token without the implicit grant',
    700054,
    () => ({ response_type: 'code id_token' }),
    'unsupported_response_type',
  ],
  [
    'an unknown response_mode',
    70007,
    () => ({ response_mode: 'web_message' }),
    'unsupported_response_mode',
  ],
  ['an unknown prompt', 90023, () => ({ prompt: 'create' }), 'invalid_request'],
  ['a short challenge', 501491, () => ({ code_challenge: 'short' }), 'invalid_request'],
  ['an unknown method', 90023, () => ({ code_challenge_method: 'S512' }), 'invalid_request'],
  ['an SPA without PKCE', 9002325, toSpa, 'invalid_request'],
  ['no scope', 900144, () => ({ scope: null }), 'invalid_request'],
  ['an unknown API', 500011, () => ({ scope: 'api://nobody/mcp-access' }), 'invalid_resource'],
  [
    'an API without its URI',
    500011,
    (e) => set(entrance(e), { identifierUris: [] }),
    'invalid_resource',
  ],
  ['a bare scope', 650053, () => ({ scope: 'mcp-access openid' }), 'invalid_client'],
  ['an unknown scope', 650053, () => ({ scope: `api://${SEED.clientId}/x` }), 'invalid_client'],
  ['a disabled scope', 650053, disableScope, 'invalid_client'],
  [
    '.default beside a named scope',
    70011,
    () => ({ scope: `api://${SEED.clientId}/.default api://${SEED.clientId}/mcp-access` }),
    'invalid_scope',
  ],
  [
    '.default of an API that is not listed',
    650057,
    () => ({ scope: `api://${SEED.clientId}/.default` }),
    'invalid_resource',
  ],
  ['prompt=none and nobody signed in', 50058, () => ({ prompt: 'none' }), 'login_required'],
]

for (const [title, code, plant, error] of REDIRECTS) {
  test(`${title} is AADSTS${code}, told to the client as ${error}`, async () => {
    const emulator = createEmulator()
    const changes = plant(emulator)
    const { location } = await openBrowser(emulator).get(authorizeUrl(emulator, changes))
    assertErrorRedirect(location, code, error)
  })
}

test('the text of AADSTS650053 names Graph for a scope without its prefix', async () => {
  const emulator = createEmulator()
  const { location } = await openBrowser(emulator).get(
    authorizeUrl(emulator, { scope: 'mcp-access' }),
  )
  assert.match(
    location?.searchParams.get('error_description') ?? '',
    /^AADSTS650053: The application 'Entrance' asked for scope 'mcp-access' that doesn't exist on the resource '00000003-0000-0000-c000-000000000000'\. .* Trace ID: [0-9a-f-]{36} Correlation ID: [0-9a-f-]{36} Timestamp: \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ$/,
  )
})

for (const [title, resource, isRefused] of [
  ['the identifier URI itself', `api://${SEED.clientId}`, false],
  ['the client id', SEED.clientId, false],
  ['a trailing slash', `api://${SEED.clientId}/`, true],
  ['the address of an MCP server', 'http://localhost:8000/mcp', true],
] as const) {
  test(`a resource that is ${title} is ${isRefused ? 'AADSTS9010010' : 'accepted'}`, async () => {
    const emulator = createEmulator()
    const answer = await openBrowser(emulator).get(authorizeUrl(emulator, { resource }))
    if (isRefused) assertErrorRedirect(answer.location, 9010010, 'invalid_target')
    else assert.equal(answer.status, 200)
  })
}

test('a resource beside bare or OpenID Connect scopes, or with a v1 API, is AADSTS9010010', async () => {
  const emulator = createEmulator()
  const resource = `api://${SEED.clientId}`
  const ask = (changes: Record<string, string>) =>
    openBrowser(emulator).get(authorizeUrl(emulator, { resource, ...changes }))
  const refused = (answer: Answer) =>
    assertErrorRedirect(answer.location, 9010010, 'invalid_target')
  refused(await ask({ scope: 'openid profile' }))
  refused(await ask({ scope: 'User.Read' }))
  refused(await ask({ scope: `${resource}/mcp-access User.Read` }))
  entrance(emulator).api.requestedAccessTokenVersion = null
  refused(await ask({}))
})

test('a repeated parameter is AADSTS9000411', async () => {
  const emulator = createEmulator()
  const url = `${authorizeUrl(emulator)}&scope=openid`
  assertErrorRedirect((await openBrowser(emulator).get(url)).location, 9000411, 'invalid_request')
  assertErrorPage(await openBrowser(emulator).get(`${url}&client_id=x`), 9000411)
})

test('a single-tenant app at /common is AADSTS50194, at /consumers AADSTS9002332', async () => {
  const emulator = createEmulator()
  const browser = openBrowser(emulator)
  assertErrorPage(await browser.get(authorizeUrl(emulator, {}, 'common')), 50194)
  assertErrorPage(await browser.get(authorizeUrl(emulator, {}, 'organizations')), 50194)
  assertErrorPage(await browser.get(authorizeUrl(emulator, {}, 'consumers')), 9002332)
})

test('an unknown tenant is AADSTS90002, an app of another tenant AADSTS700016', async () => {
  const emulator = createEmulator()
  const browser = openBrowser(emulator)
  assertErrorPage(await browser.get(authorizeUrl(emulator, {}, ELSE)), 90002)
  emulator.directory.tenants.push(createTenant({ domains: ['partner.example'] }))
  const page = await browser.get(authorizeUrl(emulator, {}, 'partner.example'))
  assertErrorPage(page, 700016)
  assert.match(page.text, /was not found in the directory &#39;partner\.example&#39;/)
})

test('an API that is not in the tenant is AADSTS500011 until it has a service principal', async () => {
  const emulator = createEmulator()
  const { directory } = emulator
  const scope = { ...(entrance(emulator).api.oauth2PermissionScopes[0] as object), value: 'read' }
  const api = createApplication({
    tenantId: ELSE,
    displayName: 'API',
    identifierUris: ['api://other'],
    api: { oauth2PermissionScopes: [scope as never] },
  })
  directory.applications.push(api)
  const url = authorizeUrl(emulator, { scope: 'api://other/read' })
  assertErrorRedirect((await openBrowser(emulator).get(url)).location, 500011, 'invalid_resource')
  directory.servicePrincipals.push(
    createServicePrincipal({ appId: api.appId, tenantId: emulator.tenantId }),
  )
  assert.equal((await openBrowser(emulator).get(url)).status, 200)
})

test('an account of another tenant is AADSTS50020, a disabled one AADSTS50057', async () => {
  const emulator = createEmulator()
  const { directory } = emulator
  const tenant = createTenant({ domains: ['partner.example'] })
  directory.tenants.push(tenant)
  const stranger = createUser({ tenantId: tenant.id, userPrincipalName: 'x@partner.example' })
  directory.users.push(stranger)
  account(emulator, 'Bob').accountEnabled = false
  const foreign = await choose(emulator, stranger.id)
  assertErrorPage(foreign, 50020)
  assert.match(foreign.text, /User account &#39;x@partner\.example&#39; from identity provider/)
  assertErrorPage(await choose(emulator, SEED.bob), 50057)
})

test('a person without an assignment is AADSTS50105 where the app requires one', async () => {
  const emulator = createEmulator()
  const browser = openBrowser(emulator)
  await signIn(emulator, { browser })
  principal(emulator).appRoleAssignmentRequired = true
  assertErrorPage(await browser.get(authorizeUrl(emulator)), 50105)
  const silent = await browser.get(authorizeUrl(emulator, { prompt: 'none' }))
  assertErrorRedirect(silent.location, 50105, 'interaction_required')
  consentForEverybody(emulator)
  assert.ok(await signIn(emulator, { name: 'Bob' }), 'Bob has a role')
})

test('what a request said is quoted on one line, and not endlessly', async () => {
  const messages: string[] = []
  const emulator = createEmulator({ log: ({ message }) => messages.push(message) })
  const redirect_uri = `https://evil.example/\u001b[2J\n${'x'.repeat(5000)}`
  assertErrorPage(await openBrowser(emulator).get(authorizeUrl(emulator, { redirect_uri })), 50011)
  assert.equal(messages.length, 1)
  assert.match(messages[0] ?? '', /^[^\p{Cc}]{1,1200}$/u)
})

async function choose(emulator: Emulator, id: string): Promise<Answer> {
  const browser = openBrowser(emulator)
  return browser.submit(await browser.get(authorizeUrl(emulator)), { account: id })
}

function principal(emulator: Emulator) {
  const [first] = emulator.directory.servicePrincipals
  assert.ok(first)
  return first
}

function set<T extends object>(target: T, changes: Partial<T>): undefined {
  Object.assign(target, changes)
}

function tenant(emulator: Emulator): Tenant {
  return emulator.directory.tenants[0] as Tenant
}

function clear(list: unknown[]): undefined {
  list.length = 0
}

function toSpa(emulator: Emulator) {
  const application = entrance(emulator)
  application.spa = application.web
  application.web = { ...application.web, redirectUris: [] }
  return { code_challenge: null, code_challenge_method: null }
}

function disableScope(emulator: Emulator): undefined {
  for (const scope of entrance(emulator).api.oauth2PermissionScopes) scope.isEnabled = false
}
