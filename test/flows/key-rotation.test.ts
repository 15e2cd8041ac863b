import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { openKeyFile, removeFromKeyFile, rotateKeyFile } from '../../src/cli/key-file.ts'
import { toMasterKeys } from '../../src/cli/key-source.ts'
import { keyIdOf } from '../../src/core/keys/keyring.ts'
import type { Entrance, KeySource, KeyWatcher } from '../../src/index.ts'
import {
  assertRefused,
  formRequest,
  type Replicas,
  refreshOf,
  startReplicas,
  stopClock,
} from '../attacks/support.ts'
import { type SignedIn, signIn, type TokenResponse } from '../support/oauth-client.ts'

/** A key file that two servers read when the test says so, and not before. */
type KeyFile = {
  readonly source: KeySource
  rotate(seconds: number): string
  retire(id: string): void
  /** One of the two, by turn, looks at the file. */
  look(turn: number): void
}

test('at every moment of a rotation each of two servers takes what the other gives', async (t) => {
  using clock = stopClock()
  const file = keyFile(t)
  await using replicas = await startReplicas({ secret: file.source })
  const person = await traffic(replicas)
  const [before] = kidsOf(await person.exchange())

  const made = file.rotate(120)
  assert.deepEqual(kidsOf(await person.exchange()), [before, before], 'nobody has looked yet')
  file.look(0)
  assert.deepEqual(kidsOf(await person.exchange()), [before, before], 'one knows it')
  const { keys } = (await (await get(replicas, 0, '/.well-known/jwks.json')).json()) as Jwks
  const kids = keys.map(({ kid }) => kid.split('.')[0])
  assert.deepEqual(kids, [before, made], 'the coming key is published before its use')
  clock.forward(119)
  file.look(1)
  assert.deepEqual(kidsOf(await person.exchange()), [before, before], 'both know it')
  clock.forward(1)
  assert.deepEqual(kidsOf(await person.exchange()), [made, made], 'both use it')
  assert.equal(await person.isLet(person.first), true, 'what the former made is good still')
})

test('a server whose clock is behind goes on with the former key, and both take both', async (t) => {
  const file = keyFile(t)
  await using replicas = await startReplicas({ secret: file.source })
  const person = await traffic(replicas)
  const made = file.rotate(1)
  file.look(0)
  file.look(1)
  using clock = stopClock()
  clock.forward(2)
  const ahead = await person.refresh(0)
  clock.forward(-2)
  const behind = await person.refresh(1)
  const [one, other] = kidsOf([ahead, behind])
  assert.equal(one, made)
  assert.notEqual(other, made)
  for (const tokens of [ahead, behind]) assert.equal(await person.isLet(tokens), true)
})

test('a key that is retired while servers run ends what was made with it, cached or not', async (t) => {
  const file = keyFile(t)
  await using replicas = await startReplicas({ secret: file.source })
  const person = await traffic(replicas)
  const [former = ''] = kidsOf(await person.exchange())
  file.rotate(0)
  file.look(0)
  file.look(1)
  const renewed = await person.refresh(0)
  assert.equal(await person.isLet(person.first), true)
  file.retire(former)
  file.look(0)
  file.look(1)
  assert.equal(await person.isLet(person.first), false)
  assert.equal(await person.isLet(renewed), true)
})

test('a server that has not got the new key throws nothing away that the other made with it', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const file = keyFile(t)
  await using replicas = await startReplicas({ secret: file.source })
  const [, lagging] = replicas.entrances as [Entrance, Entrance]
  const early = await signIn(replicas.server.url, { metadata: { client_name: 'Early' } })
  const made = file.rotate(0)
  file.look(0)
  const signedIn = await signIn(replicas.server.url)
  const renewed = await replicas.token(0, refreshOf(early, early.tokens))
  const tokens = (await renewed.json()) as TokenResponse
  while (lagging.keys().lacking.length === 0) {
    t.mock.timers.tick(30_000)
    await setImmediate()
  }
  assert.deepEqual(lagging.keys().lacking, [made])
  const { access_token } = signedIn.tokens
  const headers = { authorization: `Bearer ${access_token}`, host: hostOf(replicas) }
  const verdict = lagging.authenticate(headers)
  assert.equal(verdict.isAllowed || verdict.refusal.status, 503)
  const { client_id } = signedIn
  const again = { client_id, token: access_token }
  const asked: readonly (readonly [string, Record<string, string | undefined>])[] = [
    ['token', refreshOf(signedIn, signedIn.tokens)],
    ['token', refreshOf(early, tokens)],
    ['revoke', again],
    ['revoke', { client_id: early.client_id, token: tokens.access_token }],
    ['revoke', { client_id: early.client_id, token: tokens.refresh_token }],
  ]
  for (const [path, parameters] of asked) {
    const request = formRequest(`${replicas.server.url}/${path}`, parameters)
    const refused = await lagging.fetch(request)
    await assertRefused(refused, 503, 'temporarily_unavailable', /has not got the key yet/)
  }
  file.look(1)
  assert.equal(lagging.authenticate(headers).isAllowed, true)
  assert.equal((await replicas.token(1, refreshOf(signedIn, signedIn.tokens))).status, 200)
  assert.equal((await replicas.token(1, refreshOf(early, tokens))).status, 200)
})

test('and what names a key that nobody has is refused as before', async (t) => {
  const file = keyFile(t)
  await using replicas = await startReplicas({ secret: file.source })
  const parameters = {
    grant_type: 'refresh_token',
    refresh_token: 'r1',
    client_id: 'e1.AAAAAAAA.W10.A',
  }
  const refused = await replicas.token(0, parameters)
  await assertRefused(refused, 401, 'invalid_client', /Register again/)
})

type Jwks = { keys: { kid: string }[] }

function keyFile(t: TestContext): KeyFile {
  const data = mkdtempSync(join(tmpdir(), 'entrance-rotation-'))
  t.after(() => rmSync(data, { recursive: true, force: true }))
  const watchers: KeyWatcher[] = []
  const keys = () => toMasterKeys(openKeyFile(data))
  return {
    source: {
      get keys() {
        return keys()
      },
      watch(watcher) {
        watchers.push(watcher)
        return () => {}
      },
    },
    rotate: (seconds) => keyIdOf(rotateKeyFile(data, seconds)[0]?.secret ?? ''),
    retire: (id) => removeFromKeyFile(data, ({ secret }) => keyIdOf(secret) === id),
    look: (turn) => watchers[turn]?.changed(keys()),
  }
}

/** One who is signed in, and goes to either server. */
async function traffic(replicas: Replicas) {
  const signedIn: SignedIn = await signIn(replicas.server.url)
  let latest = signedIn.tokens

  async function refresh(turn: number): Promise<TokenResponse> {
    const response = await replicas.token(turn, refreshOf(signedIn, latest))
    assert.equal(response.status, 200, await response.clone().text())
    latest = (await response.json()) as TokenResponse
    return latest
  }

  async function isLet(tokens: TokenResponse): Promise<boolean> {
    const headers = { authorization: `Bearer ${tokens.access_token}`, host: hostOf(replicas) }
    const verdicts = replicas.entrances.map((entrance) => entrance.authenticate(headers).isAllowed)
    assert.equal(new Set(verdicts).size, 1, 'one lets in what the other refuses')
    return verdicts.every(Boolean)
  }

  return {
    first: signedIn.tokens,
    refresh,
    isLet,
    /** Each refreshes what the other gave; what each gives is good at both. */
    async exchange(): Promise<readonly TokenResponse[]> {
      const given = [await refresh(0), await refresh(1)]
      for (const tokens of given) assert.equal(await isLet(tokens), true)
      return given
    },
  }
}

function get({ entrances, server }: Replicas, turn: number, path: string): Promise<Response> {
  return (entrances[turn] as Entrance).fetch(new Request(`${server.url}${path}`))
}

function hostOf({ server }: Replicas): string {
  return new URL(server.url).host
}

/** The master key that each access token was made under. */
function kidsOf(given: readonly TokenResponse[]): (string | undefined)[] {
  return given.map(({ access_token }) => {
    const head = Buffer.from(access_token.split('.')[0] ?? '', 'base64url').toString()
    return (JSON.parse(head) as { kid: string }).kid.split('.')[0]
  })
}
