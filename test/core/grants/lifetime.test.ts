import { suite, test } from 'node:test'
import { assertRefused, stopClock } from '../../attacks/support.ts'
import { json, signIn, type TokenResponse } from '../../support/oauth-client.ts'
import { startEntrance } from '../../support/start.ts'

const DAY = 24 * 3600
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
