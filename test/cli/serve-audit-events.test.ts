import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { type RunningEmulator, startEmulator } from '../../src/emulator/emulator.ts'
import { SEED } from '../../src/emulator/seed.ts'
import { AUDIT_EVENTS, type AuditName } from '../../src/index.ts'
import { locationOf } from '../attacks/consent-form.ts'
import { get } from '../attacks/support.ts'
import { addExpense } from '../flows/expenses.ts'
import { createBrowser } from '../support/browser.ts'
import { createOAuthClient, json, REDIRECT_URI, signIn } from '../support/oauth-client.ts'
import { type RunningServe, startServe } from '../support/serve.ts'
import { startEntrance } from '../support/start.ts'
import { entrance } from './client/command.ts'

type Line = Record<string, string | number | undefined>

const PERSON = ['oid', 'tid', 'name', 'upn']
const SIGN_IN = ['client', 'clientName', 'transaction', 'address']
const OPERATOR = ['actor', 'address']

/** What a line about each event says at least. */
const FIELDS: Readonly<Record<AuditName, readonly string[]>> = {
  'consent.allowed': SIGN_IN,
  'consent.denied': SIGN_IN,
  'sign_in.completed': [...PERSON, ...SIGN_IN, 'grant', 'scope'],
  'sign_in.failed': [...SIGN_IN, 'reason', 'aadsts', 'entraTraceId'],
  'sign_in.refused': [...PERSON, ...SIGN_IN, 'reason'],
  'apps.signed_in': [...PERSON, 'address'],
  'client.adopted': [...PERSON, 'client', 'transaction', 'address'],
  'token.issued': [...PERSON, ...SIGN_IN, 'grant', 'scope'],
  'token.refreshed': [...PERSON, ...SIGN_IN, 'grant', 'scope'],
  'token.refused': [...PERSON, ...SIGN_IN, 'grant', 'reason', 'aadsts', 'entraTraceId'],
  'grant.revoked': [...PERSON, ...SIGN_IN, 'grant', 'reason'],
  'consent.revoked': [...PERSON, 'client', 'address'],
  'tool.called': [...PERSON, 'client', 'transaction', 'address', 'grant', 'tool'],
  'operator.sessions_revoked': ['actor', 'oid', 'tid', 'count'],
  'operator.user_blocked': [...OPERATOR, 'oid', 'tid', 'count'],
  'operator.user_unblocked': ['actor', 'oid', 'tid'],
  'operator.client_disabled': [...OPERATOR, 'client', 'clientName', 'count'],
  'operator.client_enabled': [...OPERATOR, 'client', 'clientName'],
  'operator.consents_reset': ['actor', 'count'],
  'operator.key_rotated': ['actor'],
  'operator.key_retired': ['actor', 'key'],
  'operator.records_resealed': ['actor'],
  'operator.store_exported': ['actor'],
  'operator.store_imported': ['actor'],
  'operator.refused': ['address', 'reason'],
  'audit.suppressed': ['count'],
}

const TOKEN = randomBytes(32).toString('base64url')
const until = REDIRECT_URI

let folder: string
let emulator: RunningEmulator
let server: RunningServe
let lines: readonly Line[]

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'entrance-audit-'))
  emulator = await startEmulator({ port: 0 })
  server = await startServe({ folder, args: [], env: { ...environment(), ENTRANCE_ADOPT: '1' } })
  await peopleSignIn()
  await operatorActs()
  await strangersStorm()
  // Last: what a page was sealed under may be gone.
  await keysChange()
  assert.equal(await server.stop(), 0)
  lines = readFileSync(join(folder, 'audit.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line)
})
after(async () => {
  await server?.stop()
  await emulator.close()
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
})

function environment(): Record<string, string> {
  return {
    AZURE_TENANT_ID: emulator.tenantId,
    ENTRA_PROXY_AZURE_CLIENT_ID: emulator.application.clientId,
    ENTRA_PROXY_AZURE_CLIENT_SECRET: emulator.application.clientSecret,
    ENTRANCE_AUTHORITY: emulator.origin,
    ENTRANCE_AUDIT: `file:${join(folder, 'audit.jsonl')}`,
    ENTRANCE_OPERATOR_PORT: '0',
    ENTRANCE_OPERATOR_TOKEN: TOKEN,
    ENTRANCE_CONSENT: 'remember',
  }
}

async function peopleSignIn(): Promise<void> {
  const alice = await signIn(server.url)
  await addExpense(alice.client, alice.tokens.access_token)
  await alice.client.refresh(alice.client_id, alice.tokens.refresh_token)
  await alice.client.revoke({ client_id: alice.client_id, token: alice.tokens.refresh_token })
  await entraRefuses()
  await entraEnds()
  await adopt()
  const { browser } = await signIn(server.url)
  await browser.press(await browser.open(`${server.url}/auth/apps`), 'Revoke')
  await lookAtApps()
}

/** In a browser that has not signed in for anything. */
async function lookAtApps(): Promise<void> {
  const browser = createBrowser()
  const page = await browser.open(`${server.url}/auth/apps`)
  const picker = await browser.press(page, /^Sign in with/)
  await browser.press(picker, /^Alice/)
}

async function entraRefuses(): Promise<void> {
  const [application] = emulator.directory.applications
  assert.ok(application)
  const { passwordCredentials } = application
  application.passwordCredentials = []
  await assert.rejects(signIn(server.url))
  application.passwordCredentials = passwordCredentials
}

async function entraEnds(): Promise<void> {
  const { client, client_id, tokens } = await signIn(server.url)
  const alice = emulator.directory.users.find(({ id }) => id === SEED.alice)
  assert.ok(alice)
  alice.accountEnabled = false
  assert.equal((await client.refresh(client_id, tokens.refresh_token)).status, 400)
  alice.accountEnabled = true
}

async function adopt(): Promise<void> {
  await using other = await startEntrance({ emulator })
  const registered = await createOAuthClient(other.url).register({ client_name: 'Lost' })
  const { client_id } = await json<{ client_id: string }>(registered)
  const { url } = createOAuthClient(server.url).authorization(client_id)
  await createBrowser().signIn(locationOf(await get(url)), { until })
}

async function operatorActs(): Promise<void> {
  const line = server.logs.find((entry) => typeof entry === 'object' && 'operatorPort' in entry)
  const { operatorPort } = line as unknown as { operatorPort: number }
  const ask = (path: string, body: object, token = TOKEN) =>
    fetch(`http://localhost:${operatorPort}/api/${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  await json(await ask('users/block', { user: SEED.bob }))
  await assert.rejects(signIn(server.url, { account: 'Bob' }))
  assert.equal((await ask('users/block', { user: SEED.bob }, 'x'.repeat(43))).status, 401)
  await signIn(server.url)
  await json(await ask('clients/disable', { client: 'Test client' }))
  await json(await ask('clients/enable', { client: 'Test client' }))
  await command('users', 'unblock', SEED.bob)
  await command('sessions', 'revoke', '--user', SEED.alice)
  await command('consents', 'reset', '--all', '--yes')
}

async function keysChange(): Promise<void> {
  await command('store', 'export', 'everything')
  await command('store', 'import', 'everything', '--store', 'sqlite:other.db')
  await command('keys', 'rotate', '--in', '0')
  await command('keys', 'reseal')
  const listed = await command('keys', 'list', '--json')
  type Keys = { keys: { id: string; use: string }[] }
  const former = (JSON.parse(listed) as Keys).keys.find(({ use }) => use === 'former')
  await command('keys', 'retire', former?.id ?? '', '--yes')
}

async function command(...words: string[]): Promise<string> {
  const env = { ...environment(), HOME: folder, PORT: String(server.port) }
  const { code, stdout, stderr } = await entrance(words, { cwd: folder, env })
  assert.equal(code, 0, `${words.join(' ')}: ${stderr}`)
  return stdout
}

async function strangersStorm(): Promise<void> {
  const client = createOAuthClient(server.url)
  const { client_id } = await json<{ client_id: string }>(await client.register())
  const browser = createBrowser()
  const page = await browser.open(client.authorization(client_id).url)
  // So many that a minute has too many, wherever it ends.
  for (let i = 0; i < 140; i++) await browser.press(page, 'Deny', { until })
}

suite('what a real process writes to its audit log', () => {
  for (const [event, fields] of Object.entries(FIELDS)) {
    test(`${event}: ${fields.join(', ')}`, () => {
      const own = lines.filter((line) => line.event === event)
      assert.ok(own.length > 0, `none among ${[...new Set(lines.map((line) => line.event))]}`)
      for (const line of own) {
        assert.match(String(line.time), /^20\d\d-\d\d-\d\dT[\d:.]+Z$/)
        assert.match(String(line.outcome), /^(success|failure|denied)$/)
      }
      const missing = (line: Line) => fields.filter((field) => line[field] === undefined)
      const best = own.map(missing).toSorted((one, other) => one.length - other.length)[0]
      assert.deepEqual(best, [], JSON.stringify(own[0]))
    })
  }

  test('every event there is was seen, and no other', () => {
    assert.deepEqual(new Set(lines.map((line) => line.event)), new Set(Object.keys(AUDIT_EVENTS)))
  })

  test('who has been blocked and comes nonetheless is named, with the reason', () => {
    const refused = lines.find(({ event }) => event === 'sign_in.refused')
    assert.partialDeepStrictEqual(refused, {
      outcome: 'denied',
      reason: 'barred person',
      oid: SEED.bob,
      tid: SEED.tenantId,
      upn: `bob@${SEED.domain}`,
      clientName: 'Test client',
    })
  })

  test('the operator is told apart by how they came: the token from where, a command as whom', () => {
    const actorOf = (name: AuditName) => lines.find(({ event }) => event === name)?.actor
    assert.equal(actorOf('operator.user_blocked'), 'token')
    assert.equal(actorOf('operator.user_unblocked'), `command:${userInfo().username}`)
    assert.equal(actorOf('operator.key_retired'), `command:${userInfo().username}`)
    const blocked = lines.find(({ event }) => event === 'operator.user_blocked')
    assert.match(String(blocked?.address), /^(127\.0\.0\.1|::1)$/)
  })

  test('Entra’s trace id is that of its refusal', () => {
    const failed = lines.find(({ event }) => event === 'sign_in.failed')
    assert.match(String(failed?.entraTraceId), /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
    assert.match(String(failed?.aadsts), /^70\d+$/)
  })
})
