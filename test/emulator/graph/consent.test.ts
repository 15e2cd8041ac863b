import assert from 'node:assert/strict'
import { test } from 'node:test'
import { authorizeUrl, openBrowser } from '../support.ts'
import { assertDone, assertError, GRAPH, openGraph, register, scope } from './support.ts'

const { emulator, graph } = await openGraph()
const alice = emulator.directory.users.find(({ displayName }) => displayName === 'Alice')
assert.ok(alice)

test('a service principal is made once, of an application that is there', async () => {
  const { appId } = await register(graph, { displayName: 'Twice' })
  const made = await graph('POST', '/servicePrincipals', { appId })
  assert.equal(made.status, 201)
  assert.equal(made.body.displayName, 'Twice')
  assert.equal(made.body.appOwnerOrganizationId, emulator.tenantId)
  assertError(
    await graph('POST', '/servicePrincipals', { appId }),
    409,
    'Request_MultipleObjectsWithSameKeyValue',
    `The service principal cannot be created, updated, or restored because the service principal name ${appId} is already in use.`,
  )
  const unknown = crypto.randomUUID()
  const answer = await graph('POST', '/servicePrincipals', { appId: unknown })
  const message = `The appId '${unknown}' of the service principal does not reference a valid application object.`
  assertError(answer, 400, 'Request_BadRequest', message)
  assert.equal(answer.body.error.details[0].code, 'NoBackingApplicationObject')
})

test('a service principal is found, switched off, and taken out with its consent', async () => {
  const { appId } = await register(graph)
  const { body } = await graph('POST', '/servicePrincipals', { appId })
  const found = await graph('GET', `/servicePrincipals?$filter=appId eq '${appId}'&$select=id`)
  assert.deepEqual(found.body.value, [{ id: body.id }])
  const change = { accountEnabled: false, appRoleAssignmentRequired: true, tags: ['HideApp'] }
  assertDone(await graph('PATCH', `/servicePrincipals(appId='${appId}')`, change))
  const changed = (await graph('GET', `/servicePrincipals/${body.id}`)).body
  assert.equal(changed.accountEnabled, false)
  assert.deepEqual(changed.tags, ['HideApp'])
  const grant = {
    clientId: body.id,
    consentType: 'AllPrincipals',
    resourceId: body.id,
    scope: 'x',
  }
  assert.equal((await graph('POST', '/oauth2PermissionGrants', grant)).status, 201)
  assertDone(await graph('DELETE', `/servicePrincipals/${body.id}`))
  const left = await graph('GET', `/oauth2PermissionGrants?$filter=clientId eq '${body.id}'`)
  assert.deepEqual(left.body.value, [])
})

test('Microsoft Graph has its permissions with their real ids', async () => {
  const { body } = await graph('GET', `/servicePrincipals(appId='${GRAPH}')`)
  const idOf = (list: { id: string; value: string }[], value: string) =>
    list.find((one) => one.value === value)?.id
  const { oauth2PermissionScopes: scopes, appRoles: roles } = body
  assert.equal(idOf(scopes, 'User.Read'), 'e1fe6dd8-ba31-4d61-89e7-88639da4683d')
  assert.equal(idOf(scopes, 'Application.ReadWrite.All'), 'bdfbf15f-ee85-4955-8675-146e8e5296b5')
  assert.equal(idOf(roles, 'Application.ReadWrite.All'), '1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9')
  const all = [...scopes, ...roles].map(({ id }) => id)
  assert.equal(new Set(all).size, all.length)
})

test('consent through Graph is what the sign-in page would have asked for', async () => {
  const made = scope('mcp-access')
  const { appId } = await register(graph, {
    web: { redirectUris: ['http://localhost:8000/auth/callback'] },
    api: { requestedAccessTokenVersion: 2, oauth2PermissionScopes: [made] },
  })
  await graph('PATCH', `/applications(appId='${appId}')`, { identifierUris: [`api://${appId}`] })
  const { body: principal } = await graph('POST', '/servicePrincipals', { appId })
  const url = authorizeUrl(emulator, {
    client_id: appId,
    scope: `api://${appId}/mcp-access openid`,
  })
  const isAsked = async () => {
    const browser = openBrowser(emulator)
    const page = await browser.get(url)
    const next = await browser.submit(page, { account: alice.id })
    return next.location === undefined
  }
  assert.equal(await isAsked(), true)
  const { body: graphPrincipal } = await graph('GET', `/servicePrincipals(appId='${GRAPH}')`)
  const grants = [
    { resourceId: principal.id, scope: 'mcp-access' },
    { resourceId: graphPrincipal.id, scope: 'openid' },
  ].map((grant) => ({ clientId: principal.id, consentType: 'AllPrincipals', ...grant }))
  const answers = []
  for (const grant of grants) answers.push(await graph('POST', '/oauth2PermissionGrants', grant))
  assert.deepEqual(
    answers.map(({ status }) => status),
    [201, 201],
  )
  assert.equal(await isAsked(), false)
  assertError(
    await graph('POST', '/oauth2PermissionGrants', grants[0]),
    409,
    'Request_MultipleObjectsWithSameKeyValue',
    'Permission entry already exists.',
  )
  const path = `/oauth2PermissionGrants/${answers[0]?.body.id}`
  assertDone(await graph('PATCH', path, { scope: '' }))
  assert.equal(await isAsked(), true)
  assertDone(await graph('PATCH', path, { scope: 'mcp-access' }))
  assert.equal(await isAsked(), false)
  assertDone(await graph('DELETE', path))
  assert.equal(await isAsked(), true)
  const of = await graph('GET', `/servicePrincipals/${principal.id}/oauth2PermissionGrants`)
  assert.deepEqual(
    of.body.value.map((grant: { scope: string }) => grant.scope),
    ['openid'],
  )
})

test('a grant names principals that exist, and a person where it is one person’s', async () => {
  const { body: principal } = await graph('GET', `/servicePrincipals(appId='${GRAPH}')`)
  const whole = {
    clientId: principal.id,
    consentType: 'Principal',
    principalId: alice.id,
    resourceId: principal.id,
    scope: 'User.Read',
  }
  const unknown = crypto.randomUUID()
  for (const property of ['clientId', 'resourceId', 'principalId']) {
    const answer = await graph('POST', '/oauth2PermissionGrants', { ...whole, [property]: unknown })
    assertError(answer, 404, 'Request_ResourceNotFound', /reference-property objects/)
  }
  const nobody = { ...whole, principalId: null }
  assertError(
    await graph('POST', '/oauth2PermissionGrants', nobody),
    400,
    'Request_BadRequest',
    /principalId/,
  )
  assert.equal((await graph('POST', '/oauth2PermissionGrants', whole)).status, 201)
})

test('roles are assigned to people, and taken away', async () => {
  const [application] = emulator.directory.applications
  assert.ok(application)
  const path = `/servicePrincipals(appId='${application.appId}')`
  const { body: principal } = await graph('GET', path)
  const role = application.appRoles.find(({ value }) => value === 'Expenses.Auditor')
  assert.ok(role)
  const asked = { principalId: alice.id, resourceId: principal.id, appRoleId: role.id }
  const made = await graph('POST', `${path}/appRoleAssignedTo`, asked)
  assert.equal(made.status, 201)
  assert.equal(made.body.principalDisplayName, 'Alice')
  assert.equal(made.body.principalType, 'User')
  assertError(
    await graph('POST', `${path}/appRoleAssignedTo`, asked),
    400,
    'Request_BadRequest',
    'Permission being assigned already exists on the object',
  )
  assertError(
    await graph('POST', `${path}/appRoleAssignedTo`, { ...asked, appRoleId: alice.id }),
    400,
    'Request_BadRequest',
    `Permission being assigned was not found on application '${application.appId}'.`,
  )
  const own = `${path}/appRoleAssignedTo?$filter=principalId eq ${alice.id}`
  assert.equal((await graph('GET', own)).body.value.length, 1)
  assertDone(await graph('DELETE', `${path}/appRoleAssignedTo/${made.body.id}`))
  assert.deepEqual((await graph('GET', own)).body.value, [])
})
