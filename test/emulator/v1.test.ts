import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createEmulator, type Emulator, SEED } from '../../src/emulator/emulator.ts'
import {
  account,
  assertRefused,
  CALLBACK,
  entrance,
  openBrowser,
  type TokenAnswer,
} from './support.ts'

const API = `api://${SEED.clientId}`

/** An emulator whose application lists its own API, which issues v1 tokens. */
function v1(): Emulator {
  const emulator = createEmulator()
  const application = entrance(emulator)
  application.api.requestedAccessTokenVersion = 1
  const [scope] = application.api.oauth2PermissionScopes
  assert.ok(scope)
  const resourceAccess = [{ id: scope.id, type: 'Scope' as const }]
  application.requiredResourceAccess = [{ resourceAppId: application.appId, resourceAccess }]
  return emulator
}

async function post(emulator: Emulator, form: Record<string, string>): Promise<TokenAnswer> {
  const { clientId: client_id, clientSecret: client_secret } = emulator.application
  const body = new URLSearchParams({ client_id, client_secret, ...form })
  const url = `${emulator.origin}/${SEED.tenantId}/oauth2/token`
  const response = await emulator.fetch(new Request(url, { method: 'POST', body }))
  const json = (await response.json()) as Record<string, unknown>
  return { status: response.status, headers: response.headers, body: json }
}

async function getCode(emulator: Emulator): Promise<string> {
  const request = new URLSearchParams({
    client_id: SEED.clientId,
    response_type: 'code',
    redirect_uri: CALLBACK,
    resource: API,
  })
  const browser = openBrowser(emulator)
  const url = `${emulator.origin}/${SEED.tenantId}/oauth2/authorize?${request}`
  const consent = await browser.submit(await browser.get(url), {
    account: account(emulator, 'Alice').id,
  })
  const { location } = await browser.submit(consent, { decision: 'accept' })
  return location?.searchParams.get('code') ?? ''
}

test('the v1 endpoints name the API by resource, and answer with texts for numbers', async () => {
  const emulator = v1()
  const code = await getCode(emulator)
  const form = { grant_type: 'authorization_code', code, redirect_uri: CALLBACK, resource: API }
  const { status, body } = await post(emulator, form)
  assert.equal(status, 200, String(body.error_description))
  assert.deepEqual(Object.keys(body), [
    'token_type',
    'scope',
    'expires_in',
    'ext_expires_in',
    'expires_on',
    'not_before',
    'resource',
    'access_token',
    'refresh_token',
    'id_token',
  ])
  assert.deepEqual([body.scope, body.resource], ['mcp-access', API])
  const access = claimsOf(body.access_token)
  assert.equal(body.expires_on, String(access.exp))
  assert.equal(body.not_before, String(access.nbf))
  assert.equal(typeof body.expires_in, 'string')
  const { iss, upn, ver, preferred_username } = claimsOf(body.id_token)
  assert.deepEqual(
    [iss, upn, ver, preferred_username],
    [`https://sts.windows.net/${SEED.tenantId}/`, 'alice@entrance.example', '1.0', undefined],
  )
  const refresh_token = String(body.refresh_token)
  const next = await post(emulator, { grant_type: 'refresh_token', refresh_token })
  assert.equal(next.status, 200, String(next.body.error_description))
  assert.equal(next.body.resource, API)
})

test('an application’s own token is asked for by resource, which has to be named', async () => {
  const emulator = v1()
  const grant_type = 'client_credentials'
  const { body } = await post(emulator, { grant_type, resource: `${API}/` })
  assert.deepEqual(Object.keys(body), [
    'token_type',
    'expires_in',
    'ext_expires_in',
    'expires_on',
    'not_before',
    'resource',
    'access_token',
  ])
  assert.equal(claimsOf(body.access_token).aud, `${API}/`)
  assertRefused(await post(emulator, { grant_type }), 900144, 'invalid_request')
  const wrong = await post(emulator, { grant_type, resource: API, client_secret: 'wrong' })
  assertRefused(wrong, 7000215, 'invalid_client')
})

function claimsOf(token: unknown): Record<string, unknown> {
  return JSON.parse(Buffer.from(String(token).split('.')[1] ?? '', 'base64url').toString())
}
