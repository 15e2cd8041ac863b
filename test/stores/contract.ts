import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Revocation, Store, StoredRecord } from '../../src/index.ts'

/** A store under test. */
export type StoreSetup = {
  readonly name: string
  /** Opens an empty store of the test's own. */
  readonly open: (t: TestContext) => Store | Promise<Store>
  /** How many revocations are more than one page has. @default 2500 */
  readonly revocations?: number
}

const START = Date.UTC(2026, 0, 1)
const HOUR = 3600

/** What every store must hold. Each test has an empty store, and a clock that it sets. */
export function storeContract({ name, open, revocations = 2500 }: StoreSetup): void {
  const check = (title: string, run: (store: Store, t: TestContext) => Promise<void>) =>
    test(`${name}: ${title}`, async (t) => {
      t.mock.timers.enable({ apis: ['Date'], now: START })
      const store = await open(t)
      try {
        await store.connect()
        await run(store, t)
      } finally {
        await store.close()
      }
    })
  recordsContract(check)
  createAllContract(check)
  expiryContract(check)
  listContract(check)
  pageContract(check)
  pageOfClientContract(check)
  boundedStepContract(check)
  pageDeletionContract(check)
  concurrencyContract(check)
  revocationsContract(check)
  manyRevocationsContract(check, revocations)
  closeContract(check)
}

type Check = (title: string, run: (store: Store, t: TestContext) => Promise<void>) => void

function recordsContract(check: Check): void {
  check('a key that was never written is absent', async (store) => {
    assert.equal(await store.get('grant:1'), undefined)
  })

  check('a created record is read as it was given, at version 1', async (store) => {
    const record = recordOf('grant:1', { person: 'tid/oid', client: 'digest' })
    assert.equal(await store.create(record), true)
    assert.deepEqual(await store.get('grant:1'), { ...record, version: 1 })
  })

  check('a record may do without a person and a client', async (store) => {
    const { person: _, client: __, ...record } = recordOf('keyring')
    await store.create(record)
    const read = await store.get('keyring')
    assert.equal(read?.value, record.value)
    assert.equal(read?.person, undefined)
    assert.equal(read?.client, undefined)
  })

  check('keys and values may hold any text', async (store) => {
    for (const text of ["'; DROP TABLE records; --", '%_*?', 'ünïcødé 🚪', 'a\nb', '']) {
      assert.equal(await store.create(recordOf(`key ${text}`, { value: text })), true)
      assert.equal((await store.get(`key ${text}`))?.value, text)
    }
    const long = 'x'.repeat(100_000)
    await store.create(recordOf('long', { value: long }))
    assert.equal((await store.get('long'))?.value, long)
  })

  check('keys are told apart by case and to the last character', async (store) => {
    await store.create(recordOf('grant:a'))
    assert.equal(await store.create(recordOf('grant:A')), true)
    assert.equal(await store.create(recordOf('grant:a ')), true)
    assert.equal(await store.get('grant:'), undefined)
  })

  check('a second record of one key is not created, and the first one stays', async (store) => {
    await store.create(recordOf('grant:1', { value: 'first' }))
    assert.equal(await store.create(recordOf('grant:1', { value: 'second' })), false)
    assert.equal((await store.get('grant:1'))?.value, 'first')
  })

  check('a replacement at the right version changes everything and counts up', async (store) => {
    await store.create(recordOf('grant:1', { person: 'a/1', client: 'one' }))
    const changed = recordOf('grant:1', {
      value: 'new',
      expiresAt: now() + 2 * HOUR,
      person: 'a/2',
    })
    assert.equal(await store.replace(changed, 1), true)
    assert.deepEqual(await store.get('grant:1'), { ...changed, version: 2 })
    assert.deepEqual(await store.list({ person: 'a/1' }), [])
  })

  check('a replacement at another version changes nothing', async (store) => {
    const record = recordOf('grant:1')
    await store.create(record)
    for (const version of [0, 2, -1]) {
      assert.equal(await store.replace(recordOf('grant:1', { value: 'new' }), version), false)
    }
    assert.deepEqual(await store.get('grant:1'), { ...record, version: 1 })
  })

  check('what is absent is not replaced', async (store) => {
    assert.equal(await store.replace(recordOf('grant:1'), 1), false)
    assert.equal(await store.get('grant:1'), undefined)
  })

  check('a deleted record is absent, and its key starts again at version 1', async (store) => {
    await store.create(recordOf('grant:1'))
    await store.replace(recordOf('grant:1'), 1)
    await store.delete('grant:1')
    assert.equal(await store.get('grant:1'), undefined)
    assert.equal(await store.replace(recordOf('grant:1'), 2), false)
    assert.equal(await store.create(recordOf('grant:1')), true)
    assert.equal((await store.get('grant:1'))?.version, 1)
  })

  check('to delete what is absent is no error', (store) => store.delete('grant:1'))

  check('what a caller does to a record that it got stays with the caller', async (store) => {
    await store.create(recordOf('grant:1'))
    const read = (await store.get('grant:1')) as { value: string }
    read.value = 'changed'
    assert.notEqual((await store.get('grant:1'))?.value, 'changed')
  })
}

function createAllContract(check: Check): void {
  check('of several created at once, those are put whose key is free', async (store, t) => {
    const oneByOne: Store['createAll'] = (records) => Promise.all(records.map(store.create))
    const createAll = store.createAll ?? oneByOne
    await store.create(recordOf('grant:2', { value: 'first' }))
    await store.create(recordOf('grant:3', { value: 'old', expiresAt: now() + 60 }))
    t.mock.timers.setTime(START + 60_000)
    const { person: _, client: __, ...bare } = recordOf('keyring')
    const records = [
      recordOf('grant:1', { person: 'a/1' }),
      recordOf('grant:2', { value: 'second' }),
      recordOf('grant:3', { value: 'new' }),
      bare,
    ]
    assert.deepEqual(await createAll(records), [true, false, true, true])
    assert.deepEqual(await store.get('grant:1'), { ...records[0], version: 1 })
    assert.equal((await store.get('grant:2'))?.value, 'first')
    assert.deepEqual(await store.get('grant:3'), { ...records[2], version: 1 })
    assert.equal((await store.get('keyring'))?.person, undefined)
    assert.deepEqual(
      (await store.list({ person: 'a/1' })).map(({ key }) => key),
      ['grant:1'],
    )
    assert.deepEqual(await createAll([]), [])
  })
}

function expiryContract(check: Check): void {
  check('a record is absent from the second on at which it expires', async (store, t) => {
    await store.create(recordOf('grant:1', { expiresAt: now() + 60 }))
    t.mock.timers.setTime(START + 59_999)
    assert.equal((await store.get('grant:1'))?.version, 1)
    t.mock.timers.setTime(START + 60_000)
    assert.equal(await store.get('grant:1'), undefined)
    assert.deepEqual(await store.list({ person: 'tid/oid' }), [])
  })

  check('an expired record is not replaced', async (store, t) => {
    await store.create(recordOf('grant:1', { expiresAt: now() + 60 }))
    t.mock.timers.setTime(START + 60_000)
    assert.equal(await store.replace(recordOf('grant:1'), 1), false)
    assert.equal(await store.get('grant:1'), undefined)
  })

  check('an expired record gives way to a new one, at version 1', async (store, t) => {
    // More than one write clears away, and before this one.
    for (let i = 0; i < 50; i++) await store.create(recordOf(`old ${i}`, { expiresAt: now() + 30 }))
    await store.create(recordOf('grant:1', { expiresAt: now() + 60, person: 'a/1' }))
    await store.replace(recordOf('grant:1', { expiresAt: now() + 60, person: 'a/1' }), 1)
    t.mock.timers.setTime(START + 60_000)
    const record = recordOf('grant:1', { value: 'new', person: 'a/2' })
    assert.equal(await store.create(record), true)
    assert.deepEqual(await store.get('grant:1'), { ...record, version: 1 })
    assert.deepEqual(await store.list({ person: 'a/1' }), [])
  })

  check('a replacement can prolong a life and shorten it', async (store, t) => {
    await store.create(recordOf('grant:1', { expiresAt: now() + 60 }))
    await store.replace(recordOf('grant:1', { expiresAt: now() + 120 }), 1)
    t.mock.timers.setTime(START + 61_000)
    assert.equal((await store.get('grant:1'))?.version, 2)
    await store.replace(recordOf('grant:1', { expiresAt: now() }), 2)
    assert.equal(await store.get('grant:1'), undefined)
  })
}

function listContract(check: Check): void {
  check('a list has the live records of that person, and no others', async (store, t) => {
    await store.create(recordOf('grant:1', { person: 'a/1', client: 'one' }))
    await store.create(recordOf('grant:2', { person: 'a/1', client: 'two' }))
    await store.create(recordOf('grant:3', { person: 'a/2', client: 'one' }))
    await store.create(recordOf('grant:4', { person: 'a/1', expiresAt: now() + 60 }))
    await store.create({ key: 'keyring', value: 'ids', expiresAt: now() + HOUR })
    t.mock.timers.setTime(START + 60_000)
    assert.deepEqual(keysOf(await store.list({ person: 'a/1' })), ['grant:1', 'grant:2'])
    assert.deepEqual(await store.list({ person: 'a' }), [])
    assert.deepEqual(await store.list({ person: '' }), [])
  })

  check('a count is never less than the list is long, and is of that person', async (store, t) => {
    const count: Store['count'] = async (by) => (await store.list(by)).length
    const countOf = (person: string) => (store.count ?? count)({ person })
    assert.equal(await countOf('a/1'), 0)
    await store.create(recordOf('grant:1', { person: 'a/1' }))
    await store.create(recordOf('grant:2', { person: 'a/1' }))
    await store.create(recordOf('grant:3', { person: 'a/2' }))
    await store.create(recordOf('grant:4', { person: 'a/1', expiresAt: now() + 60 }))
    assert.equal(await countOf('a/1'), 3)
    await store.delete('grant:1')
    assert.equal(await countOf('a/1'), 2)
    t.mock.timers.setTime(START + 60_000)
    assert.ok((await countOf('a/1')) >= 1)
    assert.equal(await countOf('a'), 0)
  })

  check('a listed record can be replaced by the version that the list gave', async (store) => {
    await store.create(recordOf('grant:1'))
    await store.replace(recordOf('grant:1'), 1)
    const [listed] = await store.list({ person: 'tid/oid' })
    assert.deepEqual(listed, await store.get('grant:1'))
    assert.equal(await store.replace(recordOf('grant:1'), listed?.version ?? 0), true)
  })
}

function pageContract(check: Check): void {
  check('a walk gives every live record of a prefix, however small its pages', async (store, t) => {
    const keys = Array.from({ length: 25 }, (_, i) => `grant:${i}`)
    for (const key of [...keys, 'grant', 'grants:1', 'GRANT:1', 'a%_*?[x]:1', 'a%_*?[x]:2']) {
      await store.create(recordOf(key))
    }
    await store.create(recordOf('grant:old', { expiresAt: now() + 60 }))
    t.mock.timers.setTime(START + 60_000)
    for (const limit of [1, 7, 25, 1000]) {
      assert.deepEqual(await walk(store, 'grant:', limit), keys.toSorted())
    }
    assert.deepEqual(await walk(store, 'a%_*?[x]:', 1), ['a%_*?[x]:1', 'a%_*?[x]:2'])
    assert.deepEqual(await walk(store, 'nothing', 10), [])
    assert.equal((await walk(store, '', 10)).length, 30)
  })

  check(
    'a walk gives records whole, and comes to its end while records are made',
    async (store) => {
      const record = recordOf('grant:1', { person: 'a/1', client: 'one' })
      await store.create(record)
      const { records } = await store.page({ prefix: 'grant:1', limit: 10 })
      assert.deepEqual(records, [{ ...record, version: 1 }])
      for (let i = 2; i < 40; i++) await store.create(recordOf(`grant:${i}`))
      let after: string | undefined
      let pages = 0
      do {
        const page = await store.page({ prefix: 'grant:', after, limit: 10 })
        after = page.next
        await store.create(recordOf(`grant:late ${pages}`))
        assert.ok(++pages < 200, 'no end')
      } while (after !== undefined)
    },
  )
}

function pageOfClientContract(check: Check): void {
  check(
    'a walk of one client gives its live records of the prefix, and no others',
    async (store, t) => {
      const keys = Array.from({ length: 25 }, (_, i) => `grant:${i}`)
      for (const key of keys) await store.create(recordOf(key, { client: 'one' }))
      await store.create(recordOf('consent:1', { client: 'one' }))
      await store.create(recordOf('grant:other', { client: 'two' }))
      await store.create(recordOf('grant:old', { client: 'one', expiresAt: now() + 60 }))
      await store.create({ key: 'grant:none', value: '', expiresAt: now() + HOUR })
      t.mock.timers.setTime(START + 60_000)
      for (const limit of [1, 7, 26, 1000]) {
        assert.deepEqual(await walk(store, 'grant:', limit, 'one'), keys.toSorted())
      }
      assert.deepEqual(await walk(store, 'grant:', 10, 'nobody'), [])
    },
  )

  check(
    'a walk of one client misses nothing that stays, though others are renewed and go',
    async (store) => {
      const staying = Array.from({ length: 20 }, (_, i) => `grant:stays ${i}`)
      for (const [i, key] of staying.entries()) {
        await store.create(recordOf(`${key} not`, { client: 'one' }))
        await store.create(recordOf(key, { client: 'one', expiresAt: now() + HOUR + (i % 3) }))
      }
      const seen = new Set<string>()
      let after: string | undefined
      do {
        const page = await store.page({ prefix: 'grant:', client: 'one', after, limit: 3 })
        after = page.next
        for (const { key, version } of page.records) {
          const isFirst = !seen.has(key)
          seen.add(key)
          if (key.endsWith(' not')) await store.delete(key)
          const renewed = recordOf(key, { client: 'one', expiresAt: now() + 2 * HOUR })
          if (isFirst && key.endsWith('7')) await store.replace(renewed, version)
        }
      } while (after !== undefined)
      assert.deepEqual(
        staying.filter((key) => !seen.has(key)),
        [],
      )
    },
  )
}

function boundedStepContract(check: Check): void {
  check('a step of a walk looks at few records, however many have expired', async (store, t) => {
    for (let i = 0; i < 300; i++) {
      await store.create(recordOf(`grant:${i}`, { client: 'one', expiresAt: now() + 60 }))
    }
    t.mock.timers.setTime(START + 60_000)
    for (const client of [undefined, 'one']) {
      let after: string | undefined
      let steps = 0
      do {
        const page = await store.page({ prefix: 'grant:', client, after, limit: 10 })
        assert.deepEqual(page.records, [])
        after = page.next
        assert.ok(++steps < 2000, 'no end')
      } while (after !== undefined)
    }
  })
}

function pageDeletionContract(check: Check): void {
  check(
    'a walk misses nothing that stays, though what it has given goes meanwhile',
    async (store) => {
      const staying = Array.from({ length: 20 }, (_, i) => `grant:stays ${i}`)
      for (const key of staying) {
        await store.create(recordOf(`${key} not`))
        await store.create(recordOf(key))
      }
      const seen = new Set<string>()
      let after: string | undefined
      do {
        const page = await store.page({ prefix: 'grant:', after, limit: 3 })
        after = page.next
        for (const { key } of page.records) {
          seen.add(key)
          if (key.endsWith(' not')) await store.delete(key)
        }
      } while (after !== undefined)
      assert.deepEqual(
        staying.filter((key) => !seen.has(key)),
        [],
      )
    },
  )
}

/** The keys of a whole walk, in order, each once. */
async function walk(
  store: Store,
  prefix: string,
  limit: number,
  client?: string,
): Promise<string[]> {
  const keys = new Set<string>()
  let after: string | undefined
  do {
    const page = await store.page({ prefix, client, after, limit })
    for (const { key } of page.records) keys.add(key)
    after = page.next
  } while (after !== undefined)
  return [...keys].toSorted()
}

function concurrencyContract(check: Check): void {
  check('of 50 creations of one key at once, one succeeds', async (store) => {
    const attempts = Array.from({ length: 50 }, (_, i) =>
      store.create(recordOf('grant:1', { value: String(i) })),
    )
    const done = await Promise.all(attempts)
    assert.equal(done.filter(Boolean).length, 1)
    assert.equal((await store.get('grant:1'))?.value, String(done.indexOf(true)))
  })

  check('of 50 replacements of one version at once, one succeeds', async (store) => {
    await store.create(recordOf('grant:1'))
    const attempts = Array.from({ length: 50 }, (_, i) =>
      store.replace(recordOf('grant:1', { value: String(i) }), 1),
    )
    const done = await Promise.all(attempts)
    assert.equal(done.filter(Boolean).length, 1)
    const { value, version } = (await store.get('grant:1')) as StoredRecord
    assert.deepEqual([value, version], [String(done.indexOf(true)), 2])
  })
}

function revocationsContract(check: Check): void {
  check('without a revocation there is a page, and a cursor to go on from', async (store) => {
    const { revocations, cursor } = await store.revocations()
    assert.deepEqual(revocations, [])
    assert.deepEqual((await store.revocations(cursor)).revocations, [])
  })

  check('a page without a cursor has every live revocation as it was given', async (store) => {
    const given = [
      revocationOf('1'),
      revocationOf('tid/oid', { kind: 'person' }),
      revocationOf('digest', { kind: 'client' }),
      revocationOf('', { kind: 'all' }),
    ]
    for (const revocation of given) await store.revoke(revocation)
    assert.deepEqual((await store.revocations()).revocations, given)
  })

  check('a page from a cursor misses nothing that came after it', async (store) => {
    let cursor: string | undefined
    const seen = new Set<string>()
    for (let i = 0; i < 200; i++) {
      await store.revoke(revocationOf(String(i)))
      if (i % 7 !== 0) continue
      const page = await store.revocations(cursor)
      for (const { id } of page.revocations) seen.add(id)
      assert.equal(seen.size, i + 1)
      cursor = page.cursor
    }
  })

  check(
    'a page from an old cursor has what a reader in between has seen as well',
    async (store) => {
      await store.revoke(revocationOf('1'))
      const { cursor } = await store.revocations()
      await store.revoke(revocationOf('2'))
      await store.revocations(cursor)
      await store.revocations()
      const ids = (await store.revocations(cursor)).revocations.map(({ id }) => id)
      assert.ok(ids.includes('2'), ids.join())
    },
  )

  check('a page from a cursor stays small, however many came before', async (store) => {
    for (let i = 0; i < 500; i++) await store.revoke(revocationOf(String(i)))
    const { cursor } = await store.revocations()
    const again = await store.revocations(cursor)
    assert.ok(again.revocations.length <= 100, `${again.revocations.length} revocations`)
    assert.equal(again.cursor, cursor)
  })

  check('an expired revocation is in no page, and one after it is not missed', async (store, t) => {
    await store.revoke(revocationOf('1', { expiresAt: now() + 60 }))
    const { cursor } = await store.revocations()
    t.mock.timers.setTime(START + 60_000)
    assert.deepEqual((await store.revocations()).revocations, [])
    await store.revoke(revocationOf('2'))
    for (const from of [undefined, cursor]) {
      const { revocations } = await store.revocations(from)
      assert.deepEqual(
        revocations.map(({ id }) => id),
        ['2'],
      )
    }
  })
}

function manyRevocationsContract(check: Check, count: number): void {
  check('a start reads many revocations in parts, and misses none', async (store) => {
    for (let i = 0; i < count; i += 20) {
      const some = Array.from({ length: 20 }, (_, j) => store.revoke(revocationOf(String(i + j))))
      await Promise.all(some)
    }
    const seen = new Set<string>()
    let cursor: string | undefined
    for (let isMore: boolean | undefined = true; isMore; ) {
      const page = await store.revocations(cursor)
      for (const { id } of page.revocations) seen.add(id)
      cursor = page.cursor
      isMore = page.isMore
    }
    assert.equal(seen.size, count)
  })
}

function closeContract(check: Check): void {
  check('to close it twice is no error', async (store) => {
    await store.close()
    await store.close()
  })

  check('a closed store rejects, and does not say that anything is absent', async (store) => {
    await store.create(recordOf('grant:1'))
    await store.revoke(revocationOf('1'))
    await store.close()
    const operations = [
      () => store.get('grant:1'),
      () => store.create(recordOf('grant:2')),
      () => store.replace(recordOf('grant:1'), 1),
      () => store.delete('grant:1'),
      () => store.list({ person: 'tid/oid' }),
      () => store.revoke(revocationOf('2')),
      () => store.revocations(),
      () => store.connect(),
      () => store.check(),
      () => store.page({ prefix: '', limit: 1 }),
    ]
    for (const operation of operations) await assert.rejects(operation, Error, String(operation))
  })

  check('a whole store has no errors to find', async (store) => {
    await store.create(recordOf('grant:1'))
    const errors = (await store.check()).filter(({ severity }) => severity === 'error')
    assert.deepEqual(errors, [])
  })

  check('to connect again is no error', (store) => store.connect())

  check('its name says what it is', async (store) => {
    assert.match(store.name, /^[a-z+]+(:.+)?$/)
  })
}

/** A record that lives for an hour. */
export function recordOf(
  key: string,
  changes: Partial<StoredRecord> = {},
): Omit<StoredRecord, 'version'> {
  const own = { value: `value of ${key}`, person: 'tid/oid', client: 'digest' }
  return { key, expiresAt: now() + HOUR, ...own, ...changes }
}

function revocationOf(id: string, changes: Partial<Revocation> = {}): Revocation {
  return { kind: 'grant', id, issuedUntil: now(), expiresAt: now() + HOUR, ...changes }
}

function keysOf(records: readonly StoredRecord[]): string[] {
  return records.map(({ key }) => key).sort()
}

function now(): number {
  return Math.floor(Date.now() / 1000)
}
