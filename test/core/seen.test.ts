import assert from 'node:assert/strict'
import { beforeEach, suite, test } from 'node:test'
import { createKeyring } from '../../src/core/keys/keyring.ts'
import { createSeen, type Seen } from '../../src/core/seen.ts'
import type { Store } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { stopClock } from '../attacks/support.ts'

const ALICE = { id: 'tenant/alice', name: 'Alice@Contoso.example' }
const EDITOR = { digest: 'a-digest', name: 'Editor' }
const DAY = 86_400
const GRANT = 180 * DAY

let store: Store
let seen: Seen
beforeEach(() => {
  store = memoryStore()
  seen = open()
})

suite('who has signed in with what', () => {
  test('is known by name and by client, to every process', async () => {
    await seen.note(ALICE, EDITOR)
    assert.deepEqual(await open().people('alice@contoso.EXAMPLE'), ['tenant/alice'])
    assert.deepEqual(await open().client(EDITOR.digest), EDITOR)
    assert.deepEqual((await open().clients({ limit: 10 })).entries, [EDITOR])
    assert.deepEqual(await seen.people('alice'), [])
    assert.equal(await seen.client('other'), undefined)
  })

  test('has both people where a name went from one to another, and sixteen at most', async () => {
    await seen.note(ALICE, EDITOR)
    await seen.note({ ...ALICE, id: 'tenant/new' }, EDITOR)
    assert.deepEqual(await seen.people(ALICE.name), ['tenant/alice', 'tenant/new'])
    for (let i = 0; i < 20; i++) await seen.note({ ...ALICE, id: `tenant/${i}` }, EDITOR)
    const people = await seen.people(ALICE.name)
    assert.deepEqual([people.length, people.at(-1)], [16, 'tenant/19'])
  })

  test('takes a client by the name that it has now, and may do without one', async () => {
    await seen.note(ALICE, EDITOR)
    await seen.note(ALICE, { ...EDITOR, name: 'Editor 2' })
    assert.equal((await seen.client(EDITOR.digest))?.name, 'Editor 2')
    await seen.note({ id: 'tenant/x', name: undefined }, { digest: 'nameless', name: undefined })
    assert.deepEqual(await seen.client('nameless'), { digest: 'nameless', name: undefined })
  })

  test('is written once a day, and outlives the grant', async () => {
    let writes = 0
    const counting: Store = {
      ...store,
      create: (record) => ++writes && store.create(record),
      replace: (record, version) => ++writes && store.replace(record, version),
    } as Store
    const own = open(counting)
    using clock = stopClock()
    for (let i = 0; i < 5; i++) await own.note(ALICE, EDITOR)
    assert.equal(writes, 2)
    clock.forward(DAY + 1)
    for (let i = 0; i < 5; i++) await own.note(ALICE, EDITOR)
    assert.equal(writes, 4)
    clock.forward(GRANT)
    assert.deepEqual(await own.people(ALICE.name), ['tenant/alice'])
    clock.forward(DAY + 1)
    assert.deepEqual(await own.people(ALICE.name), [])
    assert.equal(await own.client(EDITOR.digest), undefined)
  })

  test('loses nobody who signs in at the same moment under one name', async () => {
    const ids = Array.from({ length: 4 }, (_, i) => `tenant/${i}`)
    await Promise.all(ids.map((id) => open().note({ id, name: 'shared' }, EDITOR)))
    assert.deepEqual([...(await seen.people('shared'))].toSorted(), ids)
  })

  test('is sealed: a store says no names, and one that was moved is not taken', async () => {
    await seen.note(ALICE, EDITOR)
    const { records } = await store.page({ prefix: 'seen:', limit: 10 })
    assert.equal(records.length, 2)
    assert.doesNotMatch(JSON.stringify(records), /alice|contoso|Editor"/i)
    const [name] = records.filter(({ key }) => key.startsWith('seen:name:'))
    const other = { ...EDITOR, digest: 'other' }
    await seen.note({ id: 'tenant/bob', name: 'bob' }, other)
    const { records: now } = await store.page({ prefix: 'seen:name:', limit: 10 })
    const bobs = now.find(({ key }) => key !== name?.key)
    await store.replace({ ...bobs, value: name?.value } as never, bobs?.version ?? 0)
    assert.deepEqual(await seen.people('bob'), [])
  })
})

function open(of = store): Seen {
  const keyring = createKeyring([{ secret: 'a secret of forty-three characters or so, 1' }])
  return createSeen({ store: of, keyring, grantMaxTtl: GRANT })
}
