import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { decodeJwt, exportJWK, generateKeyPair, SignJWT } from 'jose'
import { createBrowser } from '../support/browser.ts'
import { clientDocument, startInternet, type TestInternet } from '../support/internet.ts'
import { codeOf, createOAuthClient, json, type TokenResponse } from '../support/oauth-client.ts'
import { type RunningEntrance, startEntrance } from '../support/start.ts'

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

let internet: TestInternet
let server: RunningEntrance
before(async () => {
  internet = await startInternet()
  server = await startEntrance({ internet })
})
after(async () => {
  await server.stop()
  await internet.close()
})

/** Alice allows the client and signs in; gives the authorization and its code. */
async function authorize(client_id: string) {
  const client = createOAuthClient(server.url)
  const authorization = client.authorization(client_id)
  const until = authorization.redirect_uri
  const page = await createBrowser().signIn(authorization.url, { account: 'Alice', until })
  return { client, authorization, code: codeOf(page) }
}

suite('a client whose id is the address of its metadata document', () => {
  const client_id = 'https://app.example.com/oauth/client.json'
  before(() => internet.publish(client_id, clientDocument(client_id)))

  test('signs in, calls a tool, renews its tokens and revokes them', async () => {
    const { client, authorization, code } = await authorize(client_id)
    const tokens = await json<TokenResponse>(await client.exchange(authorization, code))
    assert.equal(decodeJwt(tokens.access_token).client_id, client_id)

    const listed = await client.mcp(tokens.access_token, { method: 'tools/list' })
    assert.equal(listed.status, 200)
    const renewed = await json<TokenResponse>(await client.refresh(client_id, tokens.refresh_token))
    assert.equal(decodeJwt(renewed.access_token).client_id, client_id)

    const revoked = await client.revoke({ client_id, token: renewed.refresh_token })
    assert.equal(revoked.status, 200)
    const dead = await client.refresh(client_id, renewed.refresh_token)
    assert.equal(dead.status, 400)
    // All of that with one look at the document.
    assert.equal(internet.count('app.example.com'), 1)
  })

  test('is named on the consent page, with its address', async () => {
    const { url } = createOAuthClient(server.url).authorization(client_id)
    const page = await createBrowser().open(url)
    assert.equal(page.status, 200)
    assert.match(page.text, /The application Document client wants to access/)
    assert.ok(page.text.includes(client_id))
  })
})

for (const place of ['jwks', 'jwks_uri'] as const) {
  test(`a document client with keys in its ${place} signs in with private_key_jwt`, async () => {
    const { publicKey, privateKey } = await generateKeyPair('ES256')
    const client_id = `https://${place.replace('_', '-')}.example.com/client`
    const jwks = { keys: [await exportJWK(publicKey)] }
    const uri = `${client_id}/keys`
    internet.publish(uri, jwks)
    internet.publish(
      client_id,
      clientDocument(client_id, {
        token_endpoint_auth_method: 'private_key_jwt',
        ...(place === 'jwks' ? { jwks } : { jwks_uri: uri }),
      }),
    )
    const sign = () =>
      new SignJWT({ jti: crypto.randomUUID() })
        .setProtectedHeader({ alg: 'ES256' })
        .setIssuer(client_id)
        .setSubject(client_id)
        .setAudience(server.url)
        .setExpirationTime('1 minute')
        .sign(privateKey)
    const proof = async () => ({
      client_assertion_type: ASSERTION_TYPE,
      client_assertion: await sign(),
    })

    const { client, authorization, code } = await authorize(client_id)
    const redeemed = await client.exchange(authorization, code, {
      ...(await proof()),
      // RFC 7521 §4.2: the assertion says who it is.
      client_id: undefined,
    })
    const tokens = await json<TokenResponse>(redeemed)
    const renewed = await json<TokenResponse>(
      await client.refresh(client_id, tokens.refresh_token, await proof()),
    )
    const revoked = await client.revoke({ token: renewed.refresh_token, ...(await proof()) })
    assert.equal(revoked.status, 200)
    assert.equal(
      (await client.refresh(client_id, renewed.refresh_token, await proof())).status,
      400,
    )
  })
}
