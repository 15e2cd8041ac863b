import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createEntra } from '../../../src/core/entra/entra.ts'
import { resolveOptions } from '../../../src/core/resolve-options.ts'
import { memoryStore } from '../../../src/stores/memory.ts'

const tenantId = '160007d1-3e33-4d24-b261-9a263d8f2ed0'
const base = `https://login.microsoftonline.com/${tenantId}`
const METADATA = {
  issuer: `${base}/v2.0`,
  authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
  token_endpoint: `${base}/oauth2/v2.0/token`,
  jwks_uri: `${base}/discovery/v2.0/keys`,
}

/** An Entra that has everybody wait, until it refuses them all. */
function createSlowEntra() {
  const finish = Promise.withResolvers<void>()
  let calls = 0
  const fetchEntra: typeof fetch = async (input) => {
    if (!String(input instanceof Request ? input.url : input).endsWith('/token')) {
      return Response.json(METADATA)
    }
    calls++
    await finish.promise
    return Response.json({ error: 'invalid_grant' }, { status: 400 })
  }
  const entra = createEntra(
    resolveOptions({
      url: 'https://expenses.example.com',
      secret: 'a-master-key-of-forty-characters-at-least',
      store: memoryStore(),
      entra: { tenantId, clientId: '70df70fd-6a99-466c-8558-eab9e5b2fd2a', clientSecret: 'secret' },
      fetch: fetchEntra,
    }),
  )
  return { entra, finish: finish.resolve, calls: () => calls }
}

test('64 calls of the token endpoint may be under way; one more fails for the moment', async () => {
  const { entra, finish, calls } = createSlowEntra()
  const underWay = Array.from({ length: 64 }, (_, i) =>
    entra.refresh(`token ${i}`, 'mcp-access', tenantId),
  )
  const settled = Promise.allSettled(underWay)
  const refusal = {
    name: 'EntraError',
    isTransient: true,
    message: 'This server is waiting for Entra with 64 sign-ins at once.',
  }
  await assert.rejects(entra.refresh('one more', 'mcp-access', tenantId), refusal)
  const exchange = { state: 'the-state', nonce: 'n', codeVerifier: 'v'.repeat(43) }
  const response = new URLSearchParams({ code: 'a-code', state: 'the-state' })
  await assert.rejects(entra.redeemCode(response, exchange, 'mcp-access'), refusal)
  assert.equal(calls(), 64)

  finish()
  for (const { status } of await settled) assert.equal(status, 'rejected')
  await assert.rejects(entra.refresh('later', 'mcp-access', tenantId), {
    isTransient: false,
    error: 'invalid_grant',
  })
  assert.equal(calls(), 65)
})
