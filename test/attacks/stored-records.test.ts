import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { after, before, suite, test } from 'node:test'
import { createGrants } from '../../src/core/grants/grant.ts'
import { resolveOptions } from '../../src/core/resolve-options.ts'
import { createEntrance } from '../../src/index.ts'
import { sqliteStore } from '../../src/stores/sqlite.ts'
import { type SignedIn, signIn } from '../support/oauth-client.ts'
import { type Claims, createDetour } from './detour.ts'
import {
  assertRefused,
  formRequest,
  isLet,
  type Replicas,
  refreshOf,
  startReplicas,
  stopClock,
} from './support.ts'

let replicas: Replicas
let db: DatabaseSync
/** What Entra gave, in the order of the sign-ins. */
const entraTokens: Claims[] = []
before(async () => {
  const detour = createDetour()
  detour.intercept = async ({ pathname }, go) => {
    const response = await go()
    if (pathname.endsWith('/token')) entraTokens.push((await response.clone().json()) as Claims)
    return response
  }
  replicas = await startReplicas({ fetch: detour.fetch })
  db = new DatabaseSync(replicas.path, { timeout: 5000 })
})
after(async () => {
  db.close()
  await replicas[Symbol.asyncDispose]()
})

suite('somebody who can write to the store', () => {
  test('cannot put in a grant of their own in plain text (fastmcp W20)', async () => {
    const signedIn = await signIn(replicas.server.url)
    const { key, value } = recordOf(signedIn)
    const plain = {
      id: key.slice(6),
      salt: 'AAAA',
      keyId: value.split('.')[0],
      generation: 1,
      user: { oid: 'victim', tid: 'victim', roles: [] },
    }
    const forgeries = [
      JSON.stringify(plain),
      Buffer.from(JSON.stringify(plain)).toString('base64url'),
      `${value.split('.')[0]}.${Buffer.from(JSON.stringify(plain)).toString('base64url')}`,
      '',
      '{}',
      'null',
      `${value.split('.')[0]}.`,
      `.${value.split('.')[1]}`,
      `AAAAAAAA.${value.split('.')[1]}`,
      value.slice(0, -1),
      `${value}A`,
      `${value} `,
    ]
    for (const forged of forgeries) await assertUnreadable(signedIn, forged)
    write(key, value)
    assert.equal((await refresh(signedIn)).status, 200)
  })

  test("cannot move one person's record under another's key (fastmcp W20)", async () => {
    const alice = await signIn(replicas.server.url, { account: 'Alice' })
    const bob = await signIn(replicas.server.url, { account: 'Bob' })
    await assertUnreadable(alice, recordOf(bob).value)
    // Not only because no token fits what is in it: it does not open.
    const grants = createGrants(resolveOptions(replicas.options))
    const { key: own, value: genuine } = recordOf(alice)
    const id = own.slice('grant:'.length)
    assert.ok(await grants.find(id))
    write(own, recordOf(bob).value)
    assert.equal(await grants.find(id), undefined)
    write(own, genuine)
    // Nor by giving the record the other's name.
    const { key } = recordOf(alice)
    db.prepare('DELETE FROM records WHERE key = ?').run(key)
    db.prepare('UPDATE records SET key = ? WHERE key = ?').run(key, recordOf(bob).key)
    await assertRefused(await refresh(alice), 400, 'invalid_grant', /is unknown or has expired/)
    await assertRefused(await refresh(bob), 400, 'invalid_grant', /is unknown or has expired/)
  })

  test('cannot change a bit of what is sealed', async () => {
    const signedIn = await signIn(replicas.server.url)
    const { value } = recordOf(signedIn)
    const [id, text = ''] = value.split('.')
    const bytes = Buffer.from(text, 'base64url')
    for (const at of [0, 11, 12, 40, bytes.length - 17, bytes.length - 1]) {
      const changed = Buffer.from(bytes)
      changed[at] = (changed[at] as number) ^ 1
      await assertUnreadable(signedIn, `${id}.${changed.toString('base64url')}`)
    }
  })

  test('cannot make a grant last longer than it says itself', async () => {
    const { url } = replicas.server
    const short = createEntrance({
      ...replicas.options,
      store: sqliteStore(replicas.path),
      grantIdleTtl: 3600,
    })
    const signedIn = await signIn(url)
    const { key } = recordOf(signedIn)
    db.prepare('UPDATE records SET expires_at = 99999999999 WHERE key = ?').run(key)
    using clock = stopClock()
    clock.forward(3601)
    const refused = await short.fetch(
      formRequest(`${url}/token`, refreshOf(signedIn, signedIn.tokens)),
    )
    await short.close()
    await assertRefused(refused, 400, 'invalid_grant', /is unknown or has expired/)
    // For a server with the usual times it is still there.
    assert.equal((await refresh(signedIn)).status, 200)
  })

  test('who brings back an older state of a grant brings back no used token', async () => {
    const signedIn = await signIn(replicas.server.url)
    const { key, value } = recordOf(signedIn)
    const renewed = (await (await refresh(signedIn)).json()) as { refresh_token: string }
    write(key, value)
    // The newer token is one that this grant has not made yet, which ends the family.
    const { client, client_id } = signedIn
    const answer = await client.refresh(client_id, renewed.refresh_token)
    await assertRefused(answer, 400, 'invalid_grant', /has revoked the sign-in/)
    assert.equal(await isLet(signedIn, signedIn.tokens.access_token), false)
  })
})

suite('somebody who can read the store', () => {
  test('finds no code, token, secret, name or verifier in it, nor in its journal', async () => {
    const signedIn = await signIn(replicas.server.url)
    const { authorization, code, tokens } = signedIn
    const files = ['', '-wal'].map((end) => readFileSync(`${replicas.path}${end}`, 'latin1'))
    const secrets = [
      ...[code, code.split('.').at(-1), authorization.code_verifier, authorization.state],
      ...[tokens.access_token, tokens.refresh_token, tokens.refresh_token.split('.').at(-1)],
      ...entraTokens.flatMap((given) => [given.access_token, given.id_token, given.refresh_token]),
      ...[replicas.options.secret as string, replicas.options.entra.clientSecret],
      ...['Alice', 'alice@', signedIn.client_id, 'mcp-access'],
    ]
    for (const secret of secrets) {
      assert.ok(typeof secret === 'string' && secret.length > 4)
      for (const file of files) assert.ok(!file.includes(secret), secret.slice(0, 20))
    }
  })

  test('cannot make a token from a record: the salt in it is sealed, too', () => {
    const rows = db.prepare('SELECT value FROM records').all() as { value: string }[]
    for (const { value } of rows) {
      // Of fewer letters a word would stand in base64url by chance.
      assert.doesNotMatch(value, /salt|refresh|"oid"/)
      const [, text = ''] = value.split('.')
      assert.doesNotMatch(Buffer.from(text, 'base64url').toString(), /salt|"oid"/)
    }
  })
})

suite('a store of another key', () => {
  test('is refused at start, and says which key it wants', async () => {
    const secret = 'another-master-key-of-forty-characters-x'
    const other = createEntrance({
      ...replicas.options,
      secret,
      store: sqliteStore(replicas.path),
    })
    const before = db.prepare('SELECT * FROM records ORDER BY key').all()
    await assert.rejects(
      other.ready(),
      /secret: does not fit the store .*: it was written with key/,
    )
    await other.close()
    assert.deepEqual(db.prepare('SELECT * FROM records ORDER BY key').all(), before, 'overwritten')
  })
})

function recordOf({ tokens }: SignedIn): { key: string; value: string } {
  const key = `grant:${tokens.refresh_token.split('.')[1]}`
  const row = db.prepare('SELECT value FROM records WHERE key = ?').get(key)
  return { key, value: row?.value as string }
}

function write(key: string, value: string): void {
  const done = db.prepare('UPDATE records SET value = ? WHERE key = ?').run(value, key)
  assert.equal(done.changes, 1)
}

function refresh({ client, client_id, tokens }: SignedIn): Promise<Response> {
  return client.refresh(client_id, tokens.refresh_token)
}

/** With this in its place, a grant is unknown; nothing is taken from it, and nothing breaks. */
async function assertUnreadable(signedIn: SignedIn, value: string): Promise<void> {
  const { key, value: genuine } = recordOf(signedIn)
  write(key, value)
  const text = /is unknown or has expired/
  await assertRefused(await refresh(signedIn), 400, 'invalid_grant', text)
  const { client, client_id, tokens } = signedIn
  const revoked = await client.revoke({ client_id, token: tokens.refresh_token })
  assert.equal(revoked.status, 200)
  write(key, genuine)
}
