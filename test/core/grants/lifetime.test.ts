import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { createEntrance, type EntranceOptions } from '../../../src/index.ts'
import { sqliteStore } from '../../../src/stores/sqlite.ts'
import { assertRefused, formRequest, stopClock } from '../../attacks/support.ts'
import { json, signIn, type TokenResponse } from '../../support/oauth-client.ts'
import { startEntrance } from '../../support/start.ts'

const HOUR = 3600
const DAY = 24 * HOUR
/** Entra's clock goes with ours. */
const emulator = { now: () => Date.now() }

const ENDED = 'The refresh token is unknown or has expired. Sign in again.'

suite('how long a grant lives', () => {
  test('30 days after the last refresh by default, to the second', async () => {
    await using server = await startEntrance({ emulator })
    using clock = stopClock()
    const { client, client_id, tokens } = await signIn(server.url)
    clock.forward(30 * DAY - 1)
    const renewed = await json<TokenResponse>(await client.refresh(client_id, tokens.refresh_token))
    clock.forward(30 * DAY)
    const refused = await client.refresh(client_id, renewed.refresh_token)
    await assertRefused(refused, 400, 'invalid_grant', ENDED)
  })

  test('180 days by default, however often it is refreshed', async () => {
    await using server = await startEntrance({ emulator })
    using clock = stopClock()
    const signedIn = await signIn(server.url)
    const { client, client_id } = signedIn
    let { tokens } = signedIn
    for (let day = 20; day < 180; day += 20) {
      clock.forward(20 * DAY)
      tokens = await json<TokenResponse>(await client.refresh(client_id, tokens.refresh_token))
    }
    clock.forward(20 * DAY - 1)
    tokens = await json<TokenResponse>(await client.refresh(client_id, tokens.refresh_token))
    clock.forward(1)
    const refused = await client.refresh(client_id, tokens.refresh_token)
    await assertRefused(refused, 400, 'invalid_grant', ENDED)
  })

  test('as long as the operator says, for the grants that there are, too', async () => {
    await using server = await startEntrance({
      entrance: { grantIdleTtl: DAY, grantMaxTtl: DAY },
      emulator,
    })
    using clock = stopClock()
    const { client, client_id, tokens } = await signIn(server.url)
    clock.forward(DAY)
    const refused = await client.refresh(client_id, tokens.refresh_token)
    await assertRefused(refused, 400, 'invalid_grant', ENDED)
  })
})

test('60 days with an hourly refresh, a restart each day and a key rotated each week need no new sign-in', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'entrance-lifetime-'))
  const path = join(folder, 'entrance.db')
  const newKey = () => randomBytes(32).toString('base64url')
  let secret = [newKey()]
  await using server = await startEntrance({
    entrance: { secret, store: sqliteStore(path) },
    emulator,
  })
  using clock = stopClock()
  const signedIn = await signIn(server.url)
  const { tenantId, application, origin: authority } = server.emulator
  const start = () => {
    const entra = { tenantId, ...application, authority }
    const options: EntranceOptions = { url: server.url, secret, store: sqliteStore(path), entra }
    return createEntrance(options)
  }
  let { tokens } = signedIn
  const seen = new Set([tokens.refresh_token])
  for (let day = 0; day < 60; day++) {
    if (day % 7 === 6) secret = [newKey(), ...secret]
    const entrance = start()
    for (let hour = 0; hour < 24; hour++) {
      clock.forward(HOUR)
      const { client_id } = signedIn
      const { refresh_token } = tokens
      const form = { grant_type: 'refresh_token', client_id, refresh_token }
      const answer = await entrance.fetch(formRequest(`${server.url}/token`, form))
      tokens = await json<TokenResponse>(answer)
      seen.add(tokens.refresh_token)
    }
    const authorization = `Bearer ${tokens.access_token}`
    const { host } = new URL(server.url)
    assert.equal(entrance.authenticate({ authorization, host }).isAllowed, true, `day ${day}`)
    await entrance.close()
  }
  // Never twice the same one.
  assert.equal(seen.size, 60 * 24 + 1)
  await server.stop()
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
})
