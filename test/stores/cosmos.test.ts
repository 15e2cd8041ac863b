import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { ConfigError, type Store } from '../../src/index.ts'
import { type CosmosStoreOptions, cosmosStore } from '../../src/stores/cosmos.ts'
import { createCertificate } from '../support/certificate.ts'
import { json, signIn, type TokenResponse } from '../support/oauth-client.ts'
import { startEntrance } from '../support/start.ts'
import { recordOf, storeContract } from './contract.ts'
import { KEY, startStandIn } from './cosmos-stand-in/server.ts'
import { crashContract } from './crash.ts'

storeContract({
  name: 'cosmos',
  open: async (t) => cosmosStore((await startStandIn(t)).url, { key: KEY }),
  revocations: 200,
})

crashContract({
  name: 'cosmos',
  address: async (t) => ({ store: (await startStandIn(t)).url, key: KEY }),
})

type StandIn = Awaited<ReturnType<typeof startStandIn>>

const REVOCATION = { kind: 'grant', id: '1', issuedUntil: 1, expiresAt: 2 ** 31 } as const

test('cosmos: what is throttled is tried again, and done once', async (t) => {
  const { standIn, store } = await start(t)
  for (const operation of operationsOf(store)) {
    standIn.answerNext(3, 429, { 'x-ms-retry-after-ms': '5' })
    await operation()
  }
  const { records } = await store.page({ prefix: '', limit: 10 })
  assert.deepEqual(
    records.map(({ key, version }) => [key, version]),
    [['grant:1', 2]],
  )
  assert.equal((await store.revocations()).revocations.length, 1)
})

test('cosmos: an account that throttles for longer than an operation has is unreachable', async (t) => {
  const { standIn, store } = await start(t)
  standIn.answerNext(1000, 429, { 'x-ms-retry-after-ms': '500' })
  const started = performance.now()
  await assert.rejects(store.get('grant:1'), /429|over 4000 ms/)
  assert.ok(performance.now() - started < 5000)
})

test('cosmos: a write whose answer is lost rejects, and is found to be done', async (t) => {
  const { standIn, store } = await start(t)
  standIn.loseAnswers(1)
  await assert.rejects(store.create(recordOf('grant:1')), Error)
  assert.equal((await store.get('grant:1'))?.version, 1)
  assert.equal(await store.create(recordOf('grant:1')), false)
})

test('cosmos: an account that hangs rejects within its time, and answers when it goes on', async (t) => {
  const { standIn, store } = await start(t)
  await store.create(recordOf('grant:1'))
  const resume = standIn.hang()
  const operations = [
    () => store.get('grant:1'),
    () => store.create(recordOf('grant:2')),
    () => store.replace(recordOf('grant:1'), 1),
    () => store.list({ person: 'tid/oid' }),
    () => store.revocations(),
    () => store.revoke(REVOCATION),
    () => store.connect(),
  ]
  const started = performance.now()
  const ends = await Promise.allSettled(operations.map((operation) => operation()))
  assert.ok(performance.now() - started < 5000)
  assert.deepEqual(new Set(ends.map(({ status }) => status)), new Set(['rejected']))
  resume()
  assert.equal((await store.get('grant:1'))?.value, 'value of grant:1')
})

test('cosmos: a server that is away is no ConfigError: it may come back', async (t) => {
  const { standIn, store } = await start(t)
  for (const status of [500, 503, 408, 410]) {
    standIn.answerNext(1, status)
    const error = await store.connect().catch((reason) => reason)
    assert.ok(error instanceof Error && !(error instanceof ConfigError), `${status}: ${error}`)
  }
  await store.connect()
})

test('cosmos: a container that is gone, or a replica that is behind, is not taken for absence', async (t) => {
  const { standIn, store } = await start(t)
  await store.create(recordOf('grant:1'))
  standIn.answerNext(10, 404, { 'x-ms-substatus': '1002' })
  await assert.rejects(store.get('grant:1'), /404\/1002/)
  await assert.rejects(store.replace(recordOf('grant:1'), 1), /404\/1002/)
  await assert.rejects(store.delete('grant:1'), /404\/1002/)
  standIn.account.databases.clear()
  for (const operation of operationsOf(store)) await assert.rejects(operation, /404/)
  await assert.rejects(store.list({ person: 'tid/oid' }), /404/)
  await assert.rejects(store.page({ prefix: '', limit: 1 }), /404/)
  await assert.rejects(store.revocations(), /404/)
})

test('cosmos: a record that changes between read and write is not replaced', async (t) => {
  const { standIn, store } = await start(t)
  await store.create(recordOf('grant:1'))
  const beside = cosmosStore(standIn.url, { key: KEY })
  t.after(() => beside.close())
  for (let version = 1; version <= 20; version++) {
    const done = await Promise.all(
      [store, beside].map((s) => s.replace(recordOf('grant:1'), version)),
    )
    assert.equal(done.filter(Boolean).length, 1)
  }
})

test('cosmos: revocations of two replicas at once are all in the feed, each once', async (t) => {
  const { standIn, store } = await start(t)
  const beside = cosmosStore(standIn.url, { key: KEY })
  t.after(() => beside.close())
  const ids = Array.from({ length: 20 }, (_, i) => String(i))
  const revoke = (id: string, i: number) => (i % 2 ? store : beside).revoke({ ...REVOCATION, id })
  await Promise.all(ids.map(revoke))
  const { revocations, cursor } = await store.revocations()
  assert.deepEqual(
    revocations.map(({ id }) => Number(id)).toSorted((a, b) => a - b),
    ids.map(Number),
  )
  assert.equal(cursor, '20')
})

test('cosmos: an item’s time to live is its record’s, and it goes by itself', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: 0 })
  const { standIn, store } = await start(t)
  await store.create(recordOf('grant:1', { expiresAt: 60 }))
  await store.create(recordOf('grant:2', { expiresAt: 600 }))
  await store.revoke({ ...REVOCATION, expiresAt: 60 })
  const documents = standIn.account.container('company', 'sign-ins')?.documents
  const count = () => documents?.scan(undefined).length
  // Two records, the revocation, and the counter, which stays for ever.
  assert.equal(count(), 4)
  t.mock.timers.setTime(59_000)
  assert.equal(count(), 4)
  t.mock.timers.setTime(200_000)
  assert.equal(count(), 2)
  await store.revoke({ ...REVOCATION, id: '2', expiresAt: 600 })
  assert.equal((await store.revocations()).cursor, '2')
})

test('cosmos: each record is asked for by its own partition, and no key stands in an address', async (t) => {
  const { standIn, store } = await start(t)
  standIn.requests.length = 0
  for (const operation of operationsOf(store).slice(0, 4)) await operation()
  const [item, none] = ['grant:1', 'none'].map((key) => {
    const id = createHash('sha256').update(key).digest('base64url')
    return `/dbs/company/colls/sign-ins/docs/${id}`
  })
  assert.deepEqual(standIn.requests, [
    'POST /dbs/company/colls/sign-ins/docs',
    `GET ${item}`,
    `GET ${item}`,
    `PUT ${item}`,
    `DELETE ${none}`,
  ])
})

test('cosmos: database and container are made where they are absent, by one replica or by all at once', async (t) => {
  const standIn = await startStandIn(t)
  const stores = [1, 2, 3].map(() => cosmosStore(standIn.url, { key: KEY }))
  await Promise.all(stores.map((store) => store.connect()))
  const definition = standIn.account.container('company', 'sign-ins')?.definition
  const partitionKey = definition?.partitionKey as { paths?: string[] } | undefined
  assert.deepEqual(partitionKey?.paths, ['/partition'])
  assert.equal(definition?.defaultTtl, -1)
  for (const store of stores) await store.close()
})

test('cosmos: an account or container that cannot keep the promises is refused', async (t) => {
  const cases: [RegExp, (standIn: StandIn) => void][] = [
    [
      /consistency Session.*default-consistency-level/,
      ({ account }) => setLevel(account, 'Session'),
    ],
    [/consistency Eventual/, ({ account }) => setLevel(account, 'Eventual')],
    [/writes in several regions/, ({ account }) => Object.assign(account, { isMultiple: true })],
    [/partition key \/id; \/partition is expected/, (s) => put(s, { paths: ['/id'] }, -1)],
    [/without time to live/, (s) => put(s, { paths: ['/partition'] }, undefined)],
    [
      /firewall.*az cosmosdb sql container create/,
      (s) => Object.assign(s.account, { mayCreate: false }),
    ],
  ]
  for (const [expected, change] of cases) {
    const standIn = await startStandIn(t)
    change(standIn)
    await assertRefused(cosmosStore(standIn.url, { key: KEY }), expected)
  }
})

test('cosmos: an account that is changed behind a server’s back is found by its check', async (t) => {
  const { standIn, store } = await start(t)
  assert.deepEqual(await store.check(), [])
  setLevel(standIn.account, 'ConsistentPrefix')
  const [finding] = await store.check()
  assert.match(`${finding?.severity}: ${finding?.problem}`, /^error: .*ConsistentPrefix/)
})

test('cosmos: Strong is as good as BoundedStaleness', async (t) => {
  const standIn = await startStandIn(t)
  setLevel(standIn.account, 'Strong')
  const store = cosmosStore(standIn.url, { key: KEY })
  await store.connect()
  await store.close()
})

test('cosmos: a key of another account is refused, and no error quotes it', async (t) => {
  const key = Buffer.alloc(64, 8).toString('base64')
  const store = cosmosStore((await startStandIn(t)).url, { key })
  const error = await assertRefused(store, /does not take the key.*az cosmosdb keys list/)
  assert.ok(!error.message.includes(key.slice(0, 10)))
})

test('cosmos: a credential of Entra’s is taken in place of the key', async (t) => {
  const certificate = await createCertificate(['localhost'])
  const trusted = getCACertificates('default')
  t.after(() => setDefaultCACertificates(trusted))
  setDefaultCACertificates([certificate.cert])
  const standIn = await startStandIn(t, certificate)
  standIn.account.token = 'token'
  const getToken = async () => ({ token: 'token', expiresOnTimestamp: Date.now() + 3_600_000 })
  const store = cosmosStore(standIn.url, { credential: { getToken } })
  await store.connect()
  assert.equal(await store.create(recordOf('grant:1')), true)
  await store.close()
})

test('cosmos: an address that is none is refused at once, and not quoted', () => {
  const cases: [string, CosmosStoreOptions, RegExp][] = [
    ['cosmos:', { key: KEY }, /is not the address/],
    ['cosmos:http://account.documents.azure.com/', { key: KEY }, /begin with cosmos:https/],
    ['cosmos:https://user:hunter2@host/', { key: KEY }, /has credentials/],
    ['cosmos:https://host/?AccountKey=hunter2', { key: KEY }, /other parameters/],
    [
      'cosmos:https://host/?database=hunter2/b',
      { key: KEY },
      /database that Cosmos DB cannot have/,
    ],
    ['cosmos:https://host/', {}, /ENTRANCE_COSMOS_KEY: is missing/],
    ['cosmos:https://host/', { key: 'hunter2' }, /is no key of a Cosmos DB account/],
  ]
  for (const [url, options, expected] of cases) {
    assert.throws(
      () => cosmosStore(url, options),
      (error: Error) => {
        assert.ok(error instanceof ConfigError)
        assert.match(error.message, expected)
        assert.doesNotMatch(error.message, /hunter2/)
        return true
      },
    )
  }
})

test('cosmos: a person signs in and stays signed in while the account throttles; a code used again is refused', async (t) => {
  const { standIn, store } = await start(t)
  await using server = await startEntrance({ entrance: { store } })
  const signedIn = await signIn(server.url)
  const { client, client_id, tokens, authorization, code } = signedIn
  standIn.answerNext(2, 429, { 'x-ms-retry-after-ms': '5' })
  const refreshed = await json<TokenResponse>(await client.refresh(client_id, tokens.refresh_token))
  const called = await client.mcp(refreshed.access_token, { method: 'tools/list' })
  assert.equal(called.status, 200)
  await called.text()
  const again = await client.exchange(authorization, code)
  assert.equal(((await again.json()) as { error: string }).error, 'invalid_grant')
  const ended = await client.refresh(client_id, refreshed.refresh_token)
  assert.equal(((await ended.json()) as { error: string }).error, 'invalid_grant')
})

/** A store on a stand-in, connected. */
async function start(t: TestContext): Promise<{ standIn: StandIn; store: Store }> {
  const standIn = await startStandIn(t)
  const store = cosmosStore(standIn.url, { key: KEY })
  t.after(() => store.close())
  await store.connect()
  return { standIn, store }
}

/** The point operations in an order in which each has something to do, and a revocation. */
function operationsOf(store: Store): (() => Promise<unknown>)[] {
  return [
    () => store.create(recordOf('grant:1')),
    () => store.get('grant:1'),
    () => store.replace(recordOf('grant:1'), 1),
    () => store.delete('none'),
    () => store.revoke(REVOCATION),
  ]
}

async function assertRefused(store: Store, expected: RegExp): Promise<ConfigError> {
  const error = await store.connect().catch((reason) => reason)
  await store.close()
  assert.ok(error instanceof ConfigError, String(error))
  assert.match(error.message, expected)
  return error
}

function setLevel(account: StandIn['account'], level: string): void {
  account.consistency = level
}

function put({ account }: StandIn, partitionKey: object, defaultTtl: number | undefined): void {
  account.answer('POST', ['dbs'], JSON.stringify({ id: 'company' }))
  const definition = JSON.stringify({ id: 'sign-ins', partitionKey, defaultTtl })
  account.answer('POST', ['dbs', 'company', 'colls'], definition)
}
