import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryStore } from '../../src/stores/memory.ts'
import { signIn } from '../support/oauth-client.ts'
import { startEntrance } from '../support/start.ts'
import { assertRefused } from './support.ts'

test('a grant that is revoked by its rule alone, its record being older, renews nothing', async () => {
  const store = memoryStore()
  await using server = await startEntrance({ entrance: { store } })
  const { client, client_id, tokens } = await signIn(server.url)
  const { records } = await store.page({ prefix: 'grant:', limit: 10 })
  const id = records[0]?.key.slice('grant:'.length) ?? ''
  const now = Math.floor(Date.now() / 1000)
  await store.revoke({ kind: 'grant', id, issuedUntil: now, expiresAt: now + 86_400 })
  const ping = () => client.mcp(tokens.access_token, { method: 'ping' })
  for (const deadline = Date.now() + 10_000; (await ping()).status !== 401; ) {
    assert.ok(Date.now() < deadline, 'still let in')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  const refused = await client.refresh(client_id, tokens.refresh_token)
  await assertRefused(refused, 400, 'invalid_grant', 'The sign-in has been revoked. Sign in again.')
})
