import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  createApplication,
  createEmulator,
  createServicePrincipal,
  type Emulator,
} from '../../src/emulator/emulator.ts'
import { account, assertRefused, entrance, getCode, redeem, refresh } from './support.ts'

const DAY = 24 * 60 * 60 * 1000

test('garbage is invalid_grant with suberror bad_token, AADSTS9002313', async () => {
  const emulator = createEmulator()
  const answer = await refresh(emulator, 'garbage')
  assertRefused(answer, 9002313, 'invalid_grant')
  assert.equal(answer.body.suberror, 'bad_token')
  const code = await getCode(emulator)
  assertRefused(await refresh(emulator, code), 9002313, 'invalid_grant')
  assertRefused(await refresh(emulator, '', {}), 900144, 'invalid_request')
})

test('a disabled account is AADSTS50057, a deleted one AADSTS50034', async () => {
  const emulator = createEmulator()
  const token = await getRefreshToken(emulator)
  const alice = account(emulator, 'Alice')
  alice.accountEnabled = false
  assertRefused(await refresh(emulator, token), 50057, 'invalid_grant')
  alice.accountEnabled = true
  assert.equal((await refresh(emulator, token)).status, 200)
  emulator.directory.users = emulator.directory.users.filter((user) => user !== alice)
  assertRefused(await refresh(emulator, token), 50034, 'invalid_grant')
})

test('sessions revoked after the token was issued are AADSTS50173', async () => {
  let now = Date.UTC(2026, 10, 22)
  const emulator = createEmulator({ now: () => now })
  const token = await getRefreshToken(emulator)
  now += 1000
  account(emulator, 'Alice').sessionsValidFrom = now
  const answer = await refresh(emulator, token)
  assertRefused(answer, 50173, 'invalid_grant')
  assert.match(String(answer.body.error_description), /issued on '2026-11-22 00:00:00Z'/)
  assert.equal((await refresh(emulator, await getRefreshToken(emulator))).status, 200)
})

test('ninety days without use are AADSTS700082, and each use begins them anew', async () => {
  let now = Date.UTC(2026, 10, 22)
  const emulator = createEmulator({ now: () => now })
  const token = await getRefreshToken(emulator)
  now += 89 * DAY
  const { body } = await refresh(emulator, token)
  now += DAY
  assertRefused(await refresh(emulator, token), 700082, 'invalid_grant')
  now += 88 * DAY
  assert.equal((await refresh(emulator, body.refresh_token)).status, 200)
})

test('a single-page app’s chain ends after 24 hours, whatever it was refreshed (AADSTS700084)', async () => {
  let now = Date.UTC(2026, 10, 22)
  const emulator = createEmulator({ now: () => now })
  const application = entrance(emulator)
  application.spa = application.web
  application.web = { ...application.web, redirectUris: [] }
  const request = { client_secret: null }
  const options = { headers: { origin: 'http://localhost:8000' } }
  const code = await getCode(emulator)
  const first = await redeem(emulator, { ...request, code }, options)
  now += DAY / 2
  const second = await refresh(emulator, first.body.refresh_token, request, options)
  assert.equal(second.status, 200)
  now += DAY / 2
  const third = await refresh(emulator, second.body.refresh_token, request, options)
  assertRefused(third, 700084, 'invalid_grant')
})

test('consent taken back is AADSTS65001, an assignment taken back AADSTS50105', async () => {
  const emulator = createEmulator()
  const token = await getRefreshToken(emulator)
  const [principal] = emulator.directory.servicePrincipals
  assert.ok(principal)
  principal.appRoleAssignmentRequired = true
  assertRefused(await refresh(emulator, token), 50105, 'invalid_grant')
  principal.appRoleAssignmentRequired = false
  emulator.directory.oauth2PermissionGrants = []
  const answer = await refresh(emulator, token)
  assertRefused(answer, 65001, 'invalid_grant')
  assert.equal(answer.body.suberror, 'consent_required')
})

test('another client’s refresh token is AADSTS70000, a wrong secret stays AADSTS7000215', async () => {
  const emulator = createEmulator()
  const token = await getRefreshToken(emulator)
  const { directory, tenantId } = emulator
  const { passwordCredentials } = entrance(emulator)
  const other = createApplication({ tenantId, displayName: 'Other', passwordCredentials })
  directory.applications.push(other)
  directory.servicePrincipals.push(createServicePrincipal({ appId: other.appId, tenantId }))
  const changes = { client_id: other.appId }
  assertRefused(await refresh(emulator, token, changes), 70000, 'invalid_grant')
  const wrong = { client_secret: 'wrong' }
  assertRefused(await refresh(emulator, token, wrong), 7000215, 'invalid_client')
})

async function getRefreshToken(emulator: Emulator): Promise<unknown> {
  const { body } = await redeem(emulator, { code: await getCode(emulator) })
  return body.refresh_token
}
