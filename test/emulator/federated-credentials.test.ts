import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import {
  createEmulator,
  createServicePrincipal,
  type Emulator,
  type EmulatorOptions,
  SEED,
} from '../../src/emulator/emulator.ts'
import { assertRefused, entrance, getCode, redeem } from './support.ts'

const AUDIENCE = 'api://AzureADTokenExchange'
const SUBJECT = 'system:serviceaccount:default:entrance'
const keys = await generateKeyPair('RS256')

type Issuer = { url: string; documents: Map<string, unknown>; asked: string[] }

/** An issuer like a Kubernetes cluster: two documents, and a key. */
async function startIssuer(t: TestContext): Promise<Issuer> {
  const issuer: Issuer = { url: '', documents: new Map(), asked: [] }
  const server = createServer((request, response) => {
    issuer.asked.push(request.url ?? '')
    const document = issuer.documents.get(request.url ?? '')
    response.statusCode = document === undefined ? 404 : 200
    response.end(JSON.stringify(document))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close().closeAllConnections())
  issuer.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const jwk = { ...(await exportJWK(keys.publicKey)), kid: 'one' }
  const configuration = { issuer: issuer.url, jwks_uri: `${issuer.url}/keys` }
  issuer.documents.set('/.well-known/openid-configuration', configuration)
  issuer.documents.set('/keys', { keys: [jwk] })
  return issuer
}

/** An emulator whose application trusts an issuer's word, and has no secret. */
function trusting(issuer: string, options: EmulatorOptions = {}): Emulator {
  const emulator = createEmulator(options)
  const application = entrance(emulator)
  application.passwordCredentials = []
  application.federatedIdentityCredentials = [
    { id: 'one', name: 'cluster', issuer, subject: SUBJECT, audiences: [AUDIENCE] },
  ]
  return emulator
}

async function sign(issuer: string, claims = {}, header = {}, key = keys.privateKey) {
  return new SignJWT({ iss: issuer, sub: SUBJECT, aud: AUDIENCE, ...claims })
    .setProtectedHeader({ alg: 'RS256', kid: 'one', ...header })
    .setIssuedAt()
    .setExpirationTime('10m')
    .sign(key)
}

function ask(emulator: Emulator, assertion: string) {
  return redeem(emulator, {
    grant_type: 'client_credentials',
    scope: `api://${SEED.clientId}/.default`,
    client_secret: null,
    redirect_uri: null,
    code_verifier: null,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: assertion,
  })
}

test('the word of an issuer that the application trusts stands in for a secret', async (t) => {
  const issuer = await startIssuer(t)
  const emulator = trusting(issuer.url)
  const { status, body } = await ask(emulator, await sign(issuer.url))
  assert.equal(status, 200, String(body.error_description))
  assert.equal(claimsOf(body.access_token).azpacr, '2')
})

test('issuer, audience and subject are compared in this order, exactly and with case', async (t) => {
  const issuer = await startIssuer(t)
  const emulator = trusting(issuer.url)
  const wrong = { iss: `${issuer.url}/`, aud: AUDIENCE.toLowerCase(), sub: SUBJECT.toUpperCase() }
  const { iss, ...audienceAndSubject } = wrong
  const { aud, ...subject } = audienceAndSubject
  const cases = [
    [wrong, 700211, iss],
    [audienceAndSubject, 700212, aud],
    [subject, 700213, subject.sub],
  ] as const
  for (const [claims, code, shown] of cases) {
    const answer = await ask(emulator, await sign(issuer.url, claims))
    assertRefused(answer, code, 'invalid_client')
    assert.ok(String(answer.body.error_description).includes(`'${shown}'`))
  }
  assert.deepEqual(issuer.asked, [], 'an issuer is asked only for what matches')
  entrance(emulator).federatedIdentityCredentials = []
  assertRefused(await ask(emulator, await sign(issuer.url)), 700211, 'invalid_client')
})

test('an assertion has to be signed by the issuer’s key, and in time', async (t) => {
  const issuer = await startIssuer(t)
  const emulator = trusting(issuer.url)
  const stranger = await generateKeyPair('RS256')
  const forged = await sign(issuer.url, {}, {}, stranger.privateKey)
  assertRefused(await ask(emulator, forged), 50013, 'invalid_client')
  const unknown = await sign(issuer.url, {}, { kid: 'two' })
  assertRefused(await ask(emulator, unknown), 50013, 'invalid_client')
  const old = await new SignJWT({ iss: issuer.url, sub: SUBJECT, aud: AUDIENCE })
    .setProtectedHeader({ alg: 'RS256', kid: 'one' })
    .setExpirationTime('-10m')
    .sign(keys.privateKey)
  assertRefused(await ask(emulator, old), 700024, 'invalid_client')
})

test('an issuer whose documents are missing, another’s or too long is AADSTS50166', async (t) => {
  const issuer = await startIssuer(t)
  const emulator = trusting(issuer.url)
  const assertion = await sign(issuer.url)
  const { documents } = issuer
  const configuration = { issuer: issuer.url, jwks_uri: `${issuer.url}/keys` }
  const bad: [string, unknown][] = [
    ['/.well-known/openid-configuration', { ...configuration, issuer: 'http://127.0.0.1' }],
    ['/.well-known/openid-configuration', { ...configuration, padding: 'x'.repeat(70_000) }],
    ['/.well-known/openid-configuration', undefined],
    ['/keys', { keys: 'none' }],
  ]
  for (const [path, document] of bad) {
    const good = documents.get(path)
    documents.set(path, document)
    assertRefused(await ask(emulator, assertion), 50166, 'invalid_request')
    documents.set(path, good)
  }
  assert.equal((await ask(emulator, assertion)).status, 200)
})

test('only this machine and hosts that were named are asked for keys', async (t) => {
  const issuer = await startIssuer(t)
  const asked: string[] = []
  t.mock.method(globalThis, 'fetch', async (url: URL) => {
    asked.push(url.href)
    throw new TypeError('There is no network.')
  })
  for (const url of [
    'https://elsewhere.example',
    'http://named.example',
    'https://named.example',
  ]) {
    const emulator = trusting(url, { issuerHosts: ['named.example'] })
    assertRefused(await ask(emulator, await sign(url)), 50166, 'invalid_request')
  }
  assert.deepEqual(asked, ['https://named.example/.well-known/openid-configuration'])
  t.mock.restoreAll()
  // An issuer on this machine cannot send the emulator elsewhere either.
  const emulator = trusting(issuer.url)
  const jwks_uri = 'https://elsewhere.example/keys'
  const configuration = { issuer: issuer.url, jwks_uri }
  issuer.documents.set('/.well-known/openid-configuration', configuration)
  assertRefused(await ask(emulator, await sign(issuer.url)), 50166, 'invalid_request')
})

/** An emulator with a managed identity that its application trusts. */
function withManagedIdentity(): { emulator: Emulator; id: string } {
  const emulator = createEmulator()
  const principal = createServicePrincipal({
    appId: 'b3b1b1a0-0000-4000-8000-000000000001',
    tenantId: SEED.tenantId,
    servicePrincipalType: 'ManagedIdentity',
    displayName: 'web-app',
  })
  emulator.directory.servicePrincipals.push(principal)
  const application = entrance(emulator)
  application.passwordCredentials = []
  application.federatedIdentityCredentials = [
    {
      id: 'one',
      name: 'web-app',
      issuer: `${emulator.origin}/${SEED.tenantId}/v2.0`,
      subject: principal.id,
      audiences: [AUDIENCE],
    },
  ]
  return { emulator, id: principal.id }
}

async function askIdentity(emulator: Emulator, path: string, headers: Record<string, string>) {
  const response = await emulator.fetch(new Request(`${emulator.origin}${path}`, { headers }))
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

const IMDS = '/metadata/identity/oauth2/token?api-version=2018-02-01'
const APP_SERVICE = '/msi/token?api-version=2019-08-01'

test('a managed identity’s token stands in for a secret', async () => {
  const { emulator, id } = withManagedIdentity()
  const path = `${APP_SERVICE}&resource=${AUDIENCE}`
  const { body } = await askIdentity(emulator, path, { 'x-identity-header': SEED.identityHeader })
  assert.deepEqual(Object.keys(body), [
    'access_token',
    'expires_on',
    'resource',
    'token_type',
    'client_id',
  ])
  const { sub, iss, scp } = claimsOf(body.access_token)
  assert.deepEqual([sub, scp], [id, undefined])
  assert.equal(iss, `${emulator.origin}/${SEED.tenantId}/v2.0`)
  const { status, body: answer } = await ask(emulator, String(body.access_token))
  assert.equal(status, 200, String(answer.error_description))
})

test('of Entra’s own tokens a person’s is AADSTS700229, another application’s AADSTS700222', async () => {
  const { emulator } = withManagedIdentity()
  const [application] = emulator.directory.applications
  const [credential] = entrance(emulator).federatedIdentityCredentials
  assert.ok(application && credential)
  credential.audiences = [`api://${SEED.clientId}`]
  const secret = { ...createEmulator().directory.applications[0]?.passwordCredentials[0] }
  application.passwordCredentials = [secret as (typeof application.passwordCredentials)[number]]
  const person = await redeem(emulator, { code: await getCode(emulator) })
  credential.subject = String(claimsOf(person.body.access_token).sub)
  assertRefused(await ask(emulator, String(person.body.access_token)), 700229, 'invalid_client')
  const app = await redeem(emulator, {
    grant_type: 'client_credentials',
    scope: `api://${SEED.clientId}/.default`,
  })
  credential.subject = String(claimsOf(app.body.access_token).sub)
  assertRefused(await ask(emulator, String(app.body.access_token)), 700222, 'invalid_client')
})

test('a virtual machine’s endpoint wants its header and gives texts for numbers', async () => {
  const { emulator, id } = withManagedIdentity()
  const path = `${IMDS}&resource=https://graph.microsoft.com/`
  assert.equal((await askIdentity(emulator, path, {})).status, 400)
  const { status, body } = await askIdentity(emulator, path, { metadata: 'true' })
  assert.equal(status, 200)
  assert.match(String(body.expires_in), /^\d{4}$/)
  assert.equal(typeof body.expires_on, 'string')
  const { aud, oid } = claimsOf(body.access_token)
  assert.deepEqual([aud, oid], ['https://graph.microsoft.com/', id])
})

test('there is a token only for an identity and an API that exist', async () => {
  const { emulator } = withManagedIdentity()
  const headers = { metadata: 'true' }
  const other = await askIdentity(emulator, `${IMDS}&resource=${AUDIENCE}&client_id=other`, headers)
  assert.deepEqual([other.status, other.body.error_description], [400, 'Identity not found'])
  const api = await askIdentity(emulator, `${IMDS}&resource=api://unknown`, headers)
  assert.deepEqual(api.body.error_codes, [500011])
  assert.equal((await askIdentity(emulator, IMDS, headers)).status, 400)
  const wrong = { 'x-identity-header': 'wrong' }
  assert.equal((await askIdentity(emulator, APP_SERVICE, wrong)).status, 401)
})

function claimsOf(token: unknown): Record<string, unknown> {
  return JSON.parse(Buffer.from(String(token).split('.')[1] ?? '', 'base64url').toString())
}
