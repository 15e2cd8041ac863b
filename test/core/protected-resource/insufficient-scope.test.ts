import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createEntrance, requireScope, scopeChallenge } from '../../../src/index.ts'
import { memoryStore } from '../../../src/stores/memory.ts'
import { signIn } from '../../support/oauth-client.ts'
import { exposeScopes } from '../../support/scopes.ts'
import { startEntrance } from '../../support/start.ts'

const SECRET = 'a-master-key-of-these-tests-and-of-nothing-else'

test('a token of too little scope is 403 insufficient_scope, with the scope to ask for (RFC 6750 §3.1)', async () => {
  await using server = await startEntrance({ entrance: { secret: SECRET } })
  const { tokens } = await signIn(server.url)
  const { tenantId, application, origin: authority } = server.emulator
  // The same server, whose operator has meanwhile asked for another scope.
  const stricter = createEntrance({
    url: server.url,
    secret: SECRET,
    scope: 'expenses.write',
    store: memoryStore(),
    entra: { tenantId, ...application, authority },
  })
  const guarded = stricter.protect(() => new Response('in'))
  const headers = {
    authorization: `Bearer ${tokens.access_token}`,
    host: new URL(server.url).host,
  }
  const answer = await guarded(new Request(`${server.url}/mcp`, { method: 'POST', headers }))
  const description = "The access token has the scope 'mcp-access'; expenses.write is needed."
  assert.equal(answer.status, 403)
  assert.deepEqual(await answer.json(), {
    error: 'insufficient_scope',
    error_description: description,
  })
  assert.equal(
    answer.headers.get('www-authenticate'),
    `Bearer error="insufficient_scope", error_description="${description}", ` +
      `resource_metadata="${server.url}/.well-known/oauth-protected-resource/mcp", scope="expenses.write"`,
  )
  await stricter.close()
})

test('the scope to ask for keeps what the token has and the server still offers', async () => {
  const additionalScopes = ['expenses.read', 'expenses.old']
  await using server = await startEntrance({ entrance: { secret: SECRET, additionalScopes } })
  exposeScopes(server.emulator, ...additionalScopes)
  const { tokens } = await signIn(server.url, { overrides: { scope: additionalScopes.join(' ') } })
  const { tenantId, application, origin: authority } = server.emulator
  const renamed = createEntrance({
    url: server.url,
    secret: SECRET,
    scope: 'expenses.use',
    additionalScopes: ['expenses.read'],
    store: memoryStore(),
    entra: { tenantId, ...application, authority },
  })
  await renamed.ready()
  const verdict = renamed.authenticate({
    authorization: `Bearer ${tokens.access_token}`,
    host: new URL(server.url).host,
  })
  assert.ok(!verdict.isAllowed)
  assert.equal(verdict.refusal.status, 403)
  assert.match(
    verdict.refusal.headers['www-authenticate'] ?? '',
    / scope="expenses\.read expenses\.use"$/,
  )
  await renamed.close()
})

test('a scope that the operator has taken away since lets nobody through, and is not asked for', async () => {
  const additionalScopes = ['expenses.read', 'expenses.old']
  await using server = await startEntrance({ entrance: { secret: SECRET, additionalScopes } })
  exposeScopes(server.emulator, ...additionalScopes)
  const { tokens } = await signIn(server.url, { overrides: { scope: additionalScopes.join(' ') } })
  const { tenantId, application, origin: authority } = server.emulator
  const fewer = createEntrance({
    url: server.url,
    secret: SECRET,
    additionalScopes: ['expenses.read', 'expenses.approve'],
    store: memoryStore(),
    entra: { tenantId, ...application, authority },
  })
  await fewer.ready()
  const headers = {
    authorization: `Bearer ${tokens.access_token}`,
    host: new URL(server.url).host,
  }
  const answerOf = (name: string) => {
    const guarded = fewer.protect((_, { authInfo }) => {
      requireScope(authInfo, name)
      return new Response('in')
    })
    return guarded(new Request(`${server.url}/mcp`, { method: 'POST', headers }))
  }
  assert.equal((await answerOf('expenses.read')).status, 200)
  assert.equal((await answerOf('expenses.old')).status, 403)
  const challenge = (await answerOf('expenses.approve')).headers.get('www-authenticate') ?? ''
  assert.match(challenge, / scope="mcp-access expenses\.read expenses\.approve"$/)
  await fewer.close()
})

test('what is not the name of one scope is the author’s mistake, never a step-up without end', () => {
  const authInfo = { scopes: ['read', 'write'], resourceMetadataUrl: 'https://x.example/m' }
  for (const name of ['read write', '', 'lesen-und-prüfen', 'a"b', 'a\r\nb']) {
    const told = { name: 'TypeError', message: `'${name}' is not the name of one scope.` }
    assert.throws(() => requireScope(authInfo, name), told)
    assert.throws(() => scopeChallenge(name), told)
  }
})
