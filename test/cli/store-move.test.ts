import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { promisify } from 'node:util'
import { type RunningEmulator, SEED, startEmulator } from '../../src/emulator/emulator.ts'
import { addExpense, getExpenses } from '../flows/expenses.ts'
import { createBrowser } from '../support/browser.ts'
import { fixedPort } from '../support/fixed-port.ts'
import {
  createOAuthClient,
  json,
  type SignedIn,
  signIn,
  type TokenResponse,
} from '../support/oauth-client.ts'
import { startPostgres, withoutPostgres } from '../support/postgres.ts'
import { startRedis, withoutRedis } from '../support/redis.ts'
import { COMMAND, type RunningServe, startServe } from '../support/serve.ts'

const run = promisify(execFile)
const storage = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'storage.md'), 'utf8')

type World = {
  readonly folder: string
  readonly env: Readonly<Record<string, string>>
  readonly emulator: RunningEmulator
  readonly started: RunningServe[]
}

/** A server at one address, with its keys in its data folder; and its Entra. */
async function startWorld(t: TestContext): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'entrance-move-'))
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
  const emulator = await startEmulator({ port: 0 })
  t.after(() => emulator.close())
  const port = await fixedPort()
  const url = `http://localhost:${port}`
  emulator.directory.applications[0]?.web.redirectUris.push(`${url}/auth/callback`)
  const env = {
    PORT: String(port),
    ENTRANCE_URL: url,
    ENTRANCE_AUTHORITY: emulator.origin,
    ENTRANCE_CONSENT: 'remember',
    AZURE_TENANT_ID: emulator.tenantId,
    ENTRA_PROXY_AZURE_CLIENT_ID: emulator.application.clientId,
    ENTRA_PROXY_AZURE_CLIENT_SECRET: emulator.application.clientSecret,
  }
  const started: RunningServe[] = []
  t.after(() => Promise.all(started.map((server) => server.stop())))
  return { folder, env, emulator, started }
}

type Variables = Readonly<Record<string, string>>

async function serve({ folder, env, started }: World, more: Variables = {}): Promise<RunningServe> {
  const server = await startServe({ args: [], folder, env: { ...env, ...more } })
  // One that a failing test leaves; for one that was stopped it does nothing.
  started.push(server)
  return server
}

/** Runs lines of a shell in which `entrance` is the built command. */
async function shell({ folder, env }: World, script: string, more: Variables = {}) {
  const entrance = `entrance() { '${process.execPath}' '${COMMAND}' "$@"; }`
  const own = { PATH: process.env.PATH, HOME: folder, ...env, ...more }
  return run('sh', ['-ec', `${entrance}\n${script}`], { cwd: folder, env: own })
}

/** The steps of docs/storage.md, for a new store at `address`; what is set in them is left in a file. */
function stepsFor(address: string): string {
  const section = storage.slice(storage.indexOf('## Move to another store'))
  const steps = /```sh\n(.*?)```/s.exec(section)?.[1] ?? ''
  assert.match(steps, /^entrance expenses copy$/m)
  assert.match(steps, /^entrance serve$/m)
  assert.match(steps, /^export ENTRANCE_STORE='postgres:.*'$/m)
  return steps
    .replace(/^export ENTRANCE_STORE=.*$/m, () => `export ENTRANCE_STORE='${address}'`)
    .replace(
      /^entrance serve$/m,
      `entrance keys list --json > after\nprintf %s "$ENTRANCE_SECRET" > secret`,
    )
}

type People = {
  readonly renewing: SignedIn
  readonly calling: SignedIn
  readonly revoked: SignedIn
  readonly blocked: SignedIn
  readonly ofDisabled: SignedIn
  /** Of who renews: changes each time. */
  tokens: TokenResponse
}

/** Whoever there may be, before the first move. */
async function populate(world: World, url: string): Promise<People> {
  const renewing = await signIn(url)
  const calling = await signIn(url)
  const revoked = await signIn(url)
  const ofDisabled = await signIn(url, { metadata: { client_name: 'Old client' } })
  const blocked = await signIn(url, { account: 'Bob' })
  const { client, client_id, tokens } = revoked
  assert.equal((await client.revoke({ client_id, token: tokens.refresh_token })).status, 200)
  await shell(world, `entrance users block bob@${SEED.domain}`)
  await shell(world, 'entrance clients disable "Old client" --yes')
  // What another process does, a running server knows within two seconds.
  const isLet = async ({ client, tokens }: SignedIn) =>
    (await client.mcp(tokens.access_token, { method: 'ping' })).status !== 401
  for (
    const deadline = Date.now() + 10_000;
    (await isLet(blocked)) || (await isLet(ofDisabled));
  ) {
    assert.ok(Date.now() < deadline, 'still let in')
    await wait(50)
  }
  return { renewing, calling, revoked, blocked, ofDisabled, tokens: renewing.tokens }
}

/** What has to be as it was, on every store. */
async function assertAsBefore(
  people: People,
  { url, emulator }: { url: string; emulator: RunningEmulator },
) {
  const client = createOAuthClient(url)
  const ping = async ({ tokens }: { tokens: TokenResponse }) =>
    (await client.mcp(tokens.access_token, { method: 'ping' })).status
  const refresh = ({ client_id, tokens }: SignedIn) =>
    client.refresh(client_id, tokens.refresh_token)

  assert.equal(await ping(people), 200, 'an access token from before is good no more')
  assert.equal(await ping(people.calling), 200, 'an access token from before is good no more')
  const renewed = await client.refresh(people.renewing.client_id, people.tokens.refresh_token)
  people.tokens = await json<TokenResponse>(renewed)
  assert.equal(await ping(people), 200)

  for (const gone of [people.revoked, people.blocked, people.ofDisabled]) {
    assert.equal(await ping(gone), 401, 'an access token that was revoked is good again')
    const answer = await refresh(gone)
    assert.equal(answer.status, 400)
    assert.equal(((await answer.json()) as { error: string }).error, 'invalid_grant')
  }
  const { browser } = people.blocked
  const { url: authorize, redirect_uri } = client.authorization(people.blocked.client_id)
  const page = await browser.signIn(authorize, { account: 'Bob', until: redirect_uri })
  assert.match(page.text, /blocked this account/)

  const { client_id, browser: known } = people.calling
  const again = await known.open(client.authorization(client_id).url, { until: emulator.origin })
  assert.equal(again.url.origin, emulator.origin, 'a remembered answer is asked for again')
  const stranger = await createBrowser().open(client.authorization(client_id).url, {
    until: emulator.origin,
  })
  assert.equal(stranger.url.pathname, '/consent')
}

suite('a move', { skip: withoutPostgres || withoutRedis }, () => {
  test('from SQLite to PostgreSQL by the steps of docs/storage.md, on through Redis and back signs nobody out and revives nobody', async (t) => {
    await using postgres = await startPostgres()
    await using redis = await startRedis()
    const world = await startWorld(t)
    const { emulator } = world
    let server = await serve(world)
    const { url } = server
    const people = await populate(world, url)
    await assertAsBefore(people, { url, emulator })
    const client = createOAuthClient(url)
    const add = (what: string) => addExpense(client, people.tokens.access_token, what)
    const assertExpenses = async (...expected: readonly string[]) => {
      const found = await getExpenses(client, people.tokens.access_token)
      assert.deepEqual(found.map(({ description }) => description).toSorted(), expected)
    }
    await add('on SQLite')
    const before = await shell(world, 'entrance keys list --json')
    await server.stop()

    const onPostgres = await postgres.database()
    await shell(world, stepsFor(onPostgres))
    const kept = (name: string) => readFileSync(join(world.folder, name), 'utf8')
    const ids = (text: string) => JSON.parse(text).keys.map(({ id }: { id: string }) => id)
    assert.deepEqual(ids(kept('after')), ids(before.stdout))
    const ENTRANCE_SECRET = kept('secret')
    const at = (store: string) => ({ ENTRANCE_SECRET, ENTRANCE_STORE: store })
    server = await serve(world, at(onPostgres))
    await assertAsBefore(people, { url, emulator })
    await assertExpenses('on SQLite')
    await add('on PostgreSQL')
    await server.stop()

    const onRedis = redis.store()
    const pipe = 'entrance store export | ENTRANCE_STORE="$TO" entrance store import -'
    await shell(world, pipe, { ...at(onPostgres), TO: onRedis })
    server = await serve(world, { ...at(onRedis), EXPENSES_STORE: onPostgres })
    await assertAsBefore(people, { url, emulator })
    await assertExpenses('on PostgreSQL', 'on SQLite')
    await server.stop()

    const steps =
      'entrance store export back && ENTRANCE_STORE=sqlite:back.db entrance store import back'
    await shell(world, steps, at(onRedis))
    server = await serve(world, at('sqlite:back.db'))
    await assertAsBefore(people, { url, emulator })
    await server.stop()
  })

  test('while the server runs is finished by a second export, which moves what has changed since', async (t) => {
    await using postgres = await startPostgres()
    const world = await startWorld(t)
    let server = await serve(world)
    const { url } = server
    const renewing = await signIn(url)
    const leaving = await signIn(url)
    const to = await postgres.database()
    const secret = JSON.parse(readFileSync(join(world.folder, '.entrance', 'keys.json'), 'utf8'))
    const there = { ENTRANCE_SECRET: secret.keys[0].secret, ENTRANCE_STORE: to }
    await shell(world, 'entrance store export first')
    await shell(world, 'entrance store import first', there)

    const client = createOAuthClient(url)
    const { client_id, tokens } = renewing
    const renewed = await json<TokenResponse>(await client.refresh(client_id, tokens.refresh_token))
    const token = leaving.tokens.refresh_token
    await client.revoke({ client_id: leaving.client_id, token })
    const late = await signIn(url)
    await server.stop()
    await shell(world, 'entrance store export second')
    const refused = await shell(world, 'entrance store import second', there).catch(
      (error) => error,
    )
    assert.match(refused.stderr, /is not empty/)
    const { stdout } = await shell(world, 'entrance store import second --merge --json', there)
    const { records } = JSON.parse(stdout)
    assert.ok(records.new > 0 && records.newer >= 2, stdout)
    assert.equal(records.older, 0)

    server = await serve(world, there)
    assert.equal((await client.refresh(client_id, renewed.refresh_token)).status, 200)
    assert.equal((await client.refresh(late.client_id, late.tokens.refresh_token)).status, 200)
    assert.equal((await client.refresh(leaving.client_id, token)).status, 400)
    assert.equal((await client.mcp(leaving.tokens.access_token, { method: 'ping' })).status, 401)
    await server.stop()
  })
})
