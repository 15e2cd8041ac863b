import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, suite, test } from 'node:test'
import { resolveOptions } from '../../../src/core/resolve-options.ts'
import { SEED } from '../../../src/emulator/emulator.ts'
import type { EntranceOptions, Store } from '../../../src/index.ts'
import { createEntrance, type Entrance, OperatorError } from '../../../src/index.ts'
import { memoryStore } from '../../../src/stores/memory.ts'
import { COMMON_CLIENT, fill, nameOf } from '../../support/fill-grants.ts'

const GRANTS = 3500

/** What was asked of the store. */
type Read = { readonly kind: string; readonly asked: number; readonly given: number }

let reads: Read[] = []
let entrance: Entrance
before(async () => {
  const store = memoryStore()
  const options: EntranceOptions = {
    url: 'http://localhost:3000',
    secret: randomBytes(32).toString('base64url'),
    entra: { tenantId: SEED.tenantId, clientId: SEED.clientId, clientSecret: SEED.clientSecret },
    store: noting(store),
  }
  const config = resolveOptions(options)
  await fill(GRANTS, store, { config, tid: SEED.tenantId })
  entrance = createEntrance(options)
})
after(() => entrance.close())

const operator = () => {
  reads = []
  return entrance.operator.as('a test')
}

suite('with thousands of grants the operator', () => {
  test('finds a person by name, and nobody, without looking at a grant', async () => {
    const { id, isNew } = await operator().users.unblock(nameOf(7).toUpperCase())
    assert.deepEqual([id.split('/')[0], isNew], [SEED.tenantId, false])
    await assert.rejects(operator().users.unblock('nobody@contoso.example'), OperatorError)
    assert.deepEqual(recordsOf('page grant:'), 0)
  })

  test('finds a client by its digest at once, and by its name among the clients alone', async () => {
    await operator().clients.enable(COMMON_CLIENT)
    assert.equal(recordsOf('page '), 0)
    assert.equal((await operator().clients.enable('client 15')).name, 'Client 15')
    await assert.rejects(operator().clients.enable('Nothing'), OperatorError)
    assert.equal(recordsOf('page grant:'), 0)
    assert.ok(recordsOf('page seen:client:') > 0)
  })

  test('sees the sessions of a client without looking at those of others', async () => {
    const { sessions } = await operator().sessions.list({ client: COMMON_CLIENT, limit: 1000 })
    assert.ok(sessions.every(({ client }) => client.digest === COMMON_CLIENT))
    assert.ok(sessions.length >= 1000)
    assert.equal(recordsOf('page grant:'), sessions.length)
  })

  test('lists clients a part at a time: each once, and of the one that all have a thousand', async () => {
    const found = new Map<string, { sessions: number; people: number; isMore: boolean }>()
    let next: string | undefined
    let entries = 0
    do {
      const part = await operator().clients.list({ after: next, limit: 500 })
      for (const client of part.clients) found.set(client.digest, client)
      entries += part.clients.length
      const counts = part.clients.map(({ sessions }) => sessions)
      assert.deepEqual(
        counts,
        counts.toSorted((a, b) => b - a),
      )
      next = part.next
    } while (next !== undefined)
    assert.equal(entries, found.size)
    const common = found.get(COMMON_CLIENT)
    assert.deepEqual([common?.sessions, common?.isMore], [1000, true])
    assert.ok(common && common.people > 100 && common.people <= 1000)
    const others = [...found.values()].filter(({ isMore }) => !isMore)
    assert.equal(
      others.reduce((sum, { sessions }) => sum + sessions, 0),
      (GRANTS * 7) / 10,
    )
  })

  test('ends what a client has, and reads no other grants for it', async () => {
    const { clients } = await operator().clients.list({ limit: 5 })
    const [one] = clients.filter(({ digest }) => digest !== COMMON_CLIENT)
    assert.ok(one)
    assert.equal(await operator().sessions.revoke({ client: one.digest }), one.sessions)
    assert.equal(recordsOf('page grant:'), one.sessions)
  })

  test('has no more than 100 records read in one step, whatever is asked for', async () => {
    const { sessions, clients } = operator()
    for (let after: string | undefined = ''; after !== undefined; ) {
      after = (await sessions.list({ limit: 1000, ...(after && { after }) })).next
    }
    await clients.list({ limit: 1000 })
    assert.ok(reads.length > 10)
    assert.deepEqual(
      reads.filter(({ asked, given }) => asked > 100 || given > 100),
      [],
    )
  })

  test('is told of a place where no part ended', async () => {
    for (const after of ['x', '9.', '1.-1', '1.x', '.']) {
      await assert.rejects(operator().clients.list({ after }), OperatorError, after)
    }
  })
})

function recordsOf(kind: string): number {
  const ofKind = reads.filter((read) => read.kind.startsWith(kind))
  return ofKind.reduce((sum, { given }) => sum + given, 0)
}

function noting(store: Store): Store {
  return {
    ...store,
    async page(query) {
      const page = await store.page(query)
      const { prefix, limit } = query
      reads.push({ kind: `page ${prefix}`, asked: limit, given: page.records.length })
      return page
    },
    close: async () => {},
  }
}
