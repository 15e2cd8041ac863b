import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createEmulator } from '../../src/emulator/emulator.ts'
import { account, assertRefused, entrance, redeem } from './support.ts'

test('no password gives a token: a right one is not enough (AADSTS50076), others are 50126 and 50034', async () => {
  const emulator = createEmulator()
  const alice = account(emulator, 'Alice')
  alice.password = 'a password'
  const ask = (changes: Record<string, string | null>, tenant = emulator.tenantId) => {
    const username = alice.userPrincipalName
    const form = { grant_type: 'password', username, password: 'a password', ...changes }
    return redeem(emulator, form, { tenant })
  }
  const right = await ask({})
  assertRefused(right, 50076, 'interaction_required')
  assert.equal(right.body.suberror, 'basic_action')
  assertRefused(await ask({ password: 'wrong' }), 50126, 'invalid_grant')
  assertRefused(await ask({ username: 'nobody@entrance.example' }), 50034, 'invalid_grant')
  assertRefused(await ask({ client_secret: 'wrong' }), 7000215, 'invalid_client')
  assertRefused(await ask({ password: null }), 900144, 'invalid_request')
  alice.password = null
  assertRefused(await ask({ password: 'anything' }), 50126, 'invalid_grant')
  entrance(emulator).signInAudience = 'AzureADandPersonalMicrosoftAccount'
  assertRefused(await ask({}, 'common'), 9001023, 'invalid_request')
})
