import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createEmulator, SEED } from '../../src/emulator/emulator.ts'
import { assertRefused, getCode, redeem, refresh } from './support.ts'

const POLICY = 'b2c7a0f4-7f1c-4f0f-9d3c-5f2b8d1e9a10'

test('a policy put in force after the sign-in is AADSTS50076 with claims that name it', async () => {
  let now = Date.UTC(2026, 10, 22)
  const emulator = createEmulator({ now: () => now })
  const { body } = await redeem(emulator, { code: await getCode(emulator) })
  now += 5000
  const policy = {
    id: POLICY,
    displayName: 'Require multi-factor authentication',
    state: 'enabled' as 'enabled' | 'disabled',
    conditions: { applications: { includeApplications: [SEED.clientId as string] } },
    modifiedDateTime: new Date(now).toISOString(),
  }
  emulator.directory.conditionalAccessPolicies.push(policy)
  const refused = await refresh(emulator, body.refresh_token)
  assertRefused(refused, 50076, 'interaction_required')
  assert.equal(refused.body.suberror, 'basic_action')
  assert.deepEqual(JSON.parse(String(refused.body.claims)), {
    access_token: { capolids: { essential: true, values: [POLICY] } },
  })
  policy.state = 'disabled'
  assert.equal((await refresh(emulator, body.refresh_token)).status, 200)
  policy.state = 'enabled'
  policy.conditions.applications.includeApplications = ['another']
  assert.equal((await refresh(emulator, body.refresh_token)).status, 200)
})
