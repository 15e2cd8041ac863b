import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
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

/** The redirect URI that each really sends: its document has no port, or another one. */
for (const [client_id, redirect_uri, name] of [
  [
    'https://vscode.dev/oauth/client-metadata.json',
    'http://127.0.0.1:33418/',
    'Visual Studio Code',
  ],
  [
    'https://vscode.dev/oauth/client-metadata.json',
    'http://127.0.0.1:49153/',
    'Visual Studio Code',
  ],
  [
    'https://claude.ai/oauth/claude-code-client-metadata',
    'http://localhost:54321/callback',
    'Claude Code',
  ],
  [
    'https://claude.ai/oauth/mcp-oauth-client-metadata',
    'https://claude.ai/api/mcp/auth_callback',
    'Claude',
  ],
  [
    'https://chatgpt.com/oauth/client.json',
    'https://chatgpt.com/connector_platform_oauth_redirect',
    'ChatGPT',
  ],
  ['https://chatgpt.com/oauth/codex/client.json', 'http://127.0.0.1:51234/callback', 'Codex'],
] as const) {
  test(`${name} signs in by its document where nothing is fetched: ${redirect_uri}`, async () => {
    await using offline = await startEntrance({ emulator: server.emulator })
    // What a person does in the portal.
    const [application] = server.emulator.directory.applications
    application?.web.redirectUris.push(`${offline.url}/auth/callback`)

    const client = createOAuthClient(offline.url)
    const authorization = client.authorization(client_id, { redirect_uri })
    const browser = createBrowser()
    const consent = await browser.open(authorization.url)
    assert.ok(consent.text.includes(`The application ${name} wants to access`))
    const page = await browser.signIn(authorization.url, { account: 'Bob', until: redirect_uri })
    assert.equal((await client.exchange(authorization, codeOf(page))).status, 200)
  })
}

suite('the metadata of the server', () => {
  type Metadata = Readonly<Record<string, unknown>>
  const metadataOf = async (url: string) =>
    json<Metadata>(await createOAuthClient(url).authorizationServer())

  test('tells clients to come by a document once one could be fetched', async () => {
    const id = 'https://chatgpt.com/oauth/client.json'
    await using own = await startEntrance({ internet, emulator: server.emulator })
    assert.equal((await metadataOf(own.url)).client_id_metadata_document_supported, undefined)
    internet.publish(id, clientDocument(id))
    await using reached = await startEntrance({ internet, emulator: server.emulator })
    const deadline = performance.now() + 20_000
    let metadata = await metadataOf(reached.url)
    while (!metadata.client_id_metadata_document_supported) {
      assert.ok(performance.now() < deadline, 'it is never said')
      await setTimeout(10)
      metadata = await metadataOf(reached.url)
    }
    assert.equal(metadata.client_id_metadata_document_supported, true)
    const methods = metadata.token_endpoint_auth_methods_supported as string[]
    // Claude and Codex come by a document only where both are there.
    assert.ok(methods.includes('none') && methods.includes('private_key_jwt'))
    assert.deepEqual(metadata.revocation_endpoint_auth_methods_supported, methods)
    const algorithms = ['ES256', 'PS256', 'RS256', 'EdDSA']
    assert.deepEqual(metadata.token_endpoint_auth_signing_alg_values_supported, algorithms)
    assert.deepEqual(metadata.revocation_endpoint_auth_signing_alg_values_supported, algorithms)
  })

  for (const clientDocuments of ['pinned', 'off'] as const) {
    test(`says nothing of documents and of keys where they are ${clientDocuments}`, async () => {
      await using own = await startEntrance({
        internet,
        emulator: server.emulator,
        entrance: { clientDocuments },
      })
      const metadata = await metadataOf(own.url)
      assert.equal(metadata.client_id_metadata_document_supported, undefined)
      assert.equal(metadata.token_endpoint_auth_signing_alg_values_supported, undefined)
      const methods = metadata.token_endpoint_auth_methods_supported as string[]
      assert.ok(!methods.includes('private_key_jwt'))
      const refused = await createOAuthClient(own.url).register({
        token_endpoint_auth_method: 'private_key_jwt',
        jwks_uri: 'https://app.example.com/keys',
      })
      assert.equal(refused.status, 400)
      assert.match(await refused.text(), /does not fetch clients' keys/)
    })
  }
})
