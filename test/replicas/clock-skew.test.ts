import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { suite, test } from 'node:test'
import { createBrowser } from '../support/browser.ts'
import { withoutNginx } from '../support/nginx.ts'
import {
  codeOf,
  createOAuthClient,
  json,
  signIn,
  type TokenResponse,
} from '../support/oauth-client.ts'
import { type Replica, type RunningReplicas, startReplicas } from '../support/replicas.ts'
import { COMMAND } from '../support/serve.ts'
import { SHARED_STORES } from '../support/shared-store.ts'

/** The first and the last are as far apart as the documentation lets them be. */
const CLOCKS = [-30, 0, 30]

suite('three replicas whose clocks are a minute apart', () => {
  for (const kind of SHARED_STORES) {
    const skip = withoutNginx || kind.skip
    test(`on ${kind.kind}, nobody is refused or signed out for it, and what is revoked is`, {
      skip,
    }, async (t) => {
      await using running = await startReplicas(kind, { clocks: CLOCKS })
      const { url, replicas, leadTo } = running
      const [behind, , ahead] = replicas as [Replica, Replica, Replica]

      // Each gives tokens; each lets them in, at once.
      for (const issuer of replicas) {
        const { tokens } = await signInAt(issuer, running)
        assert.deepEqual(await gatesFor(tokens.access_token, running), [200, 200, 200])
      }

      // A refresh whose answer was lost is repeated, by whichever clock.
      for (const [first, second] of [[behind, ahead] as const, [ahead, behind] as const]) {
        const { client, client_id, tokens } = await signIn(url)
        await leadTo(first)
        const given = await json<TokenResponse>(
          await client.refresh(client_id, tokens.refresh_token),
        )
        // Late enough for the seconds of both clocks to have gone on.
        for (const start = performance.now(); performance.now() - start < 2000; ) {
          await leadTo(second)
          const repeated = await client.refresh(client_id, tokens.refresh_token)
          const { refresh_token } = await json<TokenResponse>(repeated)
          assert.equal(refresh_token, given.refresh_token)
        }
      }

      // What the slow clock revokes ends what the fast one has given, everywhere.
      for (const [issuer, revoker] of [[ahead, behind] as const, [behind, ahead] as const]) {
        const { client, client_id, tokens } = await signInAt(issuer, running)
        await leadTo(revoker)
        const revoked = await client.revoke({ client_id, token: tokens.refresh_token })
        assert.equal(revoked.status, 200)
        const start = performance.now()
        while (new Set(await gatesFor(tokens.access_token, running)).size > 1) {
          assert.ok(performance.now() - start < 5000, 'a replica lets in what was revoked')
        }
        assert.deepEqual(await gatesFor(tokens.access_token, running), [401, 401, 401])
        t.diagnostic(`revoked everywhere after ${Math.round(performance.now() - start)} ms`)
      }

      // Nothing of this was taken for an attack.
      const taken = replicas.flatMap(({ logs }) => logs).filter(isAlarm)
      assert.deepEqual(taken, [])
    })
  }

  test('use a new key each by its own clock, and know it before', {
    skip: withoutNginx,
  }, async () => {
    const [sqlite] = SHARED_STORES
    assert.ok(sqlite)
    // The keys are in the data folder that they share.
    const env = { ENTRANCE_SECRET: '' }
    await using running = await startReplicas(sqlite, { clocks: CLOCKS, env })
    const { url, replicas, leadTo, data } = running
    const [behind, , ahead] = replicas as [Replica, Replica, Replica]
    const early = await signIn(url)
    const former = await currentKey(behind)
    const args = [COMMAND, 'keys', 'rotate', '--data', data, '--in', '40', '--json']
    const rotated = spawnSync(process.execPath, args, { encoding: 'utf8' })
    assert.equal(rotated.status, 0, rotated.stderr)

    const deadline = Date.now() + 30_000
    while ((await currentKey(ahead)) === former) assert.ok(Date.now() < deadline)
    assert.equal(await currentKey(behind), former)
    const late = await signInAt(ahead, running)
    assert.deepEqual(await gatesFor(late.tokens.access_token, running), [200, 200, 200])
    for (const { client, client_id, tokens } of [early, late]) {
      await leadTo(behind)
      assert.equal((await client.refresh(client_id, tokens.refresh_token)).status, 200)
    }
  })
})

/** A sign-in whose tokens come from one replica; who answers the rest of it is nginx's choice. */
async function signInAt(replica: Replica, { url, leadTo }: RunningReplicas) {
  const client = createOAuthClient(url)
  const { client_id } = await json<{ client_id: string }>(await client.register())
  const authorization = client.authorization(client_id)
  const until = authorization.redirect_uri
  const code = codeOf(await createBrowser().signIn(authorization.url, { until }))
  await leadTo(replica)
  const tokens = await json<TokenResponse>(await client.exchange(authorization, code))
  return { client, client_id, tokens }
}

function gatesFor(token: string, { replicas }: RunningReplicas): Promise<number[]> {
  return Promise.all(replicas.map((replica) => replica.askGate(token)))
}

/** The key that a replica signs with: it comes first. */
async function currentKey({ port }: Replica): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/.well-known/jwks.json`)
  const { keys } = await json<{ keys: { kid: string }[] }>(response)
  return keys[0]?.kid ?? ''
}

/** A grant that was ended for a reason of ours, or an error. */
function isAlarm(line: object | string): boolean {
  if (typeof line === 'string') return false
  const { level, event } = line as { level?: string; event?: string }
  return level === 'ERROR' || (event === 'grant.revoked' && level === 'WARN')
}
