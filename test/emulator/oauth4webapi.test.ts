import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import * as oauth from 'oauth4webapi'
import { startEmulator } from '../../src/emulator/emulator.ts'
import { CALLBACK, entrance, fullScope, openBrowser, signIn } from './support.ts'

const insecure = { [oauth.allowInsecureRequests]: true } as const

for (const method of ['post', 'basic'] as const) {
  test(`oauth4webapi discovers, signs in with PKCE and refreshes (client_secret_${method})`, async (t) => {
    const emulator = await startEmulator({ port: 0 })
    t.after(() => emulator.close())
    const [credential] = entrance(emulator).passwordCredentials
    assert.ok(credential)
    credential.secretText = 'a~secret+with%every/kind of:character'
    const issuer = new URL(`${emulator.origin}/${emulator.tenantId}/v2.0`)
    const discovered = await oauth.discoveryRequest(issuer, insecure)
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
    const browser = openBrowser(emulator, (request) => fetch(request))
    const landed = await signIn(emulator, { browser, changes: { state, nonce, code_challenge } })
    const params = oauth.validateAuthResponse(as, client, landed, state)

    const response = await oauth.authorizationCodeGrantRequest(
      as,
      client,
      authenticate,
      params,
      CALLBACK,
      verifier,
      { ...insecure, additionalParameters: { scope: fullScope(emulator) } },
    )
    const tokens = await oauth.processAuthorizationCodeResponse(as, client, response, {
      expectedNonce: nonce,
      requireIdToken: true,
    })
    assert.equal(oauth.getValidatedIdTokenClaims(tokens)?.oid, emulator.directory.users[0]?.id)

    const keys = createRemoteJWKSet(new URL(String(as.jwks_uri)))
    const { payload } = await jwtVerify(tokens.access_token, keys, {
      issuer: as.issuer,
      audience: clientId,
      algorithms: ['RS256'],
    })
    assert.equal(payload.scp, 'mcp-access')
    await oauth.validateApplicationLevelSignature(as, response, insecure)

    const refreshed = await oauth.processRefreshTokenResponse(
      as,
      client,
      await oauth.refreshTokenGrantRequest(as, client, authenticate, String(tokens.refresh_token), {
        ...insecure,
        additionalParameters: { scope: fullScope(emulator) },
      }),
    )
    assert.ok(refreshed.access_token)
    assert.ok(refreshed.refresh_token)
  })
}

test('oauth4webapi reads a refusal, Entra’s members included', async (t) => {
  const emulator = await startEmulator({ port: 0 })
  t.after(() => emulator.close())
  const issuer = new URL(`${emulator.origin}/${emulator.tenantId}/v2.0`)
  const discovered = await oauth.discoveryRequest(issuer, insecure)
  const as = await oauth.processDiscoveryResponse(issuer, discovered)
  const client: oauth.Client = { client_id: emulator.application.clientId }
  const response = await oauth.refreshTokenGrantRequest(
    as,
    client,
    oauth.ClientSecretPost(emulator.application.clientSecret),
    'garbage',
    insecure,
  )
  await assert.rejects(oauth.processRefreshTokenResponse(as, client, response), (error) => {
    assert.ok(error instanceof oauth.ResponseBodyError)
    assert.equal(error.error, 'invalid_grant')
    assert.deepEqual(error.cause.error_codes, [9002313])
    assert.equal(error.cause.suberror, 'bad_token')
    return true
  })
})
