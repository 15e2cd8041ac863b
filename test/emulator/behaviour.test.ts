import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type Behaviour,
  createApplication,
  createEmulator,
  createServicePrincipal,
  type Emulator,
  SEED,
} from '../../src/emulator/emulator.ts'
import {
  type Answer,
  assertErrorPage,
  assertErrorRedirect,
  assertRefused,
  authorizeUrl,
  entrance,
  fullScope,
  getCode,
  openBrowser,
  redeem,
  refresh,
} from './support.ts'

const API = `api://${SEED.clientId}`
const MCP = 'https://mcp.example/mcp'

// What the field reports say, one row each; the API is registered for both addresses.
const MATRIX: [title: string, params: { scope: string; resource: string }, isAccepted: boolean][] =
  [
    ['a bare scope with a registered resource', { scope: 'mcp-access', resource: MCP }, false],
    ['scope and resource of one address', { scope: `${MCP}/mcp-access`, resource: MCP }, true],
    ['OpenID Connect’s scopes alone', { scope: 'openid profile', resource: MCP }, false],
    ['a slash behind the resource', { scope: `${MCP}/mcp-access`, resource: `${MCP}/` }, false],
    ['another identifier of the same API', { scope: `${API}/mcp-access`, resource: MCP }, true],
    ['the resource of another API', { scope: `${API}/mcp-access`, resource: 'api://x' }, false],
  ]

for (const [title, params, isAccepted] of MATRIX) {
  test(`resource: ${title} is ${isAccepted ? 'accepted' : 'refused'}`, async () => {
    const emulator = withMcpServer()
    const { location, status } = await ask(emulator, params)
    if (isAccepted) return assert.equal(status, 200)
    assertErrorRedirect(location, 9010010, 'invalid_target')
  })
}

test('resource may be refused (AADSTS901002) or ignored instead', async () => {
  const params = { resource: 'https://elsewhere.example/' }
  const refused = await ask(withMcpServer({ resourceParameter: 'reject' }), params)
  assertErrorRedirect(refused.location, 901002, 'invalid_request')
  const ignored = await ask(withMcpServer({ resourceParameter: 'ignore' }), params)
  assert.equal(ignored.status, 200)
})

test('resource may have to be what the scopes begin with', async () => {
  const emulator = withMcpServer({ resourceMustEqualScopePrefix: true })
  const scope = `${API}/mcp-access`
  const other = await ask(emulator, { scope, resource: MCP })
  assertErrorRedirect(other.location, 9010010, 'invalid_target')
  assert.equal((await ask(emulator, { scope, resource: API })).status, 200)
})

test('an API with v1 tokens takes resource where they name its client id', async () => {
  const emulator = withMcpServer()
  const application = entrance(emulator)
  application.api.requestedAccessTokenVersion = 1
  const params = { scope: `${API}/mcp-access`, resource: API }
  assertErrorRedirect((await ask(emulator, params)).location, 9010010, 'invalid_target')
  const aud = { name: 'aud', additionalProperties: ['use_guid'] }
  application.optionalClaims = { idToken: [], accessToken: [aud] }
  assert.equal((await ask(emulator, params)).status, 200)
})

test('the port of 127.0.0.1 may count', async () => {
  const redirect_uri = 'http://127.0.0.1:5000/callback'
  for (const loopbackPortIgnoredFor127 of [true, false]) {
    const emulator = withMcpServer({ loopbackPortIgnoredFor127 })
    entrance(emulator).web.redirectUris = ['http://127.0.0.1:1234/callback']
    const answer = await ask(emulator, { redirect_uri })
    if (loopbackPortIgnoredFor127) assert.equal(answer.status, 200)
    else assertErrorPage(answer, 50011)
  }
})

test('error pages may be 200, and the trace may stand on lines of its own', async () => {
  const emulator = withMcpServer({ errorPageStatus: 200, errorSeparator: 'crlf' })
  const page = await ask(emulator, { redirect_uri: 'https://evil.example/' })
  assert.equal(page.status, 200)
  assert.match(page.text, /AADSTS50011/)
  const { body } = await redeem(emulator, { code: 'x', client_secret: 'wrong' })
  assert.match(String(body.error_description), /\r\nTrace ID: [\w-]+\r\nCorrelation ID: /)
})

test('a client’s own API by a name without its client id may be AADSTS90009', async () => {
  for (const nonGuidSelfResource of ['allow', 'refuse'] as const) {
    const emulator = withMcpServer({ nonGuidSelfResource })
    const scope = `${MCP}/mcp-access`
    const code = await getCode(emulator, { changes: { scope } })
    const answer = await redeem(emulator, { code, scope })
    if (nonGuidSelfResource === 'allow') assert.equal(answer.status, 200)
    else assertRefused(answer, 90009, 'invalid_request')
  }
})

test('a redemption without scope may fall back to the sign-in’s', async () => {
  const emulator = withMcpServer({ missingScopeAtToken: 'fallBack' })
  const answer = await redeem(emulator, { code: await getCode(emulator), scope: null })
  assert.equal(answer.body.scope, `${API}/mcp-access`)
})

test('a refresh for several APIs may be AADSTS28000', async () => {
  const emulator = withMcpServer({ multiResourceRefresh: 'refuse' })
  const scope = `${fullScope(emulator)} User.Read`
  const code = await getCode(emulator, { changes: { scope } })
  const { body } = await redeem(emulator, { code })
  assertRefused(await refresh(emulator, body.refresh_token, { scope }), 28000, 'invalid_request')
})

test('a client of Microsoft’s is let in by the API alone (AADSTS65002)', async () => {
  const emulator = withMcpServer()
  const { directory } = emulator
  const editor = createApplication({
    tenantId: 'f8cdef31-a31e-4b4a-93e4-5f571e91255a',
    displayName: 'Editor',
    signInAudience: 'AzureADMultipleOrgs',
    web: { redirectUris: ['http://localhost:8000/auth/callback'] },
  })
  directory.applications.push(editor)
  const params = { client_id: editor.appId }
  const browser = openBrowser(emulator)
  const picker = await browser.get(authorizeUrl(emulator, params))
  assertErrorPage(await browser.submit(picker, { account: SEED.alice }), 65002)
  const { api } = entrance(emulator)
  const delegatedPermissionIds = api.oauth2PermissionScopes.map(({ id }) => id)
  api.preAuthorizedApplications.push({ appId: editor.appId, delegatedPermissionIds })
  const { location } = await browser.submit(picker, { account: SEED.alice })
  assert.ok(location?.searchParams.get('code'), 'and there is no consent page')
})

test('an API that the person’s organisation has not is AADSTS650052', async () => {
  const emulator = withMcpServer()
  const { directory } = emulator
  entrance(emulator).signInAudience = 'AzureADMultipleOrgs'
  const api = createApplication({
    tenantId: crypto.randomUUID(),
    displayName: 'Payroll',
    identifierUris: ['api://payroll'],
    api: { oauth2PermissionScopes: [{ value: 'read' }] },
  })
  directory.applications.push(api)
  const browser = openBrowser(emulator)
  const url = authorizeUrl(emulator, { scope: 'api://payroll/read' }, 'organizations')
  const picker = await browser.get(url)
  const { location } = await browser.submit(picker, { account: SEED.alice })
  assertErrorRedirect(location, 650052, 'invalid_client')
  const principal = createServicePrincipal({ appId: api.appId, tenantId: SEED.tenantId })
  directory.servicePrincipals.push(principal)
  assert.equal((await browser.submit(picker, { account: SEED.alice })).status, 200)
})

function withMcpServer(behaviour: Partial<Behaviour> = {}): Emulator {
  const emulator = createEmulator({ behaviour })
  entrance(emulator).identifierUris.push(MCP)
  return emulator
}

function ask(emulator: Emulator, params: Record<string, string>): Promise<Answer> {
  return openBrowser(emulator).get(authorizeUrl(emulator, params))
}
