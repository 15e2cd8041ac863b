import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLocalJWKSet, decodeJwt, type JSONWebKeySet, jwtVerify } from 'jose'
import {
  createEmulator,
  createPermissionScope,
  type Emulator,
  SEED,
  type TokenRequest,
} from '../../src/emulator/emulator.ts'
import { entrance, getCode, redeem } from './support.ts'

test('a token that is issued is as one that somebody signed in for', async () => {
  const emulator = createEmulator()
  const { body } = await redeem(emulator, { code: await getCode(emulator, { name: 'Bob' }) })
  const theirs = decodeJwt(String(body.access_token))
  const token = await emulator.issueToken({ user: 'bob@entrance.example' })
  const { payload, protectedHeader } = await jwtVerify(token, await keysOf(emulator), {
    issuer: `${emulator.origin}/${SEED.tenantId}/v2.0`,
    audience: SEED.clientId,
  })
  assert.deepEqual(Object.keys(payload), Object.keys(theirs))
  for (const name of ['oid', 'sub', 'tid', 'scp', 'roles', 'azp', 'preferred_username', 'ver']) {
    assert.deepEqual(payload[name], theirs[name], name)
  }
  assert.equal(protectedHeader.alg, 'RS256')
})

test('without more it is the first person’s, for an hour, with every scope of the first API', async () => {
  const emulator = createEmulator({ now: () => Date.UTC(2026, 0, 1) })
  const claims = await issue(emulator)
  assert.equal(claims.oid, SEED.alice)
  assert.equal(claims.scp, SEED.scope)
  assert.equal(claims.exp, Date.UTC(2026, 0, 1) / 1000 + 3600)
})

test('scopes, roles, lifetime and single claims can be chosen', async () => {
  const emulator = createEmulator()
  const other = createPermissionScope(SEED.clientId, { value: 'other' })
  entrance(emulator).api.oauth2PermissionScopes.push(other)
  const claims = await issue(emulator, {
    user: SEED.bob,
    scopes: ['other'],
    roles: ['Expenses.Auditor'],
    expiresIn: -60,
    claims: { aud: 'api://elsewhere', tid: null, extra: { a: 1 } },
  })
  assert.equal(claims.scp, 'other')
  assert.deepEqual(claims.roles, ['Expenses.Auditor'])
  assert.ok(Number(claims.exp) < Date.now() / 1000)
  assert.equal(claims.aud, 'api://elsewhere')
  assert.equal('tid' in claims, false)
  assert.deepEqual(claims.extra, { a: 1 })
  await assert.rejects(
    jwtVerify(await emulator.issueToken({ expiresIn: -60 }), await keysOf(emulator)),
    { code: 'ERR_JWT_EXPIRED' },
  )
})

test('a client can have a token of its own', async () => {
  const claims = await issue(createEmulator(), { user: null, roles: ['Expenses.Auditor'] })
  assert.equal(claims.scp, undefined)
  assert.equal(claims.sub, claims.oid)
  assert.equal(claims.azp, SEED.clientId)
  assert.deepEqual(claims.roles, ['Expenses.Auditor'])
})

test('the version is what the API’s registration asks for', async () => {
  const emulator = createEmulator()
  entrance(emulator).api.requestedAccessTokenVersion = null
  const claims = await issue(emulator, { resource: `api://${SEED.clientId}`, client: 'Entrance' })
  assert.equal(claims.ver, '1.0')
  assert.equal(claims.iss, `https://sts.windows.net/${SEED.tenantId}/`)
})

test('what is not in the directory is refused by name, with what is', async () => {
  const emulator = createEmulator()
  for (const [request, message] of [
    [{ user: 'eve' }, /no user eve\. There are alice@entrance\.example, bob@/],
    [{ client: 'x' }, /no client x\. There are Entrance/],
    [{ resource: 'x' }, /no resource x\. There are Entrance/],
    [{ scopes: ['admin'] }, /Entrance has no scope admin\. There are mcp-access\./],
    [{ expiresIn: 1.5 }, /expiresIn has to be a whole number/],
    [{ scopes: 'mcp-access' }, /scopes has to be a list of texts/],
    [{ claims: [] }, /claims has to be an object/],
    [{ scope: 'mcp-access' }, /There is no scope\. There are user, client/],
  ] as const) {
    await assert.rejects(emulator.issueToken(request as never), { name: 'TypeError', message })
  }
})

test('after a rotation a key signs that was published before, and the former still verifies', async () => {
  const emulator = createEmulator()
  const before = await emulator.issueToken()
  const published = await keysOf(emulator)
  const kids = await emulator.rotateKeys()
  const after = await emulator.issueToken()
  const [kidBefore, kidAfter] = [before, after].map(kidOf)
  const [, next] = kids
  assert.deepEqual(kids, [kidAfter, next, kidBefore])
  await jwtVerify(after, published)
  for (const token of [before, after]) await jwtVerify(token, await keysOf(emulator))
  await emulator.rotateKeys()
  await assert.rejects(jwtVerify(before, await keysOf(emulator)), {
    code: 'ERR_JWKS_NO_MATCHING_KEY',
  })
})

test('reset takes back what was changed, and leaves the keys', async () => {
  const emulator = createEmulator({ now: () => Date.UTC(2026, 0, 1) })
  const before = structuredClone(emulator.directory)
  const token = await emulator.issueToken()
  const [application] = emulator.directory.applications
  application?.web.redirectUris.push('https://elsewhere.example/')
  emulator.directory.users.length = 0
  emulator.clock.advance(60)
  emulator.faults.add({ action: { status: 500 } })
  await emulator.fetch(new Request(emulator.origin))
  emulator.reset()
  assert.deepEqual(emulator.directory, before)
  assert.equal(emulator.clock.now(), Date.UTC(2026, 0, 1))
  assert.deepEqual([emulator.faults.list(), emulator.seen], [[], []])
  assert.equal(kidOf(await emulator.issueToken()), kidOf(token))
})

async function issue(emulator: Emulator, request?: TokenRequest) {
  return decodeJwt(await emulator.issueToken(request))
}

function kidOf(token: string): string {
  return JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).kid
}

async function keysOf(emulator: Emulator) {
  const url = `${emulator.origin}/common/discovery/v2.0/keys`
  const answer = await emulator.fetch(new Request(url))
  return createLocalJWKSet((await answer.json()) as JSONWebKeySet)
}
