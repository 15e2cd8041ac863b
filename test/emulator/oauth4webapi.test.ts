import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { createRemoteJWKSet, customFetch, jwtVerify } from 'jose'
import * as oauth from 'oauth4webapi'
import { startEmulator } from '../../src/emulator/emulator.ts'
import { createLoopbackFetch } from '../support/certificate.ts'
import { CALLBACK, entrance, fullScope, openBrowser, signIn } from './support.ts'

/** An emulator that speaks HTTPS, and what trusts its certificate. */
async function startTrusted(t: TestContext) {
  const emulator = await startEmulator({ port: 0, https: true })
  t.after(() => emulator.close())
  const network = createLoopbackFetch({ cert: String(emulator.caCertificate) })
  // Of a request without a body, its options say so with undefined.
  const send = (url: string, { body, ...init }: oauth.CustomFetchOptions<string, unknown>) =>
    network(url, { ...init, body: (body ?? null) as string | null } as RequestInit)
  return { emulator, network, trusted: { [oauth.customFetch]: send } }
}

for (const method of ['post', 'basic'] as const) {
  test(`oauth4webapi discovers, signs in with PKCE and refreshes (client_secret_${method})`, async (t) => {
    const { emulator, network, trusted } = await startTrusted(t)
    const [credential] = entrance(emulator).passwordCredentials
    assert.ok(credential)
    credential.secretText = 'a~secret+with%every/kind of:character'
    const issuer = new URL(`${emulator.origin}/${emulator.tenantId}/v2.0`)
    const discovered = await oauth.discoveryRequest(issuer, trusted)
    const as = await oauth.processDiscoveryResponse(issuer, discovered)
    const { clientId, clientSecret } = emulator.application
    const client: oauth.Client = { client_id: clientId }
    const authenticate =
      method === 'post'
        ? oauth.ClientSecretPost(clientSecret)
        : oauth.ClientSecretBasic(clientSecret)

    const verifier = oauth.generateRandomCodeVerifier()
    const nonce = oauth.generateRandomNonce()
    const state = oauth.generateRandomState()
    const code_challenge = await oauth.calculatePKCECodeChallenge(verifier)
    const browser = openBrowser(emulator, (request) => network(request))
    const landed = await signIn(emulator, { browser, changes: { state, nonce, code_challenge } })
    const params = oauth.validateAuthResponse(as, client, landed, state)

    const response = await oauth.authorizationCodeGrantRequest(
      as,
      client,
      authenticate,
      params,
      CALLBACK,
      verifier,
      { ...trusted, additionalParameters: { scope: fullScope(emulator) } },
    )
    const tokens = await oauth.processAuthorizationCodeResponse(as, client, response, {
      expectedNonce: nonce,
      requireIdToken: true,
    })
    assert.equal(oauth.getValidatedIdTokenClaims(tokens)?.oid, emulator.directory.users[0]?.id)

    const keys = createRemoteJWKSet(new URL(String(as.jwks_uri)), { [customFetch]: network })
    const { payload } = await jwtVerify(tokens.access_token, keys, {
      issuer: as.issuer,
      audience: clientId,
      algorithms: ['RS256'],
    })
    assert.equal(payload.scp, 'mcp-access')
    await oauth.validateApplicationLevelSignature(as, response, trusted)

    const refreshed = await oauth.processRefreshTokenResponse(
      as,
      client,
      await oauth.refreshTokenGrantRequest(as, client, authenticate, String(tokens.refresh_token), {
        ...trusted,
        additionalParameters: { scope: fullScope(emulator) },
      }),
    )
    assert.ok(refreshed.access_token)
    assert.ok(refreshed.refresh_token)
  })
}

test('oauth4webapi reads a refusal, Entra’s members included', async (t) => {
  const { emulator, trusted } = await startTrusted(t)
  const issuer = new URL(`${emulator.origin}/${emulator.tenantId}/v2.0`)
  const discovered = await oauth.discoveryRequest(issuer, trusted)
  const as = await oauth.processDiscoveryResponse(issuer, discovered)
  const client: oauth.Client = { client_id: emulator.application.clientId }
  const response = await oauth.refreshTokenGrantRequest(
    as,
    client,
    oauth.ClientSecretPost(emulator.application.clientSecret),
    'garbage',
    trusted,
  )
  await assert.rejects(oauth.processRefreshTokenResponse(as, client, response), (error) => {
    assert.ok(error instanceof oauth.ResponseBodyError)
    assert.equal(error.error, 'invalid_grant')
    assert.deepEqual(error.cause.error_codes, [9002313])
    assert.equal(error.cause.suberror, 'bad_token')
    return true
  })
})
