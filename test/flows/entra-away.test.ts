import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type RunningEmulator, startEmulator } from '../../src/emulator/emulator.ts'
import { createBrowser } from '../support/browser.ts'
import {
  codeOf,
  createOAuthClient,
  json,
  type SignedIn,
  signIn,
  type TokenResponse,
} from '../support/oauth-client.ts'
import { type RunningEntrance, startEntrance } from '../support/start.ts'
import { addExpense, getExpenses } from './expenses.ts'

test('without Entra, people who are signed in go on', async (t) => {
  const { entra, server } = await start(t)
  const { client, tokens } = await signIn(server.url)
  await entra.goAway()
  await addExpense(client, tokens.access_token, 'while Entra was away')
  const [expense] = await getExpenses(client, tokens.access_token)
  assert.equal(expense?.description, 'while Entra was away')
  assert.equal((await client.mcp(undefined, { method: 'tools/list' })).status, 401)
  assert.equal((await fetch(`${server.url}/health`)).status, 200)
  await json(await client.register())
})

test('without Entra, Allow gets a page that says so, and goes on once Entra is back', async (t) => {
  const { entra, server } = await start(t)
  const client = createOAuthClient(server.url)
  const { client_id } = await json<{ client_id: string }>(await client.register())
  const authorization = client.authorization(client_id)
  const until = authorization.redirect_uri
  const browser = createBrowser()
  await entra.goAway()

  const consent = await browser.open(authorization.url)
  assert.match(consent.text, /Application Access Request/)
  const away = await browser.press(consent, 'Allow Access')
  assert.equal(away.status, 503)
  assert.equal(away.headers.get('retry-after'), '10')
  assert.match(away.text, /Microsoft Entra ID is not answering/)
  assert.ok(away.text.includes(`Entra ID at ${entra.origin} is not answering`), away.text)
  assert.match(away.text, /Try again/)
  // Nothing that could be replayed has been made.
  assert.deepEqual(away.headers.getSetCookie(), [])
  const line = server.logs.find(({ event }) => event === 'entra.unreachable')
  assert.equal(line?.level, 'error')
  assert.ok(line?.transaction)

  await entra.comeBack()
  const page = await browser.signIn(linkOf(away.html, away.url), { until })
  assert.equal(page.url.searchParams.get('state'), authorization.state)
  await json(await client.exchange(authorization, codeOf(page)))
})

test('without Entra, a refresh is 503, and its token works once Entra is back', async (t) => {
  const { entra, server } = await start(t)
  const { client, client_id, tokens } = await signIn(server.url)
  await entra.goAway()
  for (let attempt = 1; attempt <= 3; attempt++) {
    const refused = await client.refresh(client_id, tokens.refresh_token)
    assert.equal(refused.status, 503)
    assert.equal(refused.headers.get('retry-after'), '10')
    const { error } = (await refused.json()) as { error: string }
    assert.equal(error, 'temporarily_unavailable')
  }
  await entra.comeBack()
  await checkRefresh({ client, client_id, tokens })
})

test('without Entra, refreshes at once are all 503, and none of them is lost', async (t) => {
  const { entra, server } = await start(t)
  const { client, client_id, tokens } = await signIn(server.url)
  await entra.goAway()
  const attempts = Array.from({ length: 5 }, () => client.refresh(client_id, tokens.refresh_token))
  const statuses = (await Promise.all(attempts)).map(({ status }) => status)
  assert.deepEqual(statuses, [503, 503, 503, 503, 503])
  await entra.comeBack()
  await checkRefresh({ client, client_id, tokens })
})

test('without Entra’s token endpoint, the callback is a page to reload until it is back', async (t) => {
  const { entra, server } = await start(t)
  const client = createOAuthClient(server.url)
  const { client_id } = await json<{ client_id: string }>(await client.register())
  const authorization = client.authorization(client_id)
  const until = authorization.redirect_uri
  const browser = createBrowser()
  const callback = await browser.signIn(authorization.url, { until: `${server.url}/auth/callback` })
  await entra.goAway()

  const away = await browser.open(callback.url)
  assert.equal(away.status, 503)
  assert.equal(away.headers.get('retry-after'), '10')
  assert.match(away.text, /Entra's token endpoint is not answering/)
  assert.match(away.text, /Reload this page/)
  assert.equal((await browser.open(callback.url)).status, 503)

  await entra.comeBack()
  const page = await browser.open(callback.url, { until })
  await json(await client.exchange(authorization, codeOf(page)))
  const again = await browser.open(callback.url, { until })
  assert.equal(again.status, 403, 'a callback counts once')
})

test('without Entra, the way back to the application is open, with the reason', async (t) => {
  const { entra, server } = await start(t)
  const client = createOAuthClient(server.url)
  const { client_id } = await json<{ client_id: string }>(await client.register())
  const authorization = client.authorization(client_id)
  const until = authorization.redirect_uri
  const browser = createBrowser()
  const callback = await browser.signIn(authorization.url, { until: `${server.url}/auth/callback` })
  await entra.goAway()
  const away = await browser.open(callback.url)
  const { searchParams } = (await browser.open(linkOf(away.html, away.url), { until })).url
  assert.equal(searchParams.get('error'), 'temporarily_unavailable')
  assert.equal(searchParams.get('state'), authorization.state)
  assert.equal(searchParams.get('iss'), server.url)
})

type Entra = {
  readonly origin: string
  goAway(): Promise<void>
  /** On the same port, with the keys and sign-ins that it had. */
  comeBack(): Promise<void>
}

async function start(t: TestContext): Promise<{ entra: Entra; server: RunningEntrance }> {
  const folder = mkdtempSync(join(tmpdir(), 'entrance-away-'))
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
  const dataFile = join(folder, 'emulator.json')
  let emulator: RunningEmulator = await startEmulator({ port: 0, dataFile })
  t.after(() => emulator.close())
  const { port, origin } = emulator
  const server = await startEntrance({ emulator })
  t.after(() => server.stop())
  const comeBack = async () => {
    emulator = await startEmulator({ port, dataFile })
  }
  return { server, entra: { origin, goAway: () => emulator.close(), comeBack } }
}

async function checkRefresh({
  client,
  client_id,
  tokens,
}: Pick<SignedIn, 'client' | 'client_id' | 'tokens'>): Promise<void> {
  const response = await client.refresh(client_id, tokens.refresh_token)
  const { access_token } = await json<TokenResponse>(response)
  await getExpenses(client, access_token)
}

/** Where the one link of an error page leads. */
function linkOf(html: string, base: URL): URL {
  const href = /<a [^>]*href="([^"]*)"/.exec(html)?.[1]
  assert.ok(href, html)
  return new URL(href.replaceAll('&amp;', '&').replaceAll('&#39;', "'"), base)
}
