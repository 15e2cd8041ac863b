import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createDetour } from '../attacks/detour.ts'
import { createBrowser, type Page } from '../support/browser.ts'
import { codeOf, createOAuthClient, json } from '../support/oauth-client.ts'
import { startEntrance } from '../support/start.ts'

/** As many calls of Entra's token endpoint as may be under way. */
const CALLS = 64

test('while 64 sign-ins wait for Entra, one more is told to wait, and loses nothing by it', async () => {
  const detour = createDetour()
  await using server = await startEntrance({ entrance: { fetch: detour.fetch } })
  const client = createOAuthClient(server.url)
  const { client_id } = await json<{ client_id: string }>(await client.register())
  const people = await Promise.all(
    Array.from({ length: CALLS + 1 }, async () => {
      const authorization = client.authorization(client_id)
      const browser = createBrowser()
      const until = `${server.url}/auth/callback`
      const { url } = await browser.signIn(authorization.url, { until })
      const open = () => browser.open(url, { until: authorization.redirect_uri })
      return { authorization, open }
    }),
  )
  const last = people.pop()
  assert.ok(last)

  const arrived = Promise.withResolvers<void>()
  const goOn = Promise.withResolvers<void>()
  let waiting = 0
  detour.intercept = async ({ pathname }, go) => {
    if (!pathname.endsWith('/token')) return go()
    if (++waiting === CALLS) arrived.resolve()
    await goOn.promise
    return go()
  }
  const pages = Promise.all(people.map(({ open }) => open()))
  await arrived.promise
  for (let attempt = 1; attempt <= 2; attempt++) {
    const busy: Page = await last.open()
    assert.equal(busy.status, 503)
    assert.equal(busy.headers.get('retry-after'), '10')
    assert.match(busy.text, /waiting for Entra with 64 sign-ins at once/)
    assert.deepEqual(busy.headers.getSetCookie(), [])
  }
  assert.equal(waiting, CALLS)

  goOn.resolve()
  for (const page of await pages) assert.ok(codeOf(page))
  await json(await client.exchange(last.authorization, codeOf(await last.open())))
})
