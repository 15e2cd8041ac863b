import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { keyIdOf } from '../../src/core/keys/keyring.ts'
import type { KeySource, KeyWatcher, MasterKey } from '../../src/index.ts'
import { sqliteStore } from '../../src/stores/sqlite.ts'
import {
  assertRefused,
  type Replicas,
  redemptionOf,
  refreshOf,
  startReplicas,
} from '../attacks/support.ts'
import { createBrowser } from '../support/browser.ts'
import {
  type Authorization,
  codeOf,
  createOAuthClient,
  signIn,
  type TokenResponse,
} from '../support/oauth-client.ts'
import { noteSecret } from '../support/secrets.ts'

const DESK = 'the-desk'
const NOWHERE = 'AAAAAAAA'

test('after a reseal a key is retired and nobody is signed out whose client does not hang on it', async (t) => {
  const { replicas, rotate, retire } = await start(t)
  const person = await signInAtDesk(replicas)
  const tokens = await redeem(replicas, person)
  const waiting = await signInAtDesk(replicas)
  const registered = await signIn(replicas.server.url)
  const former = await rotate()
  const { moved, left } = (await replicas.entrances[1]?.reseal()) ?? { moved: 0, left: 0 }
  assert.deepEqual(
    [moved >= 4, left],
    [true, 0],
    'three grants, and the answers that are remembered',
  )
  assert.deepEqual((await keyIds(replicas)).has(former), false)
  assert.deepEqual(await replicas.entrances[0]?.reseal(), { moved: 0, left: 0 })
  retire()

  const renewed = await refresh(replicas, 0, tokens)
  const again = await refresh(replicas, 1, renewed)
  assert.ok(again.refresh_token)
  await redeem(replicas, waiting)
  // Its registration was made with the key, and says nothing any more.
  const cut = await replicas.token(0, refreshOf(registered, registered.tokens))
  await assertRefused(cut, 401, 'invalid_client', /Register again/)
})

test('a token that had been replaced, or changed, is none after the reseal and the retirement either', async (t) => {
  const { replicas, rotate, retire } = await start(t)
  const first = await redeem(replicas, await signInAtDesk(replicas))
  const second = await refresh(replicas, 0, first)
  await rotate()
  await replicas.entrances[0]?.reseal()
  retire()
  const parts = second.refresh_token.split('.')
  const changed = (at: number, text: string) =>
    parts.map((part, i) => (i === at ? text : part)).join('.')
  const others = [
    first.refresh_token,
    changed(0, 'c1'),
    changed(2, '1'),
    changed(2, '3'),
    changed(3, NOWHERE),
    changed(5, first.refresh_token.split('.')[5] ?? ''),
    changed(5, 'A'.repeat(43)),
  ]
  for (const refresh_token of others) {
    const answer = await replicas.token(1, desk({ grant_type: 'refresh_token', refresh_token }))
    await assertRefused(
      answer,
      400,
      'invalid_grant',
      /unknown or has expired|not one that this server/,
    )
  }
  await refresh(replicas, 1, second)
})

test('a reseal under traffic loses no refresh, and no refresh is lost by it', async (t) => {
  const { replicas, rotate, retire } = await start(t)
  const people = await Promise.all(
    Array.from({ length: 6 }, async () => redeem(replicas, await signInAtDesk(replicas))),
  )
  await rotate()
  const [renewed] = await Promise.all([
    Promise.all(people.map((tokens, i) => refresh(replicas, i, tokens))),
    replicas.entrances[0]?.reseal(),
    replicas.entrances[1]?.reseal(),
  ])
  retire()
  for (const [i, tokens] of renewed.entries()) await refresh(replicas, i + 1, tokens)
})

type Started = {
  readonly replicas: Replicas
  /** Puts a new key in front; gives the id of the former. */
  rotate(): Promise<string>
  retire(): void
}

async function start(t: TestContext): Promise<Started> {
  const watchers: KeyWatcher[] = []
  let keys: readonly MasterKey[] = [newKey()]
  const source: KeySource = {
    get keys() {
      return keys
    },
    watch(watcher) {
      watchers.push(watcher)
      return () => {}
    },
  }
  const put = (next: readonly MasterKey[]) => {
    keys = next
    for (const watcher of watchers) watcher.changed(keys)
  }
  const clients = [
    {
      ...{ client_id: DESK, redirect_uris: ['http://127.0.0.1/callback'] },
      token_endpoint_auth_method: 'none' as const,
    },
  ]
  const replicas = await startReplicas({
    secret: source,
    consent: 'remember',
    clients,
    limits: false,
  })
  t.after(() => replicas[Symbol.asyncDispose]())
  return {
    replicas,
    async rotate() {
      const [former] = keys
      put([newKey(), ...keys])
      return keyIdOf(former?.secret ?? '')
    },
    retire: () => put(keys.slice(0, 1)),
  }
}

function newKey(): MasterKey {
  const secret = randomBytes(32).toString('base64url')
  noteSecret('a master key', secret)
  return { secret }
}

type Waiting = { authorization: Authorization; code: string }

async function signInAtDesk({ server }: Replicas): Promise<Waiting> {
  const authorization = createOAuthClient(server.url).authorization(DESK)
  const until = authorization.redirect_uri
  const code = codeOf(await createBrowser().signIn(authorization.url, { until }))
  return { authorization, code }
}

async function redeem(
  replicas: Replicas,
  { authorization, code }: Waiting,
): Promise<TokenResponse> {
  const response = await replicas.token(0, redemptionOf(authorization, code))
  assert.equal(response.status, 200, await response.clone().text())
  return (await response.json()) as TokenResponse
}

async function refresh(
  replicas: Replicas,
  turn: number,
  { refresh_token }: TokenResponse,
): Promise<TokenResponse> {
  const response = await replicas.token(turn, desk({ grant_type: 'refresh_token', refresh_token }))
  assert.equal(response.status, 200, await response.clone().text())
  return (await response.json()) as TokenResponse
}

function desk<T extends object>(parameters: T): T & { client_id: string } {
  return { ...parameters, client_id: DESK }
}

/** The keys that records are sealed under. */
async function keyIds({ path }: Replicas): Promise<ReadonlySet<string>> {
  const store = sqliteStore(path)
  await store.connect()
  const { records } = await store.page({ prefix: '', limit: 500 })
  await store.close()
  const sealed = records.filter(({ key }) => key !== 'keyring')
  return new Set(sealed.map(({ value }) => value.split('.')[0] ?? ''))
}
