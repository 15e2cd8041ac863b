import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertDone, assertError, GRAPH, openGraph, register, scope } from './support.ts'

const { emulator, graph } = await openGraph()
const tenantId = emulator.tenantId

test('an application is created, found in each way, and deleted', async () => {
  const made = await graph('POST', '/applications', { displayName: 'Made by a test' })
  assert.equal(made.status, 201)
  const { id, appId } = made.body
  assert.notEqual(id, appId)
  const uri = `api://${appId}`
  assertDone(await graph('PATCH', `/applications/${id}`, { identifierUris: [uri] }))
  for (const way of [
    `/applications?$filter=appId eq '${appId}'`,
    `/applications?$filter=displayName eq 'made by a TEST'`,
    `/applications?$filter=startswith(displayName,'Made')`,
    `/applications?$filter=identifierUris/any(x:x eq '${uri}')`,
  ]) {
    const { body } = await graph('GET', way)
    assert.deepEqual(
      body.value.map((found: { id: string }) => found.id),
      [id],
      way,
    )
  }
  for (const way of [`/applications/${id}`, `/applications(appId='${appId}')`]) {
    assert.equal((await graph('GET', way)).body.id, id)
  }
  assertDone(await graph('DELETE', `/applications/${id}`))
  assertError(
    await graph('GET', `/applications/${id}`),
    404,
    'Request_ResourceNotFound',
    `Resource '${id}' does not exist or one of its queried reference-property objects are not present.`,
  )
})

test('the client id is no object id', async () => {
  const { appId } = await register(graph)
  assertError(await graph('GET', `/applications/${appId}`), 404, 'Request_ResourceNotFound', /./)
})

test('the body that setup sends makes the registration, and its creator owns it', async () => {
  const mcpAccess = scope('mcp-access')
  const { id } = await register(graph, {
    displayName: 'Entrance MCP (expenses)',
    signInAudience: 'AzureADMyOrg',
    web: {
      redirectUris: ['http://localhost:8000/auth/callback'],
      implicitGrantSettings: { enableIdTokenIssuance: false, enableAccessTokenIssuance: false },
    },
    isFallbackPublicClient: false,
    api: { requestedAccessTokenVersion: 2, oauth2PermissionScopes: [mcpAccess] },
    requiredResourceAccess: [
      {
        resourceAppId: GRAPH,
        resourceAccess: [{ id: 'e1fe6dd8-ba31-4d61-89e7-88639da4683d', type: 'Scope' }],
      },
    ],
    tags: ['entrance'],
  })
  const { body } = await graph('GET', `/applications/${id}`)
  assert.deepEqual(body.api.oauth2PermissionScopes, [mcpAccess])
  assert.equal(body.api.requestedAccessTokenVersion, 2)
  assert.deepEqual(body.tags, ['entrance'])
  const owners = await graph('GET', `/applications/${id}/owners?$select=id,displayName`)
  assert.deepEqual(owners.body.value, [
    {
      '@odata.type': '#microsoft.graph.user',
      id: emulator.directory.users.find(({ displayName }) => displayName === 'Ada')?.id,
      displayName: 'Ada',
    },
  ])
})

test('PATCH merges complex properties and replaces lists', async () => {
  const redirectUris = ['https://app.example/one', 'https://app.example/two']
  const { id } = await register(graph, {
    web: { redirectUris },
    api: { oauth2PermissionScopes: [scope('read')] },
  })
  assertDone(
    await graph('PATCH', `/applications/${id}`, { api: { requestedAccessTokenVersion: 2 } }),
  )
  assertDone(
    await graph('PATCH', `/applications/${id}`, {
      web: { redirectUris: ['https://app.example/three'] },
    }),
  )
  const { body } = await graph('GET', `/applications/${id}?$select=web,api,displayName`)
  assert.deepEqual(body.web.redirectUris, ['https://app.example/three'])
  assert.equal(body.web.implicitGrantSettings.enableIdTokenIssuance, false)
  assert.equal(body.api.oauth2PermissionScopes[0].value, 'read')
  assert.equal(body.displayName, 'Test')
})

test('what Graph shows of an application can be sent back', async () => {
  const { id } = await register(graph, {
    web: { redirectUris: ['https://app.example/cb'] },
    optionalClaims: { idToken: [{ name: 'email' }] },
  })
  const { body } = await graph('GET', `/applications/${id}`)
  const { api, web, spa, publicClient, appRoles, optionalClaims, tags } = body
  const back = { api, web, spa, publicClient, appRoles, optionalClaims, tags }
  assertDone(await graph('PATCH', `/applications/${id}`, back))
  assert.deepEqual((await graph('GET', `/applications/${id}`)).body, body)
})

test('an upsert by uniqueName creates once and changes from then on', async () => {
  const path = "/applications(uniqueName='entrance-expenses')"
  const body = { displayName: 'Upserted' }
  assertError(await graph('PATCH', path, body), 404, 'Request_ResourceNotFound', /./)
  const header = { prefer: 'create-if-missing' }
  const made = await graph('PATCH', path, body, header)
  assert.equal(made.status, 201)
  assert.equal(made.body.uniqueName, 'entrance-expenses')
  assertDone(await graph('PATCH', path, { displayName: 'Again' }, header))
  const { body: found } = await graph('GET', path)
  assert.equal(found.id, made.body.id)
  assert.equal(found.displayName, 'Again')
})

test('an enabled scope or role is disabled before it is changed or removed', async () => {
  const old = scope('old')
  const role = {
    id: crypto.randomUUID(),
    value: 'Reader',
    displayName: 'Reader',
    description: 'Reads',
    isEnabled: true,
    allowedMemberTypes: ['User'],
  }
  const { id } = await register(graph, {
    api: { oauth2PermissionScopes: [old] },
    appRoles: [role],
  })
  const path = `/applications/${id}`
  const code = 'CannotDeleteOrUpdateEnabledEntitlement'
  const text = 'Permission (scope or role) cannot be deleted or updated unless disabled first.'
  for (const body of [
    { api: { oauth2PermissionScopes: [] } },
    { api: { oauth2PermissionScopes: [{ ...old, value: 'new' }] } },
    { api: { oauth2PermissionScopes: [{ ...old, value: 'new', isEnabled: false }] } },
    { appRoles: [] },
  ]) {
    const answer = await graph('PATCH', path, body)
    assertError(answer, 400, code, text)
    assert.equal(answer.body.error.details[0].code, code)
  }
  const disabled = { api: { oauth2PermissionScopes: [{ ...old, isEnabled: false }] } }
  assertDone(await graph('PATCH', path, disabled))
  assertDone(await graph('PATCH', path, { api: { oauth2PermissionScopes: [] } }))
  assertDone(await graph('PATCH', path, { appRoles: [{ ...role, isEnabled: false }] }))
  assertDone(await graph('PATCH', path, { appRoles: [] }))
})

test('a client is pre-authorised only for scopes that were there before', async () => {
  const made = scope('mcp-access')
  const preAuthorizedApplications = [
    { appId: 'aebc6443-996d-45c2-90f0-388ff96faa56', delegatedPermissionIds: [made.id] },
  ]
  const api = { oauth2PermissionScopes: [made], preAuthorizedApplications }
  const both = { displayName: 'Both at once', api }
  assertError(
    await graph('POST', '/applications', both),
    400,
    'Request_BadRequest',
    /cannot be found/,
  )
  const { id } = await register(graph)
  assertError(
    await graph('PATCH', `/applications/${id}`, { api }),
    400,
    'Request_BadRequest',
    /^Property api\.preAuthorizedApplications is invalid\. .* cannot be found\.$/,
  )
  assertDone(
    await graph('PATCH', `/applications/${id}`, { api: { oauth2PermissionScopes: [made] } }),
  )
  assertDone(await graph('PATCH', `/applications/${id}`, { api: { preAuthorizedApplications } }))
  const unknown = [{ appId: crypto.randomUUID(), delegatedPermissionIds: [made.id] }]
  assertError(
    await graph('PATCH', `/applications/${id}`, { api: { preAuthorizedApplications: unknown } }),
    400,
    'Request_BadRequest',
    /references the application/,
  )
})

test('personal accounts take version 2 tokens, in the same request at the latest', async () => {
  const { id } = await register(graph)
  const signInAudience = 'AzureADandPersonalMicrosoftAccount'
  const answer = await graph('PATCH', `/applications/${id}`, { signInAudience })
  const message = 'Property api.requestedAccessTokenVersion is invalid.'
  assertError(answer, 400, 'Request_BadRequest', message)
  const api = { requestedAccessTokenVersion: 2 }
  assertDone(await graph('PATCH', `/applications/${id}`, { signInAudience, api }))
  const back = { api: { requestedAccessTokenVersion: 1 } }
  assertError(await graph('PATCH', `/applications/${id}`, back), 400, 'Request_BadRequest', message)
})

const POLICY = /^Failed to add identifier URI .*as per the default tenant policy/
const DOMAIN = /^Values of identifierUris property must use a verified domain/

for (const [uri, version, code, message] of [
  ['api://{appId}', null, undefined, undefined],
  ['api://{tenantId}/expenses', null, undefined, undefined],
  ['api://expenses/{appId}', null, undefined, undefined],
  ['https://entrance.example/expenses', null, undefined, undefined],
  ['https://mcp.entrance.example', null, undefined, undefined],
  ['api://expenses', null, 'Request_BadRequest', POLICY],
  ['api://expenses', 1, 'Request_BadRequest', POLICY],
  ['api://expenses', 2, undefined, undefined],
  ['https://elsewhere.example', null, 'HostNameNotOnVerifiedDomain', DOMAIN],
  ['https://notentrance.example', null, 'HostNameNotOnVerifiedDomain', DOMAIN],
  ['https://elsewhere.example/mcp', 2, undefined, undefined],
  ['api://{appId}/', 2, 'Request_BadRequest', /trailing slash/],
  [
    'api://70df70fd-6a99-466c-8558-eab9e5b2fd2b',
    2,
    'Request_BadRequest',
    /must be the application's/,
  ],
  [
    'api://70df70fd-6a99-466c-8558-eab9e5b2fd2a',
    2,
    'Request_BadRequest',
    /must be the application's/,
  ],
  ['expenses', 2, 'Request_BadRequest', /is not a URI/],
] as const) {
  const verdict = code === undefined ? 'is accepted' : `is refused as ${code}`
  test(`${uri} as identifier URI of an application with v${version ?? 1} tokens ${verdict}`, async () => {
    const { id, appId } = await register(graph, { api: { requestedAccessTokenVersion: version } })
    const whole = uri.replace('{appId}', appId).replace('{tenantId}', tenantId)
    const answer = await graph('PATCH', `/applications/${id}`, { identifierUris: [whole] })
    if (code !== undefined) assertError(answer, 400, code, message)
    else assertDone(answer)
    await graph('DELETE', `/applications/${id}`)
  })
}

test('an identifier URI belongs to one application of the tenant', async () => {
  const api = { requestedAccessTokenVersion: 2 }
  await register(graph, { api, identifierUris: ['api://taken'] })
  const answer = await graph('POST', '/applications', {
    displayName: 'Second',
    api,
    identifierUris: ['API://taken'],
  })
  const message = 'Another object with the same value for property identifierUris already exists.'
  assertError(answer, 400, 'Request_BadRequest', message)
  assert.equal(answer.body.error.details[0].code, 'ObjectConflict')
})

test('the strict policy lets only the two default forms through', async (t) => {
  const [tenant] = emulator.directory.tenants
  assert.ok(tenant)
  tenant.identifierUriPolicy = 'strict'
  t.after(() => {
    tenant.identifierUriPolicy = 'secure'
  })
  const { id, appId } = await register(graph)
  const patch = (uri: string) => graph('PATCH', `/applications/${id}`, { identifierUris: [uri] })
  assertError(await patch(`api://x/${appId}`), 400, 'Request_BadRequest', /must be of the form/)
  assertDone(await patch(`api://${appId}`))
  assertDone(await patch(`api://${tenantId}/${appId}`))
})

for (const [uri, audience, platform, fault] of [
  ['https://app.example/cb', 'AzureADMyOrg', 'web', undefined],
  ['http://localhost:8000/cb', 'AzureADMyOrg', 'web', undefined],
  ['http://127.0.0.1:8000/cb', 'AzureADMyOrg', 'web', undefined],
  [
    'http://app.example/cb',
    'AzureADMyOrg',
    'web',
    /must start with 'https' or 'http:\/\/localhost'/,
  ],
  ['/cb', 'AzureADMyOrg', 'web', /is not an absolute URI/],
  ['https://app.example/cb#x', 'AzureADMyOrg', 'web', /must not have a fragment/],
  ['https://app.example/cb(1)', 'AzureADMyOrg', 'web', /must not contain any of/],
  ['https://app.example/cb?x=1', 'AzureADMyOrg', 'web', undefined],
  ['https://app.example/cb?x=1', 'PersonalMicrosoftAccount', 'web', /must not have a query/],
  ['myapp://cb', 'AzureADMyOrg', 'publicClient', undefined],
  ['myapp://cb', 'AzureADMyOrg', 'web', /must start with/],
  ['myapp://cb', 'AzureADMyOrg', 'spa', /must start with/],
] as const) {
  const verdict = fault ? 'is refused' : 'is accepted'
  test(`${uri} as ${platform} redirect URI of an ${audience} application ${verdict}`, async () => {
    const answer = await graph('POST', '/applications', {
      displayName: 'Redirects',
      signInAudience: audience,
      api: { requestedAccessTokenVersion: 2 },
      [platform]: { redirectUris: [uri] },
    })
    if (!fault) assert.equal(answer.status, 201, JSON.stringify(answer.body))
    else assertError(answer, 400, 'Request_BadRequest', fault)
  })
}

test('256 redirect URIs fit, 257 do not, and 100 with personal accounts', async () => {
  const uris = (count: number) =>
    Array.from({ length: count }, (_, index) => `https://app.example/${index}`)
  await register(graph, { web: { redirectUris: uris(256) } })
  const many = { displayName: 'Many', web: { redirectUris: uris(256) } }
  const spa = { redirectUris: ['https://app.example/spa'] }
  assertError(
    await graph('POST', '/applications', { ...many, spa }),
    400,
    'Request_BadRequest',
    /256/,
  )
  const personal = {
    displayName: 'Personal',
    signInAudience: 'AzureADandPersonalMicrosoftAccount',
    api: { requestedAccessTokenVersion: 2 },
    web: { redirectUris: uris(101) },
  }
  assertError(await graph('POST', '/applications', personal), 400, 'Request_BadRequest', /100/)
})

for (const [what, body, message] of [
  ['an unknown property', { replyUrls: [] }, "Invalid property 'replyUrls'."],
  [
    'a property of the old API',
    { api: { accessTokenAcceptedVersion: 2 } },
    "Invalid property 'accessTokenAcceptedVersion'.",
  ],
  [
    'a text for an object, as shells make of JSON',
    { api: '{requestedAccessTokenVersion:2}' },
    'Property api in payload has a value that does not match schema.',
  ],
  ['a text for a list', { identifierUris: 'api://x' }, /does not match schema/],
  ['a number for a text', { displayName: 1 }, /does not match schema/],
  ['an unknown audience', { signInAudience: 'Everybody' }, /does not match schema/],
  ['an empty name', { displayName: ' ' }, 'Property displayName is invalid.'],
  ['the client id', { appId: GRAPH }, "Property 'appId' is read-only and cannot be set."],
  ['a secret', { passwordCredentials: [] }, /use the addPassword and removePassword/],
  ['a scope without its id', { api: { oauth2PermissionScopes: [{ value: 'x' }] } }, /'id'/],
  [
    'the same value twice',
    { api: { oauth2PermissionScopes: [scope('x'), scope('x')] } },
    /once only/,
  ],
  ['a scope with a space', { api: { oauth2PermissionScopes: [scope('a b')] } }, /without spaces/],
] as const) {
  test(`a change with ${what} is refused`, async () => {
    const { id } = await register(graph)
    const before = (await graph('GET', `/applications/${id}`)).body
    assertError(
      await graph('PATCH', `/applications/${id}`, body),
      400,
      'Request_BadRequest',
      message,
    )
    assert.deepEqual((await graph('GET', `/applications/${id}`)).body, before)
  })
}

test('a registration without a name is refused', async () => {
  const message = "A value is required for property 'displayName' of resource 'Application'."
  assertError(await graph('POST', '/applications', {}), 400, 'Request_BadRequest', message)
})

test('owners are added and removed by reference', async () => {
  const { id } = await register(graph)
  const alice = emulator.directory.users.find(({ displayName }) => displayName === 'Alice')?.id
  const reference = { '@odata.id': `https://graph.microsoft.com/v1.0/directoryObjects/${alice}` }
  assertDone(await graph('POST', `/applications/${id}/owners/$ref`, reference))
  assertError(
    await graph('POST', `/applications/${id}/owners/$ref`, reference),
    400,
    'Request_BadRequest',
    /already exist/,
  )
  assertDone(await graph('DELETE', `/applications/${id}/owners/${alice}/$ref`))
  const { body } = await graph('GET', `/applications/${id}/owners`)
  assert.equal(body.value.length, 1)
})
