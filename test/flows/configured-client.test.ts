import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { ASSERTION_TYPE } from '../../src/core/clients/client-assertion.ts'
import { basic } from '../attacks/support.ts'
import { entrance } from '../cli/client/command.ts'
import { createBrowser } from '../support/browser.ts'
import { codeOf, createOAuthClient, json, type TokenResponse } from '../support/oauth-client.ts'
import { startServe } from '../support/serve.ts'
import { addExpense, getExpenses } from './expenses.ts'

const SECRET = 'a secret between the reports and this server'

test('a client of the file signs in where nobody may register, and writes an expense', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'entrance-configured-'))
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
  const redirect_uri = 'https://reports.example/oauth/callback'
  const reports = {
    client_id: 'reports',
    client_name: 'Monthly reports',
    // The second is that of entrance client, which has no port: no port of this server's either.
    redirect_uris: [redirect_uri, 'http://127.0.0.1/callback'],
    token_endpoint_auth_method: 'client_secret_basic',
    client_secret: SECRET,
  }
  const { publicKey, privateKey } = await generateKeyPair('ES256')
  const signer = {
    client_id: 'signer',
    redirect_uris: [redirect_uri],
    token_endpoint_auth_method: 'private_key_jwt',
    jwks: { keys: [await exportJWK(publicKey)] },
  }
  const path = join(folder, 'clients.json')
  writeFileSync(path, JSON.stringify([reports, signer]))
  const env = { ENTRANCE_CLIENTS: path, ENTRANCE_REGISTRATION: 'off' }
  await using server = await startServe({ env })
  const client = createOAuthClient(server.url)

  const authorization = client.authorization('reports', { redirect_uri })
  const browser = createBrowser()
  const consent = await browser.open(authorization.url)
  assert.match(consent.text, /Monthly reports/)
  const code = codeOf(await browser.signIn(authorization.url, { until: redirect_uri }))
  const headers = basic('reports', SECRET)
  const { code_verifier } = authorization
  const redemption = { grant_type: 'authorization_code', code, code_verifier, redirect_uri }
  const tokens = await json<TokenResponse>(await client.token(redemption, headers))
  await addExpense(client, tokens.access_token, 'by the reports')
  assert.equal((await getExpenses(client, tokens.access_token)).length, 1)
  const refresh = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token }
  assert.equal((await client.token(refresh, headers)).status, 200)
  assert.equal((await client.revoke({ token: tokens.access_token }, headers)).status, 200)

  // Another one shares no secret with this server, but has a key.
  const signed = client.authorization('signer', { redirect_uri })
  const second = codeOf(await createBrowser().signIn(signed.url, { until: redirect_uri }))
  const claims = { iss: 'signer', sub: 'signer', aud: server.url, jti: 'the first and the last' }
  const assertion = new SignJWT(claims).setProtectedHeader({ alg: 'ES256' })
  const answer = await client.exchange(signed, second, {
    client_assertion_type: ASSERTION_TYPE,
    client_assertion: await assertion.setExpirationTime('1 minute').sign(privateKey),
  })
  const { access_token } = await json<TokenResponse>(answer)
  assert.equal((await getExpenses(client, access_token)).length, 1)

  // A client that wants to register is told that it cannot.
  const refused = await entrance(['client', 'login', `${server.url}/mcp`], {
    env: { ENTRANCE_CLIENT_DATA: folder },
  })
  assert.equal(refused.code, 1)
  assert.match(refused.stderr, /does not let clients register themselves/)
  assert.doesNotMatch(JSON.stringify(server.logs), new RegExp(SECRET))
})
