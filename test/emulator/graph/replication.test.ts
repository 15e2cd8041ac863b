import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createEmulator, createPermissionScope } from '../../../src/emulator/emulator.ts'
import { account, authorizeUrl, entrance, openBrowser, redeem } from '../support.ts'
import { assertDone, assertError, graphAs, register, scope } from './support.ts'

/** An emulator whose writes take 5 seconds to come to Graph, and 20 to the sign-in service. */
async function openSlow(replication = { graph: 5, signIn: 20 }) {
  const emulator = createEmulator({ replication })
  const graph = await graphAs(emulator)
  const signIn = async (clientId: string, clientSecret: string) => {
    const { body } = await redeem(emulator, {
      client_id: clientId,
      client_secret: clientSecret,
      grant_type: 'client_credentials',
      scope: `${clientId}/.default`,
      redirect_uri: null,
      code_verifier: null,
    })
    return (body.error_codes as number[] | undefined)?.[0] ?? 200
  }
  return { emulator, graph, signIn, wait: (seconds: number) => emulator.clock.advance(seconds) }
}

test('a new application is not found at first, and nothing can be built on it', async () => {
  const { graph, wait } = await openSlow()
  const { id, appId } = await register(graph)
  const path = `/applications/${id}`
  const attempts: [string, string, unknown?][] = [
    ['GET', path],
    ['GET', `/applications(appId='${appId}')`],
    ['PATCH', path, { displayName: 'Soon' }],
    ['POST', `${path}/addPassword`, {}],
  ]
  for (const attempt of attempts) {
    assertError(
      await graph(...attempt),
      404,
      'Request_ResourceNotFound',
      /does not exist or one of/,
    )
  }
  const search = `/applications?$filter=appId eq '${appId}'`
  assert.deepEqual((await graph('GET', search)).body.value, [])
  assertError(
    await graph('POST', '/servicePrincipals', { appId }),
    400,
    'Request_BadRequest',
    `The appId '${appId}' of the service principal does not reference a valid application object.`,
  )
  wait(5)
  for (const attempt of attempts) assert.ok((await graph(...attempt)).status < 300, attempt[1])
  assert.equal((await graph('POST', '/servicePrincipals', { appId })).status, 201)
})

test('a key that is taken is taken at once, seen or not', async () => {
  const { graph, wait } = await openSlow()
  const api = { requestedAccessTokenVersion: 2 }
  await register(graph, { api, identifierUris: ['api://contested'] })
  const second = { displayName: 'Second', api, identifierUris: ['api://contested'] }
  assertError(
    await graph('POST', '/applications', second),
    400,
    'Request_BadRequest',
    /Another object with the same value/,
  )
  const { appId } = await register(graph)
  wait(5)
  assert.equal((await graph('POST', '/servicePrincipals', { appId })).status, 201)
  assertError(
    await graph('POST', '/servicePrincipals', { appId }),
    409,
    'Request_MultipleObjectsWithSameKeyValue',
    /already in use/,
  )
})

test('the sign-in service learns of an application, then of its secret', async () => {
  const { graph, signIn, wait } = await openSlow()
  const { id, appId } = await register(graph)
  wait(5)
  assert.equal((await graph('POST', '/servicePrincipals', { appId })).status, 201)
  wait(10)
  assert.equal(await signIn(appId, 'any'), 700016)
  const added = await graph('POST', `/applications/${id}/addPassword`, {})
  const secret = added.body.secretText
  wait(10)
  assert.equal(await signIn(appId, secret), 7000215)
  wait(10)
  assert.equal(await signIn(appId, secret), 200)
})

test('a change that has not arrived shows the object as it was', async () => {
  const { graph, wait } = await openSlow()
  const { id } = await register(graph, { displayName: 'Before' })
  wait(5)
  const name = async () => (await graph('GET', `/applications/${id}?$select=displayName`)).body
  assertDone(await graph('PATCH', `/applications/${id}`, { displayName: 'Between' }))
  wait(3)
  assertDone(await graph('PATCH', `/applications/${id}`, { displayName: 'After' }))
  assert.equal((await name()).displayName, 'Before')
  wait(2)
  assert.equal((await name()).displayName, 'Between')
  wait(3)
  assert.equal((await name()).displayName, 'After')
})

test('changes one upon the other are all kept, though none is seen yet', async () => {
  const { graph, wait } = await openSlow()
  const { id } = await register(graph)
  wait(5)
  const first = scope('first')
  const patch = (body: object) => graph('PATCH', `/applications/${id}`, body)
  assertDone(await patch({ api: { requestedAccessTokenVersion: 2 } }))
  assertDone(await patch({ api: { oauth2PermissionScopes: [first] } }))
  assert.equal((await graph('POST', `/applications/${id}/addPassword`, {})).status, 200)
  assert.equal((await graph('POST', `/applications/${id}/addPassword`, {})).status, 200)
  wait(5)
  const { body } = await graph('GET', `/applications/${id}`)
  assert.equal(body.api.requestedAccessTokenVersion, 2)
  assert.deepEqual(body.api.oauth2PermissionScopes, [first])
  assert.equal(body.passwordCredentials.length, 2)
})

test('what is deleted is seen for a while', async () => {
  const { graph, signIn, wait } = await openSlow()
  const { id, appId } = await register(graph)
  wait(5)
  await graph('POST', '/servicePrincipals', { appId })
  const { body } = await graph('POST', `/applications/${id}/addPassword`, {})
  wait(20)
  assertDone(await graph('DELETE', `/applications/${id}`))
  assert.equal((await graph('GET', `/applications/${id}`)).status, 200)
  assertError(
    await graph('PATCH', `/applications/${id}`, { displayName: 'Gone' }),
    404,
    'Request_ResourceNotFound',
    /./,
  )
  wait(5)
  assert.equal((await graph('GET', `/applications/${id}`)).status, 404)
  assert.equal(await signIn(appId, body.secretText), 200)
  wait(15)
  assert.equal(await signIn(appId, body.secretText), 700016)
})

test('a consent takes nothing back that has not arrived at the sign-in service yet', async () => {
  const { emulator, graph, wait } = await openSlow()
  const application = entrance(emulator)
  for (const value of ['second', 'third']) {
    application.api.oauth2PermissionScopes.push(createPermissionScope(application.appId, { value }))
  }
  const [principal] = emulator.directory.servicePrincipals
  assert.equal(principal?.appId, application.appId)
  const { id, appId } = { id: principal.id, appId: application.appId }
  const added = await graph('POST', '/oauth2PermissionGrants', {
    clientId: id,
    resourceId: id,
    consentType: 'AllPrincipals',
    scope: 'mcp-access',
  })
  assert.equal(added.status, 201)
  wait(20)
  const path = `/oauth2PermissionGrants/${added.body.id}`
  assertDone(await graph('PATCH', path, { scope: 'mcp-access second' }))
  const browser = openBrowser(emulator)
  const scope = `api://${appId}/third`
  const picker = await browser.get(authorizeUrl(emulator, { scope }))
  const page = await browser.submit(picker, { account: account(emulator, 'Ada').id })
  const { location } = await browser.submit(page, { decision: 'accept', for_all: '1' })
  assert.ok(location?.searchParams.get('code'))
  const [grant] = emulator.directory.oauth2PermissionGrants
  assert.equal(grant?.scope, 'mcp-access second third')
})

test('what a test changes in the directory by hand is there at once', async () => {
  const { emulator, graph } = await openSlow()
  const [application] = emulator.directory.applications
  assert.ok(application)
  application.displayName = 'By hand'
  assert.equal((await graph('GET', `/applications/${application.id}`)).body.displayName, 'By hand')
})

test('without a lag everybody sees the one directory', async () => {
  const { emulator, graph, signIn } = await openSlow({ graph: 0, signIn: 0 })
  const { id, appId } = await register(graph)
  const held = emulator.directory.applications.find((one) => one.id === id)
  assertDone(await graph('PATCH', `/applications/${id}`, { displayName: 'Changed' }))
  assert.equal(held?.displayName, 'Changed')
  await graph('POST', '/servicePrincipals', { appId })
  const { body } = await graph('POST', `/applications/${id}/addPassword`, {})
  assert.equal(await signIn(appId, body.secretText), 200)
})
