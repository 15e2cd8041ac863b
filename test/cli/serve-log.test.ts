import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { createLog } from '../../src/cli/log.ts'
import { SEED } from '../../src/emulator/emulator.ts'
import { addExpense } from '../flows/expenses.ts'
import { createBrowser } from '../support/browser.ts'
import { codeOf, createOAuthClient, json, type TokenResponse } from '../support/oauth-client.ts'
import { startProcess } from './serve-process.ts'

const KEY = randomBytes(32).toString('base64url')

const STEPS = [
  'authorize.accepted',
  'consent.shown',
  'consent.allowed',
  'entra.signed-in',
  'token.issued',
  'token.issued',
]

test('with LOG_FORMAT=json each line is an event, and a transaction joins those of a sign-in', async (t) => {
  const server = await startProcess(t, { env: { LOG_FORMAT: 'json', ENTRANCE_SECRET: KEY } })
  const secrets = await signInWithEverything(server.url)
  assert.equal(await server.stop(), 0)

  const lines = server.written().trimEnd().split('\n')
  const events = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
  for (const { event, level, message, '@timestamp': time } of events) {
    assert.match(String(event), /^[a-z]+(\.[a-z-]+)+$/)
    assert.match(String(level), /^(DEBUG|INFO|WARN|ERROR)$/)
    assert.match(String(message), /\S/)
    assert.ok(Date.parse(String(time)) > 0)
  }
  const first = events.find(({ event }) => event === 'authorize.accepted')
  assert.match(String(first?.transaction), /^\w{8}$/)
  const own = events.filter(({ transaction }) => transaction === first?.transaction)
  assert.deepEqual(
    own.map(({ event }) => event),
    STEPS,
  )
  assert.equal(events.at(-1)?.event, 'server.stopping')
  checkSecrets(server.written(), secrets)
})

test('the text log has a line a step, and a person finds a sign-in by its transaction', async (t) => {
  const server = await startProcess(t, { env: { LOG_FORMAT: 'text', ENTRANCE_SECRET: KEY } })
  const secrets = await signInWithEverything(server.url)
  assert.equal(await server.stop(), 0)

  const [banner = '', log = ''] = server.written().split('Stop            Ctrl-C\n')
  assert.match(banner, /MCP endpoint {4}http:\/\/localhost:\d+\/mcp\n/)
  assert.match(
    banner,
    /Sign-in with {4}the Entra ID emulator at http:\/\/localhost:\d+: choose Alice/,
  )
  assert.match(banner, /Try it {10}entrance client login http:\/\/localhost:\d+\/mcp\n/)
  const lines = log.trim().split('\n')
  for (const line of lines) assert.match(line, /^\d\d:\d\d:\d\d (INF|WRN|ERR) (\w{8}|- {7}) \S/)
  const transaction = / (\w{8}) A client asks for a sign-in/.exec(log)?.[1] ?? 'none'
  const own = lines.filter((line) => line.includes(` ${transaction} `))
  assert.equal(own.length, STEPS.length, own.join('\n'))
  assert.match(own.at(-1) ?? '', /The client renewed its tokens\. client="Test client"/)
  checkSecrets(server.written(), secrets)
})

for (const format of ['text', 'json'] as const) {
  test(`nobody writes lines, colours or directions into the log with words of theirs: ${format}`, () => {
    const written: string[] = []
    const write = (text: unknown) => written.push(String(text)) > 0
    const log = createLog(format, { write, writableLength: 0 })
    const words = 'a\n12:00:00 INF - faked\r\u001b[2J\u009b1m\u007f\u202eb\u2028c\u2066d{event}'
    log({ event: 'test.event', level: 'warn', message: words, transaction: 'abcd1234', who: words })
    assert.equal(written.length, 1)
    assert.match(written[0] ?? '', /abcd1234.*\{event\}.*\n$/)
    const line = written[0]?.slice(0, -1)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there.
    assert.doesNotMatch(line ?? '', /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/)
  })
}

test('a login host that is none of Microsoft’s is named in the banner', async (t) => {
  const env = {
    AZURE_TENANT_ID: '6f0e7a3c-7a0d-4b57-9d57-0f1f3f0c9a11',
    ENTRA_PROXY_AZURE_CLIENT_ID: '0d9d0c55-3a5f-4b6e-8f3f-7f6f3f1b2c22',
    ENTRA_PROXY_AZURE_CLIENT_SECRET: 'Aa0~the-value-of-a-client-secret',
    ENTRANCE_AUTHORITY: 'http://localhost:1',
  }
  const server = await startProcess(t, { env, args: [] })
  await server.stop()
  assert.match(server.written(), /Microsoft Entra ID at http:\/\/localhost:1, tenant 6f0e7a3c/)
})

test('against the real Entra ID the banner says what to register, and no secret', async (t) => {
  const env = {
    AZURE_TENANT_ID: '6f0e7a3c-7a0d-4b57-9d57-0f1f3f0c9a11',
    ENTRA_PROXY_AZURE_CLIENT_ID: '0d9d0c55-3a5f-4b6e-8f3f-7f6f3f1b2c22',
    ENTRA_PROXY_AZURE_CLIENT_SECRET: 'Aa0~the-value-of-a-client-secret',
    ENTRANCE_URL: 'https://expenses.example.com/',
    HOST: '127.0.0.1',
  }
  const server = await startProcess(t, { env, args: [] })
  await server.stop()
  assert.match(server.written(), /MCP endpoint {4}https:\/\/expenses\.example\.com\/mcp\n/)
  assert.match(
    server.written(),
    /Microsoft Entra ID, tenant 6f0e7a3c-7a0d-4b57-9d57-0f1f3f0c9a11\n/,
  )
  assert.match(
    server.written(),
    /Redirect URI {4}https:\/\/expenses\.example\.com\/auth\/callback {3}\(Web, in the app reg/,
  )
  assert.ok(!server.written().includes(env.ENTRA_PROXY_AZURE_CLIENT_SECRET))
})

for (const [format, says] of [
  ['text', /\n {2}Lets in {9}whoever meets: tenants \(any\), groups \(2\), no guests\n/],
  ['json', /"letsIn":"tenants \(any\), groups \(2\), no guests"/],
] as const) {
  test(`the rules about who may come in are named as the server starts: ${format}`, async (t) => {
    const tenant = '6f0e7a3c-7a0d-4b57-9d57-0f1f3f0c9a11'
    const env = {
      AZURE_TENANT_ID: 'organizations',
      ENTRA_PROXY_AZURE_CLIENT_ID: '0d9d0c55-3a5f-4b6e-8f3f-7f6f3f1b2c22',
      ENTRA_PROXY_AZURE_CLIENT_SECRET: 'Aa0~the-value-of-a-client-secret',
      ENTRANCE_ALLOW_TENANTS: 'any',
      ENTRANCE_ALLOW_GROUPS: `${tenant}/${tenant}, ${tenant}/0d9d0c55-3a5f-4b6e-8f3f-7f6f3f1b2c22`,
      ENTRANCE_ALLOW_GUESTS: 'off',
      LOG_FORMAT: format,
    }
    const server = await startProcess(t, { env, args: [] })
    await server.stop()
    assert.match(server.written(), says)
  })
}

test('where nobody may register, the banner says how to try it all the same', async (t) => {
  const env = { LOG_FORMAT: 'text', ENTRANCE_SECRET: KEY, ENTRANCE_REGISTRATION: 'off' }
  const server = await startProcess(t, { env })
  assert.equal((await fetch(`${server.url}/health`)).status, 200)
  assert.equal(await server.stop(), 0)
  assert.match(server.written(), /client login http:\/\/localhost:\d+\/mcp --client-id <id>\n/)
})

test('where the URL has a path, the banner says what has to be routed besides (user-asks T6)', async (t) => {
  const env = {
    AZURE_TENANT_ID: '6f0e7a3c-7a0d-4b57-9d57-0f1f3f0c9a11',
    ENTRA_PROXY_AZURE_CLIENT_ID: '0d9d0c55-3a5f-4b6e-8f3f-7f6f3f1b2c22',
    ENTRA_PROXY_AZURE_CLIENT_SECRET: 'Aa0~the-value-of-a-client-secret',
    ENTRANCE_URL: 'https://example.com/tools/expenses',
    HOST: '127.0.0.1',
  }
  const server = await startProcess(t, { env, args: [] })
  const named = [...server.written().matchAll(/https:\/\/example\.com(\/\.well-known\/\S+)/g)]
  assert.deepEqual(
    named.map(([, path]) => path),
    [
      '/.well-known/oauth-protected-resource/tools/expenses/mcp',
      '/.well-known/oauth-authorization-server/tools/expenses',
      '/.well-known/openid-configuration/tools/expenses',
    ],
  )
})

/**
 * Signs in a client that has a secret, calls, renews, and does a few things wrong. Gives all that
 * must not be written anywhere, by name.
 */
async function signInWithEverything(url: string): Promise<ReadonlyMap<string, string>> {
  const client = createOAuthClient(url)
  const registered = await client.register({ token_endpoint_auth_method: 'client_secret_post' })
  const { client_id, client_secret } = await json<Record<string, string>>(registered)
  const authorization = client.authorization(client_id as string)
  const until = authorization.redirect_uri
  const browser = createBrowser()
  const page = await browser.signIn(authorization.url, { until })
  const code = codeOf(page)
  const proof = { client_secret }
  const tokens = await json<TokenResponse>(await client.exchange(authorization, code, proof))
  await addExpense(client, tokens.access_token)
  const renewed = await json<TokenResponse>(
    await client.refresh(client_id as string, tokens.refresh_token, proof),
  )
  await client.exchange(authorization, code, { client_secret: `${client_secret}x` })
  await client.refresh(client_id as string, `${tokens.refresh_token}x`, proof)
  await client.mcp(`${tokens.access_token}x`, { method: 'tools/list' })
  await fetch(`${url}/mcp?access_token=${tokens.access_token}`)
  await browser.open(`${url}/auth/callback?code=${code}&state=${authorization.state}`)

  const secrets = new Map([
    ['master key', KEY],
    ['client secret', client_secret as string],
    ['code', code],
    ['code verifier', authorization.code_verifier],
    ['state', authorization.state],
    ['access token', tokens.access_token],
    ['refresh token', tokens.refresh_token],
    ['renewed access token', renewed.access_token],
    ['renewed refresh token', renewed.refresh_token],
    ['secret of the app registration', SEED.clientSecret],
  ])
  for (const { searchParams, pathname } of page.trail) {
    for (const name of ['code', 'state', 'nonce', 'code_challenge', 'request']) {
      const value = searchParams.get(name)
      if (value) secrets.set(`${name} of ${pathname}`, value)
    }
  }
  for (const { name, value } of browser.cookies.all()) secrets.set(`cookie ${name}`, value)
  return secrets
}

function checkSecrets(written: string, secrets: ReadonlyMap<string, string>): void {
  assert.ok(secrets.size > 14, [...secrets.keys()].join())
  const found = [...secrets].filter(([, value]) => value.length > 3 && written.includes(value))
  assert.deepEqual(
    found.map(([name]) => name),
    [],
  )
}
