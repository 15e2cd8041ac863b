import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { startEmulator } from '../../src/emulator/emulator.ts'
import {
  createEntrance,
  type Entrance,
  type EntranceOptions,
  type LogEvent,
} from '../../src/index.ts'
import { sqliteStore } from '../../src/stores/sqlite.ts'
import { formRequest, readError, stopClock } from '../attacks/support.ts'
import { json, type SignedIn, signIn, type TokenResponse } from '../support/oauth-client.ts'
import { startEntrance } from '../support/start.ts'

const HOUR = 3600
const DAY = 24 * HOUR

test('60 days of an hourly refresh, a restart each day, a new key each week: one sign-in', async (t) => {
  const world = await settle(t)
  const first = world.signedIn.tokens
  let tokens = first
  for (let day = 0; day < 60; day++) {
    if (day > 0 && day % 7 === 0) world.rotateKey()
    await world.restart()
    // What was issued before the restart, and under an older key, is good for its hour.
    world.assertLetIn(tokens)
    for (let hour = 0; hour < 24; hour++) {
      world.clock.forward(HOUR - 300)
      tokens = await world.refresh(tokens)
      world.assertLetIn(tokens)
      world.clock.forward(300)
    }
  }
  assert.equal(world.keys.length, 9)
  // The key's id is the fourth part: the newest makes, and the registration is the oldest one's.
  assert.notEqual(tokens.refresh_token.split('.')[3], first.refresh_token.split('.')[3])
  assert.equal(grantOf(tokens), grantOf(first))
  assert.deepEqual(world.grants(), [`grant:${grantOf(first)}`])
  assert.equal(world.asked('authorization_code'), 1)
  assert.equal(world.asked('refresh_token'), 60 * 24)
  assert.deepEqual(world.complaints(), [])
})

test('who has been away for 31 days signs in again', async (t) => {
  const world = await settle(t)
  world.clock.forward(29 * DAY)
  const tokens = await world.refresh(world.signedIn.tokens)
  world.clock.forward(31 * DAY)
  await world.assertOver(tokens)
})

test('after 180 days one signs in again, however often one has been there', async (t) => {
  const world = await settle(t)
  let { tokens } = world.signedIn
  for (let day = 0; day < 179; day++) {
    world.clock.forward(DAY)
    tokens = await world.refresh(tokens)
  }
  world.assertLetIn(tokens)
  world.clock.forward(DAY)
  await world.assertOver(tokens)
})

/** One server over one file, in which years go by and somebody has signed in. */
async function settle(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'entrance-days-'))
  const path = join(folder, 'entrance.db')
  const keys = [randomBytes(32).toString('base64url')]
  const asked: string[] = []
  const logs: LogEvent[] = []
  const clock = stopClock()
  const emulator = await startEmulator({ port: 0 })
  const fetchEntra = async (input: string | URL | Request, init?: RequestInit) => {
    const request = new Request(input, init)
    const form = request.method === 'POST' ? await request.clone().formData() : undefined
    if (form) asked.push(String(form.get('grant_type')))
    return emulator.fetch(request)
  }
  const server = await startEntrance({
    emulator,
    entrance: { secret: keys, store: sqliteStore(path), fetch: fetchEntra },
  })
  const { url } = server
  const signedIn = await signIn(url)
  await server.stop()
  const options = (): EntranceOptions => {
    const { tenantId, application, origin: authority } = emulator
    const entra = { tenantId, ...application, authority }
    const log = (event: LogEvent) => void logs.push(event)
    return { url, secret: [...keys], store: sqliteStore(path), entra, fetch: fetchEntra, log }
  }
  let entrance = createEntrance(options())
  t.after(async () => {
    clock[Symbol.dispose]()
    await entrance.close()
    await emulator.close()
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  })
  await entrance.ready()

  const token = (tokens: TokenResponse) => refreshAt(entrance, url, signedIn, tokens)
  return {
    clock,
    keys,
    signedIn,
    rotateKey: () => void keys.unshift(randomBytes(32).toString('base64url')),
    async restart() {
      await entrance.close()
      entrance = createEntrance(options())
      await entrance.ready()
    },
    refresh: async (tokens: TokenResponse) => json<TokenResponse>(await token(tokens)),
    assertLetIn({ access_token }: TokenResponse) {
      const { host } = new URL(url)
      const verdict = entrance.authenticate({ authorization: `Bearer ${access_token}`, host })
      assert.equal(verdict.isAllowed, true)
    },
    /** Neither token is good for anything any more. */
    async assertOver(tokens: TokenResponse) {
      const refused = await token(tokens)
      assert.equal(refused.status, 400)
      assert.equal((await readError(refused)).error, 'invalid_grant')
      assert.throws(() => this.assertLetIn(tokens))
    },
    /** How often Entra's token endpoint was asked. */
    asked: (grantType: string) => asked.filter((type) => type === grantType).length,
    grants(): string[] {
      using db = new DatabaseSync(path)
      const rows = db.prepare("SELECT key FROM records WHERE key LIKE 'grant:%'").all()
      return rows.map(({ key }) => String(key))
    },
    complaints: () => logs.filter(({ level }) => level === 'warn' || level === 'error'),
  }
}

function refreshAt(
  entrance: Entrance,
  url: string,
  { client_id }: SignedIn,
  { refresh_token }: TokenResponse,
): Promise<Response> {
  const parameters = { grant_type: 'refresh_token', client_id, refresh_token }
  return entrance.fetch(formRequest(`${url}/token`, parameters))
}

function grantOf({ refresh_token }: TokenResponse): string {
  return refresh_token.split('.')[1] as string
}
