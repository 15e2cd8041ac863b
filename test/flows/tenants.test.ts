import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { decodeJwt } from 'jose'
import {
  CONSUMERS_TENANT_ID,
  createTenant,
  createUser,
  type RunningEmulator,
  SEED,
  startEmulator,
} from '../../src/emulator/emulator.ts'
import type { EntranceOptions } from '../../src/index.ts'
import { json, signIn, type TokenResponse } from '../support/oauth-client.ts'
import { startEntrance } from '../support/start.ts'

const FABRIKAM = '0e4d8e67-3c5a-4d3f-9b51-5c0a5f7b6a01'

/** Entra with two organisations and a personal account, and a registration for all of them. */
async function startEntra(t: TestContext): Promise<RunningEmulator> {
  const emulator = await startEmulator({ port: 0 })
  t.after(() => emulator.close())
  const { directory } = emulator
  directory.tenants.push(
    createTenant({ id: FABRIKAM, displayName: 'Fabrikam', domains: ['fabrikam.example'] }),
  )
  for (const [displayName, tenantId, domain] of [
    ['Fatima', FABRIKAM, 'fabrikam.example'],
    ['Dana', CONSUMERS_TENANT_ID, 'outlook.example'],
  ] as const) {
    const userPrincipalName = `${displayName.toLowerCase()}@${domain}`
    directory.users.push(createUser({ tenantId, displayName, userPrincipalName }))
  }
  const [application] = directory.applications
  if (application) application.signInAudience = 'AzureADandPersonalMicrosoftAccount'
  return emulator
}

type Given = Pick<EntranceOptions, 'allow'> & { tenantId: string }

async function start(t: TestContext, emulator: RunningEmulator, { tenantId, allow }: Given) {
  const asked: URL[] = []
  const server = await startEntrance({
    emulator,
    entrance: {
      ...(allow && { allow }),
      entra: { tenantId },
      fetch: (input, init) => {
        asked.push(new URL(input instanceof Request ? input.url : input))
        return fetch(input, init)
      },
    },
  })
  t.after(() => server.stop())
  const tokenCalls = () =>
    asked.flatMap(({ pathname }) => (pathname.endsWith('/token') ? [pathname.split('/')[1]] : []))
  return { server, tokenCalls }
}

const TWO = { tenants: [SEED.tenantId, FABRIKAM] }

suite('a whole sign-in and a refresh', () => {
  const CASES: readonly (readonly [Given, account: string, tid: string, calls: string[]])[] = [
    [{ tenantId: SEED.tenantId }, 'Alice', SEED.tenantId, [SEED.tenantId, SEED.tenantId]],
    [{ tenantId: SEED.domain }, 'Alice', SEED.tenantId, [SEED.tenantId, SEED.tenantId]],
    [{ tenantId: 'Entrance.Example' }, 'Bob', SEED.tenantId, [SEED.tenantId, SEED.tenantId]],
    [
      { tenantId: 'organizations', allow: TWO },
      ...(['Alice', SEED.tenantId, ['organizations', SEED.tenantId]] as const),
    ],
    [
      { tenantId: 'organizations', allow: { tenants: 'any' } },
      ...(['Fatima', FABRIKAM, ['organizations', FABRIKAM]] as const),
    ],
    [
      { tenantId: 'common', allow: { tenants: [CONSUMERS_TENANT_ID, FABRIKAM] } },
      ...(['Fatima', FABRIKAM, ['common', FABRIKAM]] as const),
    ],
    [
      { tenantId: 'common', allow: { tenants: [CONSUMERS_TENANT_ID, FABRIKAM] } },
      ...(['Dana', CONSUMERS_TENANT_ID, ['common', CONSUMERS_TENANT_ID]] as const),
    ],
    [{ tenantId: 'consumers' }, 'Dana', CONSUMERS_TENANT_ID, ['consumers', 'consumers']],
  ].map((one) => one as unknown as readonly [Given, string, string, string[]])
  for (const [given, account, tid, calls] of CASES) {
    test(`of ${account} with ${given.tenantId} is in the tenant of the person`, async (t) => {
      const emulator = await startEntra(t)
      const { server, tokenCalls } = await start(t, emulator, given)
      const { client, client_id, tokens } = await signIn(server.url, { account })
      assert.equal(decodeJwt(tokens.access_token).tid, tid)
      const renewed = await json<TokenResponse>(
        await client.refresh(client_id, tokens.refresh_token),
      )
      assert.equal(decodeJwt(renewed.access_token).tid, tid)
      assert.equal((await client.mcp(renewed.access_token, { method: 'tools/list' })).status, 200)
      assert.deepEqual(tokenCalls(), calls)
    })
  }
})

test('an External ID tenant signs in under the issuer of its own host', async (t) => {
  const emulator = await startEntra(t)
  const [tenant] = emulator.directory.tenants
  if (tenant) tenant.kind = 'external'
  const { server } = await start(t, emulator, { tenantId: SEED.tenantId })
  const { client, client_id, tokens } = await signIn(server.url)
  await json(await client.refresh(client_id, tokens.refresh_token))
})

test('a domain that passes to another organisation brings nobody in, and renews nobody', async (t) => {
  const emulator = await startEntra(t)
  const { server } = await start(t, emulator, { tenantId: SEED.domain })
  const { client, client_id, tokens } = await signIn(server.url)
  const [former, other] = emulator.directory.tenants
  if (former) former.domains = []
  if (other) other.domains = [SEED.domain]
  t.mock.method(performance, 'now', () => 1e9)
  const refused = await client.refresh(client_id, tokens.refresh_token)
  assert.equal(refused.status, 503)
  const told = server.logs.find(({ event }) => event === 'refresh.refused-by-entra')
  assert.match(told?.message ?? '', /The domain entrance\.example stands for another tenant by now/)
  assert.match(told?.message ?? '', /Put the Directory \(tenant\) ID .* into AZURE_TENANT_ID/)
  // Until the store has been heard in this new time, it has been silent for long.
  const deadline = Date.now() + 10_000
  while ((await fetch(`${server.url}/auth/apps`)).status === 503) {
    assert.ok(Date.now() < deadline, 'the store has not been heard')
    await setImmediate()
  }
  await assert.rejects(signIn(server.url, { account: 'Fatima' }), /another tenant by now: 0e4d8e67/)
})
