import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { createBrowser } from '../support/browser.ts'
import { createOAuthClient, json, signIn } from '../support/oauth-client.ts'
import { startEntrance } from '../support/start.ts'

const entraAhead = (seconds: number) => ({ now: () => Date.now() + seconds * 1000 })

suite('a clock that is not Entra’s', () => {
  for (const [title, seconds] of [
    ['five minutes behind', 295],
    ['five minutes ahead', -295],
  ] as const) {
    test(`may be ${title}: people sign in and refresh`, async () => {
      await using server = await startEntrance({ emulator: entraAhead(seconds) })
      const { client, client_id, tokens } = await signIn(server.url)
      await json(await client.refresh(client_id, tokens.refresh_token))
      const listed = await client.mcp(tokens.access_token, { method: 'tools/list' })
      assert.equal(listed.status, 200)
    })
  }

  test('may not be more than that: the page and the log say that it is the clock', async () => {
    await using server = await startEntrance({ emulator: entraAhead(1000) })
    const client = createOAuthClient(server.url)
    const { client_id } = await json<{ client_id: string }>(await client.register())
    const authorization = client.authorization(client_id)
    const browser = createBrowser()
    const page = await browser.signIn(authorization.url, { until: authorization.redirect_uri })
    assert.match(page.text, /clock of this server/)
    assert.ok(server.logs.some(({ message }) => /clock of this server/.test(message)))
  })

  test('and costs nobody a sign-in that they have: a refresh is 503 until it is right', async () => {
    let ahead = 0
    const emulator = { now: () => Date.now() + ahead * 1000 }
    await using server = await startEntrance({ emulator })
    const { client, client_id, tokens } = await signIn(server.url)
    ahead = 1000
    const refused = await client.refresh(client_id, tokens.refresh_token)
    assert.equal(refused.status, 503)
    assert.ok(Number(refused.headers.get('retry-after')) > 0)
    ahead = 0
    await json(await client.refresh(client_id, tokens.refresh_token))
  })
})
