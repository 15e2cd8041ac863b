import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createCertificate } from '../../support/certificate.ts'
import { redeem } from '../support.ts'
import { assertDone, assertError, openGraph, register } from './support.ts'

const { emulator, graph } = await openGraph()
const [tenant] = emulator.directory.tenants
assert.ok(tenant)

test('a secret is shown once, and signs the application in', async () => {
  const { id, appId } = await register(graph)
  await graph('POST', '/servicePrincipals', { appId })
  const asked = { passwordCredential: { displayName: 'entrance laptop 2026-11-27' } }
  const { status, body } = await graph('POST', `/applications/${id}/addPassword`, asked)
  assert.equal(status, 200)
  const { secretText, keyId, hint } = body
  assert.match(secretText, /^.{3}8Q~.{34}$/)
  assert.equal(hint, secretText.slice(0, 3))
  assert.equal(body.displayName, 'entrance laptop 2026-11-27')
  const years = Date.parse(body.endDateTime) - Date.parse(body.startDateTime)
  assert.equal(Math.round(years / (365 * 24 * 60 * 60 * 1000)), 2)

  const shown = (await graph('GET', `/applications/${id}`)).body.passwordCredentials
  assert.equal(shown[0].secretText, null)
  assert.equal(shown[0].hint, hint)
  assert.equal(
    JSON.stringify((await graph('GET', '/applications')).body).includes(secretText),
    false,
  )
  assert.equal((await signIn(appId, secretText)).status, 200)
  assert.deepEqual((await signIn(appId, keyId)).body.error_codes, [7000215])

  assertDone(await graph('POST', `/applications/${id}/removePassword`, { keyId }))
  assert.deepEqual((await signIn(appId, secretText)).body.error_codes, [7000215])
  assertError(
    await graph('POST', `/applications/${id}/removePassword`, { keyId }),
    400,
    'Request_BadRequest',
    `No password credential found with keyId '${keyId}'.`,
  )
})

test('an application can be created with a secret', async () => {
  const { status, body } = await graph('POST', '/applications', {
    displayName: 'With a secret',
    passwordCredentials: [{ displayName: 'first' }],
  })
  assert.equal(status, 201)
  assert.match(body.passwordCredentials[0].secretText, /8Q~/)
})

test('a tenant that blocks secrets, or long ones, says so', async (t) => {
  const { id } = await register(graph)
  t.after(() => {
    tenant.secretPolicy = { isBlocked: false, maxDays: null }
  })
  const days = (count: number) => ({
    passwordCredential: { endDateTime: new Date(Date.now() + count * 86_400_000).toISOString() },
  })
  tenant.secretPolicy = { isBlocked: false, maxDays: 180 }
  const path = `/applications/${id}/addPassword`
  assertError(
    await graph('POST', path, days(200)),
    400,
    'CredentialInvalidLifetimeAsPerAppPolicy',
    /^Credential lifetime exceeds the max value allowed as per assigned policy '/,
  )
  assert.equal((await graph('POST', path, days(179))).status, 200)
  tenant.secretPolicy = { isBlocked: true, maxDays: null }
  assertError(
    await graph('POST', path, days(1)),
    400,
    'CredentialTypeNotAllowedAsPerAppPolicy',
    /^Credential type not allowed as per/,
  )
  const policy = await graph('GET', '/policies/defaultAppManagementPolicy')
  assert.equal(policy.body.isEnabled, true)
  const [restriction] = policy.body.applicationRestrictions.passwordCredentials
  assert.equal(restriction.restrictionType, 'passwordAddition')
})

test('a certificate is added by PATCH, shown only where selected, and kept without its bytes', async () => {
  const { id } = await register(graph)
  const path = `/applications/${id}`
  const certificate = await createCertificate(['test.example'], 'rsa')
  const key = certificate.cert.replace(/-----[^-]+-----|\s/g, '')
  const asked = { type: 'AsymmetricX509Cert', usage: 'Verify', key, displayName: 'CN=test' }
  assertDone(await graph('PATCH', path, { keyCredentials: [asked] }))
  const [listed] = (await graph('GET', path)).body.keyCredentials
  assert.equal(listed.key, null)
  assert.match(listed.customKeyIdentifier, /^[0-9A-F]{40}$/)
  const selected = (await graph('GET', `${path}?$select=keyCredentials`)).body.keyCredentials
  assert.equal(selected[0].key, key)
  assertDone(await graph('PATCH', path, { keyCredentials: [listed] }))
  assert.equal(
    emulator.directory.applications.find((one) => one.id === id)?.keyCredentials[0]?.key,
    key,
  )
  const tooLong = { ...asked, endDateTime: '2999-01-01T00:00:00Z' }
  assertError(
    await graph('PATCH', path, { keyCredentials: [tooLong] }),
    400,
    'Request_BadRequest',
    /later than/,
  )
  const none = { ...asked, key: 'AAAA' }
  assertError(
    await graph('PATCH', path, { keyCredentials: [none] }),
    400,
    'Request_BadRequest',
    /not the base64 of a certificate/,
  )
})

test('federated credentials are made, changed and removed, each once', async () => {
  const { id } = await register(graph)
  const path = `/applications/${id}/federatedIdentityCredentials`
  const asked = {
    name: 'github-main',
    issuer: 'https://token.actions.githubusercontent.com',
    subject: 'repo:contoso/mcp:ref:refs/heads/main',
    audiences: ['api://AzureADTokenExchange'],
  }
  const made = await graph('POST', path, asked)
  assert.equal(made.status, 201)
  assertError(
    await graph('POST', path, asked),
    409,
    'Request_MultipleObjectsWithSameKeyValue',
    'FederatedIdentityCredential with name github-main already exists.',
  )
  assertError(
    await graph('POST', path, { ...asked, name: 'other' }),
    409,
    'Request_MultipleObjectsWithSameKeyValue',
    /same issuer and subject/,
  )
  assertDone(await graph('PATCH', `${path}/${made.body.id}`, { subject: 'repo:contoso/mcp:pull' }))
  assert.equal((await graph('GET', `${path}/github-main`)).body.subject, 'repo:contoso/mcp:pull')
  assertError(
    await graph('PATCH', `${path}/${made.body.id}`, { name: 'x' }),
    400,
    'Request_BadRequest',
    "Invalid property 'name'.",
  )
  for (const [property, value] of [
    ['issuer', 'http://issuer.example'],
    ['audiences', []],
    ['audiences', ['a', 'b']],
    ['subject', ' '],
  ] as const) {
    const answer = await graph('PATCH', `${path}/${made.body.id}`, { [property]: value })
    assertError(answer, 400, 'Request_BadRequest', new RegExp(`Property ${property} `))
  }
  assertDone(await graph('DELETE', `${path}/${made.body.id}`))
  assert.deepEqual((await graph('GET', path)).body.value, [])
  for (let count = 0; count < 20; count += 1) {
    const body = { ...asked, name: `credential-${count}`, subject: `subject ${count}` }
    assert.equal((await graph('POST', path, body)).status, 201)
  }
  const one = { ...asked, name: 'credential-20' }
  assertError(await graph('POST', path, one), 400, 'Request_BadRequest', /20 federated credentials/)
})

function signIn(clientId: string, clientSecret: string) {
  return redeem(emulator, {
    client_id: clientId,
    client_secret: clientSecret,
    grant_type: 'client_credentials',
    scope: `${clientId}/.default`,
    redirect_uri: null,
    code_verifier: null,
  })
}
