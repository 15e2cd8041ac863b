import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { openAuditFile } from '../../src/cli/audit-file.ts'
import { startEmulator } from '../../src/emulator/emulator.ts'
import { SEED, seedDirectory } from '../../src/emulator/seed.ts'
import type { LogEvent } from '../../src/index.ts'
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

suite('the file of the audit log', () => {
  test('is begun anew when it is full, and so many are kept', (t) => {
    const path = join(folderOf(t), 'audit.jsonl')
    const file = openAuditFile(path, () => {}, { maxBytes: 25, maxFiles: 2 })
    for (let i = 0; i < 8; i++) file.write(`line ${i} ..\n`)
    const read = (name: string) => readFileSync(name, 'utf8').match(/\d/g)?.join('')
    assert.deepEqual([read(path), read(`${path}.1`), read(`${path}.2`)], ['67', '45', '23'])
    assert.ok(!existsSync(`${path}.3`))
  })

  test('goes on after a restart where it was', async (t) => {
    const path = join(folderOf(t), 'audit.jsonl')
    for (const line of ['a\n', 'b\n']) {
      const file = openAuditFile(path, () => {})
      file.write(line)
      await file.close()
    }
    assert.equal(readFileSync(path, 'utf8'), 'a\nb\n')
  })

  test('that cannot be written is told once, throws at nobody, and is told when it can be', (t) => {
    const folder = folderOf(t)
    const path = join(folder, 'deep', 'audit.jsonl')
    const logs: LogEvent[] = []
    assert.throws(() => openAuditFile(path, (event) => void logs.push(event)), /ENTRANCE_AUDIT/)
    const device = '/dev/full'
    if (!existsSync(device)) return t.skip('no /dev/full here')
    const file = openAuditFile(device, (event) => void logs.push(event))
    for (let i = 0; i < 5; i++) file.write('lost\n')
    assert.deepEqual(
      logs.map(({ event }) => event),
      ['audit.failed'],
    )
    assert.match(logs[0]?.message ?? '', /ENOSPC/)
  })

  test('takes back half a line that the disk has no room for, and no line that a command has added', (t) => {
    const path = join(folderOf(t), 'audit.jsonl')
    const logs: LogEvent[] = []
    const file = openAuditFile(path, (event) => void logs.push(event))
    file.write('of the server\n')
    appendFileSync(path, 'of a command, which is longer\n')
    const limit = (bytes: number | string) =>
      spawnSync('prlimit', ['--pid', String(process.pid), `--fsize=${bytes}:`]).status === 0
    if (!limit(statSync(path).size + 4)) return t.skip('no prlimit here')
    try {
      file.write('of the server again\n')
    } finally {
      limit('unlimited')
    }
    file.write('at last\n')
    assert.deepEqual(
      logs.map(({ event }) => event),
      ['audit.failed', 'audit.resumed'],
    )
    const written = 'of the server\nof a command, which is longer\nat last\n'
    assert.equal(readFileSync(path, 'utf8'), written)
  })

  test('is no symbolic link that somebody has put there', (t) => {
    if (process.platform === 'win32') return t.skip('Windows asks for more rights')
    const folder = folderOf(t)
    symlinkSync(join(folder, 'victim'), join(folder, 'audit.jsonl'))
    assert.throws(() => openAuditFile(join(folder, 'audit.jsonl'), () => {}), /symbolic link/)
    assert.ok(!existsSync(join(folder, 'victim')))
  })
})
