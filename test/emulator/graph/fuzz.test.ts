import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openGraph, register } from './support.ts'

const { emulator, graph } = await openGraph()
const { id } = await register(graph, { web: { redirectUris: ['https://app.example/cb'] } })

const VALUES: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1e308,
  '',
  ' ',
  'x'.repeat(5000),
  '__proto__',
  '\u0000',
  '\ud800',
  [],
  [null],
  [[]],
  [{}],
  {},
  { __proto__: null, constructor: 1 },
  { id: '../..' },
  { toString: 'x' },
  { '@odata.type': '#microsoft.graph.user' },
]
const PROPERTIES = [
  'displayName',
  'signInAudience',
  'identifierUris',
  'web',
  'spa',
  'publicClient',
  'isFallbackPublicClient',
  'api',
  'appRoles',
  'requiredResourceAccess',
  'optionalClaims',
  'groupMembershipClaims',
  'keyCredentials',
  'passwordCredentials',
  'passwordCredential',
  'tags',
  'appId',
  'accountEnabled',
  'clientId',
  'scope',
  'consentType',
  'principalId',
  'resourceId',
  'appRoleId',
  'keyId',
  'name',
  'issuer',
  'audiences',
  'groupIds',
  'securityEnabledOnly',
  'invitedUserEmailAddress',
  'inviteRedirectUrl',
  '@odata.id',
  '__proto__',
  'constructor',
]
const WRITES = [
  ['POST', '/applications'],
  ['PATCH', `/applications/${id}`],
  ['PATCH', "/applications(uniqueName='fuzz')"],
  ['POST', `/applications/${id}/addPassword`],
  ['POST', `/applications/${id}/removePassword`],
  ['POST', `/applications/${id}/federatedIdentityCredentials`],
  ['POST', `/applications/${id}/owners/$ref`],
  ['POST', '/servicePrincipals'],
  ['PATCH', "/servicePrincipals(appId='00000003-0000-0000-c000-000000000000')"],
  ['POST', "/servicePrincipals(appId='00000003-0000-0000-c000-000000000000')/appRoleAssignedTo"],
  ['POST', '/oauth2PermissionGrants'],
  ['POST', '/me/checkMemberGroups'],
  ['POST', '/me/getMemberObjects'],
  ['POST', '/invitations'],
] as const

for (const [method, path] of WRITES) {
  test(`${method} ${path} with any value of any type is done or refused, never failed`, async () => {
    for (const property of PROPERTIES) {
      for (const value of VALUES) {
        const body = `{"displayName":"Fuzz","${property}":${JSON.stringify(value)}}`
        const answer = await graph(method, path, body)
        const said = `${body.slice(0, 200)}: ${JSON.stringify(answer.body).slice(0, 300)}`
        assert.ok(answer.status < 500, said)
        if (answer.status >= 400)
          assert.ok(answer.body.error.code && answer.body.error.message, said)
      }
    }
  })
}

test('a body that is no JSON object is refused', async () => {
  for (const body of ['', ' ', '{', 'null', '[]', '1', '"x"', '{"a":1}}', '\u0000']) {
    const answer = await graph('POST', '/applications', body)
    assert.equal(answer.status, 400, body)
    assert.ok(answer.body.error.code, body)
  }
  const form = { 'content-type': 'application/x-www-form-urlencoded' }
  const answer = await graph('POST', '/applications', 'displayName=x', form)
  assert.match(answer.body.error.message, /^Unable to read JSON request payload\./)
})

test('a huge body is refused before it is read', async () => {
  const answer = await graph('POST', '/applications', `{"displayName":"${'x'.repeat(300_000)}"}`)
  assert.equal(answer.status, 413)
  assert.equal(answer.body.error.code, 'RequestEntityTooLarge')
  const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`
  const nested = await graph('PATCH', `/applications/${id}`, `{"tags":${deep}}`)
  assert.equal(nested.status, 400)
})

test('odd paths and queries are refused in Graph’s shape', async () => {
  for (const path of [
    '/applications(',
    "/applications('')",
    "/applications(appId='x'y')",
    '/applications/%00',
    '/applications/__proto__',
    '/constructor',
    `/users/${'x'.repeat(2000)}`,
    '//applications',
    "/users/a'b",
    '/applications?$filter=((((',
    `/applications?$filter=${"displayName eq 'x' and ".repeat(80)}`,
    '/applications?$select=,,',
    '/applications?$select=constructor',
    '/applications?$skiptoken=',
  ]) {
    const answer = await graph('GET', path)
    assert.ok(answer.status >= 400 && answer.status < 500, `${path}: ${answer.status}`)
    assert.ok(answer.body.error.code, path)
  }
})

test('no application came out of it malformed', () => {
  for (const application of emulator.directory.applications) {
    assert.equal(typeof application.displayName, 'string')
    for (const list of [
      application.identifierUris,
      application.web.redirectUris,
      application.spa.redirectUris,
      application.appRoles,
      application.api.oauth2PermissionScopes,
      application.api.preAuthorizedApplications,
      application.keyCredentials,
      application.tags,
    ]) {
      assert.ok(Array.isArray(list))
    }
    assert.equal(typeof application.web.implicitGrantSettings.enableIdTokenIssuance, 'boolean')
  }
})
