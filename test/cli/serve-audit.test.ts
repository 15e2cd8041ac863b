import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { startEmulator } from '../../src/emulator/emulator.ts'
import { SEED, seedDirectory } from '../../src/emulator/seed.ts'
import { addExpense } from '../flows/expenses.ts'
import { createOAuthClient, signIn } from '../support/oauth-client.ts'
import { startServe } from '../support/serve.ts'

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'entrance-audit-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

type Line = Record<string, string>

const linesOf = (path: string) =>
  readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line)

suite('serve with an audit log', () => {
  test('writes who did what through a whole sign-in, a call, a refresh and the end', async (t) => {
    const path = join(folderOf(t), 'audit.jsonl')
    await using server = await startServe({ env: { ENTRANCE_AUDIT: `file:${path}` } })
    const { client, client_id, tokens } = await signIn(server.url)
    await addExpense(client, tokens.access_token)
    await client.refresh(client_id, tokens.refresh_token)
    await client.revoke({ client_id, token: tokens.refresh_token })

    const lines = linesOf(path)
    assert.deepEqual(
      lines.map(({ event, outcome }) => `${event} ${outcome}`),
      [
        'consent.allowed success',
        'sign_in.completed success',
        'token.issued success',
        'tool.called success',
        'token.refreshed success',
        'grant.revoked success',
      ],
    )
    const signedIn = lines[1]
    assert.match(signedIn?.oid ?? '', /^[0-9a-f-]{36}$/)
    assert.match(signedIn?.name ?? '', /Alice/)
    assert.match(signedIn?.address ?? '', /^(127\.0\.0\.1|::1)$/)
    const own = lines.filter(({ transaction }) => transaction === signedIn?.transaction)
    assert.equal(own.length, 6)
    assert.equal(new Set(own.slice(1).map(({ grant }) => grant)).size, 1)
    const { tool, oid, client: digest, address } = lines[3] ?? {}
    assert.deepEqual(
      [tool, oid, digest, address],
      ['add_user_expense', signedIn?.oid, signedIn?.client, signedIn?.address],
    )
    const written = readFileSync(path, 'utf8')
    for (const secret of [tokens.access_token, tokens.refresh_token]) {
      assert.ok(!written.includes(secret))
    }
    if (process.platform !== 'win32') assert.equal(statSync(path).mode & 0o777, 0o600)
  })

  test('a client’s name and a person’s write no line of their own', async (t) => {
    const path = join(folderOf(t), 'audit.jsonl')
    const directory = seedDirectory()
    const alice = directory.users.find(({ id }) => id === SEED.alice)
    if (alice) alice.displayName = 'Alice\u2028{"event":"forged"}\u202e'
    const emulator = await startEmulator({ port: 0, directory })
    t.after(() => emulator.close())
    await using server = await startServe({
      args: [],
      env: {
        AZURE_TENANT_ID: emulator.tenantId,
        ENTRA_PROXY_AZURE_CLIENT_ID: emulator.application.clientId,
        ENTRA_PROXY_AZURE_CLIENT_SECRET: emulator.application.clientSecret,
        ENTRANCE_AUTHORITY: emulator.origin,
        ENTRANCE_AUDIT: `file:${path}`,
      },
    })
    const client_name = 'Code \u2028\u0085{"audit":true,"event":"forged"}'
    await signIn(server.url, { metadata: { client_name } })
    const lines = linesOf(path)
    assert.deepEqual(
      lines.map(({ event }) => event),
      ['consent.allowed', 'sign_in.completed', 'token.issued'],
    )
    assert.match(lines[1]?.name ?? '', /^Alice \{"event":"forged"\} $/)
    assert.doesNotMatch(readFileSync(path, 'utf8').trimEnd(), /[\u0080-\u009f\u2028\u2029\u202e]/)
  })

  test('a storm of registrations writes nothing', async (t) => {
    const path = join(folderOf(t), 'audit.jsonl')
    await using server = await startServe({ env: { ENTRANCE_AUDIT: `file:${path}` } })
    const client = createOAuthClient(server.url)
    for (let i = 0; i < 20; i++) await client.register()
    assert.equal(readFileSync(path, 'utf8'), '')
  })

  test('a value that is none is refused with what it may be', async () => {
    const started = startServe({ env: { ENTRANCE_AUDIT: 'syslog' } })
    await assert.rejects(started, /ended with 2:.*ENTRANCE_AUDIT.*file:/s)
  })
})
