import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { SEED } from '../../src/emulator/emulator.ts'
import { type Outcome, runLibrary } from '../support/entra-library.ts'

const SIGNED_IN = /You have signed in to the Entrance application on your device/

/** What a step gave; throws where it failed. */
function given(outcome: Outcome | undefined) {
  assert.ok(outcome?.value, JSON.stringify(outcome?.error))
  return outcome.value
}

/** The claims of the token that a step gave. */
function claimsOf(outcome: Outcome | undefined) {
  return given(outcome).claims as Record<string, unknown>
}

describe('Microsoft’s @azure/msal-node, which knows the authority and nothing else,', async () => {
  const { outcomes, seen } = await runLibrary('msal-node')

  test('signs a person in with a code, and refreshes', () => {
    for (const name of ['code', 'refresh']) {
      const { username, scopes, fromCache } = given(outcomes[name])
      assert.equal(username, 'alice@entrance.example')
      assert.deepEqual(scopes, [`api://${SEED.clientId}/mcp-access`])
      assert.equal(fromCache, false)
      assert.equal(claimsOf(outcomes[name]).oid, SEED.alice)
    }
  })

  test('signs in people of several tenants by organizations', () => {
    const { oid, tid } = claimsOf(outcomes.severalTenants)
    assert.deepEqual([oid, tid], [SEED.alice, SEED.tenantId])
  })

  test('gets the application’s own token, with a secret', () => {
    const { scp, azpacr } = claimsOf(outcomes.clientCredentials)
    assert.deepEqual([scp, azpacr], [undefined, '1'])
  })

  test('shows a certificate, for the application and for a person', () => {
    const { app, person } = given(outcomes.certificate) as Record<string, { claims: object }>
    assert.partialDeepStrictEqual(app?.claims, { azpacr: '2' })
    assert.partialDeepStrictEqual(person?.claims, { azpacr: '2', oid: SEED.alice })
  })

  test('acts on behalf of a person, and takes the lack of consent for a reason to ask them', () => {
    const { scp, oid } = claimsOf(outcomes.onBehalfOf)
    assert.deepEqual([scp, oid], ['read', SEED.alice])
    const { name, errorCode, subError, message } = outcomes.withoutConsent?.error ?? {}
    assert.equal(name, 'InteractionRequiredAuthError')
    assert.deepEqual([errorCode, subError], ['invalid_grant', 'consent_required'])
    assert.match(String(message), /AADSTS65001/)
  })

  test('signs in to an MCP server as its public client, with resource', () => {
    const { oid, azpacr, scp } = claimsOf(outcomes.mcp)
    assert.deepEqual([oid, azpacr, scp], [SEED.alice, '0', 'mcp-access'])
    const named = seen.filter(({ params }) => params.has('resource'))
    const endpoints = new Set(named.map(({ endpoint }) => endpoint))
    assert.ok(endpoints.has('authorize') && endpoints.has('token'))
  })

  test('signs a device in', () => {
    assert.match(String(given(outcomes.deviceCode).page), SIGNED_IN)
    assert.equal(claimsOf(outcomes.deviceCode).oid, SEED.alice)
  })

  test('gets the token of a managed identity', () => {
    assert.equal(claimsOf(outcomes.managedIdentity).azp, 'b3b1b1a0-0000-4000-8000-000000000001')
  })

  test('reads a refusal as Entra’s', () => {
    const { name, errorCode, errorNo } = outcomes.wrongSecret?.error ?? {}
    assert.deepEqual([name, errorCode, errorNo], ['ServerError', 'invalid_client', 7000215])
  })
})

describe('Microsoft’s @azure/identity', async () => {
  const { outcomes } = await runLibrary('azure-identity')

  test('shows a secret, or a certificate with and without its chain', () => {
    assert.equal(given(outcomes.clientSecret).azpacr, '1')
    assert.equal(given(outcomes.clientCertificate).azpacr, '2')
    assert.equal(given(outcomes.clientCertificateWithChain).azpacr, '2')
  })

  test('acts on behalf of a person', () => {
    assert.partialDeepStrictEqual(given(outcomes.onBehalfOf), { scp: 'read', oid: SEED.alice })
  })

  test('uses a managed identity, and its token as a federated credential: by a callback and by a file', () => {
    const { oid } = given(outcomes.managedIdentity)
    assert.ok(oid)
    for (const name of ['clientAssertion', 'workloadIdentity']) {
      const { azp, azpacr } = given(outcomes[name])
      assert.deepEqual([azp, azpacr], [SEED.clientId, '2'])
    }
  })

  test('signs a device in', () => {
    const { page, oid } = given(outcomes.deviceCode)
    assert.match(String(page), SIGNED_IN)
    assert.equal(oid, SEED.alice)
  })

  test('reads a refusal as Entra’s', () => {
    const { message } = outcomes.wrongSecret?.error ?? {}
    assert.match(String(message), /invalid_client.*AADSTS7000215: Invalid client secret provided/)
  })
})

describe('openid-client', async () => {
  const { outcomes } = await runLibrary('openid-client')

  test('discovers, and signs in with a code, PKCE, nonce and a verified signature', () => {
    const { issuer } = given(outcomes.discovery)
    for (const name of ['codeByPost', 'codeByBasic']) {
      const { oid, iss, aud, hasBoth } = given(outcomes[name])
      assert.deepEqual([oid, aud, hasBoth], [SEED.alice, SEED.clientId, true])
      assert.equal(String(iss).replace(/:\d+/, ''), String(issuer).replace(/:\d+/, ''))
    }
  })

  test('refreshes, and gets the application’s own token', () => {
    assert.equal(given(outcomes.refresh).hasBoth, true)
    assert.deepEqual(Object.keys(given(outcomes.clientCredentials)).sort(), [
      'access_token',
      'expires_in',
      'ext_expires_in',
      'token_type',
    ])
  })

  test('signs a device in', () => {
    const { page, hasBoth } = given(outcomes.deviceCode)
    assert.match(String(page), SIGNED_IN)
    assert.equal(hasBoth, true)
  })

  test('reads a refusal, Entra’s members included', () => {
    const { code, cause } = outcomes.refusal?.error ?? {}
    assert.equal(code, 'OAUTH_RESPONSE_BODY_ERROR')
    const wanted = { error: 'invalid_grant', suberror: 'bad_token', error_codes: [9002313] }
    assert.partialDeepStrictEqual(cause, wanted)
  })
})
