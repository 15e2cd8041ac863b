import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { entrance } from '../cli/client/command.ts'
import { createBrowser } from '../support/browser.ts'
import {
  codeOf,
  createOAuthClient,
  json,
  type OAuthClient,
  type SignedIn,
  signIn,
  type TokenResponse,
} from '../support/oauth-client.ts'
import { type RunningServe, type StartServeOptions, startServe } from '../support/serve.ts'
import { addExpense, getExpenses } from './expenses.ts'

const OTHER_ENTRA = {
  AZURE_TENANT_ID: '6f0e7a3c-7a0d-4b57-9d57-0f1f3f0c9a11',
  ENTRA_PROXY_AZURE_CLIENT_ID: '0d9d0c55-3a5f-4b6e-8f3f-7f6f3f1b2c22',
  ENTRA_PROXY_AZURE_CLIENT_SECRET: 'a secret of the other registration',
}

test('after a restart registration, tokens and expenses are as they were', async (t) => {
  const folder = newFolder(t)
  const first = await start(t, { folder })
  const { client, client_id, tokens } = await signIn(first.url)
  await addExpense(client, tokens.access_token, 'before the restart')
  assert.equal(await first.stop(), 0)

  const second = await start(t, again(first))
  assert.equal(second.url, first.url)
  assert.deepEqual(await descriptions(client, tokens.access_token), ['before the restart'])
  await checkRefresh({ client, client_id, tokens })
  const anew = await signInAgain(second, client_id)
  assert.deepEqual(await descriptions(client, anew.access_token), ['before the restart'])
})

test('a sign-in under way survives a restart', async (t) => {
  const folder = newFolder(t)
  const first = await start(t, { folder })
  const client = createOAuthClient(first.url)
  const { client_id } = await json<{ client_id: string }>(await client.register())
  const authorization = client.authorization(client_id)
  const until = authorization.redirect_uri
  const browser = createBrowser()
  const consent = await browser.open(authorization.url)
  await first.stop('SIGKILL')

  const second = await start(t, again(first))
  const accounts = await browser.press(consent, 'Allow Access')
  await second.stop('SIGKILL')

  const third = await start(t, again(first))
  let page = await browser.press(accounts, /^Alice/, { until })
  if (!page.url.href.startsWith(until)) page = await browser.press(page, 'Accept', { until })
  const code = codeOf(page)
  await third.stop('SIGKILL')

  await start(t, again(first))
  await json(await client.exchange(authorization, code))
})

test('the data folder is deleted and the key kept: the registration still works', async (t) => {
  const folder = newFolder(t)
  const env = { ENTRANCE_SECRET: randomBytes(32).toString('base64url') }
  const first = await start(t, { folder, env })
  const { client, client_id, tokens } = await signIn(first.url)
  await first.stop()
  rmSync(join(folder, '.entrance'), { recursive: true })

  const second = await start(t, again(first, { env }))
  const lost = await client.refresh(client_id, tokens.refresh_token)
  assert.equal(lost.status, 400)
  assert.equal(await errorOf(lost), 'invalid_grant')
  const { access_token } = await signInAgain(second, client_id)
  assert.deepEqual(await getExpenses(client, access_token), [])
})

test('rotated keys cut nobody off: the former make nothing more and go on being good', async (t) => {
  const folder = newFolder(t)
  const first = await start(t, { folder })
  const { client, client_id, tokens } = await signIn(first.url)
  await first.stop()
  const rotated = await entrance(['keys', 'rotate', '--in', '0', '--json'], { cwd: folder })
  const ids: string[] = JSON.parse(rotated.stdout).keys.map(({ id }: { id: string }) => id)
  assert.equal(ids.length, 2)

  const second = await start(t, again(first))
  assert.deepEqual(await getExpenses(client, tokens.access_token), [])
  const refreshed = await checkRefresh({ client, client_id, tokens })
  const anew = await signInAgain(second, client_id)
  const jwks = await json<{ keys: { kid: string }[] }>(
    await fetch(`${second.url}/.well-known/jwks.json`),
  )
  const kids = jwks.keys.map(({ kid }) => kid)
  assert.deepEqual(
    kids.map((kid) => kid.split('.')[0]),
    ids,
  )
  const [current, former] = kids
  assert.equal(kidOf(tokens.access_token), former)
  assert.equal(kidOf(refreshed.access_token), current)
  assert.equal(kidOf(anew.access_token), current)
})

test('what the emulator vouched for is refused once another Entra ID is configured', async (t) => {
  const folder = newFolder(t)
  const first = await start(t, { folder })
  const { client, client_id, authorization, tokens, code } = await signIn(first.url)
  await first.stop()

  const second = await start(t, again(first, { env: OTHER_ENTRA, args: [] }))
  const refused = await client.mcp(tokens.access_token, { method: 'tools/list' })
  assert.equal(refused.status, 401)
  const text = 'The access token was issued for another Entra ID configuration of this server.'
  assert.ok(refused.headers.get('www-authenticate')?.includes(`error="invalid_token"`))
  assert.ok(refused.headers.get('www-authenticate')?.includes(text))

  const refresh = await client.refresh(client_id, tokens.refresh_token)
  assert.equal(refresh.status, 400)
  assert.deepEqual(await refresh.json(), {
    error: 'invalid_grant',
    error_description:
      'The refresh token is from another Entra ID configuration of this server. Sign in again.',
  })
  const exchange = await client.exchange(authorization, code)
  assert.equal(await errorOf(exchange), 'invalid_grant')

  // The registration is not Entra's: the client need not ask for another.
  const page = await createBrowser().open(client.authorization(client_id).url)
  assert.match(page.text, /Application Access Request/)
  await second.stop()

  await start(t, again(first))
  assert.deepEqual(await getExpenses(client, tokens.access_token), [], 'good again')
  await checkRefresh({ client, client_id, tokens })
})

test('every call answered before a SIGKILL is there after the restart', async (t) => {
  const folder = newFolder(t)
  let server = await start(t, { folder })
  const { client, tokens } = await signIn(server.url)
  const answered = new Set<string>()
  for (const answersBeforeKill of [1, 100, 300]) {
    let answers = 0
    const killed = Promise.withResolvers<unknown>()
    const addUntilRefused = async () => {
      while (true) {
        const id = await addExpense(client, tokens.access_token).catch(() => undefined)
        if (!id) return
        answered.add(id)
        if (++answers === answersBeforeKill) killed.resolve(server.stop('SIGKILL'))
      }
    }
    await Promise.all(Array.from({ length: 200 }, addUntilRefused))
    assert.ok(answers >= answersBeforeKill, 'calls failed before the kill')
    assert.equal(await killed.promise, null)

    server = await start(t, again(server))
    const kept = await getExpenses(client, tokens.access_token)
    const lost = [...answered].filter((id) => !kept.some((expense) => expense.id === id))
    assert.deepEqual(lost, [], `of ${answered.size} answered`)
  }
  await server.stop()
})

/** Starts the command; whatever comes of the test, it does not stay behind. */
async function start(t: TestContext, options: StartServeOptions): Promise<RunningServe> {
  const server = await startServe(options)
  t.after(() => server.stop('SIGKILL'))
  return server
}

function newFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'entrance-restart-'))
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
  return folder
}

/** The same server once more: same folder, same addresses. */
function again(
  { folder, port, signInWith }: RunningServe,
  options: StartServeOptions = {},
): StartServeOptions {
  const ports = { PORT: String(port), EMULATOR_PORT: URL.parse(signInWith)?.port ?? '0' }
  return { ...options, folder, env: { ...ports, ...options.env } }
}

/** A new sign-in by a client that registered long ago. */
async function signInAgain({ url }: RunningServe, client_id: string): Promise<TokenResponse> {
  const client = createOAuthClient(url)
  const authorization = client.authorization(client_id)
  const until = authorization.redirect_uri
  const page = await createBrowser().signIn(authorization.url, { until })
  return json<TokenResponse>(await client.exchange(authorization, codeOf(page)))
}

async function checkRefresh(
  signedIn: Pick<SignedIn, 'client' | 'client_id' | 'tokens'>,
): Promise<TokenResponse> {
  const { client, client_id, tokens } = signedIn
  const response = await client.refresh(client_id, tokens.refresh_token)
  const refreshed = await json<TokenResponse>(response)
  await getExpenses(client, refreshed.access_token)
  return refreshed
}

async function descriptions(client: OAuthClient, token: string): Promise<string[]> {
  return (await getExpenses(client, token)).map(({ description }) => description)
}

async function errorOf(response: Response): Promise<string> {
  return ((await response.json()) as { error: string }).error
}

function kidOf(token: string): string {
  return JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).kid
}
