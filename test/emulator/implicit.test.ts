import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose'
import {
  createEmulator,
  createGroup,
  type Emulator,
  type EmulatorOptions,
  SEED,
} from '../../src/emulator/emulator.ts'
import {
  assertErrorRedirect,
  authorizeUrl,
  CALLBACK,
  entrance,
  openBrowser,
  redeem,
  signIn,
} from './support.ts'

test('id_token alone goes behind #, signed, with the nonce', async () => {
  const emulator = withImplicitGrant()
  const answer = await answerOf(emulator, { response_type: 'id_token' })
  assert.deepEqual([...answer.keys()], ['id_token', 'session_state', 'state'])
  const { payload } = await verify(emulator, answer.get('id_token'))
  assert.equal(payload.nonce, 'the-nonce')
  assert.equal(payload.aud, SEED.clientId)
  assert.equal(payload.c_hash, undefined)
})

test('code id_token binds the code by c_hash, and the code is redeemed as ever', async () => {
  const emulator = withImplicitGrant()
  const answer = await answerOf(emulator, { response_type: 'code id_token' })
  const code = answer.get('code') ?? ''
  const { payload } = await verify(emulator, answer.get('id_token'))
  assert.equal(payload.c_hash, halfHash(code))
  assert.equal((await redeem(emulator, { code })).status, 200)
})

test('id_token token brings an access token too, bound by at_hash', async () => {
  const emulator = withImplicitGrant()
  const answer = await answerOf(emulator, { response_type: 'id_token token' })
  const token = answer.get('access_token') ?? ''
  const { payload } = await verify(emulator, answer.get('id_token'))
  assert.equal(payload.at_hash, halfHash(token))
  assert.equal(answer.get('token_type'), 'Bearer')
  const access = await verify(emulator, token)
  assert.equal(access.payload.scp, 'mcp-access')
  assert.equal(access.payload.azpacr, '0')
  const several = `api://${SEED.clientId}/mcp-access User.Read`
  const changes = { response_type: 'id_token token', scope: several }
  assertErrorRedirect(await signIn(emulator, { changes }), 700022, 'invalid_request')
})

test('form_post takes tokens too', async () => {
  const emulator = withImplicitGrant()
  const browser = openBrowser(emulator)
  await signIn(emulator, { browser })
  const changes = { response_type: 'id_token', response_mode: 'form_post' }
  const page = await browser.get(authorizeUrl(emulator, changes))
  assert.match(page.text, new RegExp(`<form method="post" action="${CALLBACK}">`))
  assert.match(page.text, /name="id_token" value="ey/)
})

for (const [title, changes, code, error] of [
  ['without a nonce', { nonce: null }, 900144, 'invalid_request'],
  ['in a query', { response_mode: 'query' }, 70007, 'unsupported_response_mode'],
] as const) {
  test(`an id_token ${title} is AADSTS${code}, told behind #`, async () => {
    const emulator = withImplicitGrant()
    const url = authorizeUrl(emulator, { response_type: 'id_token', ...changes })
    const { location } = await openBrowser(emulator).get(url)
    assert.equal(location?.search, '')
    assertErrorRedirect(location, code, error)
  })
}

test('each switch of the registration is for its own kind of token', async () => {
  const emulator = withImplicitGrant()
  const settings = entrance(emulator).web.implicitGrantSettings
  const ask = async (response_type: string) =>
    (await openBrowser(emulator).get(authorizeUrl(emulator, { response_type }))).location
  settings.enableAccessTokenIssuance = false
  assertErrorRedirect(await ask('id_token token'), 70005, 'unsupported_response_type')
  settings.enableIdTokenIssuance = false
  assertErrorRedirect(await ask('code id_token'), 700054, 'unsupported_response_type')
})

test('more than six groups do not go through an address line', async () => {
  const emulator = withImplicitGrant()
  entrance(emulator).groupMembershipClaims = 'SecurityGroup'
  const add = (i: number) =>
    emulator.directory.groups.push(
      createGroup({ tenantId: SEED.tenantId, displayName: `${i}`, members: [SEED.alice] }),
    )
  for (let i = 0; i < 6; i++) add(i)
  const claims = async () => {
    const answer = await answerOf(emulator, { response_type: 'id_token' })
    return (await verify(emulator, answer.get('id_token'))).payload
  }
  assert.equal(((await claims()).groups as string[]).length, 6)
  add(6)
  const { groups, hasgroups } = await claims()
  assert.equal(groups, undefined)
  assert.equal(hasgroups, true)
})

function withImplicitGrant(options: EmulatorOptions = {}): Emulator {
  const emulator = createEmulator(options)
  entrance(emulator).web.implicitGrantSettings = {
    enableIdTokenIssuance: true,
    enableAccessTokenIssuance: true,
  }
  return emulator
}

async function answerOf(
  emulator: Emulator,
  changes: Record<string, string>,
): Promise<URLSearchParams> {
  const location = await signIn(emulator, { changes })
  assert.equal(location.search, '')
  return new URLSearchParams(location.hash.slice(1))
}

async function verify(emulator: Emulator, token: string | null) {
  const url = `${emulator.origin}/${emulator.tenantId}/discovery/v2.0/keys`
  const keys = (await (await emulator.fetch(new Request(url))).json()) as JSONWebKeySet
  return jwtVerify(token ?? '', createLocalJWKSet(keys))
}

function halfHash(value: string): string {
  return createHash('sha256').update(value).digest().subarray(0, 16).toString('base64url')
}
