import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, suite, test } from 'node:test'
import { sqliteStore } from '../../src/stores/sqlite.ts'
import type { StoredRecord } from '../../src/stores/store.ts'
import { createBrowser } from '../support/browser.ts'
import {
  type Authorization,
  codeOf,
  createOAuthClient,
  json,
  type SignedIn,
  signIn,
  type TokenResponse,
} from '../support/oauth-client.ts'
import { locationOf } from './consent-form.ts'
import { createDetour } from './detour.ts'
import {
  assertRefused,
  formRequest,
  get,
  isLet,
  type Replicas,
  redemptionOf,
  refreshOf,
  startReplicas,
} from './support.ts'

/** What Entra gave, in the order of the sign-ins. */
const entraTokens: string[] = []
let replicas: Replicas
/** What there is to find: sign-ins renewed and not, answers remembered, a client that was adopted. */
let alice: SignedIn
let renewed: TokenResponse
/** A sign-in whose code has not been redeemed yet. */
let waiting: { authorization: Authorization; code: string }
let confidential: { client_id: string; client_secret: string }

before(async () => {
  const detour = createDetour()
  detour.intercept = async ({ pathname }, go) => {
    const response = await go()
    if (!pathname.endsWith('/token')) return response
    const body = (await response.clone().json()) as Record<string, unknown>
    const given = [body.access_token, body.id_token, body.refresh_token]
    entraTokens.push(...given.filter((token) => typeof token === 'string'))
    return response
  }
  replicas = await startReplicas({
    ...{ fetch: detour.fetch, consent: 'remember', registration: { adopt: true }, limits: false },
  })
  const { url } = replicas.server
  alice = await signIn(url)
  await signIn(url, { account: 'Bob' })
  renewed = await json(await replicas.token(0, refreshOf(alice, alice.tokens)))
  const method = { token_endpoint_auth_method: 'client_secret_post' }
  confidential = await json(await alice.client.register(method))
  waiting = await signInAs(alice.client_id)
  await adopt('a-client-that-lost-its-registration')
})
after(() => replicas[Symbol.asyncDispose]())

suite('a dump of the store', () => {
  test('has every kind of record in it, and none of the secrets that are known', async () => {
    const records = await readRecords()
    const kinds = new Set(records.map(({ key }) => key.split(':')[0]))
    assert.deepEqual([...kinds].toSorted(), ['client', 'consent', 'grant', 'keyring', 'seen'])
    const { secret, entra } = replicas.options
    const tags = [alice.code, waiting.code, alice.tokens.refresh_token, renewed.refresh_token]
    const secrets = [
      ...[secret as string, entra.clientSecret, confidential.client_secret],
      ...[alice.tokens.access_token, renewed.access_token, ...entraTokens, ...tags],
      ...tags.map((token) => token.split('.').at(-1)),
      ...[alice.authorization, waiting.authorization].flatMap((own) => [
        own.code_verifier,
        own.state,
      ]),
      ...['alice@', 'Alice', 'Test client', 'mcp-access', 'lost-its-registration'],
    ]
    const dump = [...readFiles(), ...records.map((record) => JSON.stringify(record))]
    // Also not a layer below, where somebody has encoded it.
    const decoded = records.map(({ value }) => Buffer.from(value.split('.')[1] ?? '', 'base64url'))
    const texts = [...dump, ...decoded.map((bytes) => bytes.toString('latin1'))]
    for (const text of secrets) {
      assert.ok(typeof text === 'string' && text.length > 4)
      assert.ok(!texts.some((part) => part.includes(text)), `${text.slice(0, 6)}… is in the dump`)
    }
  })

  test('gives nothing that is good as a code, a token or a secret, also not when put together', async () => {
    const candidates = await findCandidates()
    assert.ok(candidates.length > 200, `${candidates.length} candidates`)
    for (const candidate of candidates) {
      assert.deepEqual(await usesOf(candidate), [], candidate.slice(0, 40))
    }
    // What was tried is nothing that could not have worked, and trying it cost nobody a sign-in.
    assert.deepEqual(await usesOf(renewed.access_token), ['access token'])
    assert.deepEqual(await usesOf(entraTokens.at(-1) ?? ''), ['Entra token'])
    assert.deepEqual(await usesOf(confidential.client_secret), ['client secret'])
    assert.deepEqual(await usesOf(waiting.code), ['code'])
    assert.deepEqual(await usesOf(renewed.refresh_token), ['refresh token'])
  })
})

suite('somebody who can write to the store', () => {
  test('brings back an old copy of a grant, and neither its refresh token nor its access tokens', async () => {
    // Sealing tells a forgery, not yesterday's truth: for a day the revocation itself does (docs/storage.md).
    const signedIn = await signIn(replicas.server.url)
    const store = sqliteStore(replicas.path)
    await store.connect()
    const key = `grant:${signedIn.tokens.refresh_token.split('.')[1]}`
    const old = (await store.get(key)) as StoredRecord
    const { client, client_id, tokens } = signedIn
    assert.equal((await client.revoke({ client_id, token: tokens.refresh_token })).status, 200)
    const revoked = (await store.get(key)) as StoredRecord
    assert.ok(await store.replace(old, revoked.version))
    await store.close()
    assert.equal(await isLet(signedIn, tokens.access_token), false)
    const answer = await client.refresh(client_id, tokens.refresh_token)
    await assertRefused(answer, 400, 'invalid_grant', /has been revoked/)
  })
})

/** Everything in the dump that looks like something, and what can be put together of it. */
async function findCandidates(): Promise<readonly string[]> {
  const records = await readRecords()
  const keyIds = new Set(records.map(({ value }) => value.split('.')[0] ?? ''))
  const binding = renewed.refresh_token.split('.')[4]
  const runs = readFiles().flatMap((text) => text.match(/[\w.-]{20,9000}/g) ?? [])
  const values = records.flatMap(({ key, value }) => [
    value,
    key,
    ...key.split(':'),
    ...value.split('.'),
  ])
  // Tags of 43 characters at the ends of what is sealed, under the names that codes and tokens have.
  const made = records.flatMap(({ key, value }) => {
    const text = value.split('.')[1] ?? ''
    const id = key.split(':')[1] ?? ''
    return [...keyIds].flatMap((keyId) =>
      [text.slice(0, 43), text.slice(-43)].flatMap((tag) =>
        ['c1', 'r1'].flatMap((kind) =>
          [0, 1, 2].map((generation) => [kind, id, generation, keyId, binding, tag].join('.')),
        ),
      ),
    )
  })
  return [...new Set([...runs, ...values, ...made])].filter((text) => text.length >= 8)
}

/** What a text is good for, in the hands of one who knows everything but what is secret. */
async function usesOf(text: string): Promise<readonly string[]> {
  const { server, options } = replicas
  const { tenantId, clientId, clientSecret } = options.entra
  const entra = { client_id: clientId, client_secret: clientSecret ?? '', refresh_token: text }
  const [redeem, refresh, secret, renew] = await Promise.all([
    replicas.token(0, redemptionOf(waiting.authorization, text)),
    replicas.token(0, refreshOf(alice, { ...alice.tokens, refresh_token: text })),
    replicas.token(0, {
      grant_type: 'refresh_token',
      ...confidential,
      client_secret: text,
      refresh_token: 'x',
    }),
    fetch(
      formRequest(`${server.emulator.origin}/${tenantId}/oauth2/v2.0/token`, {
        ...{ grant_type: 'refresh_token', scope: 'openid', ...entra },
      }),
    ),
  ])
  const headers = { authorization: `Bearer ${text}`, host: new URL(server.url).host }
  const isBearer = replicas.entrances[0]?.authenticate(headers).isAllowed
  // A client that has proven itself is told about the token, and no other is.
  const isSecret = ((await secret.json()) as { error: string }).error === 'invalid_grant'
  await renew.body?.cancel()
  return [
    ...(redeem.status === 200 ? ['code'] : []),
    ...(refresh.status === 200 ? ['refresh token'] : []),
    ...(isBearer ? ['access token'] : []),
    ...(isSecret ? ['client secret'] : []),
    ...(renew.status === 200 ? ['Entra token'] : []),
  ]
}

/** All of it, by the store's own walk. */
async function readRecords(): Promise<readonly StoredRecord[]> {
  const store = sqliteStore(replicas.path)
  await store.connect()
  const records: StoredRecord[] = []
  let after: string | undefined
  do {
    const page = await store.page({ prefix: '', after, limit: 3 })
    records.push(...page.records)
    after = page.next
  } while (after !== undefined)
  await store.close()
  return records
}

/** The bytes, with what has been deleted and not yet overwritten. */
function readFiles(): readonly string[] {
  return ['', '-wal'].map((end) => readFileSync(`${replicas.path}${end}`, 'latin1'))
}

async function signInAs(client_id: string): Promise<typeof waiting> {
  const authorization = createOAuthClient(replicas.server.url).authorization(client_id)
  const until = authorization.redirect_uri
  const code = codeOf(await createBrowser().signIn(authorization.url, { until }))
  return { authorization, code }
}

/** A client that nobody here knows is let in by a person. */
async function adopt(client_id: string): Promise<void> {
  const client = createOAuthClient(replicas.server.url)
  const authorization = client.authorization(client_id)
  const consent = locationOf(await get(authorization.url)).href
  const until = authorization.redirect_uri
  const code = codeOf(await createBrowser().signIn(consent, { until }))
  await json(await client.exchange(authorization, code))
}
