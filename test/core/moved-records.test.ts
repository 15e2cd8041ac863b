import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { createKeyring } from '../../src/core/keys/keyring.ts'
import { seal } from '../../src/core/keys/sealed.ts'
import { createMovedRecords, type MovedRecord } from '../../src/core/moved-records.ts'
import { storeKeyIds } from '../../src/core/store-keys.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import type { Store } from '../../src/stores/store.ts'

const KEYRING = createKeyring(['entrance test vector: forty characters ..'])
const OTHER = createKeyring(['entrance test vector: another forty chars '])
const KEYS = ['aaaa', 'bbbb', 'cccc'].map((end) => `entrance test vector: forty characters ${end}`)
const BINDING = 'bind'
const LATER = Math.floor(Date.now() / 1000) + 3600

type Draft = { value: Record<string, unknown>; keyring?: typeof KEYRING; expiresAt?: number }

/** A record as a server would have sealed it. */
function sealed(key: string, { value, keyring = KEYRING, expiresAt = LATER }: Draft): MovedRecord {
  const kind = key.split(':')[0]
  const purposes: Record<string, string> = { client: 'adopted client', barred: 'barred' }
  const purpose = purposes[kind ?? ''] ?? `${kind} ${BINDING}`
  return { key, value: seal(keyring, purpose, JSON.stringify(value), key), expiresAt }
}

const grant = (value: Record<string, unknown>, keyring = KEYRING) =>
  sealed('grant:1', { value, keyring })
const consent = (answeredAt: number, scope: string) =>
  sealed('consent:1', { value: { answeredAt, scope } })

const keyRecord = (value: string) => ({ key: 'keyring', value, expiresAt: LATER })

async function takeOver(there: MovedRecord, brought: MovedRecord) {
  const store = memoryStore()
  await store.create(there)
  const [taken] = await moved(store).take([brought])
  const kept = (await store.get(there.key))?.value
  assert.equal(kept, taken === 'newer' ? brought.value : there.value)
  return taken
}

const moved = (store: Store) => createMovedRecords({ store, keyring: KEYRING, binding: BINDING })

suite('a record that is brought from another store', () => {
  test('is put where it is absent, as it is, and once', async () => {
    for (const store of [memoryStore(), { ...memoryStore(), createAll: undefined as never }]) {
      const record = { ...grant({ generation: 1 }), person: 'a/1', client: 'c' }
      assert.deepEqual(await moved(store).take([record]), ['new'])
      assert.deepEqual(await store.get('grant:1'), { ...record, version: 1 })
      assert.deepEqual(await moved(store).take([record, record]), ['same', 'same'])
      assert.equal((await store.get('grant:1'))?.version, 1)
    }
  })

  test('takes the place of a grant that was renewed less often, and of no other', async () => {
    assert.equal(await takeOver(grant({ generation: 3 }), grant({ generation: 4 })), 'newer')
    assert.equal(await takeOver(grant({ generation: 4 }), grant({ generation: 3 })), 'older')
    assert.equal(await takeOver(grant({ generation: 3 }), grant({ generation: 3 })), 'older')
  })

  test('does not revive a grant that was revoked, however often it was renewed elsewhere', async () => {
    const revoked = { generation: 2, revoked: { at: 1, reason: 'operator' } }
    assert.equal(await takeOver(grant(revoked), grant({ generation: 9 })), 'older')
  })

  test('has a grant revoked that was revoked elsewhere, however often it was renewed here', async () => {
    const revoked = { generation: 2, revoked: { at: 1, reason: 'operator' } }
    assert.equal(await takeOver(grant({ generation: 9 }), grant(revoked)), 'newer')
  })

  test('takes the place of an earlier answer; of two of one second the no counts', async () => {
    assert.equal(await takeOver(consent(1, 'read'), consent(2, '')), 'newer')
    assert.equal(await takeOver(consent(2, ''), consent(1, 'read')), 'older')
    assert.equal(await takeOver(consent(1, 'read'), consent(1, '')), 'newer')
    assert.equal(await takeOver(consent(1, ''), consent(1, 'read')), 'older')
  })

  test('takes the place of what expires earlier, where that says which is newer', async () => {
    const client = (expiresAt: number) => sealed('client:1', { value: {}, expiresAt })
    assert.equal(await takeOver(client(LATER), client(LATER + 1)), 'newer')
    assert.equal(await takeOver(client(LATER + 1), client(LATER)), 'older')
    const barred = (expiresAt: number) => sealed('barred:person:1', { value: {}, expiresAt })
    assert.equal(await takeOver(barred(LATER), barred(LATER + 1)), 'older')
  })

  test('takes nobody’s place where it cannot be opened, and that of what cannot', async () => {
    const forged = { ...grant({ generation: 9 }), value: 'AAAAAAAA.AAAA' }
    assert.equal(await takeOver(grant({ generation: 1 }), forged), 'older')
    assert.equal(await takeOver(grant({ generation: 1 }), grant({ generation: 9 }, OTHER)), 'older')
    assert.equal(await takeOver(grant({ generation: 9 }, OTHER), grant({ generation: 1 })), 'newer')
    const ofAnother = sealed('grant:2', { value: { generation: 9 } })
    const swapped = { ...ofAnother, key: 'grant:1' }
    assert.equal(await takeOver(grant({ generation: 1 }), swapped), 'older')
  })

  test('gives way to what a server writes meanwhile', async () => {
    const inner = memoryStore()
    await inner.create(grant({ generation: 1 }))
    const late = grant({ generation: 7 })
    let isFirst = true
    const replace: Store['replace'] = async (record, version) => {
      if (isFirst) await inner.replace(late, version)
      isFirst = false
      return inner.replace(record, version)
    }
    const store = { ...inner, replace }
    assert.deepEqual(await moved(store).take([grant({ generation: 5 })]), ['older'])
    assert.equal((await store.get('grant:1'))?.value, late.value)
  })

  test('lifts no block, not even one of a key that is gone', async () => {
    const block = (keyring: typeof KEYRING, expiresAt: number) =>
      sealed('barred:person:1', { value: {}, keyring, expiresAt })
    assert.equal(await takeOver(block(OTHER, LATER), block(KEYRING, LATER - 3590)), 'older')
  })

  test('adds its key ids to those that the store was written under, the latest first', async () => {
    const all = createKeyring(KEYS)
    const [a, b, c] = all.keys.map(({ id }) => id)
    const store = memoryStore()
    const { take } = createMovedRecords({ store, keyring: all, binding: BINDING })
    await store.create(keyRecord(`${a}:100 ${b}:50`))
    assert.deepEqual(await take([keyRecord(`${c}:70 ${b}:60 ${a}:90`)]), ['newer'])
    assert.deepEqual(await storeKeyIds(store), [a, c, b])
    assert.deepEqual(await take([keyRecord(`${c}:70`)]), ['same'])
    assert.deepEqual(await take([keyRecord('nothing that could be one')]), ['same'])
  })

  test('names no key that is not here, and none for a time to come: either would keep servers out', async () => {
    const own = KEYRING.current.id
    for (const first of [[], [keyRecord(`${own}:50`)]]) {
      const store = memoryStore()
      for (const record of first) await store.create(record)
      await moved(store).take([keyRecord(`gonegone:253402300799 ${own}:253402300799`)])
      assert.deepEqual(await storeKeyIds(store), [own])
      const at = Number((await store.get('keyring'))?.value.split(':')[1])
      assert.ok(at <= Date.now() / 1000, String(at))
    }
  })
})

test('a record opens under its own key and for its own configuration only', () => {
  const records = moved(memoryStore())
  const good = grant({ generation: 1 })
  assert.equal(records.opens(good), true)
  assert.equal(records.opens({ ...good, key: 'grant:2' }), false)
  assert.equal(records.opens({ ...good, value: good.value.replace(/.$/, '') }), false)
  assert.equal(records.opens(grant({}, OTHER)), false)
  const elsewhere = createMovedRecords({ store: memoryStore(), keyring: KEYRING, binding: 'x' })
  assert.equal(elsewhere.opens(good), false)
  for (const key of ['keyring', 'assertion:1', 'import']) {
    assert.equal(records.opens({ key, value: '', expiresAt: LATER }), undefined)
  }
})
