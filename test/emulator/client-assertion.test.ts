import assert from 'node:assert/strict'
import { createHash, randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { importPKCS8, type JWTHeaderParameters, SignJWT } from 'jose'
import { createEmulator, type Emulator, SEED } from '../../src/emulator/emulator.ts'
import { createCertificate } from '../support/certificate.ts'
import { assertRefused, entrance, getCode, redeem, refresh, type TokenAnswer } from './support.ts'

const NOW = Date.UTC(2026, 5, 1)
const SECONDS = NOW / 1000
const certificate = await createCertificate(['client.example'], 'rsa')
const other = await createCertificate(['other.example'], 'rsa')
const TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/** An emulator whose application has the certificate, and no secret. */
function withCertificate(): Emulator {
  const emulator = createEmulator({ now: () => NOW })
  const application = entrance(emulator)
  application.passwordCredentials = []
  application.keyCredentials = [
    {
      keyId: randomUUID(),
      displayName: 'CN=client.example',
      key: derOf(certificate.cert).toString('base64'),
      startDateTime: '2026-01-01T00:00:00Z',
      endDateTime: '2027-01-01T00:00:00Z',
    },
  ]
  return emulator
}

type Changes = {
  header?: Partial<JWTHeaderParameters> & Record<string, unknown>
  claims?: Record<string, unknown>
  key?: string
}

/** A client assertion as MSAL makes it, with changes. */
async function assertion(emulator: Emulator, changes: Changes = {}): Promise<string> {
  const x5t = { 'x5t#S256': thumbprint('sha256', certificate.cert) }
  const header = { alg: 'PS256', typ: 'JWT', ...x5t, ...changes.header }
  const claims = {
    aud: `${emulator.origin}/${SEED.tenantId}/oauth2/v2.0/token`,
    iss: SEED.clientId,
    sub: SEED.clientId,
    jti: randomUUID(),
    nbf: SECONDS,
    iat: SECONDS,
    exp: SECONDS + 600,
    ...changes.claims,
  }
  const key = await importPKCS8(changes.key ?? certificate.key, header.alg)
  return new SignJWT(claims).setProtectedHeader(header).sign(key)
}

async function ask(emulator: Emulator, changes: Changes = {}): Promise<TokenAnswer> {
  return send(emulator, await assertion(emulator, changes))
}

function send(emulator: Emulator, text: string, changes: Record<string, string | null> = {}) {
  return redeem(emulator, {
    grant_type: 'client_credentials',
    scope: `api://${SEED.clientId}/.default`,
    client_secret: null,
    redirect_uri: null,
    code_verifier: null,
    client_assertion_type: TYPE,
    client_assertion: text,
    ...changes,
  })
}

test('a certificate shows the client, by either thumbprint and either signature, and azpacr is 2', async () => {
  const emulator = withCertificate()
  const sha256 = { 'x5t#S256': thumbprint('sha256', certificate.cert) }
  const sha1 = { 'x5t#S256': undefined, x5t: thumbprint('sha1', certificate.cert) }
  const sent = { 'x5t#S256': undefined, x5c: [derOf(certificate.cert).toString('base64')] }
  const headers = [
    { alg: 'PS256', ...sha256 },
    { alg: 'RS256', ...sha256 },
    { alg: 'RS256', ...sha1 },
    { alg: 'RS256', ...sent },
  ]
  for (const header of headers) {
    const { status, body } = await ask(emulator, { header })
    assert.equal(status, 200, String(body.error_description))
    const claims = JSON.parse(atob(String(body.access_token).split('.')[1] ?? ''))
    assert.equal(claims.azpacr, '2')
  }
})

test('a code and a refresh token are redeemed with a certificate', async () => {
  const emulator = withCertificate()
  const code = await getCode(emulator)
  const show = async () => ({
    client_secret: null,
    client_assertion_type: TYPE,
    client_assertion: await assertion(emulator),
  })
  const first = await redeem(emulator, { code, ...(await show()) })
  assert.equal(first.status, 200)
  const next = await refresh(emulator, first.body.refresh_token, await show())
  assert.equal(next.status, 200)
})

test('a certificate that is not registered, has ended or did not sign is AADSTS700027, each with its reason', async () => {
  const emulator = withCertificate()
  const unknown = { header: { 'x5t#S256': thumbprint('sha256', other.cert) }, key: other.key }
  const cases: [Changes, RegExp][] = [
    [unknown, /\[Reason - The key was not found\./],
    [{ header: { 'x5t#S256': undefined } }, /The key was not found/],
    [{ key: other.key }, /signature value did not match/],
  ]
  for (const [changes, reason] of cases) {
    const answer = await ask(emulator, changes)
    assertRefused(answer, 700027, 'invalid_client')
    assert.match(String(answer.body.error_description), reason)
  }
  const [credential] = entrance(emulator).keyCredentials
  assert.ok(credential)
  credential.endDateTime = new Date(NOW).toISOString()
  const ended = await ask(emulator)
  assertRefused(ended, 700027, 'invalid_client')
  assert.match(String(ended.body.error_description), /The key used is expired/)
  // What is no certificate at all is as good as none.
  credential.key = 'AAAA'
  assertRefused(await ask(emulator), 700027, 'invalid_client')
})

test('an assertion signed with the public key as a secret is not believed', async () => {
  const emulator = withCertificate()
  const [, claims = ''] = (await assertion(emulator)).split('.')
  const header = { alg: 'HS256', 'x5t#S256': thumbprint('sha256', certificate.cert) }
  const forged = await new SignJWT(JSON.parse(Buffer.from(claims, 'base64url').toString()))
    .setProtectedHeader(header)
    .sign(Buffer.from(certificate.cert))
  assertRefused(await send(emulator, forged), 700027, 'invalid_client')
  const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${claims}.`
  assertRefused(await send(emulator, none), 700027, 'invalid_client')
})

test('an assertion is for one client and for this service: AADSTS50048, 700021, 700023', async () => {
  const emulator = withCertificate()
  const claims: [Record<string, unknown>, number][] = [
    [{ sub: 'someone else' }, 50048],
    [{ iss: 'someone else', sub: 'someone else' }, 700021],
    [{ aud: undefined }, 700023],
    [{ aud: 'https://login.microsoftonline.com/common/oauth2/v2.0/token' }, 700023],
    [{ aud: `${emulator.origin}/11111111-2222-4333-8444-555555555555/v2.0` }, 700023],
    [{ aud: `${emulator.origin}/${SEED.tenantId}/oauth2/v2.0/authorize` }, 700023],
  ]
  for (const [changes, code] of claims) {
    assertRefused(await ask(emulator, { claims: changes }), code, 'invalid_client')
  }
})

test('the audience is the token endpoint or the issuer, by any name of the tenant', async () => {
  const emulator = withCertificate()
  const { origin } = emulator
  const audiences = [
    `${origin}/${SEED.domain}/oauth2/v2.0/token`,
    `${origin}/common/oauth2/v2.0/token`,
    `${origin}/organizations/oauth2/token`,
    `${origin}/${SEED.tenantId}/v2.0`,
    `https://sts.windows.net/${SEED.tenantId}/`,
  ]
  for (const aud of audiences) {
    assert.equal((await ask(emulator, { claims: { aud } })).status, 200, aud)
  }
})

test('an assertion counts from nbf to exp, give or take five minutes (AADSTS700024)', async () => {
  const emulator = withCertificate()
  const skewed = { nbf: SECONDS + 299, exp: SECONDS + 900 }
  assert.equal((await ask(emulator, { claims: skewed })).status, 200)
  const cases = [
    { nbf: SECONDS + 301 },
    { nbf: SECONDS - 900, exp: SECONDS - 301 },
    { exp: undefined },
    { exp: 1e300, nbf: 1e300 },
  ]
  for (const claims of cases) {
    const answer = await ask(emulator, { claims })
    assertRefused(answer, 700024, 'invalid_client')
    assert.match(String(answer.body.error_description), /Current time: 2026-06-01T00:00:00\.000Z/)
  }
})

test('what is no assertion is said to be malformed: AADSTS50027, 90023, 900144', async () => {
  const emulator = withCertificate()
  const good = await assertion(emulator)
  for (const text of ['garbage', 'a.b.c', `${good.split('.')[0]}.W10.x`]) {
    assertRefused(await send(emulator, text), 50027, 'invalid_request')
  }
  assertRefused(await ask(emulator, { claims: { sub: 7 } }), 50027, 'invalid_request')
  const type = await send(emulator, good, { client_assertion_type: 'something' })
  assertRefused(type, 90023, 'invalid_request')
  const none = await send(emulator, good, { client_assertion_type: null })
  assertRefused(none, 900144, 'invalid_request')
})

function derOf(pem: string): Buffer {
  return Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64')
}

function thumbprint(algorithm: string, pem: string): string {
  return createHash(algorithm).update(derOf(pem)).digest('base64url')
}
