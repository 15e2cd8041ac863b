import assert from 'node:assert/strict'
import { test } from 'node:test'
import { guardStore } from '../../src/core/guarded-store.ts'
import { ConfigError, type LogEvent, type Store } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'

test('whatever the store rejects with is 503 for the client, and told to the operator', async () => {
  const logs: LogEvent[] = []
  const error = 'connect postgres://app:the-password@db.internal:5432/entrance refused'
  const reject = () => Promise.reject(new Error(error))
  const away = {
    ...memoryStore(),
    connect: reject,
    check: reject,
    page: reject,
    get: reject,
    create: reject,
    replace: reject,
    delete: reject,
  }
  const broken: Store = {
    ...away,
    list: reject,
    count: reject,
    revoke: reject,
    revocations: reject,
  }
  const store = guardStore(broken, (event) => void logs.push(event))
  const record = { key: 'k', value: 'v', expiresAt: 1 }
  const rule = { kind: 'all', id: '', issuedUntil: 1, expiresAt: 1 } as const
  const calls: Record<string, () => Promise<unknown>> = {
    connect: () => store.connect(),
    check: () => store.check(),
    page: () => store.page({ prefix: '', limit: 1 }),
    get: () => store.get('k'),
    create: () => store.create(record),
    replace: () => store.replace(record, 1),
    delete: () => store.delete('k'),
    list: () => store.list({ person: 'p' }),
    count: () => store.count?.({ person: 'p' }) ?? assert.fail('It does not count.'),
    revoke: () => store.revoke(rule),
    revocations: () => store.revocations(),
  }
  for (const [operation, call] of Object.entries(calls)) {
    const message = 'The server cannot reach its store at the moment. Try again shortly.'
    await assert.rejects(call, {
      code: 'temporarily_unavailable',
      status: 503,
      retryAfter: 5,
      message,
    })
    const told = logs.at(-1)
    assert.equal(told?.operation, operation)
    assert.match(String(told?.error), /postgres:\/\/\*\*\*@db\.internal:5432\/entrance refused$/)
  }
  assert.doesNotMatch(JSON.stringify(logs), /the-password/)
})

test('what the store answers passes as it is', async () => {
  const store = guardStore(memoryStore(), () => {})
  const record = { key: 'k', value: 'v', expiresAt: Date.now() }
  assert.equal(await store.get('k'), undefined)
  assert.equal(await store.create(record), true)
  assert.equal(await store.create(record), false)
  assert.equal(await store.replace({ ...record, value: 'w' }, 1), true)
  assert.deepEqual(await store.get('k'), { ...record, value: 'w', version: 2 })
})

// `null <= 100`: a person's sign-ins would have no bound, and nobody would be told.
test('a count that is none is no answer, and a store that does not count goes on not to', async () => {
  assert.equal(guardStore(memoryStore(), () => {}).count, undefined)
  for (const wrong of [null, undefined, Number.NaN, -1, '3', 0.5]) {
    const count = async () => wrong as number
    const store = guardStore({ ...memoryStore(), count }, () => {})
    await assert.rejects(async () => store.count?.({ person: 'p' }), { status: 503 }, String(wrong))
  }
  const counting = guardStore({ ...memoryStore(), count: async () => 3 }, () => {})
  assert.equal(await counting.count?.({ person: 'p' }), 3)
})

test('a write whose answer was lost is found to have been done', async () => {
  const memory = memoryStore()
  const lost = (done: Promise<boolean>) => done.then(() => Promise.reject(new Error('reset')))
  const store = guardStore(
    {
      ...memory,
      create: (record) => lost(memory.create(record)),
      replace: (record, version) => lost(memory.replace(record, version)),
    },
    () => {},
  )
  const record = { key: 'k', value: 'sealed 1', expiresAt: Date.now() }
  assert.equal(await store.create(record), true)
  assert.equal(await store.replace({ ...record, value: 'sealed 2' }, 1), true)
  // Somebody else's stands there: whether this one was ever done, nobody knows.
  await assert.rejects(store.replace({ ...record, value: 'sealed 3' }, 1), { status: 503 })
})

test('a store that never answers is away', async () => {
  const memory = memoryStore()
  const store = guardStore({ ...memory, get: () => new Promise(() => {}) }, () => {}, 20)
  await assert.rejects(store.get('k'), { code: 'temporarily_unavailable', status: 503 })
})

test('what is wrong with a store for good stays a fault of the configuration', async () => {
  const fault = new ConfigError([{ option: 'store', problem: 'is a fax.', cure: 'Take another.' }])
  const broken: Store = { ...memoryStore(), connect: () => Promise.reject(fault) }
  await assert.rejects(guardStore(broken, () => {}).connect(), fault)
})

test('what is under way when the store is closed is no fault', async () => {
  const cut = Promise.withResolvers<never>()
  const memory = memoryStore()
  const told: string[] = []
  const store = guardStore({ ...memory, get: () => cut.promise }, ({ event }) => told.push(event))
  const asked = assert.rejects(store.get('k'))
  await store.close()
  cut.reject(new Error('statement has been finalized'))
  await asked
  assert.deepEqual(told, [])
})

test('what is away is named once, also where its own error names it', async () => {
  const fault = new Error('postgres://db/x cannot be reached: connect ECONNREFUSED 127.0.0.1:5432')
  const away: Store = {
    ...memoryStore(),
    name: 'postgres://db/x',
    get: () => Promise.reject(fault),
  }
  const told: string[] = []
  const store = guardStore(away, ({ message, error }) => told.push(`${message} ${error}`))
  await assert.rejects(store.get('k'))
  assert.deepEqual(told, [
    'The store postgres://db/x cannot be reached. connect ECONNREFUSED 127.0.0.1:5432',
  ])
})

test('a reason is told once, then once a minute, and the end of it too', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  let now = 1000
  t.mock.method(performance, 'now', () => now)
  const told: string[] = []
  let fault: Error | undefined = new Error('connect ECONNREFUSED 127.0.0.1:5432')
  const memory = memoryStore()
  const get: Store['get'] = (key) => (fault ? Promise.reject(fault) : memory.get(key))
  const store = guardStore({ ...memory, get }, ({ event, error }) =>
    told.push(`${event} ${error ?? ''}`),
  )
  const ask = () => store.get('k').catch(() => undefined)
  for (let i = 0; i < 100; i++) await ask()
  assert.deepEqual(told.splice(0), ['store.unreachable connect ECONNREFUSED 127.0.0.1:5432'])
  fault = new AggregateError([new Error('refused at ::1'), new Error('refused at 127.0.0.1')])
  for (let i = 0; i < 100; i++) await ask()
  assert.deepEqual(told.splice(0), ['store.unreachable refused at ::1; refused at 127.0.0.1'])
  now += 60_001
  for (let i = 0; i < 100; i++) await ask()
  assert.equal(told.splice(0).length, 1)
  fault = undefined
  for (let i = 0; i < 100; i++) await ask()
  assert.deepEqual(told, ['store.reachable '])
})

test('reasons that are always new and long fill neither the memory nor the log', async () => {
  const told: unknown[] = []
  let count = 0
  const get = () => Promise.reject(new Error(`${count++}${'x'.repeat(100_000)}`))
  const store = guardStore({ ...memoryStore(), get }, ({ error }) => told.push(error))
  for (let i = 0; i < 200; i++) await store.get('k').catch(() => undefined)
  assert.ok(told.length > 10 && told.length < 100, `${told.length}`)
  assert.ok(told.every((error) => String(error).length <= 300))
})
